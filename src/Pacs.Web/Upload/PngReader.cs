using System.Buffers.Binary;
using System.IO.Compression;

namespace Pacs.Web.Upload;

/// <summary>An image of 8-bit samples, one or three for a pixel.</summary>
internal sealed record PngImage(int Rows, int Columns, int Components, byte[] Samples);

/// <summary>Reads PNG files (ISO/IEC 15948): every colour type and depth, not interlaced; 16 bits become 8, what is transparent lies on white.</summary>
internal static class PngReader
{
    private static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Whether a file begins like one.</summary>
    public static bool IsPng(ReadOnlySpan<byte> start) => start.StartsWith(Signature);

    /// <summary>Reads one.</summary>
    /// <exception cref="DocumentException">It is damaged, interlaced or too large.</exception>
    public static PngImage Read(ReadOnlyMemory<byte> file, int maxSide)
    {
        var (columns, rows, depth, type) = (0, 0, 0, 0);
        byte[] palette = [], transparency = [];
        using var packed = new MemoryStream();
        for (var at = Signature.Length; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file.Span[at..]);
            if (length > file.Length - at - 12)
            {
                throw new DocumentException("Upload.Damaged");
            }
            var content = file.Slice(at + 8, (int)length);
            var name = file.Span.Slice(at + 4, 4);
            if (name.SequenceEqual("IHDR"u8) && length == 13)
            {
                (columns, rows) = (BinaryPrimitives.ReadInt32BigEndian(content.Span), BinaryPrimitives.ReadInt32BigEndian(content.Span[4..]));
                (depth, type) = (content.Span[8], content.Span[9]);
                if (content.Span[12] != 0)
                {
                    throw new DocumentException("Upload.PngKind");
                }
            }
            else if (name.SequenceEqual("PLTE"u8))
            {
                palette = content.ToArray();
            }
            else if (name.SequenceEqual("tRNS"u8))
            {
                transparency = content.ToArray();
            }
            else if (name.SequenceEqual("IDAT"u8))
            {
                packed.Write(content.Span);
            }
            at += 12 + (int)length;
        }
        // §11.2.2, table 11.1
        var isValid = (type, depth) is (0, 1 or 2 or 4 or 8 or 16) or (2 or 4 or 6, 8 or 16) or (3, 1 or 2 or 4 or 8);
        if (!isValid || columns is <= 0 || rows is <= 0)
        {
            throw new DocumentException("Upload.Damaged");
        }
        if (columns > maxSide || rows > maxSide || (long)columns * rows > 100_000_000)
        {
            throw new DocumentException("Upload.TooLarge");
        }
        packed.Position = 0;
        return Unpack(packed, columns, rows, depth, type, palette, transparency);
    }

    private static PngImage Unpack(MemoryStream packed, int columns, int rows, int depth, int type, byte[] palette, byte[] transparency)
    {
        var channels = type switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var components = type is 0 or 4 ? 1 : 3;
        var bits = channels * depth;
        var step = Math.Max(1, bits / 8);
        var line = new byte[((long)columns * bits + 7) / 8];
        var before = new byte[line.Length];
        var samples = new byte[(long)columns * rows * components];
        try
        {
            using var data = new ZLibStream(packed, CompressionMode.Decompress);
            for (var y = 0; y < rows; y++)
            {
                var filter = data.ReadByte();
                data.ReadExactly(line);
                Reconstruct(filter, line, before, step);
                Convert(line, samples.AsSpan(y * columns * components, columns * components), columns, depth, type, palette, transparency);
                (line, before) = (before, line);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DocumentException("Upload.Damaged");
        }
        return new PngImage(rows, columns, components, samples);
    }

    // §9.2
    private static void Reconstruct(int filter, byte[] line, byte[] before, int step)
    {
        for (var i = 0; i < line.Length; i++)
        {
            int a = i >= step ? line[i - step] : 0, b = before[i], c = i >= step ? before[i - step] : 0;
            line[i] += (byte)(filter switch
            {
                0 => 0,
                1 => a,
                2 => b,
                3 => (a + b) / 2,
                4 => Paeth(a, b, c),
                _ => throw new DocumentException("Upload.Damaged"),
            });
        }
    }

    private static int Paeth(int a, int b, int c)
    {
        int p = a + b - c, pa = Math.Abs(p - a), pb = Math.Abs(p - b), pc = Math.Abs(p - c);
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }

    private static void Convert(byte[] line, Span<byte> output, int columns, int depth, int type, byte[] palette, byte[] transparency)
    {
        var size = depth / 8;
        for (var x = 0; x < columns; x++)
        {
            switch (type)
            {
                case 0 when depth < 8:
                    output[x] = (byte)(Packed(line, x, depth) * 255 / ((1 << depth) - 1));
                    break;
                case 0:
                    output[x] = line[x * size];
                    break;
                case 2:
                    for (var k = 0; k < 3; k++)
                    {
                        output[(3 * x) + k] = line[((3 * x) + k) * size];
                    }
                    break;
                case 3:
                    var index = depth < 8 ? Packed(line, x, depth) : line[x];
                    var alpha = index < transparency.Length ? transparency[index] : 255;
                    for (var k = 0; k < 3; k++)
                    {
                        output[(3 * x) + k] = (3 * index) + k < palette.Length ? OnWhite(palette[(3 * index) + k], alpha) : (byte)0;
                    }
                    break;
                case 4:
                    output[x] = OnWhite(line[2 * x * size], line[((2 * x) + 1) * size]);
                    break;
                default:
                    for (var k = 0; k < 3; k++)
                    {
                        output[(3 * x) + k] = OnWhite(line[((4 * x) + k) * size], line[((4 * x) + 3) * size]);
                    }
                    break;
            }
        }
    }

    private static int Packed(byte[] line, int x, int depth) => (line[x * depth / 8] >> (8 - depth - (x * depth % 8))) & ((1 << depth) - 1);

    private static byte OnWhite(int value, int alpha) => (byte)(((value * alpha) + (255 * (255 - alpha)) + 127) / 255);
}
