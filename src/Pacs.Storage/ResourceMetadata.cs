using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>What became of a change of a metadata or an attachment.</summary>
public enum RevisionOutcome
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>There is no such resource.</summary>
    NoResource,

    /// <summary>There is nothing of that number.</summary>
    NoEntry,

    /// <summary>Somebody has changed it meanwhile.</summary>
    Conflict,
}

/// <summary>A state of a metadata or an attachment: what a client has seen, and expects still to be there.</summary>
/// <param name="Number">How often it was changed.</param>
/// <param name="Md5">The MD5 of its content in lower case.</param>
public readonly record struct Revision(long Number, string Md5)
{
    /// <summary>The revision of a text.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "Orthanc's entity tags are MD5; nothing is protected by them")]
    public static Revision Of(long number, string text) => new(number, Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text))));
}

/// <summary>Notes texts about resources. A change is an event (<see cref="EventKind.UpdatedMetadata"/>); deleting a resource deletes them.</summary>
public sealed class ResourceMetadata(IndexWriter writer, TimeProvider time)
{
    /// <summary>The resource that this one was made from by a modification (Orthanc's number).</summary>
    public const int ModifiedFrom = 5;

    /// <summary>The resource that this one was made from by de-identification (Orthanc's number).</summary>
    public const int AnonymizedFrom = 6;

    /// <summary>Whether somebody has said that a patient shall not be recycled (Orthanc's number): <c>1</c>.</summary>
    public const int IsProtected = 18;

    /// <summary>What people have decided about conflicts of a study, for its history (<see cref="Conflicts.DecisionsAsync"/>). Orthanc has nothing like it: its clients do not see it.</summary>
    public const int Decisions = 1000;

    /// <summary>The first number that users may give a meaning.</summary>
    public const int FirstOfUsers = 1024;

    /// <summary>The last one.</summary>
    public const int LastOfUsers = 65535;

    /// <summary>How long a text may be: what is longer is an attachment.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>Notes a text, or replaces it.</summary>
    /// <param name="level">The level of the resource.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="number">What it is.</param>
    /// <param name="value">The text, of at most <see cref="MaxLength"/> characters.</param>
    /// <param name="expected">What must be there now; null: whatever is.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What became of it, and the revision it has now.</returns>
    public Task<(RevisionOutcome Outcome, Revision Revision)> SetAsync(Level level, ResourceId resource, int number, string value, Revision? expected, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, MaxLength, nameof(value));
        return writer.WriteAsync(async (db, token) =>
        {
            if (!await db.HasResourceAsync(level, resource, token))
            {
                return (RevisionOutcome.NoResource, default);
            }
            var entry = await FindAsync(db, level, resource, number, token);
            if (expected is not null && (entry is null || expected != Revision.Of(entry.Revision, entry.Value)))
            {
                return (RevisionOutcome.Conflict, default);
            }
            if (entry is null)
            {
                db.Metadata.Add(entry = new MetadataEntry { Level = level, Resource = resource, Number = number, Value = value });
            }
            else
            {
                (entry.Value, entry.Revision) = (value, entry.Revision + 1);
            }
            db.Announce(EventKind.UpdatedMetadata, level, resource, time.GetUtcNow());
            return (RevisionOutcome.Done, Revision.Of(entry.Revision, value));
        }, ct);
    }

    /// <summary>Removes a text.</summary>
    /// <param name="level">The level of the resource.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="number">What it is.</param>
    /// <param name="expected">What must be there now; null: whatever is.</param>
    /// <param name="ct">Cancels.</param>
    public Task<RevisionOutcome> RemoveAsync(Level level, ResourceId resource, int number, Revision? expected, CancellationToken ct) => writer.WriteAsync(async (db, token) =>
    {
        if (await FindAsync(db, level, resource, number, token) is not { } entry)
        {
            return RevisionOutcome.NoEntry;
        }
        if (expected is not null && expected != Revision.Of(entry.Revision, entry.Value))
        {
            return RevisionOutcome.Conflict;
        }
        db.Metadata.Remove(entry);
        db.Announce(EventKind.UpdatedMetadata, level, resource, time.GetUtcNow());
        return RevisionOutcome.Done;
    }, ct);

    /// <summary>Notes of which resources others were made. Those that have such a note stay as they are; with it come labels, and an event.</summary>
    /// <param name="number"><see cref="ModifiedFrom"/> or <see cref="AnonymizedFrom"/>.</param>
    /// <param name="pairs">The new resources and the ones they were made of.</param>
    /// <param name="keepsLabels">Whether the new ones get the labels of the others.</param>
    /// <param name="detail">What was changed and by whom, for the event.</param>
    /// <param name="ct">Cancels.</param>
    public Task SetOriginsAsync(
        int number, IReadOnlyCollection<(Level Level, ResourceId New, ResourceId Old)> pairs, bool keepsLabels, string detail, CancellationToken ct) => writer.WriteAsync(async (db, token) =>
    {
        foreach (var (level, made, old) in pairs)
        {
            if (made == old || await FindAsync(db, level, made, number, token) is not null)
            {
                continue;
            }
            db.Metadata.Add(new MetadataEntry { Level = level, Resource = made, Number = number, Value = old.ToString() });
            if (keepsLabels)
            {
                var there = await db.Labels.Where(l => l.Level == level && l.Resource == made).Select(l => l.Name).ToListAsync(token);
                var wanted = await db.Labels.Where(l => l.Level == level && l.Resource == old && !there.Contains(l.Name)).Select(l => l.Name).ToListAsync(token);
                db.Labels.AddRange(wanted.Select(name => new Label { Level = level, Resource = made, Name = name }));
            }
            if (level < Level.Instance)
            {
                var isAnonymous = number == AnonymizedFrom;
                db.Announce(level switch
                {
                    Level.Patient => isAnonymous ? EventKind.AnonymizedPatient : EventKind.ModifiedPatient,
                    Level.Study => isAnonymous ? EventKind.AnonymizedStudy : EventKind.ModifiedStudy,
                    _ => isAnonymous ? EventKind.AnonymizedSeries : EventKind.ModifiedSeries,
                }, level, made, time.GetUtcNow(), detail);
            }
        }
    }, ct);

    private static Task<MetadataEntry?> FindAsync(PacsDb db, Level level, ResourceId resource, int number, CancellationToken ct) =>
        db.Metadata.FirstOrDefaultAsync(m => m.Level == level && m.Resource == resource && m.Number == number, ct);
}
