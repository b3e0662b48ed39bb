using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Jobs;
using Pacs.Web.Upload;

namespace Pacs.Web.Orthanc;

/// <summary><c>POST /tools/create-dicom</c>: an instance of tags and perhaps a picture, a PDF or an STL model, of its own or for what is here already.</summary>
internal sealed class CreationRoutes(IndexReader index, Archive archive, TimeProvider time)
{
    private static readonly DicomTag[] Uids = [DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID];

    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/tools/create-dicom", (HttpContext context, CreationRoutes create) => create.AnswerAsync(context));

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var json = body.RootElement;
            if (json.ValueKind != JsonValueKind.Object)
            {
                return OrthancError.BadFileFormat.Answer(request, "The body is an object with Tags");
            }
            if (json.TryGetProperty("Content", out var content) && content.ValueKind == JsonValueKind.Array)
            {
                return OrthancError.BadRequest.Answer(request, "One instance has one Content: create them one after the other, with the series of the first as Parent");
            }
            var (parent, level) = OrthancBody.Text(json, "Parent") is { } id ? await ParentAsync(id, ct) : (null, Level.Patient);
            if (parent is null && OrthancBody.Text(json, "Parent") is not null)
            {
                return OrthancError.CreateParent.Answer(request);
            }
            var replace = new ModificationJob
            {
                Replace = json.TryGetProperty("Tags", out var tags) && tags.ValueKind == JsonValueKind.Object ? tags.EnumerateObject().ToDictionary(t => t.Name, t => t.Value, StringComparer.Ordinal) : new Dictionary<string, JsonElement>(),
                PrivateCreator = OrthancBody.Text(json, "PrivateCreator"),
            }.ToModification();
            if (parent is not null && OrthancBody.Flag(json, "Force") != true && Uids.Take((int)level + 1).Any(replace.Replace.ContainsKey))
            {
                return OrthancError.BadRequest.Answer(request, "Tags has an identifier that the parent decides about");
            }
            var (dataset, syntax) = Make(OrthancBody.Text(json, "Content"), parent);
            (replace with { NewFrom = 3, Seed = "" }).Apply(dataset, _ => -1);
            return await StoreAsync(request, dataset, syntax, context.Address(), ct);
        }
        catch (DocumentException)
        {
            return OrthancError.BadFileFormat.Answer(request, "Content is damaged, too large, or neither PNG, baseline JPEG, PDF nor STL");
        }
        catch (Exception e) when (e is FormatException or DicomException)
        {
            return (e is DicomException ? OrthancError.BadRequest : OrthancError.BadFileFormat).Answer(request, e.Message);
        }
    }

    private async Task<IResult> StoreAsync(HttpRequest request, DicomDataset dataset, TransferSyntax syntax, string? by, CancellationToken ct)
    {
        await using var staged = archive.Stage(dataset.GetString(DicomTag.SOPClassUID) ?? "", dataset.GetString(DicomTag.SOPInstanceUID) ?? "", syntax);
        await staged.AppendAsync(DicomWriter.ToBytes(dataset, syntax));
        var result = await archive.CommitAsync(staged, new Origin(OriginKind.Http, RemoteHost: by), ct);
        return result.IsSafe ? new OrthancResult(UploadRoutes.Describe(result)) : UploadRoutes.Error(result).Answer(request, result.Reason);
    }

    // the header of one instance says all that the levels above have in common
    private async Task<(DicomDataset? Header, Level Level)> ParentAsync(string id, CancellationToken ct)
    {
        if (ResourceId.TryParse(id, out var resource))
        {
            foreach (var level in ResourcePath.Levels.Where(l => l < Level.Instance))
            {
                if (await index.LocateAsync(level, resource, 1_000_000, ct) is { Count: > 0 } below && await archive.ReadHeaderAsync(below[0].Id, ct) is { } header)
                {
                    return (Inherited(header, level), level);
                }
            }
        }
        return (null, Level.Patient);
    }

    private static DicomDataset Inherited(DicomDataset header, Level level)
    {
        var inherited = new DicomDataset();
        DicomTag[] character = [DicomTag.SpecificCharacterSet];
        foreach (var element in header.Where(e => character.Contains(e.Tag) || ModuleTags.Of(Level.Patient).Contains(e.Tag) || (level >= Level.Study && ModuleTags.Of(Level.Study).Contains(e.Tag))
            || (level >= Level.Series && (ModuleTags.Of(Level.Series).Contains(e.Tag) || e.Tag == DicomTag.SeriesInstanceUID))))
        {
            inherited.Set(element);
        }
        return inherited;
    }

    private (DicomDataset Dataset, TransferSyntax Syntax) Make(string? content, DicomDataset? parent)
    {
        var now = time.GetLocalNow().DateTime;
        var bytes = content is null ? null : Content(content);
        var study = new StudyEntry(new Patient { PatientId = Guid.NewGuid().ToString("D") }, new Study { Uid = DicomUid.New() });
        var (dataset, syntax) = bytes is null || IsStl(content!) ? (Bare(study, bytes, now), TransferSyntax.ExplicitVRLittleEndian) : WrappedDocument.Make(bytes, "", study, 1, now);
        dataset.Set(DicomTag.InstanceCreationDate, new DicomDate(DateOnly.FromDateTime(now)).ToString()).Set(DicomTag.InstanceCreationTime, new DicomTime(TimeOnly.FromDateTime(now)).ToString());
        foreach (var empty in dataset.Where(e => e.Value.IsEmpty && !e.IsSequence && e.Tag.Group is 0x0008 or 0x0010 or 0x0020 && e.Tag != DicomTag.PatientID).ToList())
        {
            dataset.Remove(empty.Tag); // nobody has said it
        }
        foreach (var element in parent ?? [])
        {
            if (element.Tag != DicomTag.SOPInstanceUID && element.Tag != DicomTag.SOPClassUID)
            {
                dataset.Set(element);
            }
        }
        if (parent is not null && !parent.Contains(DicomTag.SpecificCharacterSet))
        {
            dataset.Remove(DicomTag.SpecificCharacterSet); // the bytes are the parent's
        }
        return (dataset, syntax);
    }

    private static DicomDataset Bare(StudyEntry study, byte[]? model, DateTime now)
    {
        var dataset = new DicomDataset().Set(DicomTag.SpecificCharacterSet, CharacterSet.Utf8.Value)
            .Set(DicomTag.SOPClassUID, model is null ? DicomUid.SecondaryCaptureImageStorage : DicomUid.EncapsulatedSTLStorage).Set(DicomTag.SOPInstanceUID, DicomUid.New())
            .Set(DicomTag.StudyDate, new DicomDate(DateOnly.FromDateTime(now)).ToString()).Set(DicomTag.StudyTime, new DicomTime(TimeOnly.FromDateTime(now)).ToString())
            .Set(DicomTag.Modality, model is null ? "OT" : "M3D").Set(DicomTag.PatientID, study.Patient.PatientId)
            .Set(DicomTag.StudyInstanceUID, study.Study.Uid).Set(DicomTag.SeriesInstanceUID, DicomUid.New());
        return model is null ? dataset : dataset.Set(DicomTag.MIMETypeOfEncapsulatedDocument, "model/stl")
            .Set(new DicomElement(DicomTag.EncapsulatedDocumentLength, DicomVr.UL, BitConverter.GetBytes((uint)model.Length)))
            .Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, model.Length % 2 == 0 ? model : [.. model, 0]));
    }

    private static bool IsStl(string content) => content.StartsWith("data:model/stl;", StringComparison.OrdinalIgnoreCase);

    // RFC 2397
    private static byte[] Content(string uri)
    {
        const string Base64 = ";base64,";
        var at = uri.IndexOf(Base64, StringComparison.Ordinal);
        return uri.StartsWith("data:", StringComparison.OrdinalIgnoreCase) && at > 0 ? Convert.FromBase64String(uri[(at + Base64.Length)..])
            : throw new FormatException("Content is a data URI in Base64 (RFC 2397)");
    }
}
