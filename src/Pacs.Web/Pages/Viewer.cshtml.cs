using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/viewer</c>: the images of a study. <c>?study=</c> takes our id or the Study Instance UID, <c>?accession=</c> an accession number, <c>?patient=</c> a patient number; the newest
/// study of those that match is opened, and the patient's others are offered beside it. <c>image</c> and <c>series</c> say where to begin.
/// </summary>
public sealed class ViewerModel(IndexReader index, IStringLocalizer<Texts> texts) : PageModel
{
    // of a patient: more than a list to choose from can show
    private const int MaxStudies = 50;

    // without script: plain links to as many pictures; the page of the study has all
    private const int MaxPlainLinks = 60;

    private const string ScriptTexts = "Viewer.Js.";

    /// <summary>How the fields can be laid out: rows x columns.</summary>
    public static readonly IReadOnlyList<string> Layouts = ["1x1", "1x2", "2x1", "2x2", "2x3", "3x3"];

    /// <summary>The study that is opened.</summary>
    public Study Study { get; private set; } = null!;

    /// <summary>Its patient.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>The patient's studies, this one included, newest first.</summary>
    public IReadOnlyList<Study> Studies { get; private set; } = [];

    /// <summary>The instances of the study, for browsers without script.</summary>
    public IReadOnlyList<Instance> Instances { get; private set; } = [];

    /// <summary>The image that is shown first; null where that is none.</summary>
    public Instance? FirstImage { get; private set; }

    /// <summary>Where to begin; null for the first image.</summary>
    public (ResourceId Series, int At)? Start { get; private set; }

    /// <summary>The texts that the script shows, as JSON.</summary>
    public string TextsForScript => JsonSerializer.Serialize(
        texts.GetAllStrings(includeParentCultures: true).Where(t => t.Name.StartsWith(ScriptTexts, StringComparison.Ordinal)).ToDictionary(t => t.Name[ScriptTexts.Length..], t => t.Value));

    /// <summary>Shows the viewer.</summary>
    /// <param name="study">Our id of a study, or its Study Instance UID.</param>
    /// <param name="accession">An accession number.</param>
    /// <param name="patient">A patient number.</param>
    /// <param name="anzahl">At most so many of a patient's newest studies.</param>
    /// <param name="series">Our id of the series to begin with.</param>
    /// <param name="image">Our id of the instance to begin with.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? study, string? accession, string? patient, int? anzahl, string? series, string? image, CancellationToken ct)
    {
        var limit = Math.Clamp(anzahl ?? MaxStudies, 1, MaxStudies);
        var found = study is { Length: > 0 } ? await StudyAsync(study, ct)
            : accession is { Length: > 0 } ? First(await index.StudiesByAccessionAsync(accession, ct))
            : patient is { Length: > 0 } ? First(await index.StudiesByPatientIdAsync(patient, 1, ct)) : null;
        if (found is null)
        {
            return study is null && accession is null && patient is null ? BadRequest() : NotFound();
        }
        (Patient, Study) = found;
        var all = (await index.StudiesOfAsync(Patient.PublicId, ct)).Take(limit).ToList();
        Studies = all.Exists(s => s.PublicId == Study.PublicId) ? all : [Study, .. all];
        var instances = new List<Instance>();
        foreach (var of in await index.SeriesOfAsync(Study.PublicId, ct))
        {
            if (instances.Count < MaxPlainLinks)
            {
                instances.AddRange(await index.InstancesOfAsync(of.PublicId, 0, MaxPlainLinks - instances.Count, ct));
            }
        }
        Instances = instances;
        FirstImage = instances.Find(i => Picture.KindOf(i) == PictureKind.Image);
        if (ResourceId.TryParse(image, out var instanceId) && await index.InstanceAsync(instanceId, ct) is { } first && first.Study.Id == Study.Id)
        {
            Start = (first.Series.PublicId, await index.PlaceOfAsync(first.Instance, ct));
            FirstImage = first.Instance;
        }
        else if (ResourceId.TryParse(series, out var seriesId))
        {
            Start = (seriesId, 0);
            FirstImage = await index.InstancesOfAsync(seriesId, 0, 1, ct) is [var begin] ? begin : null;
        }
        FirstImage = FirstImage is not null && Picture.KindOf(FirstImage) == PictureKind.Image ? FirstImage : null;
        return Page();
    }

    private async Task<StudyEntry?> StudyAsync(string study, CancellationToken ct) => ResourceId.TryParse(study, out var id) && await index.StudyAsync(id, ct) is { } entry
        ? entry : First(await index.StudiesByUidAsync(study, ct));

    private static StudyEntry? First(IReadOnlyList<StudyEntry> found) => found is [var first, ..] ? first : null;
}
