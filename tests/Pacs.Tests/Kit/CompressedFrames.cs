using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>The frames of compressed files; a fragment that begins like a stream begins a frame.</summary>
internal static class CompressedFrames
{
    /// <summary>What the data set says, and its frames.</summary>
    public static (PixelDescription Image, ReadOnlyMemory<byte>[] Frames) Read(string path)
    {
        var dataset = DicomFile.Open(path).Dataset;
        var image = PixelDescription.Of(dataset);
        var frames = new List<byte[]>();
        foreach (var fragment in dataset.Get(DicomTag.PixelData)!.Fragments!.Skip(1).Where(f => !f.IsEmpty))
        {
            if (frames.Count == 0 || (fragment.Span[..2] is [0xFF, 0xD8] or [0xFF, 0x4F] && image.NumberOfFrames > 1))
            {
                frames.Add([]);
            }
            frames[^1] = [.. frames[^1], .. fragment.Span];
        }
        return (image, [.. frames.Select(frame => (ReadOnlyMemory<byte>)frame)]);
    }

    /// <summary>SHA-256 of all decoded frames, one after the other.</summary>
    public static string Hash(ICodec codec, string path)
    {
        var (image, frames) = Read(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var frame in frames)
        {
            using var decoded = codec.Decode(frame, image);
            Assert.Equal((image.Columns, image.Rows, image.SamplesPerPixel), (decoded.Width, decoded.Height, decoded.Samples));
            Assert.Equal(image.BitsAllocated, decoded.BitsAllocated);
            hash.AppendData(decoded.Data);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The rows of a golden folder's <c>hashes.tsv</c>: file name and hash.</summary>
    public static TheoryData<string, string> Hashes(string folder, Func<string, bool> wanted)
    {
        var rows = new TheoryData<string, string>();
        foreach (var row in File.ReadLines(Golden(folder, "hashes.tsv")).Skip(1).Select(line => line.Split('\t')).Where(row => wanted(row[0])))
        {
            rows.Add(row[0], row[1]);
        }
        return rows;
    }

    /// <summary>The path of a golden file.</summary>
    public static string Golden(string folder, string name) => Path.Join(AppContext.BaseDirectory, "Golden", folder, name);

    /// <summary>An image of this size, for streams without a data set.</summary>
    public static PixelDescription Description(int width, int height, int samples, int bitsStored, bool signed = false) => new()
    {
        Columns = width,
        Rows = height,
        SamplesPerPixel = samples,
        BitsAllocated = bitsStored <= 8 ? 8 : 16,
        BitsStored = bitsStored,
        HighBit = bitsStored - 1,
        IsSigned = signed,
        IsPlanar = false,
        NumberOfFrames = 1,
        PhotometricInterpretation = samples == 1 ? "MONOCHROME2" : "RGB",
    };
}
