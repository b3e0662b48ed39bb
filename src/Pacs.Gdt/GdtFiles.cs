using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>How the hand-over of files is going.</summary>
/// <param name="Waiting">Files that are not handed over yet.</param>
/// <param name="Undecided">Of these, files of which nobody can tell whether the practice software has them, because the folder they were put into has gone.</param>
/// <param name="Problem">What stops the others, without patient data; null while all is well.</param>
/// <param name="Since">Since when it does.</param>
public sealed record GdtStatus(int Waiting, int Undecided, string? Problem, DateTimeOffset? Since);

/// <summary>
/// Hands GDT files over to the receivers, each exactly once, whatever happens in between: a crash, a power cut, a share that is gone for
/// hours. docs/adr/0008 says how and why.
/// </summary>
/// <remarks>
/// <see cref="AddAsync"/> makes a row in the index, and from then on the file is promised. What touches a folder happens in the lane of its receiver (<see cref="GdtLane"/>): a share
/// that hangs delays no device, no other receiver and no other consumer of the feed.
/// </remarks>
public sealed class GdtFiles : BackgroundService
{
    private readonly GdtOptions _options;
    private readonly GdtReceivers _receivers;
    private readonly GdtAttachments _attachments;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger<GdtFiles> _logger;
    private readonly Action<string>? _beforeStep;
    private readonly ConcurrentDictionary<string, GdtLane> _lanes = [];
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private bool _prepared;

    /// <summary>Starts nothing.</summary>
    public GdtFiles(
        GdtOptions options, GdtReceivers receivers, GdtAttachments attachments, IndexWriter writer, IndexReader reader, TimeProvider time, ILogger<GdtFiles> logger)
        : this(options, receivers, attachments, writer, reader, time, logger, null)
    {
    }

    /// <summary>For tests: <paramref name="beforeStep"/> is <see cref="ImportFolder.BeforeStep"/>.</summary>
    internal GdtFiles(
        GdtOptions options, GdtReceivers receivers, GdtAttachments attachments, IndexWriter writer, IndexReader reader, TimeProvider time, ILogger<GdtFiles> logger,
        Action<string>? beforeStep)
    {
        ArgumentNullException.ThrowIfNull(receivers);
        (_options, _receivers, _attachments, _writer, _reader, _time, _logger) = (options, receivers, attachments, writer, reader, time, logger);
        _beforeStep = beforeStep;
        Arrange();
        receivers.Changed += OnChanged;
    }

    /// <summary>How it is going with all receivers, as of the last attempts: the problem is that of the first who has one.</summary>
    public GdtStatus Status
    {
        get
        {
            var all = _lanes.Values.Select(l => l.Status).ToList();
            var first = all.Find(s => s.Problem is not null);
            return new GdtStatus(all.Sum(s => s.Waiting), all.Sum(s => s.Undecided), first?.Problem, first?.Since);
        }
    }

    /// <summary>How it is going with one receiver; null when there is none of that name.</summary>
    public GdtStatus? StatusOf(string receiver) => _lanes.GetValueOrDefault(receiver)?.Status;

    /// <summary>Whether there is, or was, a file of this kind about a resource for a receiver.</summary>
    public Task<bool> KnowsAsync(string receiver, string kind, ResourceId resource, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.GdtFiles.AnyAsync(g => g.Kind == kind && g.Resource == resource && g.Receiver == receiver, token), ct);

    /// <summary>The last file of this kind about a resource for a receiver, or null.</summary>
    public Task<GdtFile?> LastAsync(string receiver, string kind, ResourceId resource, CancellationToken ct) =>
        _reader.ReadAsync(
            (db, token) => db.GdtFiles.Where(g => g.Kind == kind && g.Resource == resource && g.Receiver == receiver).OrderByDescending(g => g.Revision).FirstOrDefaultAsync(token), ct);

    /// <summary>A file, or null.</summary>
    public Task<GdtFile?> FindAsync(GdtKey key, CancellationToken ct) =>
        _reader.ReadAsync(
            (db, token) => db.GdtFiles.FirstOrDefaultAsync(g => g.Kind == key.Kind && g.Resource == key.Resource && g.Receiver == key.Receiver && g.Revision == key.Revision, token), ct);

