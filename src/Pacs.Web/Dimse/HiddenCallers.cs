using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// Callers that somebody has looked at and does not want to enter: the scanner of the network, the neighbour's workstation. They are noted as all others are, and may what they may; the page of devices does not
/// ask about them any more. By AE title and address: the same title from elsewhere is somebody else.
/// </summary>
public sealed class HiddenCallers(IndexReader reader, IndexWriter writer)
{
    private const string Prefix = "hidden-caller:";

    /// <summary>All of them.</summary>
    public async Task<IReadOnlySet<(string AeTitle, string Host)>> AllAsync(CancellationToken ct)
    {
        var names = await reader.ReadAsync((db, token) => db.Settings.Where(s => s.Name.StartsWith(Prefix)).Select(s => s.Name).ToListAsync(token), ct);
        return names.Select(n => JsonSerializer.Deserialize<string[]>(n.AsSpan(Prefix.Length))!).Select(n => (n[0], n[1])).ToHashSet();
    }

    /// <summary>Hides one.</summary>
    public Task HideAsync(string aeTitle, string host, CancellationToken ct) => writer.WriteAsync(async (db, token) =>
    {
        var name = NameOf(aeTitle, host);
        if (!await db.Settings.AnyAsync(s => s.Name == name, token))
        {
            db.Settings.Add(new Setting { Name = name, Value = "1" });
        }
    }, ct);

    /// <summary>Shows one again.</summary>
    public Task ShowAsync(string aeTitle, string host, CancellationToken ct)
    {
        var name = NameOf(aeTitle, host);
        return writer.WriteAsync((db, token) => db.Settings.Where(s => s.Name == name).ExecuteDeleteAsync(token), ct);
    }

    // an AE title may have any character but the backslash
    private static string NameOf(string aeTitle, string host) => Prefix + JsonSerializer.Serialize(new[] { aeTitle, host });
}
