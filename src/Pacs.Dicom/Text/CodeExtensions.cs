using System.Buffers;
using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// Texts in one or several coded character sets, switched between with the escape sequences of ISO 2022 (PS3.5 §6.1.2.5). Bytes below 0x80 are
/// characters of the set in G0, bytes above of that in G1.
/// </summary>
internal sealed class CodeExtensions
{
    /// <summary>ESC.</summary>
    public const byte Escape = 0x1B;

    private readonly CodedSet[] _sets;
    private readonly CodedSet _firstG0;
    private readonly CodedSet? _firstG1;
    private readonly CodedSet? _assumedG1;
    private readonly Lazy<Encoding>? _shiftJis;

    /// <summary>The sets of the values of (0008,0005) in their order; null for ASCII.</summary>
    public CodeExtensions(IReadOnlyList<CodedSet?> sets)
    {
        _sets = [.. sets.OfType<CodedSet>()];
        _firstG0 = sets[0] == CodedSet.Katakana ? CodedSet.Romaji : CodedSet.Ascii;
        // two-byte sets are never there from the start, they need their escape sequence (PS3.3 §C.12.1.1.2, table C.12-4)
        _firstG1 = sets[0] is { IsG0: false, IsDouble: false } first ? first : null;
        // devices that declare a set and do not bother to escape to it
        _assumedG1 = Array.Find(_sets, s => !s.IsG0);
        _shiftJis = _assumedG1 == CodedSet.Katakana ? new Lazy<Encoding>(() => CodedSet.CodePage(932)) : null;
    }

    /// <summary>Bytes to at most as many characters.</summary>
    public string Decode(ReadOnlySpan<byte> bytes, DicomVr vr)
    {
        if (!bytes.Contains(Escape))
        {
            if (_assumedG1 is null)
            {
                return DecodeUndeclared(bytes);
            }
            if (_assumedG1 == CodedSet.Latin1)
            {
                return Encoding.Latin1.GetString(bytes);
            }
        }
        var rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        var length = Decode(bytes, rented, vr);
        var text = new string(rented, 0, length);
        ArrayPool<char>.Shared.Return(rented, clearArray: true);
        return text;
    }

    /// <summary>Characters to bytes; false when no set has one of them.</summary>
    public bool TryEncode(string text, DicomVr vr, out byte[] bytes)
    {
        var writer = new Writer(this, text.Length);
        foreach (var character in text)
        {
            // escape sequences are ours to write
            if (character == Escape || !writer.TryWrite(character, vr))
            {
                bytes = [];
                return false;
            }
        }
        writer.Return();
        bytes = writer.ToArray();
        return true;
    }

    private int Decode(ReadOnlySpan<byte> bytes, Span<char> text, DicomVr vr)
    {
        var g0 = _firstG0;
        var g1 = _assumedG1;
        var length = 0;
        for (var i = 0; i < bytes.Length;)
        {
            var code = bytes[i];
            if (code == Escape && TryReadDesignation(bytes[i..], ref g0, ref g1, out var used))
            {
                i += used;
            }
            else if (code >= 0x80)
            {
                i += DecodeHigh(bytes[i..], g1, text[length..], out var characters);
                length += characters;
            }
            else if (g0.IsDouble && i + 1 < bytes.Length && code is >= 0x21 and <= 0x7E && bytes[i + 1] is >= 0x21 and <= 0x7E)
            {
                text[length++] = g0[code, bytes[i + 1]];
                i += 2;
            }
            else
            {
                // half a character in front of something that cannot be its other half is a delimiter whose escape sequence was forgotten
                text[length++] = g0 == CodedSet.Katakana && code >= 0x21 ? g0[code] : (char)code;
                i++;
                if (code < 0x20 ? code != Escape : IsDelimiter((char)code, vr))
                {
                    g0 = _firstG0;
                    g1 = _assumedG1;
                }
            }
        }
        return length;
    }

