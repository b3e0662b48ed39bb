using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// Writes records as bytes: each line is three digits of length, the field id, the content, CR LF. It knows lengths, brackets and character sets and
/// nothing of what the fields mean. Whatever the values are, the lines are right.
/// </summary>
/// <remarks>
/// A line says its length in three digits, of which 9 are used by the length, the field id and the line end: content has at most 990 bytes, and less where the version's
/// table (<see cref="GdtFieldTable"/>) says so. Longer content is split into several lines in the fields that may be repeated (the text fields of GDT 2.1's record table), at a
/// blank where there is one in the last part; in any other field it is cut, except in those that identify something: half a patient number is another patient's.
/// What can be counted is counted here: 8100 (bytes of the record) until 3.1, 8201 (lines of the object, both brackets included) and 8202 (lines of the
/// record) in 3.0 and 3.1. The record says where these fields are; what it has as their values does not matter.
/// </remarks>
public static class GdtWriter
{
    /// <summary>The most bytes of content in one line.</summary>
    public const int MaxContent = 999 - Overhead;

    private const int Overhead = 3 + 4 + 2;

    // 6205, 6220, 6221, 6227, 6228, 8470, 8480: marked as repeatable in the record 6310 of GDT 2.1
    private static readonly FrozenSet<string> Repeatable = FrozenSet.Create("6205", "6220", "6221", "6227", "6228", "8470", "8480");

    // sender, receiver, patient, order, test and file: cut they would name another one
    private static readonly FrozenSet<string> Identifying = FrozenSet.Create("3000", "6302", "6305", "8000", "8310", "8314", "8315", "8316", "8402", "8410", "9206", "9218");

    private readonly record struct Line(string Id, byte[] Content);

    /// <summary>The bytes of a record.</summary>
    /// <param name="record">What to write.</param>
    /// <param name="characterSet">Default ISO 8859-15, as the old plugin.</param>
    /// <param name="version">The framing and the limits; default that of the old plugin, which has neither.</param>
    /// <exception cref="GdtException">A field that identifies something is too long for the version, or the record is.</exception>
    public static byte[] ToBytes(GdtRecord record, GdtCharacterSet? characterSet = null, GdtVersion version = GdtVersion.Plugin)
    {
        ArgumentNullException.ThrowIfNull(record);
        var lines = Lines(record, characterSet ?? GdtCharacterSet.Latin9, version);
        Count(lines, version);
        var output = new ArrayBufferWriter<byte>(512);
        foreach (var line in lines)
        {
            Write(output, line);
        }
        return output.WrittenSpan.ToArray();
    }

    private static List<Line> Lines(GdtRecord record, GdtCharacterSet set, GdtVersion version)
    {
        var lines = new List<Line>(record.Count);
        foreach (var field in record)
        {
            var limit = Math.Min(GdtFieldTable.Find(version, field.Id)?.MaxLength ?? MaxContent, MaxContent);
            ReadOnlySpan<byte> content = set.Encode(field.Value);
            if (content.Length > limit && version != GdtVersion.Plugin && Identifying.Contains(field.Id))
            {
                throw new GdtException(GdtReasons.TooLong(field.Id, content.Length, limit));
            }
            while (content.Length > limit && Repeatable.Contains(field.Id))
            {
                var end = content[..limit].LastIndexOf((byte)' ');
                end = end > limit - Math.Min(100, limit / 2) ? end + 1 : set.Cut(content, limit); // the blank stays at the end of its line: nothing is lost
                lines.Add(new Line(field.Id, content[..end].ToArray()));
                content = content[end..];
            }
            lines.Add(new Line(field.Id, content[..set.Cut(content, limit)].ToArray()));
        }
        return lines;
    }

    private static void Count(List<Line> lines, GdtVersion version)
    {
        if (version.CountsLines())
        {
            var open = new Stack<int>();
            for (var i = 0; i < lines.Count; i++)
            {
                switch (lines[i].Id)
                {
                    case "8200":
                        open.Push(i);
                        break;
                    case "8201":
                        lines[i] = Number("8201", i - (open.TryPop(out var start) ? start : 0) + 1, 0);
                        break;
                    case "8202":
                        lines[i] = Number("8202", lines.Count, 0);
                        break;
                }
            }
        }
        var length = version.LengthDigits() > 0 ? lines.FindIndex(l => l.Id == "8100") : -1;
        if (length >= 0)
        {
            lines[length] = Number("8100", 0, version.LengthDigits());
            var bytes = lines.Sum(l => l.Content.Length + Overhead);
            var limit = (int)Math.Pow(10, version.LengthDigits()) - 1;
            if (bytes > limit)
            {
                throw new GdtException(GdtReasons.TooLarge(bytes, limit));
            }
            lines[length] = Number("8100", bytes, version.LengthDigits());
        }
    }

    private static Line Number(string id, int number, int digits) => new(id, Encoding.ASCII.GetBytes(number.ToString("D" + digits, CultureInfo.InvariantCulture)));

    private static void Write(ArrayBufferWriter<byte> output, Line line)
    {
        var length = line.Content.Length + Overhead;
        var bytes = output.GetSpan(length);
        bytes[0] = (byte)('0' + length / 100);
        bytes[1] = (byte)('0' + length / 10 % 10);
        bytes[2] = (byte)('0' + length % 10);
        for (var i = 0; i < 4; i++)
        {
            bytes[3 + i] = (byte)line.Id[i];
        }
        line.Content.CopyTo(bytes[7..]);
        bytes[length - 2] = (byte)'\r';
        bytes[length - 1] = (byte)'\n';
        output.Advance(length);
    }
}
