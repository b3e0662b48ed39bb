using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary>Some instances of a series.</summary>
/// <param name="Instances">The instances, by number.</param>
/// <param name="Older">Where to go on, or null at the end.</param>
public sealed record InstancePage(IReadOnlyList<Instance> Instances, int? Older)
{
    /// <summary>Reads a page and looks whether there is another.</summary>
    public static async Task<InstancePage> ReadAsync(IndexReader index, ResourceId series, int offset, int size, CancellationToken ct)
    {
        var found = await index.InstancesOfAsync(series, offset, size + 1, ct);
        return new InstancePage([.. found.Take(size)], found.Count > size ? offset + size : null);
    }
}

/// <summary>Some instances as thumbnails.</summary>
/// <param name="Study">Their study.</param>
/// <param name="Instances">The instances, by number.</param>
/// <param name="Marked">Those of the study with a frame that somebody has marked.</param>
public sealed record ThumbnailStrip(ResourceId Study, IReadOnlyList<Instance> Instances, IReadOnlySet<ResourceId> Marked)
{
    /// <summary>Reads what is marked in a study.</summary>
    public static async Task<IReadOnlySet<ResourceId>> MarkedAsync(KeyImages marks, ResourceId study, CancellationToken ct) => (await marks.OfStudyAsync(study, ct)).Select(m => m.Instance).ToHashSet();
}

/// <summary><c>/studien/{id}</c>: patient, study, what its reports measured, its series and their first instances.</summary>
public sealed class StudyModel(IndexReader index, KeyImages marks, MeasuredReports reports, AccessTokens tokens, PacsOptions options) : PageModel
{
    /// <summary>Series on one page.</summary>
    public const int PageSize = 20;

    /// <summary>Series that the list of studies shows in place.</summary>
    public const int MaxInPlace = 100;

    /// <summary>Instances of each series; the rest is on the series' own page.</summary>
    public const int InstancesPerSeries = 20;

    /// <summary>Reports whose measurements are shown; of others there is a link. A study has one or two.</summary>
    public const int MaxReports = 4;

    /// <summary>Measurements of each report; the rest is on its own page.</summary>
    public const int MaxMeasurements = 200;

    /// <summary>The study.</summary>
    public Study Study { get; private set; } = null!;

    /// <summary>Its patient.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>Its series with their first instances.</summary>
    public IReadOnlyList<(Series Series, InstancePage Page)> Series { get; private set; } = [];

    /// <summary>The instances with a marked frame.</summary>
    public IReadOnlySet<ResourceId> Marked { get; private set; } = null!;

    /// <summary>Its series without their instances, as the list of studies shows them in place.</summary>
    public IReadOnlyList<Series> AllSeries { get; private set; } = [];

    /// <summary>The measurements of the reports among these instances.</summary>
    public IReadOnlyList<MeasuredReport> Reports { get; private set; } = [];

    /// <summary>Starts the viewer Weasis with this study on machines that have it; null when DICOMweb is off.</summary>
    public string? WeasisLink => options.DicomWeb.Enable ? WeasisRoutes.Link(new DicomWebAddress(Request, options), Study.Uid, options.AuthenticationEnabled ? tokens.Create().Token : null) : null;

    /// <summary>Where to go on with series, or null at the end.</summary>
    public int? MoreSeries { get; private set; }

    /// <summary>Shows a study.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="nach">How many series to pass over.</param>
    /// <param name="teil"><c>serien</c> for what the list of studies shows in place.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string id, int? nach, string? teil, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.StudyAsync(resource, ct) is not { } entry)
        {
            return NotFound();
        }
        (Patient, Study) = entry;
        var first = Math.Max(0, nach ?? 0);
        var all = await index.SeriesOfAsync(resource, ct);
        if (teil == "serien")
        {
            AllSeries = [.. all.Take(MaxInPlace)];
            return Partial("_StudySeries", this);
        }
        var shown = new List<(Series, InstancePage)>();
        foreach (var series in all.Skip(first).Take(PageSize))
        {
            shown.Add((series, await InstancePage.ReadAsync(index, series.PublicId, 0, InstancesPerSeries, ct)));
        }
        Series = shown;
        Marked = await ThumbnailStrip.MarkedAsync(marks, resource, ct);
        var measured = new List<MeasuredReport>();
        foreach (var instance in shown.SelectMany(s => s.Item2.Instances).Where(i => SrReader.IsReport(i.SopClass)).Take(MaxReports))
        {
            if (await reports.ReadAsync(Study, instance, MaxMeasurements, ct) is { } report)
            {
                measured.Add(report);
            }
        }
        Reports = measured;
        MoreSeries = all.Count > first + PageSize ? first + PageSize : null;
        return Page();
    }
}
