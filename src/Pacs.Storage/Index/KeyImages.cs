using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>A marked frame.</summary>
/// <param name="Series">The id of its series.</param>
/// <param name="Instance">The id of its instance.</param>
/// <param name="Frame">The frame, from 1.</param>
public sealed record MarkedFrame(ResourceId Series, ResourceId Instance, int Frame);

/// <summary>The frames that people have marked. They belong to the index: deleted with their instance, gone when the index is lost altogether, but taken over from a damaged one.</summary>
public sealed class KeyImages(IndexReader reader, IndexWriter writer, TimeProvider time)
{
    /// <summary>Of one study: more are no selection.</summary>
    public const int MaxPerStudy = 500;

    /// <summary>The marked frames of a study in the order of its images.</summary>
    public Task<IReadOnlyList<MarkedFrame>> OfStudyAsync(ResourceId study, CancellationToken ct) => reader.ReadAsync<IReadOnlyList<MarkedFrame>>(async (db, token) => await (
        from marked in db.KeyImages
        join instance in db.Instances on marked.InstanceId equals instance.Id
        join series in db.Series on instance.ParentId equals series.Id
        join parent in db.Studies on series.ParentId equals parent.Id
        where parent.PublicId == study
        orderby series.Number == null, series.Number, series.Id, instance.Number == null, instance.Number, instance.Id, marked.Frame
        select new MarkedFrame(series.PublicId, instance.PublicId, marked.Frame)).Take(MaxPerStudy).ToListAsync(token), ct);

    /// <summary>Marks a frame; a second time changes nothing.</summary>
    /// <returns>Whether there is such a frame.</returns>
    public Task<bool> MarkAsync(ResourceId instance, int frame, CancellationToken ct) => writer.WriteAsync(
        async (db, token) =>
        {
            var found = await db.Instances.Where(i => i.PublicId == instance).Select(i => new { i.Id, i.Frames }).FirstOrDefaultAsync(token);
            if (found is null || frame < 1 || frame > Math.Max(1, found.Frames))
            {
                return false;
            }
            if (!await db.KeyImages.AnyAsync(k => k.InstanceId == found.Id && k.Frame == frame, token))
            {
                db.KeyImages.Add(new KeyImage { InstanceId = found.Id, Frame = frame, MarkedAt = time.GetUtcNow() });
                await db.SaveChangesAsync(token);
            }
            return true;
        }, ct);

    /// <summary>Takes a mark away.</summary>
    /// <returns>Whether there is such an instance, marked or not.</returns>
    public Task<bool> UnmarkAsync(ResourceId instance, int frame, CancellationToken ct) => writer.WriteAsync(
        async (db, token) =>
        {
            if (await db.Instances.Where(i => i.PublicId == instance).Select(i => (long?)i.Id).FirstOrDefaultAsync(token) is not { } id)
            {
                return false;
            }
            await db.KeyImages.Where(k => k.InstanceId == id && k.Frame == frame).ExecuteDeleteAsync(token);
            return true;
        }, ct);
}
