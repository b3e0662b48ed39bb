using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/instanzen/{id}</c>: one image, report or document: what the index knows, and all its DICOM tags.</summary>
public sealed partial class InstanceModel(IndexReader index, Archive archive, TagRows rows, MeasuredReports reports, ILogger<InstanceModel> logger) : PageModel
{
    /// <summary>Measurements of a report: more than any device makes.</summary>
    public const int MaxMeasurements = 2000;

    /// <summary>The longest side of the picture; the viewer has it in full.</summary>
    public const int PictureSide = 1024;

    /// <summary>The instance.</summary>
    public Instance Instance { get; private set; } = null!;

    /// <summary>Its series.</summary>
    public Series Series { get; private set; } = null!;

    /// <summary>Its study.</summary>
    public Study Study { get; private set; } = null!;

    /// <summary>Its patient.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>Every element before the pixel data; at most <see cref="TagRows.MaxRows"/>.</summary>
    public IReadOnlyList<TagRow> Tags { get; private set; } = [];

    /// <summary>What it measured; null where it is no report, or has measured nothing.</summary>
    public MeasuredReport? Report { get; private set; }

    /// <summary>Whether there are more elements than <see cref="Tags"/> has.</summary>
    public bool TagsCut { get; private set; }

    /// <summary>Bytes of the file from the pixel data to the end; 0 where there are none.</summary>
    public long PixelBytes { get; private set; }

    /// <summary>Whether the file is missing or damaged.</summary>
    public bool Unreadable { get; private set; }

    /// <summary>Whether the page is shown within the viewer, without the parts that lead elsewhere.</summary>
    public bool IsFramed { get; private set; }

    /// <summary>Shows an instance.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="rahmen">1 within the viewer.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string id, int? rahmen, CancellationToken ct)
    {
        IsFramed = rahmen == 1;
        if (!ResourceId.TryParse(id, out var resource) || await index.InstanceAsync(resource, ct) is not { } entry)
        {
            return NotFound();
        }
        (Patient, Study, Series, Instance) = entry;
        Report = await reports.ReadAsync(Study, Instance, MaxMeasurements, ct);
        PixelBytes = Instance.Size - Instance.HeaderLength;
        try
        {
            if (await archive.ReadHeaderAsync(resource, ct) is { } header)
            {
                var all = rows.Of(header);
                TagsCut = all.Count > TagRows.MaxRows;
                Tags = TagsCut ? [.. all.Take(TagRows.MaxRows)] : all;
                return Page();
            }
            LogMissing(resource);
        }
        catch (Exception e) when (e is DicomException or IOException)
        {
            LogDamaged(e, resource);
        }
        Unreadable = true;
        return Page();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of instance {Instance} is missing")]
    private partial void LogMissing(ResourceId instance);

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of instance {Instance} cannot be read")]
    private partial void LogDamaged(Exception exception, ResourceId instance);
}
