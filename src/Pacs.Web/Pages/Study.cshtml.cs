using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Gdt;
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
    /// <summary>The id of the form that images are chosen for; null where there is none.</summary>
    public string? PrintForm { get; init; }

    /// <summary>Reads what is marked in a study.</summary>
    public static async Task<IReadOnlySet<ResourceId>> MarkedAsync(KeyImages marks, ResourceId study, CancellationToken ct) => (await marks.OfStudyAsync(study, ct)).Select(m => m.Instance).ToHashSet();
}

/// <summary><c>/studien/{id}</c>: patient, study, what its reports measured, its series and their first instances.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class StudyModel(IndexReader index, KeyImages marks, Archive archive, MeasuredReports reports, StudyHistory history, TagRows rows, Display show, AccessTokens tokens, GdtResend resend, PacsOptions options) : PageModel
{
    /// <summary>The parts of the page: words of the address, keys of their texts.</summary>
    public static readonly IReadOnlyList<(string Word, string Text)> Tabs =
        [("", "Tab.Images"), ("messwerte", "Tab.Measurements"), ("dokumente", "Tab.Documents"), ("verlauf", "Tab.History"), ("tags", "Tab.Tags")];

    /// <summary>Other studies of the patient that the head names.</summary>
    public const int MaxOthers = 8;

    /// <summary>Documents that are shown.</summary>
    public const int MaxDocuments = 20;

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

    /// <summary>Its labels.</summary>
    public IReadOnlyList<string> Labels { get; private set; } = [];

    /// <summary>The labels there are.</summary>
    public IReadOnlyList<string> KnownLabels { get; private set; } = [];

    /// <summary>Whether its GDT file has just been sent again; null when nobody wanted that.</summary>
    public bool? GdtSent { get; private set; }

    /// <summary>The label that has just been taken off, so that a slip of the mouse can be undone.</summary>
    public string? TakenOff { get; private set; }

    /// <summary>Which of <see cref="Tabs"/> is shown.</summary>
    public string Tab { get; private set; } = "";

    /// <summary>The patient's other studies, newest first.</summary>
    public IReadOnlyList<Study> Others { get; private set; } = [];

    /// <summary>How many more of them there are.</summary>
    public int MoreOthers { get; private set; }

    /// <summary>Its PDF documents.</summary>
    public IReadOnlyList<(Instance Instance, string? Title)> Documents { get; private set; } = [];

    /// <summary>What has happened to it.</summary>
    public IReadOnlyList<HistoryLine> History { get; private set; } = [];

    /// <summary>The elements of its first instance.</summary>
    public IReadOnlyList<TagRow> Tags { get; private set; } = [];

    /// <summary>That instance.</summary>
    public Instance? First { get; private set; }

    /// <summary>Its series with their first instances.</summary>
    public IReadOnlyList<(Series Series, InstancePage Page)> Series { get; private set; } = [];

    /// <summary>The instances with a marked frame.</summary>
    public IReadOnlySet<ResourceId> Marked { get; private set; } = null!;

    /// <summary>Its series without their instances, as the list of studies shows them in place.</summary>
    public IReadOnlyList<Series> AllSeries { get; private set; } = [];

    /// <summary>The first instance of each of <see cref="AllSeries"/>, by the series' row.</summary>
    public IReadOnlyDictionary<long, Instance> Previews { get; private set; } = new Dictionary<long, Instance>();

    /// <summary>The measurements of the reports among these instances.</summary>
    public IReadOnlyList<MeasuredReport> Reports { get; private set; } = [];

    /// <summary>Starts the viewer Weasis with this study on machines that have it; null when DICOMweb is off.</summary>
    public string? WeasisLink => options.DicomWeb.Enable ? WeasisRoutes.Link(new DicomWebAddress(Request, options), Study.Uid, options.AuthenticationEnabled ? tokens.Create().Token : null) : null;

    /// <summary>Where to go on with series, or null at the end.</summary>
    public int? MoreSeries { get; private set; }

    /// <summary>Shows a study.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="nach">How many series to pass over.</param>
    /// <param name="tab">Which of <see cref="Tabs"/>.</param>
    /// <param name="teil"><c>serien</c> for what the list of studies shows in place.</param>
    /// <param name="gdt">Whether its GDT file has just been sent again: 1 or 0.</param>
    /// <param name="ohne">The label that has just been taken off.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string id, int? nach, string? tab, string? teil, int? gdt, string? ohne, CancellationToken ct)
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
            await ReadPreviewsAsync(ct);
            return Partial("_StudySeries", this);
        }
        GdtSent = gdt is null ? null : gdt == 1;
        TakenOff = ohne is not null && Pacs.Storage.Labels.IsLabel(ohne) ? ohne : null;
        Labels = await index.ReadAsync((db, token) => db.Labels.Where(l => l.Level == Level.Study && l.Resource == resource).Select(l => l.Name).OrderBy(n => n).ToListAsync(token), ct);
        KnownLabels = await StudyLabelsModel.KnownAsync(index, ct);
        var others = (await index.StudiesOfAsync(Patient.PublicId, ct)).Where(o => o.Id != Study.Id).ToList();
        (Others, MoreOthers) = ([.. others.Take(MaxOthers)], Math.Max(0, others.Count - MaxOthers));
        Tab = tab ?? "";
        switch (Tab)
        {
            case "":
                await ReadImagesAsync(all, Math.Max(0, nach ?? 0), ct);
                break;
            case "messwerte":
                await ReadReportsAsync(ct);
                break;
            case "dokumente":
                Documents = await ReadDocumentsAsync(ct);
                break;
            case "verlauf":
                History = await history.OfAsync(Study, show, ct);
                break;
            case "tags":
                await ReadTagsAsync(all, ct);
                break;
            default:
                return BadRequest();
        }
        return Page();
    }

    /// <summary>Sends the study's GDT file again.</summary>
    public async Task<IActionResult> OnPostGdtAsync(string id, string receiver, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.StudyAsync(resource, ct) is null)
        {
            return NotFound();
        }
        var sent = await resend.SendAsync(new GdtKey(receiver, GdtKind.Study, resource, 0), ct);
        return RedirectToPage(new { id, tab = "verlauf", gdt = sent is null ? 0 : 1 });
    }

    private async Task ReadPreviewsAsync(CancellationToken ct)
    {
        var series = AllSeries.Select(s => s.Id).ToArray();
        var first = await index.ReadAsync((db, token) => db.Instances.Where(i => EF.Parameter(series).Contains(i.ParentId)).GroupBy(i => i.ParentId)
            .Select(g => g.OrderBy(i => i.Number).ThenBy(i => i.Id).First()).ToListAsync(token), ct);
        Previews = first.ToDictionary(i => i.ParentId);
    }

    private async Task ReadImagesAsync(IReadOnlyList<Series> all, int first, CancellationToken ct)
    {
        var shown = new List<(Series, InstancePage)>();
        foreach (var series in all.Skip(first).Take(PageSize))
        {
            shown.Add((series, await InstancePage.ReadAsync(index, series.PublicId, 0, InstancesPerSeries, ct)));
        }
        Series = shown;
        Marked = await ThumbnailStrip.MarkedAsync(marks, Study.PublicId, ct);
        MoreSeries = all.Count > first + PageSize ? first + PageSize : null;
    }

    private async Task ReadReportsAsync(CancellationToken ct)
    {
        var instances = await OfModalityAsync(["SR"], MaxReports, ct);
        var measured = new List<MeasuredReport>();
        foreach (var instance in instances.Where(i => SrReader.IsReport(i.SopClass)))
        {
            if (await reports.ReadAsync(Study, instance, MaxMeasurements, ct) is { } report)
            {
                measured.Add(report);
            }
        }
        Reports = measured;
    }

    private async Task<IReadOnlyList<(Instance, string?)>> ReadDocumentsAsync(CancellationToken ct) => await index.ReadAsync(async (db, token) => (await (
        from series in db.Series
        join instance in db.Instances on series.Id equals instance.ParentId
        where series.ParentId == Study.Id && instance.SopClass == DicomUid.EncapsulatedPDFStorage
        orderby series.Number, series.Id, instance.Number, instance.Id
        select new { instance, series.Description }).Take(MaxDocuments).ToListAsync(token)).Select(d => (d.instance, (string?)d.Description)).ToList(), ct);

    private Task<List<Instance>> OfModalityAsync(IReadOnlyCollection<string> modalities, int limit, CancellationToken ct) => index.ReadAsync((db, token) => (
        from series in db.Series
        join instance in db.Instances on series.Id equals instance.ParentId
        where series.ParentId == Study.Id && modalities.Contains(series.Modality)
        orderby series.Number, series.Id, instance.Number, instance.Id
        select instance).Take(limit).ToListAsync(token), ct);

    private async Task ReadTagsAsync(IReadOnlyList<Series> all, CancellationToken ct)
    {
        First = all.Count > 0 && await index.InstancesOfAsync(all[0].PublicId, 0, 1, ct) is [var first, ..] ? first : null;
        try
        {
            if (First is not null && await archive.ReadHeaderAsync(First.PublicId, ct) is { } header)
            {
                Tags = [.. rows.Of(header).Take(TagRows.MaxRows)];
            }
        }
        catch (Exception e) when (e is DicomException or IOException)
        {
            // the page of the instance says what is wrong with its file
        }
    }
}
