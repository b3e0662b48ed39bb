using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/drucken?bild=id,frame[,center,width]</c>: some images of one patient with his head, for paper. The browser prints it.
/// </summary>
public sealed class PrintModel(IndexReader index) : PageModel
{
    /// <summary>Images of one print.</summary>
    public const int MaxImages = 24;

    // 90 mm on paper at 300 dpi
    private const int Side = 1100;

    /// <summary>An image of the page.</summary>
    /// <param name="Entry">What it is of.</param>
    /// <param name="Frame">From 1.</param>
    /// <param name="Address">Where it is.</param>
    public sealed record Sheet(InstanceEntry Entry, int Frame, string Address);

    /// <summary>The images, in the order of the address.</summary>
    public IReadOnlyList<Sheet> Images { get; private set; } = [];

    /// <summary>The patient of all of them.</summary>
    public Patient Patient => Images[0].Entry.Patient;

    /// <summary>Images beside each other, 1 to 3.</summary>
    public int Columns { get; private set; } = 2;

    /// <summary>Shows the page.</summary>
    /// <param name="bild">The images.</param>
    /// <param name="spalten">How many beside each other.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync([FromQuery] string[] bild, int? spalten, CancellationToken ct)
    {
        if (bild.Length is 0 or > MaxImages)
        {
            return BadRequest();
        }
        var images = new List<Sheet>();
        foreach (var text in bild)
        {
            var parts = text.Split(',');
            if (parts.Length is not (2 or 4) || !ResourceId.TryParse(parts[0], out var id) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var frame)
                || frame < 1 || !parts.Skip(2).All(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            {
                return BadRequest();
            }
            if (await index.InstanceAsync(id, ct) is not { } entry || Picture.KindOf(entry.Instance) != PictureKind.Image)
            {
                return NotFound();
            }
            var window = parts.Length == 4 ? $"&window={parts[2]},{parts[3]}" : "";
            images.Add(new Sheet(entry, frame, Picture.Address(entry.Instance, frame, Side) + window));
        }
        if (images.Exists(i => i.Entry.Patient.Id != images[0].Entry.Patient.Id))
        {
            return BadRequest(); // one head for two patients would be a mix-up on paper
        }
        Images = images;
        Columns = Math.Clamp(spalten ?? (images.Count == 1 ? 1 : 2), 1, 3);
        return Page();
    }
}
