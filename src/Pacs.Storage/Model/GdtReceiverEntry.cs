namespace Pacs.Storage;

/// <summary>A receiver of GDT files that was entered or changed while the server runs. It counts instead of one of the same name in the configuration.</summary>
public sealed class GdtReceiverEntry
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Everything that is set of it, as JSON of Pacs.Gdt.</summary>
    public string Settings { get; set; } = "";

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset ChangedAt { get; set; }
}
