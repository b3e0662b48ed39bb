using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;

namespace Pacs.Web.Orthanc;

/// <summary>The three forms in which Orthanc writes data sets.</summary>
public enum TagFormat
{
    /// <summary><c>{"0010,0020": {"Name": "PatientID", "Type": "String", "Value": "1"}}</c>, the default.</summary>
    Full,

    /// <summary><c>{"0010,0020": "1"}</c>.</summary>
    Short,

    /// <summary><c>{"PatientID": "1"}</c>.</summary>
    Simplify,
}

/// <summary>Data sets as Orthanc writes and reads them in JSON. Values are texts; bulk data is not there.</summary>
internal static class OrthancTags
{
    /// <summary>The most characters of a text that are written; longer ones are <c>TooLong</c>, and there to be asked for one by one.</summary>
    public const int MaxText = 256;

    // a query has a handful
    private const int MaxTags = 1000;

    /// <summary>The form that a request asks for: <c>?simplify</c> or <c>?short</c>.</summary>
    public static TagFormat FormatOf(IQueryCollection query) => IsOn(query, "simplify") ? TagFormat.Simplify : IsOn(query, "short") ? TagFormat.Short : TagFormat.Full;

    /// <summary>Whether <c>?name</c> or <c>?name=true</c> is there.</summary>
    public static bool IsOn(IQueryCollection query, string name) => query.TryGetValue(name, out var value) && value.ToString() is "" or "1" or "true";

    /// <summary>A data set.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="format">The form.</param>
    /// <param name="take">Which elements of the top level; null for all.</param>
    /// <param name="unlimited">Elements whose text may be longer than <see cref="MaxText"/>; null for none.</param>
    public static JsonObject Write(DicomDataset dataset, TagFormat format, Func<DicomTag, bool>? take = null, Func<DicomTag, bool>? unlimited = null)
    {
        var json = new JsonObject();
        foreach (var element in dataset)
        {
            if (take?.Invoke(element.Tag) == false)
            {
                continue;
            }
            var keyword = DicomDictionary.Find(element.Tag)?.Keyword;
            var name = format == TagFormat.Simplify && keyword is not null ? keyword : Number(element.Tag);
            if (element.Items is { } items)
            {
                var written = new JsonArray([.. items.Select(i => Write(i, format, null, unlimited))]);
                json[name] = format == TagFormat.Full ? Full(dataset, element.Tag, keyword, "Sequence", written) : written;
                continue;
            }
            var text = Text(dataset, element);
            var isLong = text?.Length > MaxText && unlimited?.Invoke(element.Tag) != true;
            var value = isLong ? null : JsonValue.Create(text);
            json[name] = format != TagFormat.Full ? value : Full(dataset, element.Tag, keyword, text is null ? "Null" : isLong ? "TooLong" : "String", value);
        }
        return json;
    }

    private static JsonObject Full(DicomDataset dataset, DicomTag tag, string? keyword, string type, JsonNode? value)
    {
        var json = new JsonObject
        {
            ["Name"] = keyword ?? (tag.IsPrivateCreator ? "PrivateCreator" : tag.IsGroupLength ? tag.IsPrivate ? "PrivateGroupLength" : "GenericGroupLength" : "Unknown Tag & Data"),
            ["Type"] = type,
            ["Value"] = value,
        };
        // whose private element it is (PS3.5 §7.8.1)
        if (tag.IsPrivate && tag.Element > 0xFF && dataset.GetString(new DicomTag(tag.Group, (ushort)(tag.Element >> 8))) is { } creator)
        {
            json["PrivateCreator"] = creator;
        }
        return json;
    }

    // null for what is no text: pixels, and what nobody knows unless it is plain ASCII
    private static string? Text(DicomDataset dataset, DicomElement element)
    {
        var vr = element.Vr;
        if (vr == DicomVr.UN && !element.IsEncapsulated && element.Value.Length is > 0 and <= MaxText)
        {
            var bytes = element.Value.Span;
            return bytes.TrimEnd("\0 "u8).ContainsAnyExceptInRange((byte)0x20, (byte)0x7E) ? null : Encoding.ASCII.GetString(bytes).TrimEnd('\0', ' ');
        }
        if (vr == DicomVr.AT)
        {
            return string.Join('\\', (dataset.GetString(element.Tag) ?? "").Split('\\').Select(t => DicomTag.TryParse(t, out var tag) ? Number(tag) : t));
        }
        return vr.IsString || (vr.UnitSize > 1 && vr != DicomVr.OW && vr != DicomVr.OD && vr != DicomVr.OF && vr != DicomVr.OL && vr != DicomVr.OV) ? dataset.GetString(element.Tag) ?? "" : null;
    }

    /// <summary>The keys of a query: texts by keyword or number, sequences as arrays of such objects. Their character set is one that has all of their characters.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static DicomDataset ReadQuery(JsonElement json)
    {
        var dataset = new DicomDataset();
        // before any text is encoded by it; ASCII needs none
        var text = json.ValueKind == JsonValueKind.Object ? Texts(json) : "";
        if (!text.All(char.IsAscii))
        {
            dataset.Set(DicomTag.SpecificCharacterSet, text.All(c => c <= 0xFF) ? "ISO_IR 100" : "ISO_IR 192");
        }
        var count = 0;
        Read(json, dataset, ref count);
        return dataset;
    }

    /// <summary>A tag as Orthanc writes it.</summary>
    public static string Number(DicomTag tag) => $"{tag.Group:x4},{tag.Element:x4}";

    private static void Read(JsonElement json, DicomDataset dataset, ref int count)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Wrong();
        }
        foreach (var member in json.EnumerateObject())
        {
            if (!DicomTag.TryParse(member.Name, out var tag) || tag.Group <= 0x0002 || ++count > MaxTags)
            {
                throw Wrong();
            }
            if (member.Value.ValueKind == JsonValueKind.Array && DicomDictionary.GetVr(tag) == DicomVr.SQ)
            {
                var items = new List<DicomDataset>();
                foreach (var item in member.Value.EnumerateArray())
                {
                    var inner = new DicomDataset();
                    if (dataset.GetString(DicomTag.SpecificCharacterSet) is { } set)
                    {
                        inner.Set(DicomTag.SpecificCharacterSet, set);
                    }
                    Read(item, inner, ref count);
                    inner.Remove(DicomTag.SpecificCharacterSet); // the outer one's is its own (PS3.3 §C.12.1.1.2)
                    items.Add(inner);
                }
                dataset.Set(tag, items);
            }
            else if (member.Value.ValueKind == JsonValueKind.String && DicomDictionary.GetVr(tag) != DicomVr.SQ && tag != DicomTag.SpecificCharacterSet)
            {
                try
                {
                    dataset.SetUnchecked(tag, member.Value.GetString()!);
                }
                catch (DicomException e)
                {
                    throw new FormatException(e.Message, e);
                }
            }
            else if (tag != DicomTag.SpecificCharacterSet)
            {
                throw Wrong();
            }
        }

        static FormatException Wrong() => new("Associative array of DICOM tags to strings expected in field: Query");
    }

    private static string Texts(JsonElement json) => string.Concat(json.EnumerateObject().Select(m => m.Value.ValueKind switch
    {
        JsonValueKind.String => m.Value.GetString(),
        JsonValueKind.Array => string.Concat(m.Value.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object).Select(Texts)),
        _ => "",
    }));
}
