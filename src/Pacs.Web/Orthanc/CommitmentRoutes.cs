using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary><c>/modalities/{id}/storage-commitment</c> and <c>/storage-commitment</c>: asking a node whether it keeps instances, its report, and removing here what it keeps.</summary>
internal static class CommitmentRoutes
{
    /// <summary>Maps the routes.</summary>
    public static void MapCommitments(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/modalities/{id}/storage-commitment", AskAsync);
        routes.MapMethods("/storage-commitment/{id}", [HttpMethods.Get, HttpMethods.Head], async (string id, HttpRequest request, CommitmentRequests requests, CancellationToken ct) =>
            await requests.FindAsync(id, ct) is { } asked ? new OrthancResult(Describe(asked)) : Unknown(request));
        routes.MapPost("/storage-commitment/{id}/remove", RemoveAsync);
    }

    private static async Task<IResult> AskAsync(
        string id, HttpRequest request, Modalities modalities, CommitmentRequests requests, CommitmentScu scu, IndexReader index, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            if (wish.ValueKind != JsonValueKind.Object)
            {
                return OrthancError.BadFileFormat.Answer(request, "Must provide a JSON object with a list of resources");
            }
            if (modalities.Find(id) is not { } node)
            {
                return ModalityRoutes.Unknown(request);
            }
            if (!wish.TryGetProperty("Resources", out var resources) & !wish.TryGetProperty("DicomInstances", out var instances))
            {
                return OrthancError.BadFileFormat.Answer(request, "One of these fields is mandatory: \"Resources\" or \"DicomInstances\"");
            }
            var references = Named(instances);
            foreach (var resource in Items(resources, "Resources"))
            {
                if (!ResourceId.TryParse(resource.ValueKind == JsonValueKind.String ? resource.GetString() : null, out var resourceId)
                    || await JobInstances.BelowAsync(index, resourceId, ct) is not { } below)
                {
                    return OrthancError.UnknownResource.Answer(request);
                }
                foreach (var instance in below)
                {
                    if (await index.LocateAsync(instance, ct) is { } location)
                    {
                        references.Add(new InstanceReference(location.SopClass, location.SopInstance));
                    }
                }
            }
            if (references.Count is 0 or > Commitments.MaxReferences)
            {
                // Orthanc asks about nothing; PS3.4 table J.3-1 wants at least one item
                return OrthancError.BadFileFormat.Answer(request, $"A question is about 1 to {Commitments.MaxReferences} instances");
            }
            node = node with { Timeout = OrthancBody.Number(wish, "Timeout", 0, 3600) ?? node.Timeout };
            return await SendAsync(request, node, [.. references.Distinct()], requests, scu, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> SendAsync(
        HttpRequest request, Modality node, List<InstanceReference> references, CommitmentRequests requests, CommitmentScu scu, CancellationToken ct)
    {
        var asked = await requests.AddAsync(node.Name, node.AeTitle, references, job: null, ct);
        string problem;
        try
        {
            switch (await scu.AskAsync(node, asked, ct))
            {
                case null:
                    problem = $"{node.Name} does not offer storage commitment";
                    break;
                case { Kind: DimseStatusKind.Success or DimseStatusKind.Warning }:
                    return new OrthancResult(new JsonObject { ["ID"] = asked.TransactionUid, ["Path"] = $"/storage-commitment/{asked.TransactionUid}" });
                case { } status:
                    problem = $"{node.Name} answers {status.Code:X4}H";
                    break;
            }
        }
        catch (Exception e) when (e is DicomException or AuthenticationException)
        {
            problem = $"{node.Name}: {e.Message}";
        }
        await requests.RemoveAsync(asked, CancellationToken.None);
        return OrthancError.NetworkProtocol.Answer(request, problem);
    }

    private static async Task<IResult> RemoveAsync(string id, HttpRequest request, CommitmentRequests requests, IndexReader index, Archive archive, CancellationToken ct)
    {
        if (await requests.FindAsync(id, ct) is not { } asked)
        {
            return Unknown(request);
        }
        if (asked.Answer != CommitmentAnswer.Success)
        {
            return OrthancError.BadSequenceOfCalls.Answer(request, asked.Answer == CommitmentAnswer.Pending ? "The node has not reported yet" : "The node does not keep all of the instances");
        }
        foreach (var batch in CommitmentRequests.KeptOf(asked).Chunk(500))
        {
            foreach (var instance in await JobInstances.OfAsync(index, batch, ct))
            {
                await archive.DeleteAsync(Level.Instance, instance, ct);
            }
        }
        return new OrthancResult(new JsonObject());
    }

    private static JsonObject Describe(CommitmentRequest asked) => new()
    {
        ["Failures"] = new JsonArray([.. (asked.Answer == CommitmentAnswer.Pending ? [] : CommitmentRequests.FailedOf(asked)).Select(f =>
        {
            var json = Describe(f.Instance);
            json["FailureReason"] = f.Reason;
            json["Description"] = Reason(f.Reason);
            return json;
        })]),
        ["RemoteAET"] = asked.RemoteAe,
        ["Status"] = asked.Answer.ToString(),
        ["Success"] = new JsonArray([.. CommitmentRequests.KeptOf(asked).Select(Describe)]),
    };

    private static JsonObject Describe(InstanceReference instance) => new() { ["SOPClassUID"] = instance.SopClass, ["SOPInstanceUID"] = instance.SopInstance };

    // PS3.3 §C.14.1.1
    private static string Reason(int reason) => reason switch
    {
        0x0110 => "A general failure in processing the operation was encountered",
        0x0112 => "One or more of the elements in the Referenced SOP Instance Sequence was not available",
        0x0213 => "The SCP does not currently have enough resources to store the requested SOP Instance(s)",
        0x0122 => "Storage Commitment has been requested for a SOP Instance with a SOP Class that is not supported by the SCP",
        0x0119 => "The SOP Class of an element in the Referenced SOP Instance Sequence did not correspond to the SOP class registered for this SOP Instance at the SCP",
        0x0131 => "The Transaction UID of the Storage Commitment Request is already in use",
        _ => $"Failure reason {reason:X4}H",
    };

    // by class and instance, as a pair or by name
    private static List<InstanceReference> Named(JsonElement instances)
    {
        var references = new List<InstanceReference>();
        foreach (var instance in Items(instances, "DicomInstances"))
        {
            var (sopClass, sopInstance) = instance.ValueKind switch
            {
                JsonValueKind.Array when instance.GetArrayLength() == 2 && instance.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) => (instance[0].GetString(), instance[1].GetString()),
                JsonValueKind.Object => (OrthancBody.Text(instance, "SOPClassUID"), OrthancBody.Text(instance, "SOPInstanceUID")),
                _ => (null, null),
            };
            if (!DicomUid.IsTolerable(sopClass ?? "") || !DicomUid.IsTolerable(sopInstance ?? ""))
            {
                throw new FormatException("Each of \"DicomInstances\" needs SOPClassUID and SOPInstanceUID");
            }
            references.Add(new InstanceReference(sopClass!, sopInstance!));
        }
        return references;
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement list, string name) => list.ValueKind switch
    {
        JsonValueKind.Undefined => default,
        JsonValueKind.Array => list.EnumerateArray(),
        _ => throw new FormatException($"JSON field \"{name}\" must contain an array"),
    };

    private static IResult Unknown(HttpRequest request) => OrthancError.InexistentItem.Answer(request, "No storage commitment transaction with that UID");
}
