using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/…/modify</c>, <c>/…/anonymize</c>, <c>/studies/{id}/merge</c>, <c>/studies/{id}/split</c> and the bulk routes: jobs that make instances of others, waited for unless the client wants otherwise.
/// </summary>
internal sealed class ModificationRoutes(IndexReader index, JobQueue queue, JobRunner runner, ModificationWork work, Archive archive)
{
    // of the study that something is merged into
    private static readonly string[] TargetTags =
    [
        "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "StudyDescription", "ReferringPhysicianName",
    ];

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (verb, isAnonymization) in new[] { ("modify", false), ("anonymize", true) })
        {
            foreach (var level in ResourcePath.Levels)
            {
                routes.MapPost($"/{ResourcePath.Collection(level)}/{{id}}/{verb}", (string id, HttpContext context, ModificationRoutes modify) => AnswerAsync(
                    context, json => level == Level.Instance ? modify.InstanceAsync(context, id, json, isAnonymization) : modify.OneAsync(context, level, id, json, isAnonymization)));
            }
            routes.MapPost($"/tools/bulk-{verb}", (HttpContext context, ModificationRoutes modify) => AnswerAsync(context, json => modify.BulkAsync(context, json, isAnonymization)));
        }
        routes.MapPost("/studies/{id}/merge", (string id, HttpContext context, ModificationRoutes modify) => AnswerAsync(context, json => modify.MergeAsync(context, id, json)));
        routes.MapPost("/studies/{id}/split", (string id, HttpContext context, ModificationRoutes modify) => AnswerAsync(context, json => modify.SplitAsync(context, id, json)));
    }

    /// <summary>What the job is about, and what it has made.</summary>
    public static JsonObject Content(Job job)
    {
        var content = ModificationJob.Of(job);
        var json = new JsonObject
        {
            ["Description"] = content.Description,
            ["FailedInstancesCount"] = job.Failed,
            ["InstancesCount"] = job.Total,
            ["IsAnonymization"] = content.IsAnonymization,
        };
        if (content.BurnedIn > 0 && content.IsAnonymization)
        {
            // Orthanc has nothing like it; whoever does not know it passes over it
            json["BurnedInInstancesCount"] = content.BurnedIn;
            json["Warning"] = "Pixel data are not changed: these images may show the patient's name";
        }
        var target = content.Results.FirstOrDefault(r => r.Level == Level.Study);
        if (job.Kind != ModificationJob.ModifyKind)
        {
            json.Remove("IsAnonymization");
            json["TargetStudy"] = content.TargetStudy ?? target?.Id;
            if (content.TargetStudyUid is { } uid)
            {
                json["TargetStudyUID"] = uid;
            }
        }
        else if (!content.IsSingle)
        {
            json["Resources"] = new JsonArray([.. content.Results.Select(r => (JsonNode)Reference(r))]);
        }
        else if (content.Results.FirstOrDefault(r => r.Level == content.Level) is { } result && content.Results.FirstOrDefault(r => r.Level == Level.Patient) is { } patient)
        {
            foreach (var (name, value) in Reference(result).ToList())
            {
                json[name] = value?.DeepClone();
            }
            json["PatientID"] = patient.Id;
        }
        return json;

        static JsonObject Reference(MadeResource made) => new()
        {
            ["ID"] = made.Id,
            ["Path"] = $"/{ResourcePath.Collection(made.Level)}/{made.Id}",
            ["Type"] = made.Level.ToString(),
        };
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, Func<JsonElement, Task<IResult>> answer)
    {
        var request = context.Request;
        JsonDocument body;
        try
        {
            body = await OrthancBody.ReadAsync(request, context.RequestAborted);
        }
        catch (FormatException)
        {
            return OrthancError.BadFileFormat.Answer(request);
        }
        using (body)
        {
            try
            {
                return body.RootElement.ValueKind == JsonValueKind.Object ? await answer(body.RootElement) : OrthancError.BadFileFormat.Answer(request);
            }
            catch (FormatException e)
            {
                return OrthancError.BadRequest.Answer(request, e.Message);
            }
            catch (ArgumentOutOfRangeException e)
            {
                return OrthancError.ParameterOutOfRange.Answer(request, e.Message.Split(" (Parameter", 2)[0]);
            }
            catch (DicomException e)
            {
                return OrthancError.BadRequest.Answer(request, e.Message);
            }
        }
    }

    private async Task<IResult> InstanceAsync(HttpContext context, string id, JsonElement json, bool isAnonymization)
    {
        var job = ModificationRequest.Read(json, Level.Instance, isAnonymization, isSingle: true);
        return ResourceId.TryParse(id, out var instance) && await work.ChangeAsync(instance, job, context.RequestAborted) is { } file
            ? Results.Bytes(file, "application/dicom") : OrthancError.UnknownResource.Answer(context.Request);
    }

    private async Task<IResult> OneAsync(HttpContext context, Level level, string id, JsonElement json, bool isAnonymization)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.FindRowAsync(level, resource, context.RequestAborted) is null)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        return await StartAsync(context, json, ModificationJob.ModifyKind, ModificationRequest.Read(json, level, isAnonymization, isSingle: true) with { ParentResources = [id] }, [resource]);
    }

    private async Task<IResult> BulkAsync(HttpContext context, JsonElement json, bool isAnonymization)
    {
        var level = OrthancBody.Text(json, "Level") is { } name ? ResourceQuery.ParseLevel(name) : isAnonymization ? Level.Patient : Level.Instance;
        var job = ModificationRequest.Read(json, level, isAnonymization, isSingle: false);
        var resources = Resources(json, "Resources");
        return await StartAsync(context, json, ModificationJob.ModifyKind, job with { ParentResources = [.. resources.Select(r => r.ToString())] }, resources);
    }

    private async Task<IResult> MergeAsync(HttpContext context, string id, JsonElement json)
    {
        var ct = context.RequestAborted;
        if (!ResourceId.TryParse(id, out var study) || await index.LocateAsync(Level.Study, study, int.MaxValue - 1, ct) is not { Count: > 0 } target)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        var resources = Resources(json, "Resources");
        var into = target.Select(t => t.Id).ToHashSet();
        if (await archive.ReadHeaderAsync(target[0].Id, ct) is not { } header)
        {
            return OrthancError.InexistentFile.Answer(context.Request);
        }
        var replace = TargetTags.ToDictionary(t => t, t => JsonSerializer.SerializeToElement(header.GetString(DicomTag.Parse(t)) ?? ""), StringComparer.Ordinal);
        var job = new ModificationJob
        {
            Level = Level.Series,
            NewFrom = 1,
            Replace = replace,
            KeepSource = OrthancBody.Flag(json, "KeepSource") == true,
            KeepLabels = OrthancBody.Flag(json, "KeepLabels") == true,
            Permissive = OrthancBody.Flag(json, "Permissive") == true,
            Seed = Guid.NewGuid().ToString("N"),
            ParentResources = [.. resources.Select(r => r.ToString())],
            TargetStudy = id,
        };
        return await StartAsync(context, json, ModificationJob.MergeKind, job, resources, i => into.Contains(i) ? throw new FormatException("A study cannot be merged with itself") : true);
    }

    private async Task<IResult> SplitAsync(HttpContext context, string id, JsonElement json)
    {
        if (!ResourceId.TryParse(id, out var study) || await index.LocateAsync(Level.Study, study, int.MaxValue - 1, context.RequestAborted) is not { Count: > 0 } all)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        List<ResourceId> resources = [.. Resources(json, "Series", isOptional: true), .. Resources(json, "Instances", isOptional: true)];
        if (resources.Count == 0)
        {
            throw new FormatException("Series or Instances must name what goes into the new study");
        }
        var own = all.Select(l => l.Id).ToHashSet();
        var job = ModificationRequest.Read(json, Level.Study, isAnonymization: false, isSingle: true) with
        {
            KeepSource = OrthancBody.Flag(json, "KeepSource") == true,
            ParentResources = [.. resources.Select(r => r.ToString())],
        };
        if (await index.StudyAsync(study, context.RequestAborted) is { } source)
        {
            var modification = job.ToModification();
            job = job with { TargetStudyUid = modification.Replace.GetValueOrDefault(DicomTag.StudyInstanceUID)?.Text ?? modification.NewUid(source.Study.Uid) };
        }
        return await StartAsync(context, json, ModificationJob.SplitKind, job, resources, i => own.Contains(i) ? true : throw new FormatException("Only series and instances of the study can be split off"));
    }

    private async Task<IResult> StartAsync(
        HttpContext context, JsonElement json, string kind, ModificationJob content, IReadOnlyList<ResourceId> resources, Func<ResourceId, bool>? isWanted = null)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        var instances = new List<ResourceId>();
        foreach (var resource in resources)
        {
            if (await JobInstances.BelowAsync(index, resource, ct) is not { } below)
            {
                return OrthancError.UnknownResource.Answer(request);
            }
            instances.AddRange(isWanted is null ? below : below.Where(isWanted));
        }
        var isAsynchronous = OrthancBody.Flag(json, "Asynchronous") ?? OrthancBody.Flag(json, "Synchronous") == false;
        var job = await queue.AddAsync(
            (content with { By = context.Address() }).ToJob(kind, OrthancBody.Number(json, "Priority", int.MinValue, int.MaxValue) ?? 0), instances, ct);
        if (isAsynchronous)
        {
            return new OrthancResult(new JsonObject { ["ID"] = job.PublicId, ["Path"] = $"/jobs/{job.PublicId}" });
        }
        var done = await runner.WaitAsync(job.PublicId, ct);
        return done is { State: JobState.Success } ? new OrthancResult(Content(done)) : OrthancError.CannotStore.Answer(request, done?.Error);
    }

    private static List<ResourceId> Resources(JsonElement json, string name, bool isOptional = false) => ModificationRequest.Texts(json, name) is { } ids && (ids.Count > 0 || isOptional)
        ? ids.ConvertAll(t => ResourceId.TryParse(t, out var id) ? id : throw new FormatException($"{name} must be an array of ids")) : throw new FormatException($"{name} must be an array of ids");
}
