using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>Whether this server still has to be set up: offered while it is empty, until somebody has done it or does not want it, and never again.</summary>
public sealed class FirstStart(IndexReader index, IndexWriter writer)
{
    private const string Name = "first-start";

    private volatile bool _isOver;

    /// <summary>Whether nobody has ended it yet.</summary>
    public async ValueTask<bool> IsOpenAsync(CancellationToken ct)
    {
        if (!_isOver && await index.ReadAsync((db, token) => db.Settings.AnyAsync(s => s.Name == Name, token), ct))
        {
            _isOver = true;
        }
        return !_isOver;
    }

    /// <summary>Ends it.</summary>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task EndAsync(CancellationToken ct)
    {
        await writer.WriteAsync(async (db, token) =>
        {
            if (!await db.Settings.AnyAsync(s => s.Name == Name, token))
            {
                db.Settings.Add(new Setting { Name = Name, Value = "over" });
            }
        }, ct);
        _isOver = true;
    }
}
