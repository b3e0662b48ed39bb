using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>What became of a change of the nodes.</summary>
public enum ModalityChange
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>There is no node of that name.</summary>
    Unknown,

    /// <summary>The node is in the configuration file and is changed there.</summary>
    Configured,
}

/// <summary>
/// The nodes we know: those of <c>DicomModalities</c> in the configuration, which are changed there, and those of the index, which the REST API changes. Says who may ask what
/// of us. A name of the configuration hides the same name of the index.
/// </summary>
public sealed partial class Modalities(PacsOptions options, IndexReader reader, IndexWriter writer, TimeProvider time, ILogger<Modalities> logger) : IHostedService
{
    private static readonly TimeSpan NamesLive = TimeSpan.FromMinutes(1);

    private readonly ImmutableArray<Modality> _configured = [.. options.DicomModalitiesInDatabase ? [] : options.DicomModalities];
    private readonly ConcurrentDictionary<string, (IPAddress[] Addresses, DateTimeOffset At)> _addresses = new(StringComparer.OrdinalIgnoreCase);
    private ImmutableArray<Modality> _all = [];

    /// <summary>All nodes by name.</summary>
    public IReadOnlyList<Modality> All => _all;

    /// <summary>The node of a name, or null.</summary>
    public Modality? Find(string name) => _all.FirstOrDefault(m => m.Name == name);

