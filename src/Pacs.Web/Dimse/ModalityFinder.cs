using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>Asks nodes (C-FIND as SCU, PS3.4 §C.4.1, annex K), in the way their software understands.</summary>
public sealed partial class ModalityFinder(ModalityConnections connections, ILogger<ModalityFinder> logger)
{
    /// <summary>Answers to one query; then it is cancelled. Ten times what anybody looks through, and a node that ignores a key may have millions.</summary>
    public const int MaxAnswers = 10_000;

    /// <summary>Bytes of all answers to one query; then it is cancelled.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Asks a node for patients, studies, series or instances.</summary>
    /// <param name="node">Who is asked.</param>
    /// <param name="level">For what.</param>
    /// <param name="keys">What is looked for, and what is wanted of it.</param>
    /// <param name="isNormalized">Whether keys that belong to levels below are left out, which are an error in hierarchical queries (PS3.4 §C.4.1.2.1).</param>
    /// <param name="ct">Cancels the query.</param>
    /// <returns>At most <see cref="MaxAnswers"/> data sets in Explicit VR Little Endian, which take a fifth of the memory of those that are read.</returns>
    /// <exception cref="DimseStatusException">The node ends the query with a failure.</exception>
    /// <exception cref="DicomException">Not reachable, rejected, broken off, or without this model.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public Task<IReadOnlyList<byte[]>> FindAsync(Modality node, Level level, DicomDataset keys, bool isNormalized, CancellationToken ct) => FindAsync(
        node,
        level == Level.Patient ? DicomUid.PatientRootQueryRetrieveInformationModelFind : DicomUid.StudyRootQueryRetrieveInformationModelFind,
        Identifier(level, keys, isNormalized),
        ct);

    /// <summary>Asks a node for its worklist; exceptions and limits as above.</summary>
    public Task<IReadOnlyList<byte[]>> FindWorklistAsync(Modality node, DicomDataset keys, CancellationToken ct) =>
        FindAsync(node, DicomUid.ModalityWorklistInformationModelFind, keys, ct);

    /// <summary>The identifier of a C-FIND-RQ, as far as nodes do not differ: with its level, and the unique keys of this level and those above, empty where nobody asked for them, so that an answer can be retrieved.</summary>
    public static DicomDataset Identifier(Level level, DicomDataset keys, bool isNormalized)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var identifier = new DicomDataset();
        foreach (var element in keys)
        {
            if (!isNormalized || !IsBelow(element.Tag, level))
            {
                identifier.Set(element);
            }
        }
        identifier.Set(DicomTag.QueryRetrieveLevel, LevelText(level));
        foreach (var (tag, from) in Expected)
        {
            if (level >= from && !identifier.Contains(tag))
            {
                identifier.SetUnchecked(tag, "");
            }
        }
        return identifier;
    }

    /// <summary>Query/Retrieve Level (0008,0052).</summary>
    public static string LevelText(Level level) => level switch
    {
        Level.Patient => "PATIENT",
        Level.Study => "STUDY",
        Level.Series => "SERIES",
        _ => "IMAGE",
    };

    private static readonly (DicomTag Tag, Level From)[] Expected =
    [
        (DicomTag.PatientID, Level.Patient), (DicomTag.AccessionNumber, Level.Study), (DicomTag.StudyInstanceUID, Level.Study), (DicomTag.SeriesInstanceUID, Level.Series),
        (DicomTag.SOPInstanceUID, Level.Instance),
    ];

    private static bool IsBelow(DicomTag tag, Level level) => QueryAttributes.Find(tag, level) is null && QueryAttributes.FindBelow(tag, level) is not null;

    private async Task<IReadOnlyList<byte[]>> FindAsync(Modality node, string model, DicomDataset identifier, CancellationToken ct)
    {
        await using var client = await connections.ConnectAsync(node, r => r.Propose(model), ct);
        var answers = new List<byte[]>();
        var size = 0L;
        await foreach (var answer in client.FindAsync(model, ModalityQuirks.Adapt(node, identifier), ct))
        {
            answers.Add(DicomWriter.ToBytes(answer, TransferSyntax.ExplicitVRLittleEndian));
            size += answers[^1].Length;
            if (answers.Count == MaxAnswers || size > MaxBytes)
            {
                LogCut(node.Name, answers.Count);
                break;
            }
        }
        await client.ReleaseAsync(ct);
        return answers;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} has more than {Count} answers to a query; the rest is left out")]
    private partial void LogCut(string node, int count);
}