    /// <summary>Promises a file. It does nothing when there was one of this kind about the resource for this receiver before.</summary>
    /// <param name="receiver">Who gets it.</param>
    /// <param name="kind"><see cref="GdtKind"/>.</param>
    /// <param name="resource">The study or instance it is about.</param>
    /// <param name="content">What it becomes.</param>
    /// <param name="ct">Cancels.</param>
    public async Task AddAsync(GdtReceiver receiver, string kind, ResourceId resource, GdtContent content, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(content);
        await _writer.WriteAsync(
            async (db, token) =>
            {
                if (!await db.GdtFiles.AnyAsync(g => g.Kind == kind && g.Resource == resource && g.Receiver == receiver.Name, token))
                {
                    db.GdtFiles.Add(Row(receiver, kind, resource, 0, content));
                }
            },
            ct);
        CrashPoint.Hit("gdt-queued");
        Wake(receiver.Name);
    }

    /// <summary>Promises one more file about a resource: an update, or one that somebody wants again.</summary>
    /// <param name="receiver">Who gets it.</param>
    /// <param name="kind"><see cref="GdtKind"/>.</param>
    /// <param name="resource">The study or instance it is about.</param>
    /// <param name="content">What it becomes.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="series"><see cref="GdtFile.Series"/>; 0 for as many as the last one knew of.</param>
    /// <returns>Its key.</returns>
    public async Task<GdtKey> AddAgainAsync(GdtReceiver receiver, string kind, ResourceId resource, GdtContent content, CancellationToken ct, int series = 0)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(content);
        var key = await _writer.WriteAsync(
            async (db, token) =>
            {
                var last = await db.GdtFiles.Where(g => g.Kind == kind && g.Resource == resource && g.Receiver == receiver.Name).OrderByDescending(g => g.Revision)
                    .Select(g => new { g.Revision, g.Series }).FirstOrDefaultAsync(token);
                var row = Row(receiver, kind, resource, (last?.Revision ?? -1) + 1, content);
                row.Series = series > 0 ? series : last?.Series ?? 0;
                db.GdtFiles.Add(row);
                return GdtKey.Of(row);
            },
            ct);
        Wake(receiver.Name);
        return key;
    }

    /// <summary>Notes how many series a study has now that nothing new comes, for the updates.</summary>
    public Task<int> NoteSeriesAsync(GdtKey key, int series, CancellationToken ct) => _writer.WriteAsync(
        (db, token) => db.GdtFiles.Where(g => g.Kind == key.Kind && g.Resource == key.Resource && g.Receiver == key.Receiver && g.Revision == key.Revision)
            .ExecuteUpdateAsync(g => g.SetProperty(x => x.Series, series), token),
        ct);

    /// <summary>Lets a file that waits for a request (<see cref="GdtState.Held"/>) go into the folder. False when it does not wait.</summary>
    public async Task<bool> ReleaseAsync(GdtKey key, CancellationToken ct)
    {
        var changed = await MoveAsync(key, GdtState.Held, GdtState.Queued, ct);
        Wake(key.Receiver);
        return changed;
    }

    /// <summary>Notes that a file of which no record could be made is not needed. False when it has not failed.</summary>
    public Task<bool> DropAsync(GdtKey key, CancellationToken ct) => MoveAsync(key, GdtState.Failed, GdtState.Dropped, ct);

    /// <summary>Notes that somebody has taken a file that waited for a request, without the folder. False when it does not wait.</summary>
    public Task<bool> TakeAsync(GdtKey key, CancellationToken ct) => MoveAsync(key, GdtState.Held, GdtState.Fetched, ct);

    /// <summary>The oldest file that waits for a request of its receiver, or null.</summary>
    public Task<GdtFile?> NextHeldAsync(string receiver, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.GdtFiles.Where(g => g.State == GdtState.Held && g.Receiver == receiver).OrderBy(g => g.At).FirstOrDefaultAsync(token), ct);

    /// <summary>Writes the attachments of a file that somebody is about to take without the folder.</summary>
    /// <exception cref="ImportFolderException">The folder for attachments cannot be used.</exception>
    public Task WriteAttachmentsAsync(GdtFile file, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        return _receivers.Find(file.Receiver) is { } receiver ? _attachments.WriteAsync(receiver.Settings, PlannedAttachment.Read(file.Attachments), ct) : Task.CompletedTask;
    }

    /// <summary>
    /// Takes over what the old plugin has announced (<see cref="GdtOptions.TransmittedStudiesDatabase"/>), once. Consumers call it before their first
    /// event, so that no study is announced that was announced before the migration.
    /// </summary>
    public async Task PrepareAsync(CancellationToken ct)
    {
        if (Volatile.Read(ref _prepared))
        {
            return;
        }
        await _preparing.WaitAsync(ct);
        try
        {
            if (!_prepared && _options.TransmittedStudiesDatabase is { Length: > 0 } file)
            {
                await new TransmittedStudies(_writer, _reader, _time, _logger).TakeOverAsync(file, ct);
            }
            Volatile.Write(ref _prepared, true);
        }
        finally
        {
            _preparing.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _receivers.Changed -= OnChanged;
        foreach (var lane in _lanes.Values)
        {
            lane.Dispose();
        }
        _preparing.Dispose();
        _changed.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var running = new Dictionary<GdtLane, (Task Task, CancellationTokenSource Stop)>();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                foreach (var lane in _lanes.Values.Where(l => !running.ContainsKey(l)).ToList())
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                    running.Add(lane, (Task.Run(() => lane.RunAsync(stop.Token), CancellationToken.None), stop));
                }
                foreach (var lane in running.Keys.Except(_lanes.Values).ToList())
                {
                    // not waited for: its share may hang
                    await running[lane].Stop.CancelAsync();
                    running.Remove(lane);
                }
                await _changed.WaitAsync(stoppingToken);
                Arrange();
            }
        }
        catch (OperationCanceledException)
        {
            // stopped
        }
        await Task.WhenAll(running.Values.Select(r => r.Task));
        foreach (var (_, stop) in running.Values)
        {
            stop.Dispose();
        }
    }

    // receivers are entered, changed and removed while we run
    private void Arrange()
    {
        foreach (var receiver in _receivers.All)
        {
            _lanes.GetOrAdd(receiver.Name, _ => new GdtLane(receiver, _attachments, _writer, _reader, _time, _logger, _beforeStep)).Use(receiver);
        }
        foreach (var gone in _lanes.Keys.Except(_receivers.All.Select(r => r.Name)).ToList())
        {
            _lanes.TryRemove(gone, out _);
        }
    }

    private void OnChanged(object? sender, EventArgs e) => _changed.Signal();

    private void Wake(string receiver) => _lanes.GetValueOrDefault(receiver)?.Wake();

    private GdtFile Row(GdtReceiver receiver, string kind, ResourceId resource, int revision, GdtContent content) => new()
    {
        Receiver = receiver.Name,
        Kind = kind,
        Resource = resource,
        Revision = revision,
        Path = content.Name,
        Body = content.Body,
        Attachments = PlannedAttachment.ToJson(content.Files),
        State = content.Problem is not null ? GdtState.Failed : receiver.Settings.Delivery == GdtDelivery.OnDemand ? GdtState.Held : GdtState.Queued,
        Error = content.Problem,
        LeftOut = content.LeftOut.Count == 0 ? null : string.Join('\n', content.LeftOut),
        At = _time.GetUtcNow(),
    };

    private async Task<bool> MoveAsync(GdtKey key, string from, string to, CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        return await _writer.WriteAsync(
            (db, token) => db.GdtFiles.Where(g => g.Kind == key.Kind && g.Resource == key.Resource && g.Receiver == key.Receiver && g.Revision == key.Revision && g.State == from)
                .ExecuteUpdateAsync(g => g.SetProperty(x => x.State, to).SetProperty(x => x.At, now), token),
            ct) > 0;
    }
}
