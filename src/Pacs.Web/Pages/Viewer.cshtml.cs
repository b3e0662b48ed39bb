using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/viewer</c>: the images of a study. <c>?study=</c> takes our id or the Study Instance UID, or several with commas, of which the first is opened and the others are offered; <c>?accession=</c> an accession number, <c>?patient=</c> a patient number; the newest
/// study of those that match is opened, and the patient's others are offered beside it. <c>image</c> and <c>series</c> say where to begin.
/// </summary>
public sealed class ViewerModel(IndexReader index, KeyImages marks, IStringLocalizer<Texts> texts) : PageModel
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

    /// <summary>Whether only marked images are wanted.</summary>
    public bool IsMarkedOnly { get; private set; }

    /// <summary>Whether pictures are wanted without a further loss.</summary>
    public bool IsLossless { get; private set; }

    /// <summary>The address of the first image, as the script asks for it.</summary>
    public string? FirstAddress => FirstImage is null ? null : Picture.Address(FirstImage) + (IsLossless ? "&accept=image/png" : "");

    /// <summary>Shows the viewer.</summary>
    /// <param name="study">Our id of a study, or its Study Instance UID; or several, with commas.</param>
    /// <param name="accession">An accession number.</param>
    /// <param name="patient">A patient number.</param>
    /// <param name="anzahl">At most so many of a patient's newest studies.</param>
    /// <param name="weitere">0: no other studies of the patient are offered.</param>
    /// <param name="nur"><c>gemerkt</c>: only marked images, where there are some.</param>
    /// <param name="qualitaet"><c>verlustfrei</c>: pictures as PNG.</param>
    /// <param name="series">Our id of the series to begin with.</param>
    /// <param name="image">Our id of the instance to begin with.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(
        string? study, string? accession, string? patient, int? anzahl, string? weitere, string? nur, string? qualitaet, string? series, string? image, CancellationToken ct)
    {
        var limit = Math.Clamp(anzahl ?? MaxStudies, 1, MaxStudies);
        var asked = study?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(MaxStudies).ToArray() ?? [];
        var found = asked.Length > 0 ? await StudyAsync(asked[0], ct)
            : accession is { Length: > 0 } ? First(await index.StudiesByAccessionAsync(accession, ct))
            : patient is { Length: > 0 } ? First(await index.StudiesByPatientIdAsync(patient, 1, ct)) : null;
        if (found is null)
        {
            return study is null && accession is null && patient is null ? BadRequest() : NotFound();
        }
        (Patient, Study) = found;
        IsMarkedOnly = nur == "gemerkt" && (await marks.OfStudyAsync(Study.PublicId, ct)).Count > 0;
        IsLossless = qualitaet == "verlustfrei";
        Studies = await OfferedAsync(asked, weitere == "0", limit, ct);
        var instances = new List<Instance>();
        foreach (var of in await index.SeriesOfAsync(Study.PublicId, ct))
        {
            if (instances.Count < MaxPlainLinks)
            {
                instances.AddRange(await index.InstancesOfAsync(of.PublicId, 0, MaxPlainLinks - instances.Count, ct));
            }
        }
        Instances = instances;
        FirstImage = IsMarkedOnly ? null : instances.Find(i => Picture.KindOf(i) == PictureKind.Image);
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

    /// <summary>The patient's studies to choose from: those that were asked for, and his others unless they were left out.</summary>
    private async Task<List<Study>> OfferedAsync(string[] asked, bool withoutOthers, int limit, CancellationToken ct)
    {
        List<Study> studies = [Study];
        foreach (var other in asked.Skip(1))
        {
            // a list with somebody else's study does not mix two patients
            if (await StudyAsync(other, ct) is { } entry && entry.Patient.Id == Patient.Id)
            {
                studies.Add(entry.Study);
            }
        }
        if (!withoutOthers)
        {
            var all = (await index.StudiesOfAsync(Patient.PublicId, ct)).Take(limit).ToList();
            // where one was asked for, all in their order
            studies = asked.Length < 2 && all.Exists(s => s.PublicId == Study.PublicId) ? all : [.. studies, .. all];
        }
        return [.. studies.DistinctBy(s => s.PublicId)];
    }

    private async Task<StudyEntry?> StudyAsync(string study, CancellationToken ct) => ResourceId.TryParse(study, out var id) && await index.StudyAsync(id, ct) is { } entry
        ? entry : First(await index.StudiesByUidAsync(study, ct));

    private static StudyEntry? First(IReadOnlyList<StudyEntry> found) => found is [var first, ..] ? first : null;
}
