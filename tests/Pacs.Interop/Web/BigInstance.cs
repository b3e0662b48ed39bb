using System.Buffers.Binary;
using System.Text;

namespace Pacs.Interop;

/// <summary>Writes a cine loop of any size as a Part 10 file, Explicit VR Little Endian, without holding it in memory.</summary>
internal static class BigInstance
{
    private const int Rows = 1024;
    private const int Columns = 1024;

    /// <summary>Writes it.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="pixelBytes">Bytes of pixel data; a multiple of a megabyte, below 4 GiB.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task WriteAsync(string path, long pixelBytes, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        await file.WriteAsync(Header(pixelBytes), ct);
        var frame = new byte[Rows * Columns];
        for (long written = 0; written < pixelBytes; written += frame.Length)
        {
            frame.AsSpan().Fill((byte)(written >> 20)); // frames differ
            await file.WriteAsync(frame, ct);
        }
    }

    private static byte[] Header(long pixelBytes)
    {
        using var meta = new MemoryStream();
        Text(meta, 0x0002, 0x0002, "UI", "1.2.840.10008.5.1.4.1.1.3.1");
        Text(meta, 0x0002, 0x0003, "UI", "1.2.826.0.1.3680043.10.1.9.1");
        Text(meta, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
        Text(meta, 0x0002, 0x0012, "UI", "1.2.826.0.1.3680043.10.1");
        using var all = new MemoryStream();
        all.Write(new byte[128]);
        all.Write("DICM"u8);
        Element(all, 0x0002, 0x0000, "UL", BitConverter.GetBytes((uint)meta.Length));
        meta.WriteTo(all);
        Text(all, 0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY");
        Text(all, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.3.1");
        Text(all, 0x0008, 0x0018, "UI", "1.2.826.0.1.3680043.10.1.9.1");
        Text(all, 0x0008, 0x0020, "DA", "20261122");
        Text(all, 0x0008, 0x0060, "CS", "US");
        Text(all, 0x0010, 0x0020, "LO", "BIG");
        Text(all, 0x0020, 0x000D, "UI", "1.2.826.0.1.3680043.10.1.9.2");
        Text(all, 0x0020, 0x000E, "UI", "1.2.826.0.1.3680043.10.1.9.3");
        Number(all, 0x0028, 0x0002, 1);
        Text(all, 0x0028, 0x0004, "CS", "MONOCHROME2");
        Text(all, 0x0028, 0x0008, "IS", (pixelBytes / (Rows * Columns)).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Number(all, 0x0028, 0x0010, Rows);
        Number(all, 0x0028, 0x0011, Columns);
        Number(all, 0x0028, 0x0100, 8);
        Number(all, 0x0028, 0x0101, 8);
        Number(all, 0x0028, 0x0102, 7);
        Number(all, 0x0028, 0x0103, 0);
        // PS3.5 §7.1.2: OB has two reserved bytes and a length of 32 bits
        all.Write([0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'B', 0, 0, .. BitConverter.GetBytes((uint)pixelBytes)]);
        return all.ToArray();
    }

    private static void Text(MemoryStream stream, ushort group, ushort element, string vr, string value) =>
        Element(stream, group, element, vr, Encoding.ASCII.GetBytes(value.Length % 2 == 0 ? value : value + (vr == "UI" ? '\0' : ' ')));

    private static void Number(MemoryStream stream, ushort group, ushort element, ushort value) => Element(stream, group, element, "US", BitConverter.GetBytes(value));

    private static void Element(MemoryStream stream, ushort group, ushort element, string vr, byte[] value)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(head, group);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], element);
        Encoding.ASCII.GetBytes(vr, head[4..]);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], (ushort)value.Length);
        stream.Write(head);
        stream.Write(value);
    }
}
