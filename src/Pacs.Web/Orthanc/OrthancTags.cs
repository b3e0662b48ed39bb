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
    // a query has a handful
    private const int MaxTags = 1000;

    /// <summary>The form that a request asks for: <c>?simplify</c> or <c>?short</c>.</summary>
    public static TagFormat FormatOf(IQueryCollection query) => IsOn(query, "simplify") ? TagFormat.Simplify : IsOn(query, "short") ? TagFormat.Short : TagFormat.Full;

    /// <summary>Whether <c>?name</c> or <c>?name=true</c> is there.</summary>
    public static bool IsOn(IQueryCollection query, string name) => query.TryGetValue(name, out var value) && value.ToString() is "" or "1" or "true";

    /// <summary>A data set.</summary>
    public static JsonObject Write(DicomDataset dataset, TagFormat format)
    {
        var json = new JsonObject();
        foreach (var element in dataset)
        {
            var keyword = DicomDictionary.Find(element.Tag)?.Keyword;
            var name = format == TagFormat.Simplify && keyword is not null ? keyword : Number(element.Tag);
            JsonNode? value = element.Items is { } items ? new JsonArray([.. items.Select(i => Write(i, format))])
                : element.Vr.IsString || element.Vr.UnitSize > 1 && element.Vr != DicomVr.OW ? JsonValue.Create(dataset.GetString(element.Tag) ?? "")
                : null;
            json[name] = format != TagFormat.Full ? value : new JsonObject
            {
                ["Name"] = keyword ?? "Unknown Tag & Data",
                ["Type"] = element.Items is not null ? "Sequence" : value is null ? "Null" : "String",
                ["Value"] = value,
            };
        }
        return json;
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
