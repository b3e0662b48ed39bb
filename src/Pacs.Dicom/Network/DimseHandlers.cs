using System.Collections.Frozen;

namespace Pacs.Dicom.Network;

/// <summary>A C-STORE-RQ (PS3.7 §9.1.1). The engine has checked that both UIDs are there and look like UIDs.</summary>
/// <param name="Peer">Who sends.</param>
/// <param name="Context">The negotiated context: the transfer syntax of the data.</param>
/// <param name="SopClass">Affected SOP Class UID of the command.</param>
/// <param name="SopInstance">Affected SOP Instance UID of the command.</param>
/// <param name="MoveOriginator">AE title of who started the C-MOVE that this belongs to, or null.</param>
public sealed record StoreRequest(AssociationInfo Peer, PresentationContext Context, string SopClass, string SopInstance, string? MoveOriginator);

/// <summary>A C-FIND-RQ (PS3.7 §9.1.2).</summary>
/// <param name="Peer">Who asks.</param>
/// <param name="SopClass">Affected SOP Class UID: the information model.</param>
/// <param name="Identifier">The keys.</param>
public sealed record FindRequest(AssociationInfo Peer, string SopClass, DicomDataset Identifier);

/// <summary>One match of a query: becomes one pending response. A data set converts to it.</summary>
/// <param name="Identifier">The answer. Sent in the transfer syntax of the context; its texts stay in its own character set.</param>
/// <param name="HasUnsupportedKeys">Whether an optional key of the request was not matched on: FF01H instead of FF00H (PS3.4 §C.4.1.1.4).</param>
public readonly record struct FindMatch(DicomDataset Identifier, bool HasUnsupportedKeys = false)
{
    /// <summary>A match with every key supported.</summary>
    public static implicit operator FindMatch(DicomDataset identifier) => new(identifier);
}

/// <summary>Answers C-STORE.</summary>
public interface IStoreHandler
{
    /// <summary>
    /// Takes one instance. May return before the data are read to their end: the engine drains the rest, then answers. Throwing
    /// <see cref="DimseStatusException"/> is the same as returning its status, any other <see cref="DicomException"/> is answered C000H,
    /// anything else aborts the association.
    /// </summary>
    /// <param name="request">What it is, by the command.</param>
    /// <param name="data">The data set as it arrives. Throws <see cref="AssociationException"/> when the peer aborts; let it pass.</param>
    /// <param name="ct">Cancelled when the association is gone.</param>
    ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct);
}

/// <summary>Answers C-FIND.</summary>
public interface IFindHandler
{
    /// <summary>
    /// Looks for matches. Each is sent as a pending response while the next is looked for; the end of the enumeration is the final
    /// response 0000H. <see cref="DimseStatusException"/> ends it with another status.
    /// </summary>
    /// <param name="request">The keys.</param>
    /// <param name="ct">Cancelled by C-CANCEL-RQ, which is then answered FE00H, and when the association is gone.</param>
    IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, CancellationToken ct);
}

/// <summary>
/// Which handler answers for which SOP class. Filled once, then read by any number of associations. C-ECHO needs no handler: the engine
/// answers it (PS3.7 §9.1.5).
/// </summary>
public sealed class DimseHandlers
{
    private readonly Dictionary<string, IFindHandler> _find = new(StringComparer.Ordinal);
    private readonly Dictionary<string, INHandler> _n = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object> _retrieve = new(StringComparer.Ordinal);
    private IStoreHandler? _store;
    private IRetrieveHandler? _get;

    /// <summary>
    /// The longest data set of an N-service that is read, in bytes: room for the references of 100,000 instances in a storage commitment, and no more
    /// than one association may cost in memory.
    /// </summary>
    public const int MaxNDataset = 16 * 1024 * 1024;

    /// <summary>A handler for every storage SOP class: see <see cref="IsStorage"/>.</summary>
    /// <returns>This table, so that calls can be chained.</returns>
    public DimseHandlers AddStorage(IStoreHandler handler)
    {
        _store = handler;
        return this;
    }

    /// <summary>A handler for C-FIND on some SOP classes.</summary>
    /// <returns>This table, so that calls can be chained.</returns>
    public DimseHandlers AddFind(IFindHandler handler, params ReadOnlySpan<string> sopClasses)
    {
        foreach (var sopClass in sopClasses)
        {
            _find.Add(sopClass, handler);
        }
        return this;
    }

    /// <summary>A handler for C-MOVE on some SOP classes.</summary>
    /// <returns>This table, so that calls can be chained.</returns>
    public DimseHandlers AddMove(IRetrieveHandler handler, params ReadOnlySpan<string> sopClasses)
    {
        var service = new MoveService(handler);
        foreach (var sopClass in sopClasses)
        {
            _retrieve.Add(sopClass, service);
        }
        return this;
    }

