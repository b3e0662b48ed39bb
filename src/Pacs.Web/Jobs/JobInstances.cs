using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>Which instances belong to a resource of any level, in the order in which people look at them.</summary>
internal static class JobInstances
{
    /// <returns>Null when there is no such patient, study, series or instance.</returns>
    public static Task<List<ResourceId>?> BelowAsync(IndexReader index, ResourceId resource, CancellationToken ct) => index.ReadAsync<List<ResourceId>?>(async (db, token) =>
    {
        if (await db.Instances.AnyAsync(i => i.PublicId == resource, token))
        {
            return [resource];
        }
        var below =
            from instance in db.Instances
            join series in db.Series on instance.ParentId equals series.Id
            join study in db.Studies on series.ParentId equals study.Id
            join patient in db.Patients on study.ParentId equals patient.Id
            orderby study.Id, series.Number, series.Id, instance.Number, instance.Id
            select new { Instance = instance.PublicId, Series = series.PublicId, Study = study.PublicId, Patient = patient.PublicId };
        foreach (var level in new[] { below.Where(b => b.Series == resource), below.Where(b => b.Study == resource), below.Where(b => b.Patient == resource) })
        {
            var found = await level.Select(b => b.Instance).ToListAsync(token);
            if (found.Count > 0)
            {
                return found;
            }
        }
        return null;
    }, ct);

    /// <summary>Which instances others mean, as far as they are here.</summary>
    public static async Task<List<ResourceId>> OfAsync(IndexReader index, IReadOnlyCollection<InstanceReference> references, CancellationToken ct)
    {
        var uids = references.Select(r => r.SopInstance).ToArray();
        var rows = await index.ReadAsync((db, token) => db.Instances.Where(i => uids.Contains(i.Uid)).Select(i => new { i.Uid, i.SopClass, i.PublicId }).ToListAsync(token), ct);
        return [.. rows.Where(r => references.Contains(new InstanceReference(r.SopClass, r.Uid))).Select(r => r.PublicId)];
    }
}