    /// <summary>Decodes one character, or a run of bytes of no set, from G1; answers how many bytes it took.</summary>
    private int DecodeHigh(ReadOnlySpan<byte> bytes, CodedSet? g1, Span<char> text, out int characters)
    {
        characters = 1;
        if (g1 is null)
        {
            var end = bytes.IndexOfAnyInRange((byte)0, (byte)0x7F);
            var run = end < 0 ? bytes : bytes[..end];
            characters = (System.Text.Unicode.Utf8.IsValid(run) ? Encoding.UTF8 : Encoding.Latin1).GetChars(run, text);
            return run.Length;
        }
        if (g1.IsDouble)
        {
            if (bytes.Length > 1 && bytes[0] is >= 0xA1 and <= 0xFE && bytes[1] is >= 0xA1 and <= 0xFE)
            {
                text[0] = g1[bytes[0] & 0x7F, bytes[1] & 0x7F];
                return 2;
            }
            text[0] = CodedSet.None;
            return 1;
        }
        // Japanese devices that declare ISO_IR 13 and send Shift-JIS; its lead bytes are unused in ISO-IR 13
        if (_shiftJis is not null && g1 == CodedSet.Katakana && bytes.Length > 1 && bytes[0] is (>= 0x81 and <= 0x9F) or (>= 0xE0 and <= 0xFC)
            && bytes[1] is >= 0x40 and not 0x7F)
        {
            var pair = _shiftJis.Value.GetString(bytes[..2]);
            if (pair.Length == 1 && pair[0] != CodedSet.None)
            {
                text[0] = pair[0];
                return 2;
            }
        }
        text[0] = bytes[0] < 0xA0 ? (char)bytes[0] : g1[bytes[0] & 0x7F];
        return 1;
    }

    private static bool TryReadDesignation(ReadOnlySpan<byte> bytes, ref CodedSet g0, ref CodedSet? g1, out int used)
    {
        used = 0;
        if (bytes.Length < 3)
        {
            return false;
        }
        var intermediate = (char)bytes[1];
        var isDouble = intermediate == '$';
        // ESC $ B is the old form of ESC $ ( B
        var hasSlot = isDouble && bytes[2] is (byte)'(' or (byte)')';
        var slot = hasSlot ? (char)bytes[2] : isDouble ? '(' : intermediate;
        used = hasSlot ? 4 : 3;
        if (bytes.Length < used || CodedSet.Find(intermediate, (char)bytes[used - 1]) is not { } set)
        {
            return false;
        }
        if (slot == '(')
        {
            g0 = set;
        }
        else
        {
            g1 = set;
        }
        return true;
    }

    private static string DecodeUndeclared(ReadOnlySpan<byte> bytes) =>
        (System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);

    private static bool IsDelimiter(char character, DicomVr vr) =>
        character == '\\' ? vr.IsMultiString : character is '^' or '=' && vr == DicomVr.PN;

    /// <summary>A text being written, and which sets are active in it.</summary>
    private struct Writer(CodeExtensions extensions, int length)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new(length + 16);
        private CodedSet _g0 = extensions._firstG0;
        private CodedSet? _g1 = extensions._firstG1;

        // Many readers decode all that follows an escape sequence in its set alone: G1 is designated anew after every change of G0
        private bool _isG1Hidden;

        public readonly byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public bool TryWrite(char character, DicomVr vr)
        {
            if (character < 0x80)
            {
                if (character < 0x20 || IsDelimiter(character, vr))
                {
                    Return();
                }
                else if (_g0.IsDouble)
                {
                    Designate(extensions._firstG0);
                }
                Write((byte)character);
                return true;
            }
            if (_g0.IsDouble && _g0.TryGetCode(character, out var code))
            {
                Write(_g0, code);
                return true;
            }
            if (_g1 is not null && !_isG1Hidden && !_g0.IsDouble && _g1.TryGetCode(character, out code))
            {
                Write(_g1, code);
                return true;
            }
            foreach (var set in extensions._sets)
            {
                if (set.TryGetCode(character, out code))
                {
                    if (!set.IsG0 && _g0.IsDouble)
                    {
                        Designate(extensions._firstG0);
                    }
                    Designate(set);
                    Write(set, code);
                    return true;
                }
            }
            return false;
        }

        /// <summary>
        /// The sets of the first value must be active before delimiters, line ends and the end of the value (PS3.5 §6.1.2.5.3). G1 has to be
        /// given back only if the first value has a set for it: the examples of annexes I and K leave Korean and Chinese there.
        /// </summary>
        public void Return()
        {
            if (_g0 != extensions._firstG0)
            {
                Designate(extensions._firstG0);
            }
            if (_g1 != extensions._firstG1 && extensions._firstG1 is not null)
            {
                Designate(extensions._firstG1);
            }
            _g1 = extensions._firstG1;
            _isG1Hidden = false;
        }

        private void Designate(CodedSet set)
        {
            _bytes.Write(set.Designation);
            if (set.IsG0)
            {
                _g0 = set;
            }
            else
            {
                _g1 = set;
            }
            _isG1Hidden = set.IsG0;
        }

        private readonly void Write(CodedSet set, ushort code)
        {
            var high = set.IsG0 ? 0 : 0x80;
            if (set.IsDouble)
            {
                Write((byte)((code >> 8) | high));
            }
            Write((byte)((code & 0xFF) | high));
        }

        private readonly void Write(byte value)
        {
            _bytes.GetSpan(1)[0] = value;
            _bytes.Advance(1);
        }
    }
}
