using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>The samples of real files against the hashes of their manifest, made by dcmtk and GDCM.</summary>
public sealed class SamplePixelTests
{
    [Fact]
    public void Decoded_frames_have_the_hash_that_dcmtk_and_gdcm_agree_on()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var sample in SharedSamples.Readable.Where(s => s["pixel_sha256"].Length == 64))
        {
            if (!CodecTable.TryGet(TransferSyntax.Get(sample["ts_uid"]), out _, out _))
            {
                continue; // the syntax itself is tested with its codec
            }
            count++;
            try
            {
                using var pixels = InstancePixels.Open(sample.FullPath);
                if (!Hashes(pixels, sample.FullPath).Contains(sample["pixel_sha256"]))
                {
                    wrong.Add($"{sample} ({pixels.Syntax}, {pixels.Image.PhotometricInterpretation})");
                }
            }
            catch (DicomException e)
            {
                wrong.Add($"{sample}: {e.Message}");
            }
        }
        Assert.True(count > 100, $"only {count} samples");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count}\n" + string.Join("\n", wrong));
    }

    /// <summary>By pixel and by plane: the tools keep native planes and decode RLE to either.</summary>
    private static IEnumerable<string> Hashes(InstancePixels pixels, string path)
    {
        using var byPixel = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var byPlane = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var native = new MemoryStream();
        for (var number = 1; number <= pixels.Count; number++)
        {
            using var frame = pixels.Decode(number);
            byPixel.AppendData(frame.Data);
            byPlane.AppendData(Planes(frame));
            if (!pixels.Frames.IsEncapsulated)
            {
                using var bytes = pixels.ReadFrame(number);
                native.Write(bytes.Memory.Span);
            }
        }
        // what lies behind the last frame is in their hashes: a byte that makes the length even, in one file more
        var padded = native.ToArray().Concat(Behind(path, native.Length)).ToArray();
        return ((byte[][])[byPixel.GetCurrentHash(), byPlane.GetCurrentHash(), SHA256.HashData(padded)]).Select(Convert.ToHexStringLower);
    }

    private static byte[] Behind(string path, long length)
    {
        var element = DicomFile.Open(path).Dataset.Get(DicomTag.PixelData)!;
        return element.IsEncapsulated ? [] : element.Value[(int)length..].ToArray();
    }

    private static byte[] Planes(DecodedFrame frame)
    {
        var size = frame.BitsAllocated / 8;
        var planes = new byte[frame.Data.Length];
        var at = 0;
        for (var sample = 0; sample < frame.Samples; sample++)
        {
            for (var pixel = 0; pixel < frame.Width * frame.Height; pixel++)
            {
                frame.Data.Slice(((pixel * frame.Samples) + sample) * size, size).CopyTo(planes.AsSpan(at));
                at += size;
            }
        }
        return planes;
    }
}
