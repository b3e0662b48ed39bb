using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/worklists</c>, the API of Orthanc's worklists plugin, over the worklist of this server. The id of an entry is its accession number, which is made here; what an entry says beyond patient, step and
/// procedure is not kept.
/// </summary>
internal static class WorklistRoutes
{
    // more than a practice plans
    private const int MaxEntries = 10_000;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapWorklists(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/worklists", Get, async (HttpRequest request, Storage.Worklist worklist, CancellationToken ct) =>
            new OrthancResult(new JsonArray([.. (await worklist.ListAsync(null, MaxEntries, ct)).Select(i => (JsonNode)Describe(i, request))])));
        routes.MapPost("/worklists/create", (HttpRequest request, Storage.Worklist worklist, CancellationToken ct) => WithTagsAsync(request, async order =>
        {
            var made = await worklist.AddAsync(order, CancellationToken.None);
            return new OrthancResult(new JsonObject { ["ID"] = made.Accession, ["Path"] = "/worklists/" + made.Accession });
        }, ct));
        routes.MapMethods("/worklists/{id}", Get, async (string id, HttpRequest request, Storage.Worklist worklist, CancellationToken ct) =>
            await worklist.FindAsync(id, ct) is { } item ? new OrthancResult(Describe(item, request)) : OrthancError.UnknownResource.Answer(request));
        routes.MapPut("/worklists/{id}", (string id, HttpRequest request, Storage.Worklist worklist, CancellationToken ct) => WithTagsAsync(request, async order =>
            await worklist.FindAsync(id, ct) is null ? OrthancError.UnknownResource.Answer(request)
            : await worklist.ChangeAsync(id, order, CancellationToken.None) ? new OrthancResult(new JsonObject())
            : OrthancError.BadRequest.Answer(request, "A device has begun or finished it: it has the old values"), ct));
        routes.MapDelete("/worklists/{id}", async (string id, HttpRequest request, Storage.Worklist worklist) =>
            await worklist.DeleteAsync(id, CancellationToken.None) ? new OrthancResult(new JsonObject()) : OrthancError.UnknownResource.Answer(request));
    }

    private static JsonObject Describe(WorklistItem item, HttpRequest request) => new()
    {
        ["ID"] = item.Accession,
        ["Tags"] = OrthancTags.Write(DicomReader.Read(item.Dataset, TransferSyntax.ExplicitVRLittleEndian), request.Query["format"].ToString() switch
        {
            "Full" => TagFormat.Full,
            "Short" => TagFormat.Short,
            _ => TagFormat.Simplify,
        }),
    };

    private static async Task<IResult> WithTagsAsync(HttpRequest request, Func<WorklistOrder, Task<IResult>> answer, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            if (body.RootElement.ValueKind != JsonValueKind.Object || !body.RootElement.TryGetProperty("Tags", out var tags) || tags.ValueKind != JsonValueKind.Object)
            {
                return OrthancError.BadFileFormat.Answer(request, "The body is an object with Tags");
            }
            var entry = new DicomDataset().Set(DicomTag.SpecificCharacterSet, CharacterSet.Utf8.Value);
            foreach (var (tag, value) in new ModificationJob { Replace = tags.EnumerateObject().ToDictionary(t => t.Name, t => t.Value, StringComparer.Ordinal) }.ToModification().Replace)
            {
                if (tag != DicomTag.SpecificCharacterSet) // the JSON is UTF-8
                {
                    value.Set(entry, tag);
                }
            }
            var order = WorklistOrder.Of(entry, "http");
            return order.PatientId.Length > 0 && order.PatientName.Length > 0 ? await answer(order)
                : OrthancError.BadRequest.Answer(request, "An entry needs PatientID and PatientName");
        }
        catch (Exception e) when (e is FormatException or DicomException)
        {
            return OrthancError.BadRequest.Answer(request, e.Message);
        }
    }
}
