using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Web.Dimse;

namespace Pacs.Web.Orthanc;

/// <summary><c>/modalities/{id}/move</c>: asks a node to send studies to us, or to somebody it knows (C-MOVE as SCU, PS3.4 §C.4.2).</summary>
internal static class MoveRoutes
{
    // each is a request to the node
    private const int MaxResources = 10_000;

    private static readonly DicomTag[] Keys = [DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID];

    /// <summary>Maps the route.</summary>
    public static void MapMove(this IEndpointRouteBuilder routes) => routes.MapPost("/modalities/{id}/move", MoveAsync);

    private static async Task<IResult> MoveAsync(string id, HttpRequest request, Modalities modalities, ModalityConnections connections, CancellationToken ct)
    {
        if (modalities.Find(id) is not { } node)
        {
            return OrthancError.InexistentItem.Answer(request, "No modality with that symbolic name");
        }
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            if (OrthancBody.Flag(wish, "Asynchronous") == true || OrthancBody.Flag(wish, "Synchronous") == false)
            {
                return OrthancError.NotImplemented.Answer(request, "A retrieve is answered when it is done");
            }
            var level = Level(OrthancBody.Text(wish, "Level"));
            var identifiers = Identifiers(wish, level);
            node = node with { LocalAeTitle = OrthancBody.AeTitle(wish, "LocalAet") ?? node.LocalAeTitle, Timeout = OrthancBody.Number(wish, "Timeout", 0, 3600) ?? node.Timeout };
            var target = OrthancBody.AeTitle(wish, "TargetAet") ?? connections.LocalAeTitle(node);
            var model = level == "PATIENT" ? DicomUid.PatientRootQueryRetrieveInformationModelMove : DicomUid.StudyRootQueryRetrieveInformationModelMove;
            await using var client = await connections.ConnectAsync(node, r => r.Propose(model), ct);
            foreach (var identifier in identifiers)
            {
                var result = await client.MoveAsync(model, identifier, target, progress: null, ct);
                if (result.Status.Kind != DimseStatusKind.Success)
                {
                    // the node's own comment may be about the patient: its code has to do
                    return OrthancError.NetworkProtocol.Answer(request, $"{id} answers C-MOVE with {result.Status.Code:X4}H: {result.Completed} arrived, {result.Failed} did not");
                }
            }
            await client.ReleaseAsync(ct);
            return new OrthancResult(new JsonObject
            {
                ["Description"] = "REST API",
                ["LocalAet"] = connections.LocalAeTitle(node),
                ["Query"] = new JsonArray([.. identifiers.Select(Describe)]),
                ["RemoteAet"] = node.AeTitle,
                ["TargetAet"] = target,
            });
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
        catch (Exception e) when (e is DicomException or AuthenticationException)
        {
            return OrthancError.NetworkProtocol.Answer(request, $"{id}: {e.Message}");
        }
    }

    private static string Level(string? level) => level?.ToUpperInvariant() switch
    {
        "PATIENT" => "PATIENT",
        "STUDY" => "STUDY",
        "SERIES" => "SERIES",
        "INSTANCE" or "IMAGE" => "IMAGE",
        _ => throw new FormatException("Level must be Patient, Study, Series or Instance"),
    };

    // by name or as gggg,eeee
    private static List<DicomDataset> Identifiers(JsonElement wish, string level)
    {
        if (wish.ValueKind != JsonValueKind.Object || !wish.TryGetProperty("Resources", out var resources) || resources.ValueKind != JsonValueKind.Array
            || resources.GetArrayLength() is 0 or > MaxResources)
        {
            throw new FormatException($"Resources must be an array of 1 to {MaxResources} objects");
        }
        var identifiers = new List<DicomDataset>();
        foreach (var resource in resources.EnumerateArray())
        {
            var identifier = new DicomDataset().Set(DicomTag.QueryRetrieveLevel, level);
            foreach (var key in Keys)
            {
                var value = OrthancBody.Text(resource, DicomDictionary.Find(key)!.Keyword) ?? OrthancBody.Text(resource, Name(key));
                if (value is null)
                {
                    continue;
                }
                if (key == DicomTag.PatientID ? value.Length > 64 || value.Any(char.IsControl) : !value.Split('\\').All(u => DicomUid.IsTolerable(u)))
                {
                    throw new FormatException($"{DicomDictionary.Find(key)!.Keyword} cannot be");
                }
                identifier.SetUnchecked(key, value);
            }
            // PS3.4 §C.4.2.1.4.1: the unique key of the level
            var unique = level switch { "PATIENT" => DicomTag.PatientID, "STUDY" => DicomTag.StudyInstanceUID, "SERIES" => DicomTag.SeriesInstanceUID, _ => DicomTag.SOPInstanceUID };
            if (string.IsNullOrEmpty(identifier.GetString(unique)))
            {
                throw new FormatException($"Each of the resources needs {DicomDictionary.Find(unique)!.Keyword}");
            }
            identifiers.Add(identifier);
        }
        return identifiers;
    }

    private static JsonObject Describe(DicomDataset identifier) =>
        new(identifier.Select(e => KeyValuePair.Create(Name(e.Tag), (JsonNode?)JsonValue.Create(identifier.GetString(e.Tag)))));

    private static string Name(DicomTag tag) => $"{tag.Group:x4},{tag.Element:x4}";
}
