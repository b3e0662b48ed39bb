using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary><c>/serien/{id}</c>: all instances of a series, page by page.</summary>
public sealed class SeriesModel(IndexReader index, KeyImages marks) : PageModel
{
    /// <summary>Instances on one page.</summary>
    public const int PageSize = 100;

    /// <summary>The series.</summary>
    public Series Series { get; private set; } = null!;

    /// <summary>Its study.</summary>
    public Study Study { get; private set; } = null!;

    /// <summary>Its patient.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>The instances of this page. Not named <c>Page</c>, which is a method of the base class.</summary>
    public InstancePage Instances { get; private set; } = null!;

    /// <summary>The instances with a marked frame.</summary>
    public IReadOnlySet<ResourceId> Marked { get; private set; } = null!;

    /// <summary>Whether there are instances before this page.</summary>
    public bool IsContinued { get; private set; }

    /// <summary>Whether there is something to print on this page.</summary>
    public bool HasImages => Instances.Instances.Any(i => Picture.KindOf(i) == PictureKind.Image);

    /// <summary>Shows a series.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="nach">How many instances to pass over.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string id, int? nach, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.SeriesAsync(resource, ct) is not { } entry)
        {
            return NotFound();
        }
        (Patient, Study, Series) = entry;
        var first = Math.Max(0, nach ?? 0);
        IsContinued = first > 0;
        Marked = await ThumbnailStrip.MarkedAsync(marks, Study.PublicId, ct);
        Instances = await InstancePage.ReadAsync(index, resource, first, PageSize, ct);
        return Page();
    }
}
