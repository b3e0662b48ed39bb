using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>Resources as Orthanc's JSON: lists of their ids, or of objects.</summary>
internal sealed class ResourceReader(IndexReader index, Finder finder, Attachments attachments, UserNames names)
{
    // rows that are read together
    private const int Block = 200;

    /// <summary>What a query finds, as ids or objects, while it is read.</summary>
    /// <param name="query">The query; what it shall return is set here.</param>
    /// <param name="form">How objects look; null for ids.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="QueryTooBroadException">As for <see cref="Finder.FindAsync"/>.</exception>
    public IAsyncEnumerable<JsonNode> ListAsync(DicomQuery query, ResourceForm? form, CancellationToken ct) =>
        WriteAsync(query.Level, finder.FindAsync(Asking(query, form), ct), form, ct);

    /// <summary>The query with the tags that the form needs.</summary>
    public static DicomQuery Asking(DicomQuery query, ResourceForm? form) =>
        form is null ? query : query with { Return = [.. query.Return, .. form.RequestedTags.Select(t => new ReturnKey(t, DicomDictionary.GetVr(t), []))] };

    /// <summary>Rows as ids or objects.</summary>
    public async IAsyncEnumerable<JsonNode> WriteAsync(Level level, IAsyncEnumerable<QueryRow> rows, ResourceForm? form, [EnumeratorCancellation] CancellationToken ct)
    {
        if (form is null)
        {
            await foreach (var row in rows.WithCancellation(ct))
            {
                yield return JsonValue.Create(row.Id.ToString());
            }
            yield break;
        }
        await foreach (var block in rows.Chunk(Block).WithCancellation(ct))
        {
            var entries = await index.ResourcesAsync(level, [.. block.Select(r => r.RowId)], ct);
            foreach (var row in block)
            {
                if (entries.TryGetValue(row.RowId, out var entry))
                {
                    yield return await WriteAsync(entry, row, form, ct);
                }
            }
        }
    }

    /// <summary>One resource, or null when there is none.</summary>
    public async Task<JsonObject?> FindAsync(Level level, ResourceId id, ResourceForm form, CancellationToken ct)
    {
        if (await index.FindRowAsync(level, id, ct) is not { } row || !(await index.ResourcesAsync(level, [row], ct)).TryGetValue(row, out var entry))
        {
            return null;
        }
        QueryRow? found = null;
        if (form.RequestedTags.Count > 0)
        {
            await foreach (var answer in finder.FindAsync(Asking(new DicomQuery(level, [], []) { After = row - 1, Limit = 1 }, form), ct))
            {
                found = answer;
            }
        }
        return await WriteAsync(entry, found, form, ct);
    }

    private async ValueTask<JsonObject> WriteAsync(ResourceEntry entry, QueryRow? row, ResourceForm form, CancellationToken ct)
    {
        var (level, parts) = (entry.Level, form.Parts);
        var json = new JsonObject { ["ID"] = entry.Id.ToString(), ["Type"] = level.ToString() };
        if (parts.HasFlag(ResourceParts.MainDicomTags))
        {
            json["MainDicomTags"] = Tags(ResourceTags.OfLevel(entry, level), form.Format);
            if (level == Level.Study)
            {
                json["PatientMainDicomTags"] = Tags(ResourceTags.OfLevel(entry, Level.Patient), form.Format);
            }
        }
        if (parts.HasFlag(ResourceParts.Children) && level != Level.Instance)
        {
            json[level switch { Level.Patient => "Studies", Level.Study => "Series", _ => "Instances" }] = new JsonArray([.. entry.Children.Select(c => JsonValue.Create(c.ToString()))]);
        }
        if (parts.HasFlag(ResourceParts.Parent) && level != Level.Patient)
        {
            json[$"Parent{level - 1}"] = (level switch { Level.Study => entry.Patient.PublicId, Level.Series => entry.Study!.PublicId, _ => entry.Series!.PublicId }).ToString();
        }
        if (parts.HasFlag(ResourceParts.Labels))
        {
            json["Labels"] = new JsonArray([.. entry.Labels.Select(l => JsonValue.Create(l))]);
        }
        if (parts.HasFlag(ResourceParts.Status) && level == Level.Series)
        {
            var expected = ResourceTags.Expected(entry);
            json["ExpectedNumberOfInstances"] = expected;
            json["Status"] = expected is null ? "Unknown" : Status(await index.InstanceNumbersAsync(entry.Row, ct), expected.Value);
        }
        if (parts.HasFlag(ResourceParts.IsStable) && level != Level.Instance)
        {
            json["IsStable"] = entry.Series?.Stable ?? entry.Study?.Stable ?? entry.Patient.Stable;
        }
        if (parts.HasFlag(ResourceParts.IsProtected) && level == Level.Patient)
        {
            json["IsProtected"] = entry.Metadata.Any(m => m.Number == ResourceMetadata.IsProtected && m.Value == "1");
        }
        AddFacts(json, entry, parts);
        if (parts.HasFlag(ResourceParts.Attachments))
        {
            json["Attachments"] = await AttachmentsAsync(entry, ct);
        }
        if (form.RequestedTags.Count > 0)
        {
            json["RequestedTags"] = Requested(row, form);
        }
        return json;
    }

