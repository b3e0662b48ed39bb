using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Pacs.Dicom;

/// <summary>Writes data sets in the DICOM JSON Model (PS3.18 annex F). Texts become UTF-8, whatever the data set's character set is.</summary>
public sealed class DicomJsonWriter
{
    // numbers beyond this are not exact in a JavaScript number
    private const ulong MaxSafeInteger = (1UL << 53) - 1;

    private readonly Utf8JsonWriter _json;
    private readonly BulkDataUri? _bulkData;
    private readonly bool _numericPalettes;
    private readonly Stack<(DicomTag Tag, int Item)> _path = new();

    /// <summary>A writer of any number of data sets.</summary>
    /// <param name="json">Where to; see <see cref="Options"/>.</param>
    /// <param name="bulkData">Says which binary values are written as a URI. Null: none, and encapsulated pixel data, which have no inline form, get no value.</param>
    /// <param name="numericPalettes">
    /// Whether palette lookup tables are written as numbers with the VR US, one for each entry, instead of Base64: the only form that cornerstone3D takes.
    /// </param>
    public DicomJsonWriter(Utf8JsonWriter json, BulkDataUri? bulkData = null, bool numericPalettes = false)
    {
        ArgumentNullException.ThrowIfNull(json);
        (_json, _bulkData, _numericPalettes) = (json, bulkData, numericPalettes);
    }

    /// <summary>
    /// What the <see cref="Utf8JsonWriter"/> should be made with: umlauts as they are, because nothing of this is ever inside of HTML; and no check of what this class takes care of.
    /// </summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes a data set as one object.</summary>
    public void Write(DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        _json.WriteStartObject();
        foreach (var element in dataset)
        {
            // PS3.18 §F.2.2: no group lengths
            if (!element.Tag.IsGroupLength && !(element.Tag == DicomTag.SpecificCharacterSet && _path.Count > 0))
            {
                Write(dataset, element);
            }
        }
        _json.WriteEndObject();
    }

    private void Write(DicomDataset dataset, DicomElement element)
    {
        Span<byte> name = stackalloc byte[8];
        Utf8Formatter.TryFormat(element.Tag.Value, name, out _, new('X', 8));
        _json.WriteStartObject(name);
        var palette = _numericPalettes ? PaletteEntries(dataset, element) : 0;
        ReadOnlySpan<byte> vr = palette > 0 ? "US"u8 : [(byte)(element.Vr.Code >> 8), (byte)element.Vr.Code];
        _json.WriteString("vr"u8, vr);
        if (element.Tag == DicomTag.SpecificCharacterSet)
        {
            // JSON is UTF-8: what stands here must be true of it
            WriteValue("ISO_IR 192"u8);
        }
        else if (palette > 0)
        {
            WritePalette(element.Value.Span, palette);
        }
        else if (element.IsSequence)
        {
            WriteItems(element);
        }
        else if (element.IsEmpty)
        {
            // PS3.18 §F.2.5: no Value for what is empty
        }
        else if (element.Vr.IsString)
        {
            WriteStrings(dataset, element);
        }
        else if (IsNumber(element.Vr))
        {
            WriteNumbers(element);
        }
        else
        {
            WriteBinary(element);
        }
        _json.WriteEndObject();
    }

    private void WriteItems(DicomElement element)
    {
        if (element.Items!.Count == 0)
        {
            return;
        }
        _json.WriteStartArray("Value"u8);
        for (var i = 0; i < element.Items.Count; i++)
        {
            _path.Push((element.Tag, i + 1));
            Write(element.Items[i]);
            _path.Pop();
        }
        _json.WriteEndArray();
    }

