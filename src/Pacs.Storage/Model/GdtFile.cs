namespace Pacs.Storage;

/// <summary>
/// A GDT file that has to be, or was, handed to a receiver. One per receiver, kind, resource and revision, for ever: that makes it exactly once.
/// </summary>
public sealed class GdtFile
{
    /// <summary>The name of the receiver in the configuration.</summary>
    public string Receiver { get; set; } = DefaultReceiver;

    /// <summary>What it says, e.g. <c>study</c> or <c>report</c>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The study or instance it is about.</summary>
    public ResourceId Resource { get; set; }

    /// <summary>0 for the first file about it; each update and each file that somebody had sent again has the next.</summary>
    public int Revision { get; set; }

    /// <summary>The file it becomes.</summary>
    public string Path { get; set; } = "";

    /// <summary>Its bytes.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>The files that have to be there before it, as JSON of Pacs.Gdt; null for none.</summary>
    public string? Attachments { get; set; }

    /// <summary>How far its delivery is, in the words of Pacs.Gdt.</summary>
    public string State { get; set; } = "";

    /// <summary>How often its delivery was tried.</summary>
    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed, or what it waits for.</summary>
    public string? Error { get; set; }

    /// <summary>What could not be in it, a line each and without patient data; null when nothing was left out.</summary>
    public string? LeftOut { get; set; }

    /// <summary>How many series the study had when it was stable the last time; 0 when that is not known. More of them are a reason for an update.</summary>
    public int Series { get; set; }

    /// <summary>When the state last changed.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>The receiver that <c>GdtGenerator.IncomingDir</c> is; rows from before there were several are its.</summary>
    public const string DefaultReceiver = "default";
}
