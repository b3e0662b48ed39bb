using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pacs.Dicom;

/// <summary>Reads the DICOM JSON Model (PS3.18 annex F): the metadata of STOW-RS. The bytes are taken for hostile.</summary>
public sealed class DicomJsonReader
{
    // an object for the data set, one for the element and an array for each level of sequences
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 1 + (3 * (MaxSequences + 1)) };

    private const int MaxSequences = 64;

    private readonly Func<string, byte[]?>? _bulkData;

    /// <summary>A reader.</summary>
    /// <param name="bulkData">Gives the bytes of a BulkDataURI, or null when it knows none of that name. Null: no document may have one.</param>
    public DicomJsonReader(Func<string, byte[]?>? bulkData = null) => _bulkData = bulkData;

    /// <summary>Reads a document: an array of data sets, or a single one.</summary>
    /// <param name="utf8">The document.</param>
    /// <returns>The data sets, their texts in UTF-8, with (0008,0005) where one of them is not ASCII.</returns>
    /// <exception cref="DicomException">It is not in the DICOM JSON Model; says which element and which byte.</exception>
    public IReadOnlyList<DicomDataset> Read(ReadOnlySpan<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8, Options);
        try
        {
            var datasets = new List<DicomDataset>();
            json.Read();
            if (json.TokenType == JsonTokenType.StartArray)
            {
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    datasets.Add(ReadRoot(ref json));
                }
            }
            else
            {
                datasets.Add(ReadRoot(ref json));
            }
            if (json.Read())
            {
                throw Malformed(json, "Something behind the document");
            }
            return datasets;
        }
        catch (JsonException e)
        {
            throw new DicomException("Not JSON", null, json.BytesConsumed, e);
        }
        catch (InvalidOperationException e)
        {
            // a string with half a surrogate pair or bytes that are not UTF-8
            throw new DicomException("A text that is not Unicode", null, json.TokenStartIndex, e);
        }
    }

    /// <summary>Takes a document apart into its data sets, which are not looked at: so one that is none does not lose the others.</summary>
    /// <param name="utf8">The document: an array of data sets, or a single one.</param>
    /// <exception cref="DicomException">It is not JSON.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8.Span, Options);
        try
        {
            var datasets = new List<ReadOnlyMemory<byte>>();
            json.Read();
            if (json.TokenType != JsonTokenType.StartArray)
            {
                json.Skip();
                datasets.Add(utf8);
            }
            else
            {
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    var from = (int)json.TokenStartIndex;
                    json.Skip();
                    datasets.Add(utf8[from..(int)json.BytesConsumed]);
                }
            }
            return json.Read() ? throw Malformed(json, "Something behind the document") : datasets;
        }
        catch (JsonException e)
        {
            throw new DicomException("Not JSON", null, json.BytesConsumed, e);
        }
    }

    private DicomDataset ReadRoot(ref Utf8JsonReader json)
    {
        var isAscii = true;
        var dataset = ReadDataset(ref json, ref isAscii);
        if (!isAscii || dataset.Contains(DicomTag.SpecificCharacterSet))
        {
            dataset.Set(new DicomElement(DicomTag.SpecificCharacterSet, DicomVr.CS, Encoding.ASCII.GetBytes(CharacterSet.Utf8.Value)));
        }
        return dataset;
    }

    private DicomDataset ReadDataset(ref Utf8JsonReader json, ref bool isAscii)
    {
        Expect(json, JsonTokenType.StartObject, "a data set");
        var dataset = new DicomDataset();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            // PS3.18 §F.2.2: eight hexadecimal digits
            var name = json.GetString()!;
            if (name.Length != 8 || !DicomTag.TryParse(name, out var tag))
            {
                throw Malformed(json, "A name that is not a tag of eight hexadecimal digits");
            }
            json.Read();
            var element = ReadElement(ref json, tag, ref isAscii);
            if (!tag.IsGroupLength)
            {
                dataset.Set(element);
            }
        }
        return dataset;
    }

    private DicomElement ReadElement(ref Utf8JsonReader json, DicomTag tag, ref bool isAscii)
    {
        Expect(json, JsonTokenType.StartObject, "an attribute", tag);
        var vr = FindVr(json, tag);
        DicomElement? element = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isValue = json.ValueTextEquals("Value"u8);
            var isBinary = json.ValueTextEquals("InlineBinary"u8);
            var isBulk = json.ValueTextEquals("BulkDataURI"u8);
            json.Read();
            if (!isValue && !isBinary && !isBulk)
            {
                json.Skip(); // vr, and what a later edition may add
                continue;
            }
            if (element is not null)
            {
                throw Malformed(json, "More than one value", tag); // PS3.18 §F.2.2
            }
            element = isValue ? ReadValue(ref json, tag, vr, ref isAscii) : new DicomElement(tag, vr, isBinary ? Binary(json, tag) : BulkData(json, tag));
        }
        return element ?? (vr == DicomVr.SQ ? new DicomElement(tag, Array.Empty<DicomDataset>()) : new DicomElement(tag, vr, ReadOnlyMemory<byte>.Empty));
    }

    // members come in any order: a copy of the reader looks ahead
    private static DicomVr FindVr(Utf8JsonReader json, DicomTag tag)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isVr = json.ValueTextEquals("vr"u8);
            json.Read();
            if (!isVr)
            {
                json.Skip();
                continue;
            }
            if (json.TokenType == JsonTokenType.String && json.GetString() is { Length: 2 } letters && new DicomVr((ushort)((letters[0] << 8) | (letters[1] & 0xFF))) is { IsKnown: true } vr)
            {
                return vr;
            }
            throw Malformed(json, "A VR that is none", tag);
        }
        return DicomDictionary.GetVr(tag); // required, but some leave it out
    }

    private DicomElement ReadValue(ref Utf8JsonReader json, DicomTag tag, DicomVr vr, ref bool isAscii)
    {
        Expect(json, JsonTokenType.StartArray, "an array of values", tag);
        if (vr == DicomVr.SQ)
        {
            var items = new List<DicomDataset>();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                var item = ReadDataset(ref json, ref isAscii);
                item.Remove(DicomTag.SpecificCharacterSet); // said once, at the top
                items.Add(item);
            }
            return new DicomElement(tag, items);
        }
        if (vr.IsString)
        {
            return new DicomElement(tag, vr, Texts(ref json, tag, vr, ref isAscii));
        }
        if (vr.UnitSize == 1)
        {
            throw Malformed(json, "Binary data are InlineBinary or BulkDataURI", tag);
        }
        using var bytes = new MemoryStream();
        Span<byte> eight = stackalloc byte[8];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            bytes.Write(Number(json, tag, vr, eight));
        }
        return new DicomElement(tag, vr, bytes.ToArray());
    }

    private static byte[] Texts(ref Utf8JsonReader json, DicomTag tag, DicomVr vr, ref bool isAscii)
    {
        var text = new StringBuilder();
        var count = 0;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (count++ > 0)
            {
                text.Append('\\');
            }
            var value = json.TokenType switch
            {
                JsonTokenType.Null => "",
                JsonTokenType.String => json.GetString()!,
                JsonTokenType.Number when vr == DicomVr.IS || vr == DicomVr.DS => Encoding.ASCII.GetString(json.ValueSpan),
                JsonTokenType.StartObject when vr == DicomVr.PN => Name(ref json, tag),
                _ => throw Malformed(json, $"A value that {vr} does not take", tag),
            };
            // it would be two values in the data set
            if (vr.IsMultiString && value.Contains('\\', StringComparison.Ordinal))
            {
                throw Malformed(json, "A backslash within a value", tag);
            }
            text.Append(value);
        }
        if (count > 1 && !vr.IsMultiString)
        {
            throw Malformed(json, $"{count} values, where {vr} takes one", tag);
        }
        var all = text.ToString();
        isAscii &= Ascii.IsValid(all);
        return Encoding.UTF8.GetBytes(all);
    }

    private static string Name(ref Utf8JsonReader json, DicomTag tag)
    {
        string alphabetic = "", ideographic = "", phonetic = "";
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var group = json.GetString();
            json.Read();
            var text = json.TokenType switch
            {
                JsonTokenType.String => json.GetString()!,
                JsonTokenType.Null => "",
                _ => throw Malformed(json, "A component group that is not text", tag),
            };
            switch (group)
            {
                case "Alphabetic":
                    alphabetic = text;
                    break;
                case "Ideographic":
                    ideographic = text;
                    break;
                case "Phonetic":
                    phonetic = text;
                    break;
            }
        }
        return $"{alphabetic}={ideographic}={phonetic}".TrimEnd('=');
    }

    private static ReadOnlySpan<byte> Number(in Utf8JsonReader json, DicomTag tag, DicomVr vr, Span<byte> bytes)
    {
        var text = json.TokenType switch
        {
            JsonTokenType.Number => Encoding.ASCII.GetString(json.ValueSpan),
            JsonTokenType.String => json.GetString()!,
            _ => throw Malformed(json, $"A value that {vr} does not take", tag),
        };
        var culture = CultureInfo.InvariantCulture;
        const NumberStyles Whole = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        var fits = true;
        switch (vr.Code)
        {
            case 0x4154: // AT
                fits = text.Length == 8 && DicomTag.TryParse(text, out _);
                var value = fits ? DicomTag.Parse(text) : default;
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, value.Group);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], value.Element);
                return fits ? bytes[..4] : throw Malformed(json, "A tag that is none", tag);
            case 0x5553 or 0x4F57: // US OW
                fits = ushort.TryParse(text, Whole, culture, out var us);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, us);
                break;
            case 0x5353: // SS
                fits = short.TryParse(text, Whole, culture, out var ss);
                BinaryPrimitives.WriteInt16LittleEndian(bytes, ss);
                break;
            case 0x554C or 0x4F4C: // UL OL
                fits = uint.TryParse(text, Whole, culture, out var ul);
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, ul);
                break;
            case 0x534C: // SL
                fits = int.TryParse(text, Whole, culture, out var sl);
                BinaryPrimitives.WriteInt32LittleEndian(bytes, sl);
                break;
            case 0x5556 or 0x4F56: // UV OV
                fits = ulong.TryParse(text, Whole, culture, out var uv);
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, uv);
                break;
            case 0x5356: // SV
                fits = long.TryParse(text, Whole, culture, out var sv);
                BinaryPrimitives.WriteInt64LittleEndian(bytes, sv);
                break;
            case 0x464C or 0x4F46: // FL OF
                fits = TryFloat(text, out var single);
                BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)single);
                break;
            default: // FD OD
                fits = TryFloat(text, out var number);
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, number);
                break;
        }
        return fits ? bytes[..vr.UnitSize] : throw Malformed(json, $"A number that does not fit {vr}", tag);
    }

    // PS3.18 table F.2.3-1, footnote
    private static bool TryFloat(string text, out double value)
    {
        value = text switch { "NaN" => double.NaN, "inf" => double.PositiveInfinity, "-inf" => double.NegativeInfinity, _ => 0 };
        return value != 0 || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static byte[] Binary(in Utf8JsonReader json, DicomTag tag) =>
        json.TokenType == JsonTokenType.String && json.TryGetBytesFromBase64(out var bytes) ? bytes : throw Malformed(json, "InlineBinary that is not Base64", tag);

    private byte[] BulkData(in Utf8JsonReader json, DicomTag tag)
    {
        Expect(json, JsonTokenType.String, "a URI", tag);
        return _bulkData?.Invoke(json.GetString()!) ?? throw Malformed(json, "A BulkDataURI that nothing is known of", tag);
    }

    private static void Expect(in Utf8JsonReader json, JsonTokenType token, string what, DicomTag? tag = null)
    {
        if (json.TokenType != token)
        {
            throw Malformed(json, "Expected " + what, tag);
        }
    }

    private static DicomException Malformed(in Utf8JsonReader json, string message, DicomTag? tag = null) => new(message, tag, json.TokenStartIndex);
}