    private void WriteStrings(DicomDataset dataset, DicomElement element)
    {
        var bytes = element.Value.Span;
        // most values are ASCII, and those of the index are UTF-8: they need no string of their own
        if (!IsUtf8(dataset, element, bytes))
        {
            bytes = Encoding.UTF8.GetBytes(dataset.CharacterSet.Decode(bytes, element.Vr));
        }
        bytes = bytes.TrimEnd(" \0"u8);
        if (bytes.IsEmpty)
        {
            return;
        }
        _json.WriteStartArray("Value"u8);
        if (!element.Vr.IsMultiString)
        {
            _json.WriteStringValue(bytes);
        }
        else
        {
            foreach (var range in bytes.Split((byte)'\\'))
            {
                WriteString(element.Vr, bytes[range].Trim(" \0"u8));
            }
        }
        _json.WriteEndArray();
    }

    private static bool IsUtf8(DicomDataset dataset, DicomElement element, ReadOnlySpan<byte> bytes)
    {
        if (!Ascii.IsValid(bytes))
        {
            return element.Vr.IsText && ReferenceEquals(dataset.CharacterSet, CharacterSet.Utf8) && Utf8.IsValid(bytes);
        }
        return !bytes.Contains(CodeExtensions.Escape);
    }

    private void WriteString(DicomVr vr, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            _json.WriteNullValue(); // PS3.18 §F.2.5: an empty value among others
        }
        else if (vr == DicomVr.PN)
        {
            WriteName(value);
        }
        else if (vr == DicomVr.IS || vr == DicomVr.DS)
        {
            WriteNumber(value);
        }
        else
        {
            _json.WriteStringValue(value);
        }
    }

    // PS3.18 §F.2.2: an object with the component groups that are there
    private void WriteName(ReadOnlySpan<byte> name)
    {
        _json.WriteStartObject();
        var group = 0;
        foreach (var range in name.Split((byte)'='))
        {
            var text = name[range].Trim((byte)' ');
            if (!text.IsEmpty && group < 3)
            {
                _json.WriteString(group switch { 0 => "Alphabetic"u8, 1 => "Ideographic"u8, _ => "Phonetic"u8 }, text);
            }
            group++;
        }
        _json.WriteEndObject();
    }

    // The digits as they are, where JSON allows them; a device's text that is no number stays text
    private void WriteNumber(ReadOnlySpan<byte> text)
    {
        if (IsJsonNumber(text))
        {
            _json.WriteRawValue(text, skipInputValidation: true);
        }
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            _json.WriteNumberValue(number);
        }
        else
        {
            _json.WriteStringValue(text);
        }
    }

    // RFC 8259 §6; the exponent is left to the parser
    private static bool IsJsonNumber(ReadOnlySpan<byte> text)
    {
        if (text is [(byte)'-', ..])
        {
            text = text[1..];
        }
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        return whole.Length > 0 && !whole.ContainsAnyExceptInRange((byte)'0', (byte)'9') && (whole.Length == 1 || whole[0] != '0')
            && (point < 0 || (point + 1 < text.Length && !text[(point + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')));
    }

    private static bool IsNumber(DicomVr vr) => vr.Code switch
    {
        0x4154 or 0x464C or 0x4644 or 0x534C or 0x5353 or 0x5356 or 0x554C or 0x5553 or 0x5556 => true, // AT FL FD SL SS SV UL US UV
        _ => false,
    };

    private void WriteNumbers(DicomElement element)
    {
        var size = element.Vr == DicomVr.AT ? 4 : element.Vr.UnitSize;
        var bytes = element.Value.Span;
        if (bytes.Length < size)
        {
            return; // a damaged value: there is no number in it
        }
        _json.WriteStartArray("Value"u8);
        for (; bytes.Length >= size; bytes = bytes[size..])
        {
            switch (element.Vr.Code)
            {
                case 0x4154:
                    WriteTag(bytes);
                    break;
                case 0x5553:
                    _json.WriteNumberValue(BinaryPrimitives.ReadUInt16LittleEndian(bytes));
                    break;
                case 0x5353:
                    _json.WriteNumberValue(BinaryPrimitives.ReadInt16LittleEndian(bytes));
                    break;
                case 0x554C:
                    _json.WriteNumberValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes));
                    break;
                case 0x534C:
                    _json.WriteNumberValue(BinaryPrimitives.ReadInt32LittleEndian(bytes));
                    break;
                case 0x464C:
                    WriteFloat(BinaryPrimitives.ReadSingleLittleEndian(bytes));
                    break;
                case 0x4644:
                    WriteDouble(BinaryPrimitives.ReadDoubleLittleEndian(bytes));
                    break;
                case 0x5556:
                    WriteLong(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
                    break;
                default:
                    WriteLong(BinaryPrimitives.ReadInt64LittleEndian(bytes));
                    break;
            }
        }
        _json.WriteEndArray();
    }

    private void WriteTag(ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[8];
        var tag = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
        Utf8Formatter.TryFormat(tag.Value, text, out _, new('X', 8));
        _json.WriteStringValue(text);
    }

    // JSON has no such numbers: PS3.18 table F.2.3-1, footnote
    private static string? NotFinite(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "inf" : double.IsNegativeInfinity(value) ? "-inf" : null;

    private void WriteFloat(float value)
    {
        if (NotFinite(value) is { } text)
        {
            _json.WriteStringValue(text);
        }
        else
        {
            _json.WriteNumberValue(value); // 0.1 and not 0.10000000149
        }
    }

    private void WriteDouble(double value)
    {
        if (NotFinite(value) is { } text)
        {
            _json.WriteStringValue(text);
        }
        else
        {
            _json.WriteNumberValue(value);
        }
    }

    private void WriteLong(ulong value)
    {
        if (value > MaxSafeInteger)
        {
            _json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            _json.WriteNumberValue(value);
        }
    }

    private void WriteLong(long value)
    {
        if (value is > (long)MaxSafeInteger or < -(long)MaxSafeInteger)
        {
            _json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            _json.WriteNumberValue(value);
        }
    }

    private void WriteBinary(DicomElement element)
    {
        if (_bulkData?.Invoke(element, BulkDataPath.Of(_path, element.Tag)) is { } uri)
        {
            _json.WriteString("BulkDataURI"u8, uri);
        }
        else if (!element.IsEncapsulated)
        {
            _json.WriteBase64String("InlineBinary"u8, element.Value.Span);
        }
    }

    private void WriteValue(ReadOnlySpan<byte> value)
    {
        _json.WriteStartArray("Value"u8);
        _json.WriteStringValue(value);
        _json.WriteEndArray();
    }

    /// <summary>The number of entries of a palette lookup table (PS3.3 §C.7.6.3.1.5); 0 for anything else, and for tables that do not fit their descriptor.</summary>
    private static int PaletteEntries(DicomDataset dataset, DicomElement element)
    {
        if (element.Tag.Group != 0x0028 || element.Tag.Element is < 0x1201 or > 0x1204 || (element.Vr != DicomVr.OW && element.Vr != DicomVr.OB))
        {
            return 0;
        }
        var descriptor = new DicomTag(0x0028, element.Tag.Element == 0x1204 ? (ushort)0x1104 : (ushort)(element.Tag.Element - 0x0100));
        // 0 is 65536; a descriptor with VR SS may hold a negative number
        var entries = dataset.GetInt32(descriptor) is { } count ? (count & 0xFFFF) is var low && low == 0 ? 65536 : low : 0;
        return element.Value.Length == entries * 2 || element.Value.Length == ((entries + 1) & ~1) ? entries : 0;
    }

    private void WritePalette(ReadOnlySpan<byte> table, int entries)
    {
        // entries of 8 bits may be packed, two in a word
        var isPacked = table.Length < entries * 2;
        _json.WriteStartArray("Value"u8);
        for (var i = 0; i < entries; i++)
        {
            _json.WriteNumberValue(isPacked ? table[i] : BinaryPrimitives.ReadUInt16LittleEndian(table[(2 * i)..]));
        }
        _json.WriteEndArray();
    }
}