    private async Task<JsonArray> AttachmentsAsync(ResourceEntry entry, CancellationToken ct)
    {
        var list = new JsonArray();
        if (entry.Instance is { } instance)
        {
            list.Add((JsonNode)Describe(UserNames.Dicom, instance.Size, Uuid(instance.Key)));
        }
        foreach (var attachment in await attachments.ListAsync(entry.Level, entry.Id, ct))
        {
            list.Add((JsonNode)Describe(attachment.Number, attachment.Size, Uuid(attachment.Key)));
        }
        return list;

        static JsonObject Describe(int type, long size, string uuid) => new() { ["ContentType"] = type, ["UncompressedSize"] = size, ["CompressedSize"] = size, ["Uuid"] = uuid };
    }

    private void AddFacts(JsonObject json, ResourceEntry entry, ResourceParts parts)
    {
        var instance = entry.Instance;
        if (parts.HasFlag(ResourceParts.Metadata))
        {
            json["Metadata"] = new JsonObject(ResourceTags.Metadata(entry, names).Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value)));
        }
        if (!parts.HasFlag(ResourceParts.Facts))
        {
            return;
        }
        foreach (var origin in entry.Metadata.Where(m => m.Number is ResourceMetadata.ModifiedFrom or ResourceMetadata.AnonymizedFrom))
        {
            json[names.Metadata(origin.Number)] = origin.Value;
        }
        if (instance is null)
        {
            json["LastUpdate"] = ResourceTags.Date(ResourceTags.UpdatedAt(entry));
            return;
        }
        json["FileSize"] = instance.Size;
        json["FileUuid"] = Uuid(instance.Key);
        json["IndexInSeries"] = instance.Number;
    }

    /// <summary>The name of a file.</summary>
    public static string Uuid(string key) => Path.GetFileNameWithoutExtension(key) is var name && Guid.TryParse(name, out var guid) ? guid.ToString("D") : name;

    private static JsonObject Tags(IEnumerable<(DicomTag Tag, string Value)> tags, TagFormat format)
    {
        var json = new JsonObject();
        foreach (var (tag, value) in tags)
        {
            var keyword = DicomDictionary.Find(tag)!.Keyword;
            json[format == TagFormat.Simplify ? keyword : OrthancTags.Number(tag)] = format != TagFormat.Full ? value
                : new JsonObject { ["Name"] = keyword, ["Type"] = "String", ["Value"] = value };
        }
        return json;
    }

    // what the index knows, else what the file says; each in its own character set
    private static JsonObject Requested(QueryRow? row, ResourceForm form)
    {
        var json = new JsonObject();
        foreach (var source in new[] { row?.Header, row?.Dataset })
        {
            if (source is null)
            {
                continue;
            }
            foreach (var (name, value) in OrthancTags.Write(source, form.Format, form.RequestedTags.Contains).ToList())
            {
                json[name] = value?.DeepClone();
            }
        }
        return json;
    }

    // Orthanc's words: each number from 1 on once, and as many as were announced
    private static string Status(IReadOnlyList<int?> numbers, int expected)
    {
        if (numbers.Any(n => n is null))
        {
            return "Unknown";
        }
        return numbers.Any(n => n < 1 || n > expected) || numbers.Distinct().Count() < numbers.Count ? "Inconsistent" : numbers.Count == expected ? "Complete" : "Missing";
    }
}
