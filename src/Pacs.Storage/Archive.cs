using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What is left of the parents after a deletion.</summary>
/// <param name="Instances">How many instances were deleted.</param>
/// <param name="RemainingLevel">The level of the nearest ancestor that is still there, or null when none is.</param>
/// <param name="Remaining">Its id.</param>
public sealed record DeleteResult(int Instances, Level? RemainingLevel, ResourceId Remaining);

/// <summary>
/// The one entrance every door uses. Storing: <see cref="Stage"/>, append the data set as it arrives, <see cref="CommitAsync"/>, dispose. Safe for
/// concurrent use; one staged instance belongs to one caller.
/// </summary>
public sealed partial class Archive
{
    private readonly FileInstanceStore _store;
    private readonly IntakeJournal _journal;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly ICoercion[] _coercions;
    private readonly TimeProvider _time;
    private readonly ILogger<Archive> _log;

    internal Archive(
        FileInstanceStore store, IntakeJournal journal, IndexWriter writer, IndexReader reader, IEnumerable<ICoercion> coercions, TimeProvider time, ILogger<Archive> log)
    {
        _store = store;
        _journal = journal;
        _writer = writer;
        _reader = reader;
        _coercions = [.. coercions];
        _time = time;
        _log = log;
    }

    /// <summary>Begins to receive an instance. Does no I/O but a look at the free space.</summary>
    /// <param name="sopClass">The SOP Class UID it was announced with.</param>
    /// <param name="sopInstance">The SOP Instance UID it was announced with.</param>
    /// <param name="syntax">The transfer syntax of the bytes to come.</param>
    /// <param name="sourceAe">The AE title that sends it, for (0002,0016), or null.</param>
    /// <returns>To be disposed by the caller, whatever happens.</returns>
    public StagedInstance Stage(string sopClass, string sopInstance, TransferSyntax syntax, string? sourceAe = null) =>
        new(_store, sopClass, sopInstance, syntax, sourceAe);

