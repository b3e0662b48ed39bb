using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/drucken?bild=id,frame[,center,width][,state]</c>: some images of one patient with his head, for paper; <c>?studie=id</c> those that are marked in a study, or all of it where none is; <c>?serie=id</c> a series. The
/// browser prints it, or makes a PDF of it.
/// </summary>
public sealed class PrintModel(IndexReader index, KeyImages marks, TimeProvider time) : PageModel
{
    /// <summary>Images of one print.</summary>
    public const int MaxImages = 24;

    /// <summary>Images beside each other, at most.</summary>
    public const int MaxColumns = 3;

    // 90 mm on paper at 300 dpi; one image to a page is twice that
    private const int Side = 1100;

    /// <summary>An image of the page.</summary>
    /// <param name="Entry">What it is of.</param>
    /// <param name="Frame">From 1.</param>
    /// <param name="Address">Where it is.</param>
    public sealed record Sheet(InstanceEntry Entry, int Frame, string Address);

    private sealed record Wanted(ResourceId Instance, int Frame, string Look);

    /// <summary>The images, in the order of the address.</summary>
    public IReadOnlyList<Sheet> Images { get; private set; } = [];

    /// <summary>The patient of all of them.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>The study to go back to: the one that was asked for, or that of the first image.</summary>
    public ResourceId Study { get; private set; }

    /// <summary>Images beside each other, 1 to <see cref="MaxColumns"/>.</summary>
    public int Columns { get; private set; } = 2;

    /// <summary>How many images there would have been, when that is more than a print takes.</summary>
    public int? Wished { get; private set; }

    /// <summary>When.</summary>
    public DateTimeOffset Moment => time.GetUtcNow();

    /// <summary>The same print with other columns.</summary>
    public string With(int columns)
    {
        var query = new QueryBuilder(Request.Query.Where(q => q.Key is "bild" or "studie" or "serie").Select(q => KeyValuePair.Create(q.Key, q.Value)))
        {
            { "spalten", columns.ToString(CultureInfo.InvariantCulture) },
        };
        return $"{Request.PathBase}{Request.Path}{query}";
    }

    /// <summary>Shows the page.</summary>
    /// <param name="bild">The images.</param>
    /// <param name="studie">A study, in place of images.</param>
    /// <param name="serie">A series, when no image of it was chosen.</param>
    /// <param name="spalten">How many beside each other.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync([FromQuery] string[] bild, string? studie, string? serie, int? spalten, CancellationToken ct)
    {
        var wanted = new List<Wanted>();
        if (studie is not null && bild.Length == 0)
        {
            if (!ResourceId.TryParse(studie, out var study) || await index.StudyAsync(study, ct) is not { } found)
            {
                return NotFound();
            }
            (Patient, Study) = (found.Patient, study);
            wanted.AddRange(await OfStudyAsync(study, ct));
        }
        else if (serie is not null && bild.Length == 0)
        {
            if (!ResourceId.TryParse(serie, out var series) || await index.SeriesAsync(series, ct) is not { } found)
            {
                return NotFound();
            }
            (Patient, Study) = (found.Patient, found.Study.PublicId);
            wanted.AddRange(await OfSeriesAsync(series, MaxImages, ct));
            Wished = found.Series.InstanceCount > MaxImages ? found.Series.InstanceCount : null;
        }
        else if (bild.Length == 0)
        {
            return BadRequest();
        }
        Wished = bild.Length > MaxImages ? bild.Length : Wished;
        foreach (var text in bild.Take(MaxImages))
        {
            if (Parse(text) is not { } image)
            {
                return BadRequest();
            }
            wanted.Add(image);
        }
        var images = new List<Sheet>();
        var side = wanted.Count == 1 || spalten == 1 ? 2 * Side : Side;
        foreach (var image in wanted)
        {
            if (await index.InstanceAsync(image.Instance, ct) is not { } entry || Picture.KindOf(entry.Instance) != PictureKind.Image)
            {
                return NotFound();
            }
            images.Add(new Sheet(entry, image.Frame, Picture.Address(entry.Instance, image.Frame, side) + image.Look));
        }
        if (images.Exists(i => i.Entry.Patient.Id != images[0].Entry.Patient.Id))
        {
            return BadRequest(); // one head for two patients would be a mix-up on paper
        }
        if (bild.Length > 0)
        {
            (Patient, Study) = (images[0].Entry.Patient, images[0].Entry.Study.PublicId);
        }
        Images = images;
        Columns = Math.Clamp(spalten ?? (images.Count == 1 ? 1 : 2), 1, MaxColumns);
        return Page();
    }

    private async Task<IEnumerable<Wanted>> OfStudyAsync(ResourceId study, CancellationToken ct)
    {
        var marked = await marks.OfStudyAsync(study, ct);
        if (marked.Count > 0)
        {
            Wished = marked.Count > MaxImages ? marked.Count : null;
            return marked.Take(MaxImages).Select(m => new Wanted(m.Instance, m.Frame, ""));
        }
        var all = new List<Wanted>();
        var list = await index.SeriesOfAsync(study, ct);
        Wished = list.Sum(s => s.InstanceCount) is var count and > MaxImages ? count : null;
        foreach (var series in list)
        {
            all.AddRange(all.Count < MaxImages ? await OfSeriesAsync(series.PublicId, MaxImages - all.Count, ct) : []);
        }
        return all;
    }

    private async Task<IEnumerable<Wanted>> OfSeriesAsync(ResourceId series, int limit, CancellationToken ct) =>
        (await index.InstancesOfAsync(series, 0, MaxImages, ct)).Where(i => Picture.KindOf(i) == PictureKind.Image).Take(limit).Select(i => new Wanted(i.PublicId, Picture.MiddleFrame(i), ""));

    private static Wanted? Parse(string text)
    {
        var parts = text.Split(',');
        if (parts.Length is < 2 or > 5 || !ResourceId.TryParse(parts[0], out var id) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var frame) || frame < 1)
        {
            return null;
        }
        // an odd number ends with a presentation state
        var state = default(ResourceId);
        var numbers = parts[2..(parts.Length - (parts.Length % 2))];
        return (parts.Length % 2 == 0 || ResourceId.TryParse(parts[^1], out state)) && numbers.All(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            ? new Wanted(id, frame, (numbers.Length == 2 ? $"&window={numbers[0]},{numbers[1]}" : "") + (parts.Length % 2 == 1 ? $"&state={state}" : "")) : null;
    }
}
