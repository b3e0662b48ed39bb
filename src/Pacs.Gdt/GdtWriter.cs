using System.Buffers;
using System.Collections.Frozen;

namespace Pacs.Gdt;

/// <summary>
/// Writes records as bytes: each line is three digits of length, the field id, the content, CR LF. It knows lengths and character sets and
/// nothing of what the fields mean. Whatever the values are, the lines are right.
/// </summary>
/// <remarks>
/// A line says its length in three digits, of which 9 are used by the length, the field id and the line end: content has at most 990 bytes.
/// Longer content is split into several lines in the fields that may be repeated (the text fields of GDT 2.1's record table), at a blank where
/// there is one in the last hundred bytes; in any other field it is cut.
/// </remarks>
public static class GdtWriter
{
    /// <summary>The most bytes of content in one line.</summary>
    public const int MaxContent = 999 - Overhead;

    private const int Overhead = 3 + 4 + 2;

    // 6205, 6220, 6221, 6227, 6228, 8470, 8480: marked as repeatable in the record 6310 of GDT 2.1
    private static readonly FrozenSet<string> Repeatable = FrozenSet.Create("6205", "6220", "6221", "6227", "6228", "8470", "8480");

    /// <summary>The bytes of a record.</summary>
    /// <param name="record">What to write.</param>
    /// <param name="characterSet">Default ISO 8859-15, as the old plugin.</param>
    public static byte[] ToBytes(GdtRecord record, GdtCharacterSet? characterSet = null)
    {
        var writer = new ArrayBufferWriter<byte>(512);
        Write(record, writer, characterSet);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Writes a record.</summary>
    /// <param name="record">What to write.</param>
    /// <param name="output">Where to.</param>
    /// <param name="characterSet">Default ISO 8859-15, as the old plugin.</param>
    public static void Write(GdtRecord record, IBufferWriter<byte> output, GdtCharacterSet? characterSet = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(output);
        characterSet ??= GdtCharacterSet.Latin9;
        foreach (var field in record)
        {
            ReadOnlySpan<byte> content = characterSet.Encode(field.Value);
            while (content.Length > MaxContent && Repeatable.Contains(field.Id))
            {
                var end = content[..MaxContent].LastIndexOf((byte)' ');
                end = end > MaxContent - 100 ? end + 1 : MaxContent; // the blank stays at the end of its line: nothing is lost
                WriteLine(output, field.Id, content[..end]);
                content = content[end..];
            }
            WriteLine(output, field.Id, content[..Math.Min(content.Length, MaxContent)]);
        }
    }

    private static void WriteLine(IBufferWriter<byte> output, string id, ReadOnlySpan<byte> content)
    {
        var length = content.Length + Overhead;
        var line = output.GetSpan(length);
        line[0] = (byte)('0' + length / 100);
        line[1] = (byte)('0' + length / 10 % 10);
        line[2] = (byte)('0' + length % 10);
        for (var i = 0; i < 4; i++)
        {
            line[3 + i] = (byte)id[i];
        }
        content.CopyTo(line[7..]);
        line[length - 2] = (byte)'\r';
        line[length - 1] = (byte)'\n';
        output.Advance(length);
    }
}