    /// <summary>A handler for C-GET on some SOP classes. Requestors may then be the SCP of storage classes.</summary>
    /// <returns>This table, so that calls can be chained.</returns>
    public DimseHandlers AddGet(IRetrieveHandler handler, params ReadOnlySpan<string> sopClasses)
    {
        var service = new GetService(handler);
        foreach (var sopClass in sopClasses)
        {
            _retrieve.Add(sopClass, service);
        }
        _get = handler;
        return this;
    }

    /// <summary>A handler for the N-services of some SOP classes.</summary>
    /// <returns>This table, so that calls can be chained.</returns>
    public DimseHandlers AddN(INHandler handler, params ReadOnlySpan<string> sopClasses)
    {
        foreach (var sopClass in sopClasses)
        {
            _n.Add(sopClass, handler);
        }
        return this;
    }

    /// <summary>
    /// Whether a requestor may be the SCP of a class: of those with N-services it may, since that is how event reports come on an association of their own
    /// (PS3.7 §D.3.3.4, PS3.4 §J.3.3.1.3), and of storage classes, since that is how a C-GET gets its instances (PS3.4 §C.5.3).
    /// </summary>
    internal bool AcceptsRequestorAsScp(string sopClass) => _n.ContainsKey(sopClass) || (_get is not null && IsStorage(sopClass));

    /// <summary>The transfer syntax of a storage class whose SCP the requestor is, or null when that is nothing special.</summary>
    internal string? ChooseRetrieveSyntax(string sopClass, IReadOnlyList<string> proposed) =>
        _get is not null && IsStorage(sopClass) ? _get.ChooseTransferSyntax(sopClass, proposed) : null;

    /// <summary>Which operations are performed on which SOP classes, as a conformance statement lists them. Storage classes are not among them: see <see cref="IsStorage"/>.</summary>
    internal IEnumerable<(string SopClass, string Operation)> Services =>
    [
        (DicomUid.Verification, "C-ECHO"),
        .. _find.Keys.Select(k => (k, "C-FIND")),
        .. _retrieve.Select(r => (r.Key, r.Value is GetService ? "C-GET" : "C-MOVE")),
        .. _n.Keys.Select(k => (k, "N")),
    ];

    internal object? Find(string sopClass) =>
        sopClass == DicomUid.Verification ? this
        : _find.TryGetValue(sopClass, out var find) ? find
        : _retrieve.TryGetValue(sopClass, out var retrieve) ? retrieve
        : _n.TryGetValue(sopClass, out var n) ? n
        : _store is not null && IsStorage(sopClass) ? _store
        : null;

    /// <summary>
    /// The transfer syntax to use for a SOP class. Storage takes the first one proposed, whatever it is, since data are stored as they come;
    /// everything else needs a syntax that this library writes, Explicit VR Little Endian first.
    /// </summary>
    /// <returns>Null when no handler claims the SOP class, empty when none of the syntaxes will do.</returns>
    internal string? ChooseTransferSyntax(string sopClass, IReadOnlyList<string> proposed)
    {
        switch (Find(sopClass))
        {
            case null:
                return null;
            case IStoreHandler:
                return proposed[0];
            default:
                foreach (var preferred in Uncompressed)
                {
                    if (proposed.Contains(preferred))
                    {
                        return preferred;
                    }
                }
                return "";
        }
    }

    /// <summary>Who answers C-MOVE on a class.</summary>
    internal sealed record MoveService(IRetrieveHandler Handler);

    /// <summary>Who answers C-GET on a class.</summary>
    internal sealed record GetService(IRetrieveHandler Handler);

    private static readonly string[] Uncompressed =
        [DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, DicomUid.DeflatedExplicitVRLittleEndian, DicomUid.ExplicitVRBigEndian];

    // storage classes outside 1.2.840.10008.5.1.4.1.1: hanging protocols, implant templates, RT instructions, the retired hardcopy images
    private static readonly FrozenSet<string> OtherStorage = DicomUid.All
        .Where(e => e.Type == "SOP Class" && e.Keyword.Contains("Storage", StringComparison.Ordinal)
            && !e.Keyword.StartsWith("StorageCommitment", StringComparison.Ordinal) && e.Uid != DicomUid.MediaStorageDirectoryStorage)
        .Select(e => e.Uid).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// Whether a SOP class is one of the storage service (PS3.4 annex B): those of PS3.6, retired ones too; any other below the storage
    /// root <c>1.2.840.10008.5.1.4.1.1</c>, which newer editions may define; and every private one, since a private class that is
    /// proposed to an archive is there to be stored.
    /// </summary>
    public static bool IsStorage(string sopClass) =>
        sopClass.StartsWith("1.2.840.10008.5.1.4.1.1.", StringComparison.Ordinal)
        || (sopClass.StartsWith("1.2.840.10008.", StringComparison.Ordinal) ? OtherStorage.Contains(sopClass) : DicomUid.IsTolerable(sopClass));
}
