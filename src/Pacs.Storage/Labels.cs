using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Puts labels on resources and takes them off. A change is an event (<see cref="EventKind.LabelsChanged"/>); deleting a resource deletes its labels.</summary>
public sealed class Labels(IndexWriter writer, TimeProvider time)
{
    /// <summary>How long a label may be.</summary>
    public const int MaxLength = 64;

    // a few words help to find something; a thousand are data, which belongs into metadata
    private const int MaxPerResource = 256;

    /// <summary>Whether a text can be a label: letters and digits of ASCII, <c>-</c> and <c>_</c>, as in Orthanc. It stands in addresses as it is.</summary>
    public static bool IsLabel(string? text) => text is { Length: > 0 and <= MaxLength } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Puts labels on a resource; those it has already stay.</summary>
    /// <returns>False when there is no such resource.</returns>
    /// <exception cref="ArgumentException">One is no label, or there are too many.</exception>
    public Task<bool> AddAsync(Level level, ResourceId resource, IReadOnlyCollection<string> names, CancellationToken ct)
    {
        if (names.FirstOrDefault(n => !IsLabel(n)) is not null)
        {
            throw new ArgumentException($"A label has at most {MaxLength} letters, digits, hyphens and underlines", nameof(names));
        }
        return ChangeAsync(level, resource, async (db, token) =>
        {
            var there = await Of(db, level, resource).Select(l => l.Name).ToListAsync(token);
            var added = names.Except(there, StringComparer.Ordinal).ToList();
            if (there.Count + added.Count > MaxPerResource)
            {
                throw new ArgumentException($"A resource has at most {MaxPerResource} labels", nameof(names));
            }
            db.Labels.AddRange(added.Select(name => new Label { Level = level, Resource = resource, Name = name }));
            return added.Count;
        }, ct);
    }

    /// <summary>Takes a label off a resource, which need not have it.</summary>
    /// <returns>False when there is no such resource.</returns>
    public Task<bool> RemoveAsync(Level level, ResourceId resource, string name, CancellationToken ct) =>
        ChangeAsync(level, resource, (db, token) => Of(db, level, resource).Where(l => l.Name == name).ExecuteDeleteAsync(token), ct);

    private Task<bool> ChangeAsync(Level level, ResourceId resource, Func<PacsDb, CancellationToken, Task<int>> change, CancellationToken ct) => writer.WriteAsync(async (db, token) =>
    {
        if (!await db.HasResourceAsync(level, resource, token))
        {
            return false;
        }
        if (await change(db, token) > 0)
        {
            db.Announce(EventKind.LabelsChanged, level, resource, time.GetUtcNow());
        }
        return true;
    }, ct);

    private static IQueryable<Label> Of(PacsDb db, Level level, ResourceId resource) => db.Labels.Where(l => l.Level == level && l.Resource == resource);
}