    /// <summary>
    /// The nodes with an AE title, upper or lower case: several when programs of several machines share a title, as a rule one or none. PS3.5 §6.2 makes case count; people who type
    /// titles into devices do not.
    /// </summary>
    public IEnumerable<Modality> WithAeTitle(string aeTitle) => _all.Where(m => string.Equals(m.AeTitle, aeTitle.Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a node is in the configuration, and so changed there only.</summary>
    public bool IsConfigured(string name) => _configured.Any(m => m.Name == name);

    /// <summary>Makes or replaces a node.</summary>
    public async Task<ModalityChange> PutAsync(Modality modality, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(modality);
        if (IsConfigured(modality.Name))
        {
            return ModalityChange.Configured;
        }
        await writer.WriteAsync(async (db, token) =>
        {
            await db.Modalities.Where(m => m.Name == modality.Name).ExecuteDeleteAsync(token);
            db.Modalities.Add(modality);
        }, ct);
        await LoadAsync(CancellationToken.None);
        LogPut(modality.Name, modality.AeTitle, modality.Host, modality.Port);
        return ModalityChange.Done;
    }

    /// <summary>Removes a node.</summary>
    public async Task<ModalityChange> DeleteAsync(string name, CancellationToken ct)
    {
        if (IsConfigured(name))
        {
            return ModalityChange.Configured;
        }
        if (await writer.WriteAsync((db, token) => db.Modalities.Where(m => m.Name == name).ExecuteDeleteAsync(token), ct) == 0)
        {
            return ModalityChange.Unknown;
        }
        await LoadAsync(CancellationToken.None);
        LogDeleted(name);
        return ModalityChange.Done;
    }

    /// <summary>Reads the nodes of the index; after the index is open and before the DICOM port is.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => LoadAsync(cancellationToken);

    /// <summary>Nothing to do.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether a caller may associate: when there is anything at all that it may do. <see cref="Authorize"/> says what (PS3.8 table 9-21, calling AE title not recognized).</summary>
    public bool AcceptsCaller(string callingAe, string remoteHost) => Granted(callingAe, remoteHost) != ModalityPermissions.None;

    /// <summary>
    /// Why a peer may not have an operation carried out, or null when it may. It is a status, not a refusal of the presentation context: the device then shows what is wrong, and one
    /// operation that is not allowed does not keep it from the others.
    /// </summary>
    public DimseStatus? Authorize(AssociationInfo peer, DimseCommandField field, string sopClass)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var needed = ServiceOf(field, sopClass);
        if (Strangers.HasFlag(needed) || Granted(peer.CallingAe, peer.RemoteHost).HasFlag(needed))
        {
            return null;
        }
        // 0124H, refused: not authorized (PS3.7 §C.5.24)
        return DimseStatus.NotAuthorized.With(WithAeTitle(peer.CallingAe).Any() ? "This node may not do that, or comes from another host" : "The calling AE title is no known node");
    }

    // what everybody may
    private ModalityPermissions Strangers =>
        (options.DicomAlwaysAllowEcho ? ModalityPermissions.Echo : ModalityPermissions.None)
        | (options.DicomAlwaysAllowStore ? ModalityPermissions.Store : ModalityPermissions.None)
        | (options.DicomAlwaysAllowFindWorklist ? ModalityPermissions.FindWorklist : ModalityPermissions.None)
        | (options.DicomAlwaysAllowMpps ? ModalityPermissions.Mpps : ModalityPermissions.None)
        | (options.DicomAlwaysAllowStorageCommitment ? ModalityPermissions.NAction : ModalityPermissions.None)
        | (options.DicomAlwaysAllowFind ? ModalityPermissions.Find : ModalityPermissions.None)
        | (options.DicomAlwaysAllowGet ? ModalityPermissions.Get : ModalityPermissions.None)
        | (options.DicomAlwaysAllowMove ? ModalityPermissions.Move : ModalityPermissions.None);

    /// <summary>Which permission a request needs.</summary>
    internal static ModalityPermissions ServiceOf(DimseCommandField field, string? sopClass) => field switch
    {
        DimseCommandField.CEchoRequest => ModalityPermissions.Echo,
        DimseCommandField.CStoreRequest => ModalityPermissions.Store,
        DimseCommandField.CFindRequest => sopClass == DicomUid.ModalityWorklistInformationModelFind ? ModalityPermissions.FindWorklist : ModalityPermissions.Find,
        DimseCommandField.CGetRequest => ModalityPermissions.Get,
        DimseCommandField.CMoveRequest => ModalityPermissions.Move,
        DimseCommandField.NActionRequest => ModalityPermissions.NAction,
        DimseCommandField.NEventReportRequest => ModalityPermissions.NEventReport,
        _ => ModalityPermissions.Mpps, // N-CREATE, N-SET, N-GET; what nobody handles is refused anyway
    };

    private ModalityPermissions Granted(string callingAe, string remoteHost)
    {
        var granted = Strangers;
        foreach (var node in WithAeTitle(callingAe))
        {
            if (!options.DicomCheckModalityHost || IsAt(node, remoteHost))
            {
                granted |= node.Permissions;
            }
        }
        return granted;
    }

    private bool IsAt(Modality node, string remoteHost) =>
        IPAddress.TryParse(remoteHost, out var remote) && Addresses(node.Host).Any(a => (a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a).Equals(remote));

    // only of nodes that somebody entered by name. The first time the peer waits for the answer, and nobody else; later it is looked up beside, once a minute
    private IPAddress[] Addresses(string host)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }
        var now = time.GetUtcNow();
        if (!_addresses.TryGetValue(host, out var known))
        {
            _addresses[host] = known = (Lookup(host, []), now);
        }
        else if (now - known.At >= NamesLive && _addresses.TryUpdate(host, (known.Addresses, now), known))
        {
            _ = Task.Run(() => _addresses[host] = (Lookup(host, known.Addresses), now));
        }
        return known.Addresses;
    }

    private IPAddress[] Lookup(string host, IPAddress[] before)
    {
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException e)
        {
            LogNoAddress(host, e.SocketErrorCode);
            return before;
        }
    }

    private async Task LoadAsync(CancellationToken ct)
    {
        var stored = await reader.ReadAsync((db, token) => db.Modalities.ToListAsync(token), ct);
        _all = [.. _configured.Concat(stored.Where(m => !IsConfigured(m.Name))).OrderBy(m => m.Name, StringComparer.Ordinal)];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Name} is {AeTitle} at {Host}:{Port} now")]
    private partial void LogPut(string name, string aeTitle, string host, int port);

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Name} is removed")]
    private partial void LogDeleted(string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The host {Host} of a node has no address at the moment: {Error}")]
    private partial void LogNoAddress(string host, SocketError error);
}
