using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Peers;

/// <summary>The peers: those of the configuration, and those added over REST, which lie in the table <c>setting</c>.</summary>
public sealed class PeerList(PacsOptions options, IndexReader reader, IndexWriter writer)
{
    // where their names in the table begin
    private const string Prefix = "peer:";

    /// <summary>All of them by name.</summary>
    public async Task<IReadOnlyList<Peer>> AllAsync(CancellationToken ct)
    {
        var rows = await reader.ReadAsync((db, token) => db.Settings.Where(s => s.Name.StartsWith(Prefix)).ToListAsync(token), ct);
        return [.. options.OrthancPeers.Concat(rows.Where(r => !IsConfigured(r.Name[Prefix.Length..])).Select(Read)).OrderBy(p => p.Name, StringComparer.Ordinal)];
    }

    /// <summary>The peer of a name, or null.</summary>
    public async Task<Peer?> FindAsync(string name, CancellationToken ct) => (await AllAsync(ct)).FirstOrDefault(p => p.Name == name);

    /// <summary>Makes or replaces a peer.</summary>
    public async Task<ModalityChange> PutAsync(Peer peer, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (IsConfigured(peer.Name))
        {
            return ModalityChange.Configured;
        }
        var row = new Storage.Setting { Name = Prefix + peer.Name, Value = peer.Write(isPublic: false).ToJsonString() };
        await writer.WriteAsync(async (db, token) =>
        {
            await db.Settings.Where(s => s.Name == row.Name).ExecuteDeleteAsync(token);
            db.Settings.Add(row);
        }, ct);
        return ModalityChange.Done;
    }

    /// <summary>Removes a peer.</summary>
    public async Task<ModalityChange> DeleteAsync(string name, CancellationToken ct)
    {
        if (IsConfigured(name))
        {
            return ModalityChange.Configured;
        }
        var key = Prefix + name;
        return await writer.WriteAsync((db, token) => db.Settings.Where(s => s.Name == key).ExecuteDeleteAsync(token), ct) == 0 ? ModalityChange.Unknown : ModalityChange.Done;
    }

    private static Peer Read(Storage.Setting row)
    {
        using var json = JsonDocument.Parse(row.Value);
        return Peer.Read(row.Name[Prefix.Length..], json.RootElement);
    }

    private bool IsConfigured(string name) => options.OrthancPeers.Any(p => p.Name == name);
}
