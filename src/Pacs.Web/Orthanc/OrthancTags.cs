using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
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

    /// <summary>A data set, as a value to be put into others.</summary>
    /// <inheritdoc cref="Write(OrthancJsonWriter, DicomDataset, TagFormat, Func{DicomTag, bool}?, Func{DicomTag, bool}?)"/>
    public static JsonObject Write(DicomDataset dataset, TagFormat format, Func<DicomTag, bool>? take = null, Func<DicomTag, bool>? unlimited = null)
    {
        using var json = new OrthancJsonWriter();
        Write(json, dataset, format, take, unlimited);
        return JsonNode.Parse(json.Written.Span, documentOptions: new JsonDocumentOptions { MaxDepth = int.MaxValue })!.AsObject();
    }

    /// <summary>A data set.</summary>
    /// <param name="json">Gets it.</param>
    /// <param name="dataset">The data set.</param>
    /// <param name="format">The form.</param>
    /// <param name="take">Which elements of the top level; null for all.</param>
    /// <param name="unlimited">Elements whose text may be longer than <see cref="MaxText"/>; null for none.</param>
    public static void Write(OrthancJsonWriter json, DicomDataset dataset, TagFormat format, Func<DicomTag, bool>? take = null, Func<DicomTag, bool>? unlimited = null)
    {
        json.BeginObject();
        if (format == TagFormat.Simplify)
        {
            WriteByName(json, dataset, take, unlimited);
        }
        else
        {
            Span<byte> number = stackalloc byte[9];
            for (var i = 0; i < dataset.Count; i++)
            {
                var element = dataset[i];
                if (take?.Invoke(element.Tag) != false)
                {
                    Utf8.TryWrite(number, $"{element.Tag.Group:x4},{element.Tag.Element:x4}", out _);
                    json.Key(number);
                    WriteMember(json, dataset, element, format, unlimited);
                }
            }
        }
        json.EndObject();
    }

    private static void WriteByName(OrthancJsonWriter json, DicomDataset dataset, Func<DicomTag, bool>? take, Func<DicomTag, bool>? unlimited)
    {
        var members = ArrayPool<(TagName Name, DicomElement Element)>.Shared.Rent(dataset.Count);
        var count = 0;
        for (var i = 0; i < dataset.Count; i++)
        {
            if (take?.Invoke(dataset[i].Tag) != false)
            {
                members[count++] = (TagName.Of(dataset[i].Tag), dataset[i]);
            }
        }
        members.AsSpan(0, count).Sort((a, b) => a.Name.Rank.CompareTo(b.Name.Rank) is var order and not 0 ? order : a.Element.Tag.CompareTo(b.Element.Tag));
        for (var i = 0; i < count; i++)
        {
            // several elements can have one name, those of repeating groups: the last one counts
            if (i + 1 == count || members[i + 1].Name.Rank != members[i].Name.Rank)
            {
                json.Key(members[i].Name.Utf8);
                WriteValue(json, dataset, members[i].Element, TagFormat.Simplify, unlimited);
            }
        }
        ArrayPool<(TagName, DicomElement)>.Shared.Return(members, clearArray: true);
    }

    private static void WriteMember(OrthancJsonWriter json, DicomDataset dataset, DicomElement element, TagFormat format, Func<DicomTag, bool>? unlimited)
    {
        if (format != TagFormat.Full)
        {
            WriteValue(json, dataset, element, format, unlimited);
            return;
        }
        var tag = element.Tag;
        json.BeginObject();
        json.Key("Name"u8);
        var name = TagName.Of(tag);
        json.Text(name.IsKeyword ? name.Utf8 : tag.IsPrivateCreator ? "PrivateCreator"u8 : tag.IsGroupLength ? tag.IsPrivate ? "PrivateGroupLength"u8 : "GenericGroupLength"u8 : "Unknown Tag & Data"u8);
        // whose private element it is (PS3.5 §7.8.1)
        if (tag.IsPrivate && tag.Element > 0xFF && dataset.GetString(new DicomTag(tag.Group, (ushort)(tag.Element >> 8))) is { } creator)
        {
            json.Key("PrivateCreator"u8);
            json.Text(creator);
        }
        json.Key("Type"u8);
        if (element.Items is not null)
        {
            json.Text("Sequence"u8);
            json.Key("Value"u8);
            WriteValue(json, dataset, element, format, unlimited);
        }
        else
        {
            var text = new ElementText(dataset, element);
            var isLong = text.Length > MaxText && unlimited?.Invoke(tag) != true;
            json.Text(text.IsNull ? "Null"u8 : isLong ? "TooLong"u8 : "String"u8);
            json.Key("Value"u8);
            text.WriteTo(json, isLong);
        }
        json.EndObject();
    }

    private static void WriteValue(OrthancJsonWriter json, DicomDataset dataset, DicomElement element, TagFormat format, Func<DicomTag, bool>? unlimited)
    {
        if (element.Items is { } items)
        {
            json.BeginArray();
            foreach (var item in items)
            {
                Write(json, item, format, null, unlimited);
            }
            json.EndArray();
            return;
        }
        var text = new ElementText(dataset, element);
        text.WriteTo(json, text.Length > MaxText && unlimited?.Invoke(element.Tag) != true);
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
