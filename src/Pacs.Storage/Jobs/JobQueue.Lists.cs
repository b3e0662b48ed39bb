using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Jobs whose list is too long for one transaction, or is found out by the job itself.</summary>
public sealed partial class JobQueue
{
    // so many items that a transaction is short, and that a million of them are a thousand transactions
    private const int ListStep = 1000;

    /// <summary>Adds a job that finds out itself what it is about. While one with the same key is open it adds none.</summary>
    /// <returns>The new job, or the one that is open.</returns>
    public async Task<Job> AddOnceAsync(Job job, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var added = await writer.WriteAsync(async (db, token) =>
        {
            if (await db.Jobs.FirstOrDefaultAsync(j => j.Key == job.Key && j.CompletedAt == null, token) is { } open)
            {
                return open;
            }
            Open(job, 0);
            db.Jobs.Add(job);
            return job;
        }, ct);
        Signal();
        return added;
    }

    /// <summary>Gives a running job its list, in place of one that it may have begun to get before; the writer is free in between.</summary>
    /// <param name="job">The job.</param>
    /// <param name="instances">Each once.</param>
    /// <param name="content">Its <see cref="Job.Content"/> when all of them are in the list.</param>
    /// <param name="setting">What is kept in the same transaction.</param>
    /// <param name="ct">Cancels.</param>
    public async Task SetListAsync(Job job, IReadOnlyList<ResourceId> instances, string content, Setting setting, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(instances);
        ArgumentNullException.ThrowIfNull(setting);
        await writer.WriteAsync((db, token) => db.JobItems.Where(i => i.JobId == job.Id).ExecuteDeleteAsync(token), ct);
        for (var from = 0; from < instances.Count; from += ListStep)
        {
            await writer.WriteAsync((db, _) =>
            {
                for (var i = from; i < Math.Min(from + ListStep, instances.Count); i++)
                {
                    db.JobItems.Add(new JobItem { JobId = job.Id, Ordinal = i, Instance = instances[i] });
                }
                return Task.CompletedTask;
            }, ct);
        }
        await writer.WriteAsync(async (db, token) =>
        {
            await db.Jobs.Where(j => j.Id == job.Id).ExecuteUpdateAsync(set => set.SetProperty(j => j.Total, instances.Count).SetProperty(j => j.Content, content), token);
            if (await db.Settings.AsTracking().FirstOrDefaultAsync(s => s.Name == setting.Name, token) is { } known)
            {
                known.Value = setting.Value;
            }
            else
            {
                db.Settings.Add(setting);
            }
        }, ct);
        Signal();
    }

    /// <summary>A value that was kept with a list, or null.</summary>
    public Task<string?> SettingAsync(string name, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.Settings.Where(s => s.Name == name).Select(s => s.Value).FirstOrDefaultAsync(token), ct);
}