    /// <summary>
    /// Checks, coerces, publishes and indexes what was appended. When a result with <see cref="StoreResult.IsSafe"/> comes back, the instance
    /// and what the index has to know of it survive a power cut, and readers find it.
    /// </summary>
    /// <param name="staged">The instance.</param>
    /// <param name="origin">Where it came from.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="import">What is changed of this instance on the way in, as its importer wants it; null for nothing.</param>
    /// <remarks>Every expected outcome is a value, a full disk and malformed bytes included.</remarks>
    public async Task<StoreResult> CommitAsync(StagedInstance staged, Origin origin, CancellationToken ct, ICoercion? import = null)
    {
        ArgumentNullException.ThrowIfNull(staged);
        ArgumentNullException.ThrowIfNull(origin);
        using var activity = StorageTelemetry.Source.StartActivity("store");
        StoreResult result;
        try
        {
            result = await StoreAsync(staged, origin, import, ct);
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e))
        {
            LogFailed(e);
            staged.Refuse(e);
            result = staged.Refusal!;
        }
        activity?.SetTag("outcome", result.Outcome.ToString());
        StorageTelemetry.Stored(result.Outcome, staged.FileLength);
        return result;
    }

    /// <summary>Opens the file of an instance (Part 10, PS3.10 §7). It can be read to the end even if the instance is deleted meanwhile.</summary>
    /// <returns>Null when there is no such instance, or its file is missing.</returns>
    public async ValueTask<Stream?> OpenAsync(ResourceId instance, CancellationToken ct) =>
        await _reader.LocateAsync(instance, ct) is { } location ? _store.Open(location.Key) : null;

    /// <summary>
    /// Opens the data set of an instance as it lies in its file, without preamble and file meta group, for sending it as it is. It can be read to the end even if the
    /// instance is deleted meanwhile.
    /// </summary>
    /// <param name="location">Where it is.</param>
    /// <returns>Null when the file is missing or has another size than the index knows: that one is damaged.</returns>
    public Stream? OpenDataset(InstanceLocation location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return _store.OpenDataset(location.Key, location.Size, location.DataOffset);
    }

    /// <summary>The elements of an instance before its pixel data.</summary>
    /// <returns>Null when there is no such instance, or its file is missing.</returns>
    /// <exception cref="DicomException">The file has been damaged.</exception>
    public async ValueTask<DicomDataset?> ReadHeaderAsync(ResourceId instance, CancellationToken ct)
    {
        if (await _reader.LocateAsync(instance, ct) is not { } location || _store.Open(location.Key) is not { } stream)
        {
            return null;
        }
        await using (stream)
        {
            return (await DicomFile.ReadAsync(stream, DicomReadOptions.HeaderOnly, ct)).Dataset;
        }
    }

    /// <summary>The path of a file, for those who let the system send it.</summary>
    /// <param name="key"><see cref="InstanceLocation.Key"/>.</param>
    /// <returns>Null when the file is missing.</returns>
    public string? TryGetPath(string key) => _store.TryGetPath(key);

    /// <summary>Deletes a resource, everything below it, and every ancestor that has nothing left. Files go to the trash.</summary>
    /// <returns>Null when there is no such resource.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<DeleteResult?> DeleteAsync(Level level, ResourceId id, CancellationToken ct)
    {
        var result = await _writer.DeleteAsync(level, id, ct);
        if (result is not null)
        {
            LogDeleted(level, id, result.Instances);
        }
        return result;
    }

    private async Task<StoreResult> StoreAsync(StagedInstance staged, Origin origin, ICoercion? import, CancellationToken ct)
    {
        await staged.CompleteAsync();
        if (staged.Refusal is not null)
        {
            return staged.Refusal;
        }
        var header = staged.Header;
        if (!Identity.TryRead(header, out var identity, out var problem))
        {
            return StoreResult.Refused(StoreOutcome.InvalidIdentity, problem);
        }
        // PS3.4 §B.2.3: what was announced and what was sent must be the same
        if (identity.InstanceUid != staged.SopInstance)
        {
            return StoreResult.Refused(StoreOutcome.Contradiction, "SOP Instance UID differs from the one announced");
        }
        if (identity.SopClass != staged.SopClass)
        {
            return StoreResult.Refused(StoreOutcome.Contradiction, "SOP Class UID differs from the one announced");
        }

        var now = _time.GetUtcNow();
        // what another archive has kept stays as it is there: repaired, its ids would be others
        var applying = origin.IsImported ? [] : Array.FindAll(_coercions, c => c.Applies(header, staged.Syntax));
        if (import is not null && import.Applies(header, staged.Syntax))
        {
            applying = [.. applying, import];
        }
        if (applying.Length == 0)
        {
            return await PublishAsync(staged, identity, header, null, now, origin, ct);
        }
        var coerced = await _store.RunAsync(() => Coercion.Apply(staged, applying, origin, now));
        if (coerced is null)
        {
            return await PublishAsync(staged, identity, header, null, now, origin, ct);
        }
        if (!Identity.TryRead(coerced, out identity, out problem))
        {
            return StoreResult.Refused(StoreOutcome.InvalidIdentity, problem);
        }
        (await TakeTurnAsync(identity.Instance))?.Dispose(); // one that is on its way comes first
        if (await LookUpAsync(identity, staged.Digest, ct) == Known.Same)
        {
            await _journal.OthersAsync();
            return identity.Result(StoreOutcome.AlreadyStored);
        }
        await using var copy = Stage(staged.SopClass, staged.SopInstance, staged.Syntax, staged.SourceAe);
        await Coercion.RewriteAsync(_store, staged, coerced, copy);
        await copy.CompleteAsync();
        LogCoerced(identity.Instance, string.Join(", ", applying.Select(c => c.Name)));
        return copy.Refusal ?? await PublishAsync(copy, identity, copy.Header, staged.Digest, now, origin, ct);
    }

    private async Task<StoreResult> PublishAsync(
        StagedInstance staged, Identity identity, DicomDataset header, byte[]? receivedDigest, DateTimeOffset now, Origin origin, CancellationToken ct)
    {
        IntakeJournal.Entry? entry = null;
        var turn = await TakeTurnAsync(identity.Instance);
        try
        {
            // a device that sends everything again does not make the disk work
            var known = await LookUpAsync(identity, receivedDigest ?? staged.Digest, ct);
            if (known == Known.Same)
            {
                await _journal.OthersAsync(); // the row may be there a moment before it is durable
                return identity.Result(StoreOutcome.AlreadyStored);
            }
            ct.ThrowIfCancellationRequested();
            if (!CanMakeRows)
            {
                throw new IndexUnavailableException("The index cannot be written at the moment");
            }
            var content = staged.Whole ?? ReadOnlyMemory<byte>.Empty;
            var key = content.IsEmpty ? await _store.RunAsync(() => staged.Publish(now)) : _store.Write(content.Span, now);
            var file = new StoredFile(key, staged.FileLength, staged.DataOffset, staged.HeaderLength, staged.Syntax.Uid, staged.Digest, receivedDigest, origin.ReceivedAt ?? now, origin);
            var record = new InstanceRecord(identity, file, header);
            entry = _journal.Begin(file, content);
            try
            {
                // the writer's thread makes the row while this one flushes the journal; what becomes of an instance that is there already only it can tell
                var later = known == Known.New && turn is not null;
                var indexing = later ? _writer.StoreLaterAsync(record) : _writer.StoreAsync(record);
                var written = await TryAsync(() => _journal.WriteAsync(entry));
                if (later && written)
                {
                    entry.Promise();
                    _ = MakeRowAsync(indexing, record, entry, turn!);
                    (entry, turn) = (null, null); // its matter now
                    CrashPoint.Hit("before-response");
                    return identity.Result(StoreOutcome.Stored);
                }
                var result = await indexing;
                if (!written)
                {
                    await _store.RunAsync(() =>
                    {
                        _store.Flush([key]);
                        _writer.SyncLog();
                        return true;
                    });
                }
                if (result.Outcome == StoreOutcome.Conflicting)
                {
                    LogConflict(result.Instance, key);
                }
                CrashPoint.Hit("before-response");
                return result;
            }
            catch (Exception e)
            {
                // the sender is told that nothing was stored: nothing shall be found at the next start. Unless the commit may be found done then.
                if (e is not IndexUnavailableException { MayBeCommitted: true })
                {
                    await _store.RunAsync(() =>
                    {
                        _store.Delete(key);
                        return true;
                    });
                }
                throw;
            }
        }
        finally
        {
            entry?.Dispose();
            turn?.Dispose();
        }
    }

    private async Task<bool> TryAsync(Func<Task> write)
    {
        try
        {
            await write();
            return true;
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e))
        {
            LogJournal(e);
            return false;
        }
    }

    private enum Known
    {
        New,
        Other,
        Same,
    }

    private async ValueTask<Known> LookUpAsync(Identity identity, byte[] digest, CancellationToken ct)
    {
        if (_reader.Find(identity.Instance) is not { } known)
        {
            return Known.New;
        }
        if (!_store.IsWhole(known.Key, known.Size))
        {
            return Known.Other;
        }
        var content = known.Digest;
        if (content is null)
        {
            // the index was rebuilt from the headers of the files
            content = await _store.RunAsync(() => _store.DigestOf(known.Key, known.DataOffset));
            await _writer.WriteAsync((db, token) => db.Instances.Where(i => i.PublicId == identity.Instance && i.Key == known.Key && i.Digest == null)
                .ExecuteUpdateAsync(set => set.SetProperty(i => i.Digest, content), token), ct);
        }
        return content.AsSpan().SequenceEqual(digest) ? Known.Same : Known.Other;
    }

    [LoggerMessage(50, LogLevel.Error, "An instance could not be stored.")]
    private partial void LogFailed(Exception e);

    [LoggerMessage(51, LogLevel.Warning, "Instance {Instance} came again with other content. The first stays; the second is kept as {Key}.")]
    private partial void LogConflict(ResourceId instance, string key);

    [LoggerMessage(52, LogLevel.Information, "Instance {Instance} was repaired: {Coercions}.")]
    private partial void LogCoerced(ResourceId instance, string coercions);

    [LoggerMessage(54, LogLevel.Warning, "The intake journal cannot be written; instances are made durable without it, which is slower.")]
    private partial void LogJournal(Exception e);

    [LoggerMessage(53, LogLevel.Information, "{Level} {Resource} was deleted with {Instances} instances.")]
    private partial void LogDeleted(Level level, ResourceId resource, int instances);
}
