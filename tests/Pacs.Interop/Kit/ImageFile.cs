using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>Images of our own making for the compressors of others: smooth parts, an edge, flat parts, noise, and the extremes of their bits.</summary>
public static class ImageFile
{
    /// <summary>Native samples, interleaved, little endian.</summary>
    public static byte[] Pixels(PixelDescription image)
    {
        var random = new Random(image.BitsStored);
        var (least, most) = image.IsSigned ? (-(1 << (image.BitsStored - 1)), (1 << (image.BitsStored - 1)) - 1) : (0, (1 << image.BitsStored) - 1);
        var pixels = new byte[image.Rows * image.Columns * image.SamplesPerPixel * (image.BitsAllocated / 8)];
        var at = 0;
        for (var y = 0; y < image.Rows; y++)
        {
            for (var x = 0; x < image.Columns; x++)
            {
                for (var c = 0; c < image.SamplesPerPixel; c++)
                {
                    var wave = (Math.Sin((x + (7 * c)) / 9.0) + Math.Cos(y / 13.0) + 2) / 4 * (most - least);
                    var value = (x / 16 % 4, y / 16 % 3) switch
                    {
                        (0, 0) => least,
                        (1, 1) => most,
                        (2, _) => least + (int)wave,
                        (3, 2) => random.Next(least, most + 1),
                        _ => least + (int)(wave / 2) + random.Next(1 + ((most - least) / 16)),
                    };
                    pixels[at++] = (byte)value;
                    if (image.BitsAllocated == 16)
                    {
                        pixels[at++] = (byte)(value >> 8);
                    }
                }
            }
        }
        return pixels;
    }

    /// <summary>Writes them as a secondary capture in Explicit VR Little Endian.</summary>
    public static void Write(string path, PixelDescription image, byte[] pixels) => Write(
        path, image, new DicomElement(DicomTag.PixelData, image.BitsAllocated > 8 ? DicomVr.OW : DicomVr.OB, pixels.Length % 2 == 0 ? pixels : [.. pixels, 0]), TransferSyntax.ExplicitVRLittleEndian);

    /// <summary>Writes one compressed frame as a secondary capture.</summary>
    public static void WriteFrame(string path, PixelDescription image, byte[] frame, TransferSyntax syntax) => Write(
        path, image, new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, frame.Length % 2 == 0 ? frame : [.. frame, 0]]), syntax);

    private static void Write(string path, PixelDescription image, DicomElement pixels, TransferSyntax syntax)
    {
        var dataset = new DicomDataset()
            .Set(DicomTag.SOPClassUID, "1.2.840.10008.5.1.4.1.1.7")
            .Set(DicomTag.SOPInstanceUID, "2.25.4711")
            .Set(DicomTag.StudyInstanceUID, "2.25.4712")
            .Set(DicomTag.SeriesInstanceUID, "2.25.4713")
            .Set(DicomTag.Modality, "OT")
            .Set(DicomTag.SamplesPerPixel, image.SamplesPerPixel)
            .Set(DicomTag.PhotometricInterpretation, image.PhotometricInterpretation)
            .Set(DicomTag.Rows, image.Rows)
            .Set(DicomTag.Columns, image.Columns)
            .Set(DicomTag.BitsAllocated, image.BitsAllocated)
            .Set(DicomTag.BitsStored, image.BitsStored)
            .Set(DicomTag.HighBit, image.HighBit)
            .Set(DicomTag.PixelRepresentation, image.IsSigned ? 1 : 0);
        if (image.SamplesPerPixel > 1)
        {
            dataset.Set(DicomTag.PlanarConfiguration, image.IsPlanar ? 1 : 0);
        }
        dataset.Set(pixels);
        new DicomFile(dataset, syntax).Save(path);
    }

    /// <summary>The native samples of an uncompressed file, interleaved.</summary>
    public static byte[] Read(string path)
    {
        var dataset = DicomFile.Open(path).Dataset;
        var image = PixelDescription.Of(dataset);
        var pixels = dataset.Get(DicomTag.PixelData)!.Value.ToArray().AsSpan(0, (int)(image.FrameBits / 8 * image.NumberOfFrames)).ToArray();
        if (!image.IsPlanar)
        {
            return pixels;
        }
        var (size, samples, bytes) = (image.Rows * image.Columns, image.SamplesPerPixel, image.BitsAllocated / 8);
        var interleaved = new byte[pixels.Length];
        for (var i = 0; i < pixels.Length / bytes; i++)
        {
            var (frame, c, at) = (i / (size * samples), i / size % samples, i % size);
            pixels.AsSpan(i * bytes, bytes).CopyTo(interleaved.AsSpan(((((frame * size) + at) * samples) + c) * bytes));
        }
        return interleaved;
    }

    /// <summary>All frames of a compressed file, decoded by us.</summary>
    public static byte[] Decode(Pacs.Dicom.Codecs.ICodec codec, string path)
    {
        var (image, frames) = CompressedFrames.Read(path);
        return [.. frames.SelectMany(frame =>
        {
            using var decoded = codec.Decode(frame, image);
            Assert.Equal((image.Columns, image.Rows, image.SamplesPerPixel, image.BitsAllocated), (decoded.Width, decoded.Height, decoded.Samples, decoded.BitsAllocated));
            return decoded.Data.ToArray();
        })];
    }
}
