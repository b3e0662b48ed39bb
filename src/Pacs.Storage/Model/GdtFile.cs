namespace Pacs.Storage;

/// <summary>A GDT file that has to be, or was, handed to the practice software. One per kind and resource, for ever: that makes it exactly once.</summary>
public sealed class GdtFile
{
    /// <summary>What it says, e.g. <c>study</c> or <c>report</c>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The study or instance it is about.</summary>
    public ResourceId Resource { get; set; }

    /// <summary>The file it becomes.</summary>
    public string Path { get; set; } = "";

    /// <summary>Its bytes.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>How far its delivery is, in the words of Pacs.Gdt.</summary>
    public string State { get; set; } = "";

    /// <summary>How often its delivery was tried.</summary>
    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public string? Error { get; set; }

    /// <summary>When the state last changed.</summary>
    public DateTimeOffset At { get; set; }
}
