using System.Collections.Concurrent;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Answers C-MOVE and C-GET of the Patient Root, Study Root and Patient/Study Only models at every level (PS3.4 §C.4.2, §C.4.3). The index says which instances are
/// meant; their files go to the peer as they are.
/// </summary>
public sealed partial class RetrieveScp(
    IndexReader reader, Archive archive, Modalities modalities, ModalityConnections connections, PacsOptions options, TimeProvider time, ILogger<RetrieveScp> logger) : IRetrieveHandler
{
    /// <summary>The models for C-MOVE.</summary>
    public static readonly string[] MoveModels =
    [
        DicomUid.PatientRootQueryRetrieveInformationModelMove, DicomUid.StudyRootQueryRetrieveInformationModelMove, DicomUid.PatientStudyOnlyQueryRetrieveInformationModelMove,
    ];

    /// <summary>The models for C-GET.</summary>
    public static readonly string[] GetModels =
    [
        DicomUid.PatientRootQueryRetrieveInformationModelGet, DicomUid.StudyRootQueryRetrieveInformationModelGet, DicomUid.PatientStudyOnlyQueryRetrieveInformationModelGet,
    ];

    // the counts of the responses end at 65,535; a plan of 100,000 is some 50 MB
    private const int MaxInstances = 100_000;

    // enough to know what the practice's devices send
    private const int RecentInstances = 5000;

    private static readonly TimeSpan RecentAge = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private volatile Recent? _recent;

    /// <inheritdoc/>
    public async ValueTask<RetrievePlan> PlanAsync(RetrieveRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        var keys = Keys(request);
        var destination = request.Destination is null ? null : Destination(request.Destination, request.Peer);
        var locations = await reader.LocateAsync(keys, MaxInstances, ct)
            ?? throw new DimseStatusException(DimseStatus.UnableToCalculateMatches.With($"More than {MaxInstances} instances at once"));
        var startedAt = time.GetTimestamp();
        var turn = destination is null ? null : new Turn(_turns.GetOrAdd(destination.Name, _ => new SemaphoreSlim(options.MaximumMovesPerDestination)));
        return new RetrievePlan([.. locations.Select(Outgoing)])
        {
            Destination = destination is null ? null : Scu(destination, turn!),
            Ended = result =>
            {
                turn?.End();
                var sent = result.Completed + result.Warning;
                var seconds = time.GetElapsedTime(startedAt).TotalSeconds;
                LogEnded(request.Peer.CallingAe, request.Peer.RemoteHost, destination?.AeTitle ?? request.Peer.CallingAe, sent, result.Bytes / 1e6, result.Failed, result.Status, seconds);
            },
        };
    }

    /// <inheritdoc/>
    public string ChooseTransferSyntax(string sopClass, IReadOnlyList<string> proposed)
    {
        ArgumentNullException.ThrowIfNull(proposed);
        if (proposed.Count == 1)
        {
            return proposed[0];
        }
        var recent = _recent;
        if (recent is null || time.GetElapsedTime(recent.At) > RecentAge)
        {
            _recent = recent = new Recent(reader.RecentSyntaxes(RecentInstances), time.GetTimestamp());
        }
        // what most instances of the class are stored in, so that most can be sent; else what every uncompressed one can be written in (PS3.5 §10.1)
        var stored = recent.Syntaxes.GetValueOrDefault(sopClass) ?? [];
        return stored.FirstOrDefault(proposed.Contains) ?? Uncompressed.FirstOrDefault(proposed.Contains) ?? proposed[0];
    }

    private static readonly string[] Uncompressed = [DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, DicomUid.ExplicitVRBigEndian];

    private OutgoingInstance Outgoing(InstanceLocation location) => new(location.SopClass, location.SopInstance, TransferSyntax.Get(location.SyntaxUid), _ =>
    {
        var stream = archive.OpenDataset(location);
        if (stream is null)
        {
            LogMissing(location.Id, location.Key);
        }
        return new(stream);
    });

    private Modality Destination(string aeTitle, AssociationInfo peer)
    {
        // several machines may share a title: then the one that asks is meant, if it is one of them
        var nodes = modalities.WithAeTitle(aeTitle).ToList();
        return nodes.Find(n => n.Host == peer.RemoteHost) ?? nodes.FirstOrDefault()
            ?? throw new DimseStatusException(DimseStatus.MoveDestinationUnknown.With("The destination is no known node", DicomTag.MoveDestination));
    }

    private StoreScu Scu(Modality node, Turn turn) => new(
        new AssociationRequest { CallingAe = connections.LocalAeTitle(node), CalledAe = node.AeTitle },
        async (request, ct) =>
        {
            await turn.BeginAsync(ct);
            return await connections.ConnectAsync(node, r => r with { Contexts = request.Contexts }, ct);
        })
    {
        AllowsRewriting = node.AllowTranscoding,
        GoesOnAfterAbort = true,
    };

    private static RetrieveKeys Keys(RetrieveRequest request)
    {
        var identifier = request.Identifier;
        var isStudyRoot = request.SopClass is DicomUid.StudyRootQueryRetrieveInformationModelMove or DicomUid.StudyRootQueryRetrieveInformationModelGet;
        var hasSeries = request.SopClass is not (DicomUid.PatientStudyOnlyQueryRetrieveInformationModelMove or DicomUid.PatientStudyOnlyQueryRetrieveInformationModelGet);
        var level = identifier.GetString(DicomTag.QueryRetrieveLevel)?.Trim().ToUpperInvariant() switch
        {
            "PATIENT" when !isStudyRoot => Level.Patient,
            "STUDY" => Level.Study,
            "SERIES" when hasSeries => Level.Series,
            "IMAGE" when hasSeries => Level.Instance,
            _ => throw Refused("No level of this model", DicomTag.QueryRetrieveLevel),
        };
        var keys = new RetrieveKeys(level)
        {
            // below the study root the patient is no key (PS3.4 §C.6.2.1); who sends it all the same may have written it differently
            PatientIds = isStudyRoot ? [] : Values(DicomTag.PatientID),
            Studies = Uids(DicomTag.StudyInstanceUID),
            Series = hasSeries ? Uids(DicomTag.SeriesInstanceUID) : [],
            Instances = hasSeries ? Uids(DicomTag.SOPInstanceUID) : [],
        };
        // without a value it would be everything; the keys above may be missing: many leave them out (PS3.4 §C.4.2.2.2 has them do so with relational retrieve only)
        return keys.Own.Count > 0 ? keys : throw Refused("The unique key of the level is missing", level switch
        {
            Level.Patient => DicomTag.PatientID,
            Level.Study => DicomTag.StudyInstanceUID,
            Level.Series => DicomTag.SeriesInstanceUID,
            _ => DicomTag.SOPInstanceUID,
        });

        string[] Values(DicomTag tag) => [.. identifier.GetStrings(tag).Select(v => v.Trim()).Where(v => v.Length > 0)];

        string[] Uids(DicomTag tag)
        {
            var uids = Values(tag);
            return uids.All(u => DicomUid.IsTolerable(u)) ? uids : throw Refused("Not a UID", tag);
        }
    }

    // A900H: the identifier does not match the SOP class (PS3.4 tables C.4-2 and C.4-3)
    private static DimseStatusException Refused(string why, DicomTag tag) => new(DimseStatus.DataSetDoesNotMatchSopClass.With(why, tag));

    /// <summary>What devices have sent lately.</summary>
    private sealed record Recent(IReadOnlyDictionary<string, IReadOnlyList<string>> Syntaxes, long At);

    /// <summary>The turn of one C-MOVE at its destination: taken with the first association, given back when the C-MOVE ends.</summary>
    private sealed class Turn(SemaphoreSlim free)
    {
        private int _taken;

        public async Task BeginAsync(CancellationToken ct)
        {
            if (_taken == 0)
            {
                await free.WaitAsync(ct);
                _taken = 1;
            }
        }

        public void End()
        {
            if (Interlocked.Exchange(ref _taken, 0) == 1)
            {
                free.Release();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{CallingAe} at {RemoteHost} retrieved for {Destination}: {Sent} instances sent ({MegaBytes:0.0} MB), {Failed} failed, status {Status}, {Seconds:0.0} s")]
    private partial void LogEnded(string callingAe, string remoteHost, string destination, int sent, double megaBytes, int failed, DimseStatus status, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Instance {Instance} cannot be sent: its file {Key} is missing or has another size than the index knows")]
    private partial void LogMissing(ResourceId instance, string key);
}
