using System.Globalization;
using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// Reads files of every version, and forgives what vendors get wrong: wrong lengths, wrong line ends, line breaks inside values, text behind the record, a character set that is not
/// the one that is named. Each thing that was forgiven is in <see cref="GdtMessage.Remarks"/>.
/// </summary>
public static class GdtReader
{
    /// <summary>The largest file that is read: an order has a few hundred bytes, a record with a card history some thousand.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The most remarks that are kept.</summary>
    public const int MaxRemarks = 200;

    private const int Overhead = 3 + 4 + 2;

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="assumed">The character set of files that name none; null: IBM 437, the standard's, unless the bytes look otherwise.</param>
    /// <exception cref="GdtException">Not one line of it is a GDT field, or it is larger than <see cref="MaxBytes"/>.</exception>
    public static GdtMessage Read(ReadOnlySpan<byte> bytes, GdtCharacterSet? assumed = null)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new GdtException($"The file has {bytes.Length} bytes; a GDT file has at most {MaxBytes}");
        }
        return new Reading(bytes, assumed).Run();
    }

    /// <summary>A line of the file: where its content begins and ends, without the line break behind it.</summary>
    private readonly record struct Line(int Number, int Start, int End)
    {
        public int Length => End - Start;
    }

    private readonly record struct Field(Line Line, string Id, int ContentStart, int ContentEnd, string Appended);

    private ref struct Reading(ReadOnlySpan<byte> bytes, GdtCharacterSet? assumed)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly List<GdtRemark> _remarks = [];
        private readonly List<Field> _fields = [];
        private List<Line> _lines = [];

        public GdtMessage Run()
        {
            _lines = Split();
            var text = Fields();
            if (_fields.Count == 0)
            {
                throw new GdtException("No line of the file begins with a length and a field id: it is no GDT");
            }
            var set = CharacterSet();
            var records = new List<GdtRecord>();
            var first = 0;
            for (var i = 1; i <= _fields.Count; i++)
            {
                if (i == _fields.Count || _fields[i].Id == "8000")
                {
                    records.Add(Record(first, i, set));
                    first = i;
                }
            }
            var behind = new StringBuilder();
            foreach (var line in text)
            {
                behind.Append(set.Decode(_bytes[line.Start..line.End])).Append('\n');
            }
            return new GdtMessage(records, set, behind.ToString().TrimEnd('\n'), _remarks);
        }

        private readonly void Forgive(GdtRemark remark)
        {
            if (_remarks.Count < MaxRemarks)
            {
                _remarks.Add(remark);
            }
        }

        // CR LF is right; LF alone comes from editors and from git, CR alone from nobody any more, but costs nothing
        private readonly List<Line> Split()
        {
            var lines = new List<Line>();
            var start = _bytes.StartsWith("\uFEFF"u8) ? 3 : 0;
            var end = _bytes.Length;
            while (end > start && _bytes[end - 1] is 0 or 0x1A) // DOS programs end a text with Ctrl-Z
            {
                end--;
            }
            if (start > 0 || end < _bytes.Length)
            {
                Forgive(new GdtRemark(GdtFault.Padding, 1, 0));
            }
            var onlyCr = !_bytes.Contains((byte)'\n');
            var wrongEnd = false;
            while (start < end)
            {
                var length = _bytes[start..end].IndexOf(onlyCr ? (byte)'\r' : (byte)'\n');
                if (length < 0)
                {
                    Forgive(new GdtRemark(GdtFault.NoLastLineEnd, lines.Count + 1, start));
                    lines.Add(new Line(lines.Count + 1, start, end));
                    break;
                }
                var hasCr = !onlyCr && length > 0 && _bytes[start + length - 1] == '\r';
                if (!hasCr && !wrongEnd)
                {
                    wrongEnd = true;
                    Forgive(new GdtRemark(GdtFault.LineEnd, lines.Count + 1, start));
                }
                lines.Add(new Line(lines.Count + 1, start, start + length - (hasCr ? 1 : 0)));
                start += length + 1;
            }
            return lines;
        }

        private readonly bool IsField(Line line) => line.Length >= 7 && !_bytes.Slice(line.Start, 7).ContainsAnyExceptInRange((byte)'0', (byte)'9');

        // what the line says its length is
        private readonly int Said(Line line) => (_bytes[line.Start] - '0') * 100 + (_bytes[line.Start + 1] - '0') * 10 + _bytes[line.Start + 2] - '0';

        private readonly bool IsRight(Line line) => IsField(line) && Said(line) == line.Length + 2;

        // finds the fields; returns the lines of text behind the last of them
        private readonly List<Line> Fields()
        {
            var text = new List<Line>();
            for (var i = 0; i < _lines.Count; i++)
            {
                var line = _lines[i];
                // behind a line of text only a line that says its right length is a field again: "2204202 V cc" is a day of a card history
                if (!IsField(line) || (text.Count > 0 && !IsRight(line)))
                {
                    if (_fields.Count > 0 && (line.Length > 0 || text.Count > 0))
                    {
                        text.Add(line);
                    }
                    continue;
                }
                if (text.Count > 0 && Id(line) != "8000")
                {
                    AppendToLast(text, GdtFault.TextInRecord);
                }
                else if (text.Count > 0)
                {
                    Forgive(new GdtRemark(GdtFault.TextAfterRecord, text[0].Number, text[0].Start));
                }
                text.Clear();
                if (_fields.Count == 0 && Id(line) != "8000")
                {
                    Forgive(new GdtRemark(GdtFault.NoRecordType, line.Number, line.Start, Id(line)));
                }
                _fields.Add(new Field(line, Id(line), line.Start + 7, line.End, ""));
                if (!IsRight(line) && Joined(i) is var more && more > 0)
                {
                    AppendToLast(_lines.GetRange(i + 1, more), GdtFault.LineBreakInValue);
                    i += more;
                }
                else if (!IsRight(line))
                {
                    Forgive(new GdtRemark(GdtFault.LineLength, line.Number, line.Start, Id(line), Text(Said(line)), Text(line.Length + 2)));
                }
            }
            while (text.Count > 0 && text[^1].Length == 0)
            {
                text.RemoveAt(text.Count - 1);
            }
            if (text.Count > 0)
            {
                Forgive(new GdtRemark(GdtFault.TextAfterRecord, text[0].Number, text[0].Start));
            }
            return text;
        }

        private readonly string Id(Line line) => Encoding.ASCII.GetString(_bytes.Slice(line.Start + 3, 4));

        private readonly void AppendToLast(List<Line> text, GdtFault fault)
        {
            var last = _fields[^1];
            Forgive(new GdtRemark(fault, text[0].Number, text[0].Start, last.Id));
            // offsets of the pieces, decoded when the character set is known
            _fields[^1] = last with { Appended = last.Appended + string.Concat(text.Select(t => $"{t.Start} {t.End};")) };
        }

        /// <summary>How many of the next lines belong to the value of this one: as many as its length says, give or take two bytes, if the next one is not a field of its own.</summary>
        private readonly int Joined(int index)
        {
            var said = Said(_lines[index]);
            var length = _lines[index].Length + 2;
            for (var more = 1; more <= 20 && index + more < _lines.Count; more++)
            {
                var next = _lines[index + more];
                if (IsField(next) && Math.Abs(Said(next) - next.Length - 2) <= 2)
                {
                    return 0;
                }
                length += next.Length + 2;
                if (Math.Abs(said - length) <= 2)
                {
                    return more;
                }
                if (length > said)
                {
                    return 0;
                }
            }
            return 0;
        }

        private readonly string Content(Field field, GdtCharacterSet set)
        {
            var content = set.Decode(_bytes[field.ContentStart..field.ContentEnd]);
            foreach (var piece in field.Appended.Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                var blank = piece.IndexOf(' ', StringComparison.Ordinal);
                content += "\n" + set.Decode(_bytes[int.Parse(piece.AsSpan(0, blank), CultureInfo.InvariantCulture)..int.Parse(piece.AsSpan(blank + 1), CultureInfo.InvariantCulture)]);
            }
            return content;
        }

        private readonly GdtRecord Record(int first, int end, GdtCharacterSet set)
        {
            var record = new GdtRecord();
            for (var i = first; i < end; i++)
            {
                record.Add(_fields[i].Id, Content(_fields[i], set));
            }
            if (GdtVersions.Of(record) is not (GdtVersion.Gdt35 or GdtVersion.Plugin)) // there 8100 to 8299 are attributes of objects
            {
                CheckLength(first, end, set);
                CheckCounts(first, end, set);
            }
            return record;
        }

        // as it is, and with the line ends that it should have
        private readonly void CheckLength(int first, int end, GdtCharacterSet set)
        {
            var index = _fields.FindIndex(first, end - first, f => f.Id == "8100");
            if (index < 0)
            {
                return;
            }
            var lastLine = end < _fields.Count ? _fields[end].Line.Number - 1 : _lines.Count;
            var (start, size) = (_fields[first].Line.Start, 0);
            foreach (var line in _lines[(_fields[first].Line.Number - 1)..lastLine])
            {
                size += line.Length + 2;
            }
            var asItIs = (end < _fields.Count ? _fields[end].Line.Start : _bytes.Length) - start;
            var said = Content(_fields[index], set).Trim();
            if (!int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || (number != size && number != asItIs))
            {
                Forgive(new GdtRemark(GdtFault.RecordLength, _fields[index].Line.Number, _fields[index].Line.Start, "8100", said, Text(size)));
            }
        }

        private readonly void CheckCounts(int first, int end, GdtCharacterSet set)
        {
            var open = new Stack<int>();
            for (var i = first; i < end; i++)
            {
                var count = _fields[i].Id switch
                {
                    "8201" => i - (open.TryPop(out var start) ? start : first) + 1,
                    "8202" => end - first,
                    _ => -1,
                };
                if (_fields[i].Id == "8200")
                {
                    open.Push(i);
                }
                else if (count >= 0 && Content(_fields[i], set).Trim() is var said && said != Text(count))
                {
                    Forgive(new GdtRemark(GdtFault.LineCount, _fields[i].Line.Number, _fields[i].Line.Start, _fields[i].Id, said, Text(count)));
                }
            }
        }

        // 9206 says it; where it does not, or the bytes contradict it, the German letters tell
        private readonly GdtCharacterSet CharacterSet()
        {
            var field = _fields.FindIndex(f => f.Id == "9206");
            var code = field < 0 ? "" : Encoding.ASCII.GetString(_bytes[_fields[field].ContentStart.._fields[field].ContentEnd]).Trim();
            var is35 = _fields.Any(f => f.Id == "8133");
            var named = code switch
            {
                "1" => GdtCharacterSet.Din66003,
                "2" => GdtCharacterSet.Cp437,
                "3" => GdtCharacterSet.Windows1252,
                "4" => GdtCharacterSet.Utf8,
                _ => is35 ? GdtCharacterSet.Latin9 : null,
            };
            var mark = _bytes.StartsWith("\uFEFF"u8) ? 3 : 0;
            var beyond = _bytes[mark..].IndexOfAnyInRange((byte)0x80, (byte)0xFF) is var index and >= 0 ? index + mark : -1;
            if (beyond < 0 || (named == GdtCharacterSet.Utf8 && IsUtf8()))
            {
                return named ?? assumed ?? GdtCharacterSet.Cp437;
            }
            var found = IsUtf8() ? GdtCharacterSet.Utf8
                : named is not null && named != GdtCharacterSet.Din66003 && named != GdtCharacterSet.Utf8 ? named
                : assumed ?? (LooksLikeWindows() ? GdtCharacterSet.Windows1252 : GdtCharacterSet.Cp437);
            if (found != named && !(named is null && found == GdtCharacterSet.Cp437))
            {
                var line = _lines.FindLast(l => l.Start <= beyond);
                Forgive(new GdtRemark(GdtFault.CharacterSet, Math.Max(line.Number, 1), line.Start, null, named?.Name ?? (code.Length is > 0 and <= 4 ? code : null), found.Name));
            }
            return found;
        }

        private readonly bool IsUtf8()
        {
            try
            {
                return new UTF8Encoding(false, true).GetCharCount(_bytes) < _bytes.Length;
            }
            catch (DecoderFallbackException)
            {
                return false;
            }
        }

        // Ä Ö Ü ä ö ü ß are below A0 and at E1 in CP437, and above C0 in the others
        private readonly bool LooksLikeWindows()
        {
            var (windows, dos) = (0, 0);
            foreach (var b in _bytes)
            {
                windows += b is 0xC4 or 0xD6 or 0xDC or 0xE4 or 0xF6 or 0xFC or 0xDF ? 1 : 0;
                dos += b is 0x8E or 0x99 or 0x9A or 0x84 or 0x94 or 0x81 or 0xE1 ? 1 : 0;
            }
            return windows > dos;
        }

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
