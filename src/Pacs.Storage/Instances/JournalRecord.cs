using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Pacs.Storage;

/// <summary>One instance in the <see cref="IntakeJournal"/>: what the index needs to know of its file, and the file itself while that is not durable.</summary>
/// <param name="File">Where the file is and what it is like.</param>
/// <param name="Content">The whole file, or nothing when it is durable.</param>
/// <remarks>
/// Bytes, little endian, padded with zeros to whole pages: magic (4), CRC-32C of the next 28 bytes (4), generation of the segment (8), number in the
/// segment (4), length of the facts (4), length of the content (4), CRC-32C of facts and content (4), zero (4), facts, content. A record is valid when both sums
/// are right and generation and number are the expected ones: what lies behind the last one is from an earlier round.
/// </remarks>
internal sealed record JournalRecord(StoredFile File, ReadOnlyMemory<byte> Content)
{
    /// <summary>Records begin at multiples of this: a page that is overwritten as a whole need not be read first.</summary>
    public const int Page = 4096;

    private const int HeadLength = 36;
    private const uint Magic = 0x314A5150; // "PQJ1"

    // AE titles, a host, two UIDs, two digests
    private const int MaxFacts = 16 * 1024;

    /// <summary>The bytes before the content; the segment's part is still empty.</summary>
    public byte[] Begin()
    {
        var facts = new MemoryStream(512);
        facts.Write(stackalloc byte[HeadLength]);
        using (var writer = new BinaryWriter(facts, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(File.Key);
            writer.Write(File.Size);
            writer.Write(File.DataOffset);
            writer.Write(File.HeaderLength);
            writer.Write(File.Syntax);
            Write(writer, File.Digest);
            Write(writer, File.ReceivedDigest);
            writer.Write(File.ReceivedAt.UtcTicks);
            writer.Write((int)File.Origin.Kind);
            writer.Write(File.Origin.CallingAe ?? "");
            writer.Write(File.Origin.CalledAe ?? "");
            writer.Write(File.Origin.RemoteHost ?? "");
        }
        var head = facts.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(20), head.Length - HeadLength);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(24), Content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(28), Sum(Sum(0, head.AsSpan(HeadLength)), Content.Span));
        return head;
    }

    /// <summary>Fills in the segment's part.</summary>
    public static void Number(Span<byte> head, long generation, int number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], generation);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], Sum(0, head[8..HeadLength]));
    }

    /// <summary>How many bytes a record takes in the segment.</summary>
    public static int Padded(int length) => (length + Page - 1) & -Page;

    /// <summary>Reads the record at a place in a segment.</summary>
    /// <returns>Null when there is none of this generation and number, or it was not written to its end.</returns>
    public static JournalRecord? TryRead(ReadOnlyMemory<byte> segment, long generation, int number, out int length)
    {
        length = 0;
        var bytes = segment.Span;
        if (bytes.Length < HeadLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Sum(0, bytes[8..HeadLength])
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != generation || BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) != number)
        {
            return null;
        }
        var facts = BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]);
        var content = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        if (facts is < 0 or > MaxFacts || content < 0 || (long)HeadLength + facts + content > bytes.Length)
        {
            return null;
        }
        length = HeadLength + facts + content;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) != Sum(0, bytes[HeadLength..length]))
        {
            return null;
        }
        using var reader = new BinaryReader(new MemoryStream(segment.Slice(HeadLength, facts).ToArray()), Encoding.UTF8);
        var file = new StoredFile(
            reader.ReadString(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt64(), reader.ReadString(), ReadDigest(reader), ReadDigest(reader),
            new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
            new Origin((OriginKind)reader.ReadInt32(), OrNull(reader.ReadString()), OrNull(reader.ReadString()), OrNull(reader.ReadString())));
        return new JournalRecord(file, segment.Slice(HeadLength + facts, content));
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private static void Write(BinaryWriter writer, byte[]? digest)
    {
        writer.Write((byte)(digest?.Length ?? 0));
        writer.Write(digest ?? []);
    }

    private static byte[]? ReadDigest(BinaryReader reader) => reader.ReadByte() is var length and > 0 ? reader.ReadBytes(length) : null;

    // CRC-32C, for which processors have an instruction; as any CRC it may be continued
    internal static uint Sum(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            sum = BitOperations.Crc32C(sum, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        }
        foreach (var last in bytes[(bytes.Length & -8)..])
        {
            sum = BitOperations.Crc32C(sum, last);
        }
        return sum;
    }
}
