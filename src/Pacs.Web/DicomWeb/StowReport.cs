using System.Text;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>What became of one instance of a store request.</summary>
/// <param name="SopClass">Its SOP Class UID, or null where it was not even that.</param>
/// <param name="SopInstance">Its SOP Instance UID, or null.</param>
/// <param name="Reason">Failure Reason (0008,1197), 0 for success.</param>
/// <param name="Address">Where it can be had now.</param>
/// <param name="Study">Where its study can be had.</param>
internal sealed record StowOutcome(string? SopClass, string? SopInstance, int Reason, string? Address = null, string? Study = null)
{
    // PS3.18 table I.2-2, PS3.4 table B.2-1
    private const int ProcessingFailure = 0x0110;
    private const int OutOfResources = 0xA700;
    private const int DoesNotMatch = 0xA900;
    private const int CannotUnderstand = 0xC000;

    /// <summary>A part that is no instance, or the end of which did not come.</summary>
    public static StowOutcome NoInstance { get; } = new(null, null, CannotUnderstand);

    /// <summary>Metadata or bulk data that make no instance.</summary>
    public static StowOutcome NotUnderstood(string? sopClass, string? sopInstance) => new(sopClass, sopInstance, CannotUnderstand);

    /// <summary>An instance of another study than the one in the path (PS3.18 §10.5.1).</summary>
    public static StowOutcome OtherStudy(StagedInstance staged) => new(staged.SopClass, staged.SopInstance, DoesNotMatch);

    /// <summary>The server itself failed with it.</summary>
    public static StowOutcome Failed(string? sopClass, string? sopInstance) => new(sopClass, sopInstance, ProcessingFailure);

    /// <summary>An instance that was not stored.</summary>
    public static StowOutcome Refused(string? sopClass, string? sopInstance, StoreOutcome outcome) => new(sopClass, sopInstance, outcome switch
    {
        StoreOutcome.OutOfResources => OutOfResources,
        StoreOutcome.Contradiction or StoreOutcome.InvalidIdentity => DoesNotMatch,
        _ => CannotUnderstand,
    });
}

/// <summary>The answer to a store request (PS3.18 §10.5.3, annex I).</summary>
internal static class StowReport
{
    /// <summary>The HTTP status: everything, some or nothing was stored (PS3.18 table 10.5.3-1).</summary>
    public static int StatusOf(IReadOnlyCollection<StowOutcome> outcomes)
    {
        var failed = outcomes.Count(o => o.Reason != 0);
        return failed == 0 ? StatusCodes.Status200OK : failed < outcomes.Count ? StatusCodes.Status202Accepted : StatusCodes.Status409Conflict;
    }

    /// <summary>The Store Instances Response Module.</summary>
    public static DicomDataset Build(IReadOnlyCollection<StowOutcome> outcomes)
    {
        var report = new DicomDataset();
        var stored = outcomes.Where(o => o.Reason == 0).ToList();
        if (stored.Select(o => o.Study).Distinct().Take(2).ToList() is [{ } study])
        {
            report.Set(Url(study));
        }
        Add(report, DicomTag.ReferencedSOPSequence, stored.Select(o => Reference(o).Set(Url(o.Address!))));
        Add(report, DicomTag.FailedSOPSequence, outcomes.Where(o => o is { Reason: not 0, SopInstance: not null }).Select(o => Reference(o).Set(DicomTag.FailureReason, o.Reason)));
        // what has no UID to name it by
        Add(report, DicomTag.OtherFailuresSequence, outcomes.Where(o => o is { Reason: not 0, SopInstance: null }).Select(o => new DicomDataset().Set(DicomTag.FailureReason, o.Reason)));
        return report;
    }

    private static void Add(DicomDataset report, DicomTag sequence, IEnumerable<DicomDataset> items)
    {
        if (items.ToList() is { Count: > 0 } list)
        {
            report.Set(new DicomElement(sequence, list));
        }
    }

    private static DicomDataset Reference(StowOutcome outcome) => new DicomDataset()
        .Set(Uid(DicomTag.ReferencedSOPClassUID, outcome.SopClass)).Set(Uid(DicomTag.ReferencedSOPInstanceUID, outcome.SopInstance));

    // as they came: what is no UID is why it failed
    private static DicomElement Uid(DicomTag tag, string? uid) => new(tag, DicomVr.UI, Encoding.Latin1.GetBytes(uid ?? ""));

    private static DicomElement Url(string url) => new(DicomTag.RetrieveURL, DicomVr.UR, Encoding.UTF8.GetBytes(url));
}
