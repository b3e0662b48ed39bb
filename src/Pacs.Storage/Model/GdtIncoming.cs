namespace Pacs.Storage;

/// <summary>A GDT record that came from practice software, and what became of it. Orders stay: their numbers are echoed in the answers.</summary>
public sealed class GdtIncoming
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>The name of the receiver whose inbox it came by.</summary>
    public string Receiver { get; set; } = GdtFile.DefaultReceiver;

    /// <summary>The name of its file.</summary>
    public string Name { get; set; } = "";

    /// <summary>8000: <c>6302</c> is an order.</summary>
    public string Type { get; set; } = "";

    /// <summary>What became of it, in the words of Pacs.Gdt.</summary>
    public string State { get; set; } = "";

    /// <summary>Why it was refused; no patient data.</summary>
    public string? Reason { get; set; }

    /// <summary>The file's bytes.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>SHA-256 of the record as text: by which an order that comes twice is recognised.</summary>
    public byte[] Digest { get; set; } = [];

    /// <summary>3000.</summary>
    public string PatientId { get; set; } = "";

    /// <summary>8310, the order's number in the practice software; empty when it has none.</summary>
    public string OrderId { get; set; } = "";

    /// <summary>8314, the order's unique number; empty when it has none.</summary>
    public string OrderUid { get; set; } = "";

    /// <summary>8402 or 8410: what is to be examined; empty when it does not say.</summary>
    public string TestType { get; set; } = "";

    /// <summary>The accession number of the worklist entry it made; empty when it made none.</summary>
    public string Accession { get; set; } = "";

    /// <summary>When it came.</summary>
    public DateTimeOffset At { get; set; }
}
