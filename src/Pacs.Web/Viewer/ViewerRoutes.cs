using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;
using Pacs.Web.Pages;

namespace Pacs.Web.Viewer;

/// <summary>
/// What the viewer has to know, as JSON: <c>/viewer/studien/{id}.json</c> from the index alone, so that the first image is there at once, and
/// <c>/viewer/serien/{id}.json?nach=</c> with what the headers of some instances say. <c>PUT</c> and <c>DELETE /viewer/gemerkt/{instance}/{frame}</c> mark a frame.
/// </summary>
internal sealed partial class ViewerRoutes(IndexReader index, KeyImages marks, Archive archive, Display display, ILogger<ViewerRoutes> logger)
{
    /// <summary>Instances of one answer: their headers are read from files.</summary>
    public const int PageSize = 60;

    // what no examination has
    private const int MaxSeries = 500;

    private const int DiskFull = 13; // SQLITE_FULL

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = JavaScriptEncoder.Default,
    };

    /// <summary>A study with its series and the first instance of each.</summary>
    /// <param name="context">The request.</param>
    /// <param name="id">The study.</param>
    /// <param name="markedOnly">Whether only series and instances with marked frames count.</param>
    public async Task<IResult> StudyAsync(HttpContext context, string id, bool markedOnly)
    {
        var ct = context.RequestAborted;
        if (!ResourceId.TryParse(id, out var resource) || await index.StudyAsync(resource, ct) is not var (patient, study))
        {
            return HttpProblem.NotFound;
        }
        LanguageFilter.Speak(context.Request);
        var all = await index.SeriesOfAsync(resource, ct);
        var marked = await marks.OfStudyAsync(resource, ct);
        var ofSeries = marked.GroupBy(m => m.Series).ToDictionary(m => m.Key, m => m.Select(i => i.Instance).Distinct().ToList());
        var shown = new List<object>();
        foreach (var series in all.Take(MaxSeries))
        {
            var ofMarked = ofSeries.GetValueOrDefault(series.PublicId);
            if ((!markedOnly ? await index.InstancesOfAsync(series.PublicId, 0, 1, ct) : ofMarked is null ? [] : await InstancesAsync(ofMarked.Take(1), ct)) is [var first])
            {
                shown.Add(new
                {
                    Id = series.PublicId.ToString(),
                    series.Number,
                    Description = display.Text(series.Description, 120),
                    Modality = display.Text(series.Modality, 16),
                    Count = markedOnly ? ofMarked!.Count : series.InstanceCount,
                    First = Shown(first),
                });
            }
        }
        return Answer(context, new
        {
            Id = study.PublicId.ToString(),
            Patient = display.Name(patient.Name),
            Born = display.BirthAndSex(patient.BirthDate, patient.Sex),
            PatientId = display.Text(patient.PatientId, 64),
            Date = display.Date(study.Date),
            Time = display.Time(study.Time),
            Description = display.Text(study.Description, 120),
            Series = shown,
            Marked = marked.Select(m => new { Series = m.Series.ToString(), Image = m.Instance.ToString(), m.Frame }),
            HasStates = all.Any(s => s.Modality == StateRoute.Modality) ? true : (bool?)null,
            IsCut = all.Count > MaxSeries ? true : (bool?)null,
        });
    }

    /// <summary>Some instances of a series with what their headers say.</summary>
    /// <param name="context">The request.</param>
    /// <param name="id">The series.</param>
    /// <param name="nach">How many instances to pass over.</param>
    /// <param name="markedOnly">Whether only instances with marked frames count.</param>
    public async Task<IResult> SeriesAsync(HttpContext context, string id, int nach, bool markedOnly)
    {
        var ct = context.RequestAborted;
        if (!ResourceId.TryParse(id, out var resource) || await index.SeriesAsync(resource, ct) is not { } entry)
        {
            return HttpProblem.NotFound;
        }
        var instances = !markedOnly ? await index.InstancesOfAsync(resource, Math.Max(0, nach), PageSize, ct)
            : await InstancesAsync((await marks.OfStudyAsync(entry.Study.PublicId, ct)).Where(m => m.Series == resource).Select(m => m.Instance).Distinct().Skip(Math.Max(0, nach)).Take(PageSize), ct);
        var shown = new List<object>(instances.Count);
        foreach (var instance in instances)
        {
            ct.ThrowIfCancellationRequested();
            shown.Add(Shown(instance, Details(instance)));
        }
        return Answer(context, new { Instances = shown });
    }

    /// <summary>Marks a frame, or takes the mark away.</summary>
    public async Task<IResult> MarkAsync(HttpContext context, string instance, int frame, bool isMarked)
    {
        var ct = context.RequestAborted;
        try
        {
            return ResourceId.TryParse(instance, out var id) && (isMarked ? await marks.MarkAsync(id, frame, ct) : await marks.UnmarkAsync(id, frame, ct))
                ? Results.NoContent() : HttpProblem.NotFound;
        }
        catch (Exception e) when ((e as SqliteException ?? e.InnerException as SqliteException)?.SqliteErrorCode == DiskFull)
        {
            LogFull(e);
            return new HttpProblem(StatusCodes.Status507InsufficientStorage, "The disk of the server is full", "full");
        }
    }

    private async Task<IReadOnlyList<Instance>> InstancesAsync(IEnumerable<ResourceId> ids, CancellationToken ct)
    {
        var instances = new List<Instance>();
        foreach (var id in ids)
        {
            if (await index.InstanceAsync(id, ct) is { } entry)
            {
                instances.Add(entry.Instance);
            }
        }
        return instances;
    }

    private static object Shown(Instance instance, ImageDetails? details = null) => new
    {
        Id = instance.PublicId.ToString(),
        instance.Uid,
        Version = Picture.VersionOf(instance.Key),
        instance.Number,
        Frames = Math.Max(1, instance.Frames),
        Kind = Picture.KindOf(instance),
        Codec = Picture.MissingCodec(instance),
        Details = details,
    };

    /// <summary>What the header says; null for what is no image, and for a file that cannot be read, whose picture says so itself.</summary>
    private ImageDetails? Details(Instance instance)
    {
        if (Picture.KindOf(instance) != PictureKind.Image)
        {
            return null;
        }
        var location = new InstanceLocation(instance.PublicId, instance.Key, instance.Size, instance.DataOffset, instance.HeaderLength, instance.Syntax, instance.SopClass,
            instance.Uid, instance.Frames);
        try
        {
            using var header = InstanceHeader.Read(archive, location);
            return header is null ? null : ImageDetails.Of(header.Dataset, Math.Max(1, instance.Frames));
        }
        catch (Exception e) when (e is DicomException or IOException)
        {
            LogUnreadable(e, instance.PublicId);
            return null;
        }
    }

    private static IResult Answer(HttpContext context, object answer)
    {
        context.Response.Headers.CacheControl = "no-store"; // as the pages: names do not stay on a shared computer
        return Results.Json(answer, Json);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The header of instance {Instance} cannot be read for the viewer")]
    private partial void LogUnreadable(Exception exception, ResourceId instance);

    [LoggerMessage(Level = LogLevel.Error, Message = "A mark cannot be kept: the disk is full")]
    private partial void LogFull(Exception exception);
}
