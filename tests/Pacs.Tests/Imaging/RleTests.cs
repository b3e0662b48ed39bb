using System.Buffers;
using System.Buffers.Binary;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>RLE Lossless, against the example of the standard's text, against itself, and against damage.</summary>
public sealed class RleTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(1, 4)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 4)]
    public void What_is_encoded_decodes_to_the_same(int samples, int bytesPerSample)
    {
        var random = new Random(7);
        foreach (var (width, height) in (ReadOnlySpan<(int, int)>)[(1, 1), (2, 3), (127, 2), (128, 2), (129, 2), (300, 5)])
        {
            var pixels = new byte[width * height * samples * bytesPerSample];
            for (var i = 0; i < pixels.Length; i++)
            {
                // runs and noise
                pixels[i] = i > 0 && random.Next(4) > 0 ? pixels[i - 1] : (byte)random.Next(256);
            }
            var image = Image(width, height, samples, bytesPerSample * 8);
            var encoded = new ArrayBufferWriter<byte>();
            RleEncoder.Encode(pixels, width, height, samples, bytesPerSample, encoded);
            Assert.Equal(0, encoded.WrittenCount & 1);
            using var decoded = FrameDecoder.Decode(encoded.WrittenMemory, TransferSyntax.RleLossless, image);
            Assert.Equal(pixels, decoded.Data.ToArray());
        }
    }

    [Fact]
    public void The_runs_of_the_standard_decode()
    {
        // PS3.5 §G.3.2: 2: three literal bytes; -1: two equal ones; -128: nothing
        byte[] frame = [.. Header(64), 2, 1, 2, 3, 0xFF, 9, 0x80, 0xFE, 7, 0];
        using var decoded = FrameDecoder.Decode(frame, TransferSyntax.RleLossless, Image(4, 2, 1, 8));
        Assert.Equal([1, 2, 3, 9, 9, 7, 7, 7], decoded.Data.ToArray());
    }

    [Fact]
    public void Damaged_frames_are_a_DicomException_within_their_memory()
    {
        var pixels = new byte[64 * 64 * 2];
        new Random(3).NextBytes(pixels.AsSpan(2000));
        var encoded = new ArrayBufferWriter<byte>();
        RleEncoder.Encode(pixels, 64, 64, 1, 2, encoded);
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 3000; i++)
        {
            var frame = encoded.WrittenSpan.ToArray();
            frame[random.Next(i % 2 == 0 ? 12 : frame.Length)] ^= (byte)(1 << random.Next(8));
            var length = i % 3 == 0 ? random.Next(frame.Length) : frame.Length;
            try
            {
                using var decoded = FrameDecoder.Decode(frame.AsMemory(0, length), TransferSyntax.RleLossless, Image(64, 64, 1, 16));
            }
            catch (DicomException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 3000);
    }

    private static byte[] Header(int first)
    {
        var header = new byte[64];
        header[0] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), first);
        return header;
    }

    private static PixelDescription Image(int width, int height, int samples, int bits) => new()
    {
        Rows = height,
        Columns = width,
        SamplesPerPixel = samples,
        BitsAllocated = bits,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = false,
        PhotometricInterpretation = samples == 1 ? "MONOCHROME2" : "RGB",
        IsPlanar = false,
        NumberOfFrames = 1,
    };
}
