using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Import;

/// <summary>What a job has to know, and has found out, that takes over what an Orthanc has: the JSON of <see cref="Job.Content"/>.</summary>
public sealed record ImportJob
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>The kind of these jobs.</summary>
    public const string Kind = "OrthancImport";

    /// <summary>Of how many resources it is kept why they were not taken over.</summary>
    public const int MaxFailures = 200;

    /// <summary>From where: folders or address, without password.</summary>
    public string Source { get; init; } = "";

    /// <summary>Whether the list is made; else it is the first thing to be done.</summary>
    public bool IsListed { get; init; }

    /// <summary>Whether everything is listed, and not only what came after the last list.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Instances that were stored.</summary>
    public int Imported { get; init; }

    /// <summary>Instances that were here already.</summary>
    public int AlreadyThere { get; init; }

    /// <summary>Instances that are here with other content; the second copy is kept aside.</summary>
    public int Conflicting { get; init; }

    /// <summary>What was not taken over, and why; the first of them.</summary>
    public IReadOnlyList<ImportFailure> Failures { get; init; } = [];

    /// <summary>Whether a job is one of these.</summary>
    public static bool Is(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind == Kind;
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static ImportJob Of(Job job) => JobContent.Read<ImportJob>(job, Json);

    /// <summary>It as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>Why something was not taken over. The names are in jobs and must not change.</summary>
public enum ImportReason
{
    /// <summary>It is not in Orthanc any more.</summary>
    Gone,

    /// <summary>Orthanc has no DICOM file of it, or the file is missing.</summary>
    NoFile,

    /// <summary>Length or MD5 of the file are not those that Orthanc has noted. Detail: which.</summary>
    Damaged,

    /// <summary>The file cannot be stored. Detail: why.</summary>
    Refused,

    /// <summary>It is stored under another id, since Orthanc reads its identifiers otherwise. Detail: the id.</summary>
    OtherId,

    /// <summary>A metadata or attachment has a name without a number here. Detail: the name.</summary>
    Unnamed,

    /// <summary>A metadata is no text, or too long. Detail: its number.</summary>
    Metadata,

    /// <summary>Labels are none here, or too many.</summary>
    Label,

    /// <summary>An attachment is missing or damaged. Detail: its number.</summary>
    Attachment,
}

/// <summary>Something that was not taken over.</summary>
/// <param name="Resource">What: <c>/instances/…</c>.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">What goes with the reason, without anything about a patient; empty for nothing.</param>
public sealed record ImportFailure(string Resource, ImportReason Reason, string Detail);
