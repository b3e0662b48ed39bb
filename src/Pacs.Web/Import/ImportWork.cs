using System.Globalization;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Jobs;
using Pacs.Web.Orthanc;

namespace Pacs.Web.Import;

/// <summary>
/// Takes over the instances of an Orthanc one after the other, in the order of their arrival there, with what is noted about them and their parents. They come in through the archive as any other, but
/// nobody is told of them, and they have the time and the sender that Orthanc has noted. What is here already stays as it is: the same list twice does no harm.
/// </summary>
internal sealed class ImportWork(JobQueue queue, Archive archive, ResourceMetadata metadata, Labels labels, Attachments attachments, IndexReader index, ImportSources sources) : ILocalWork
{
    // instances in a turn
    private const int Turn = 100;

    // Orthanc's numbers
    private const int ReceptionDate = 2;
    private const int RemoteAet = 3;
    private const int OriginKindNumber = 8;
    private const int RemoteIp = 11;
    private const int CalledAet = 12;
    private const int HttpUsername = 13;

    // parents whose notes were taken over by the job that runs
    private readonly HashSet<ResourceId> _parents = [];
    private long _job;

    /// <inheritdoc/>
    public bool Does(Job job) => ImportJob.Is(job);

    /// <inheritdoc/>
    public bool MayFail(Job job) => false;

    /// <inheritdoc/>
    public async Task RunAsync(JobTurn turn, CancellationToken halt)
    {
        ArgumentNullException.ThrowIfNull(turn);
        var job = turn.Job;
        if (_job != job.Id || _parents.Count > 1_000_000)
        {
            _parents.Clear();
        }
        _job = job.Id;
        var content = ImportJob.Of(job);
        try
        {
            await using var source = sources.Open(content.Source);
            if (!content.IsListed)
            {
                content = await ListAsync(job, content, source, halt);
            }
            var tally = new Tally(content);
            try
            {
                foreach (var item in await queue.WaitingAsync(job, Turn, halt))
                {
                    if (halt.IsCancellationRequested)
                    {
                        break;
                    }
                    await turn.AddAsync(await OneAsync(item, source, tally, turn, halt));
                }
            }
            finally
            {
                await turn.SaveAsync();
                await queue.NoteContentAsync(job, tally.Content.ToJson(), CancellationToken.None);
            }
        }
        catch (SourceException e)
        {
            throw new JobBrokenOffException(new JobError(JobErrors.Internal, e.Fault, $"{content.Source}: {e.Message}", e.Message), e);
        }
    }

    private async Task<ImportJob> ListAsync(Job job, ImportJob content, IOrthancSource source, CancellationToken ct)
    {
        var marks = await sources.MarksAsync(ct);
        var list = await source.ListAsync(content.IsComplete ? 0 : marks.GetValueOrDefault(content.Source), ct);
        marks[content.Source] = list.Mark;
        content = content with { IsListed = true, Failures = [] };
        await queue.SetListAsync(job, list.Instances, content.ToJson(), new Setting { Name = ImportSources.MarksSetting, Value = JsonSerializer.Serialize(marks) }, ct);
        return content;
    }

    private async Task<JobOutcome> OneAsync(JobItem item, IOrthancSource source, Tally tally, JobTurn turn, CancellationToken halt)
    {
        if (await TakeOverAsync(item.Instance, source, tally, halt) is not var (reason, detail))
        {
            return new JobOutcome(item.Ordinal, JobItemState.Sent, 0);
        }
        tally.Fail(Level.Instance, item.Instance, reason, detail);
        turn.Error = new JobError(JobErrors.CannotStore, JobFault.NotTakenOver, $"{reason}: {detail}".TrimEnd(' ', ':'));
        return new JobOutcome(item.Ordinal, JobItemState.Failed, 0);
    }

    /// <returns>Why it was not taken over; null when it was.</returns>
    private async Task<(ImportReason Reason, string Detail)?> TakeOverAsync(ResourceId id, IOrthancSource source, Tally tally, CancellationToken halt)
    {
        if (await source.FindAsync(Level.Instance, id, halt) is not { } instance)
        {
            return (ImportReason.Gone, "");
        }
        if (instance.Files.FirstOrDefault(f => f.Number == UserNames.Dicom) is not { } file)
        {
            return (ImportReason.NoFile, "");
        }
        StoreResult? result;
        try
        {
            result = await StoreAsync(instance, file, source, halt);
            if (result is null)
            {
                return (ImportReason.NoFile, "");
            }
        }
        catch (InvalidDataException e)
        {
            return (ImportReason.Damaged, e.Message);
        }
        catch (DicomException e)
        {
            return (ImportReason.Refused, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException("A file cannot be read to its end", e);
        }
        switch (result.Outcome)
        {
            case StoreOutcome.Stored or StoreOutcome.Replaced:
                tally.Add(c => c with { Imported = c.Imported + 1 });
                break;
            case StoreOutcome.AlreadyStored:
                tally.Add(c => c with { AlreadyThere = c.AlreadyThere + 1 });
                break;
            case StoreOutcome.Conflicting:
                tally.Add(c => c with { Conflicting = c.Conflicting + 1 });
                break;
            case StoreOutcome.OutOfResources:
                throw new JobBrokenOffException(new JobError(JobErrors.CannotStore, JobFault.NoRoom, result.Reason ?? "Disk full"));
            default:
                return (ImportReason.Refused, result.Reason ?? "");
        }
        if (result.Instance != id)
        {
            // Orthanc makes the id of what it reads with its own default character set
            tally.Fail(Level.Instance, id, ImportReason.OtherId, result.Instance.ToString());
            return null;
        }
        await NoteAsync(instance, source, tally, halt);
        for (var (above, level) = (instance.Parent, Level.Series); above is { } parent && !_parents.Contains(parent); level--)
        {
            if (await source.FindAsync(level, parent, halt) is not { } resource)
            {
                break;
            }
            await NoteAsync(resource, source, tally, halt);
            _parents.Add(parent);
            above = resource.Parent;
        }
        return null;
    }

    private async Task<StoreResult?> StoreAsync(SourceResource instance, SourceFile file, IOrthancSource source, CancellationToken halt)
    {
        await using var stream = await source.OpenAsync(instance, file, halt);
        if (stream is null)
        {
            return null;
        }
        await using var staged = await archive.StageFileAsync(stream, halt);
        return await archive.CommitAsync(staged, OriginOf(instance.Metadata), halt);
    }

    private static Origin OriginOf(IReadOnlyDictionary<int, string> metadata)
    {
        var kind = metadata.GetValueOrDefault(OriginKindNumber) switch { "DicomProtocol" => OriginKind.ImportedDimse, "RestApi" => OriginKind.ImportedHttp, _ => OriginKind.Imported };
        return new Origin(kind, Short(RemoteAet), Short(CalledAet), Short(RemoteIp))
        {
            ReceivedAt = DateTimeOffset.TryParseExact(
                metadata.GetValueOrDefault(ReceptionDate), "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null,
        };

        string? Short(int number) => metadata.GetValueOrDefault(number) is { Length: > 0 and <= 256 } text ? text : null;
    }

    // what is noted here already stays: somebody may have changed it
    private async Task NoteAsync(SourceResource resource, IOrthancSource source, Tally tally, CancellationToken halt)
    {
        var (level, id) = (resource.Level, resource.Id);
        foreach (var name in resource.Unnamed)
        {
            tally.Fail(level, id, ImportReason.Unnamed, name);
        }
        var notes = resource.Metadata.Where(m => UserNames.IsOfUsers(m.Key) || m.Key is ResourceMetadata.ModifiedFrom or ResourceMetadata.AnonymizedFrom or HttpUsername
            || (level == Level.Series && m.Key == RemoteAet)).ToList();
        if (notes.Count > 0)
        {
            var there = await index.FindRowAsync(level, id, halt) is { } row && (await index.ResourcesAsync(level, [row], halt)).TryGetValue(row, out var entry) ? entry.Metadata.Select(m => m.Number).ToHashSet() : [];
            foreach (var (number, value) in notes.Where(n => !there.Contains(n.Key)))
            {
                if (value.Length > ResourceMetadata.MaxLength || value.Contains('\0', StringComparison.Ordinal))
                {
                    tally.Fail(level, id, ImportReason.Metadata, number.ToString(CultureInfo.InvariantCulture));
                }
                else
                {
                    await metadata.SetAsync(level, id, number, value, null, halt);
                }
            }
        }
        if (resource.Labels.Count > 0)
        {
            var good = resource.Labels.Where(Labels.IsLabel).ToList();
            if (good.Count < resource.Labels.Count)
            {
                tally.Fail(level, id, ImportReason.Label);
            }
            try
            {
                await labels.AddAsync(level, id, good, halt);
            }
            catch (ArgumentException)
            {
                tally.Fail(level, id, ImportReason.Label);
            }
        }
        foreach (var file in resource.Files.Where(f => UserNames.IsOfUsers(f.Number)))
        {
            await AttachAsync(resource, file, source, tally, halt);
        }
    }

    private async Task AttachAsync(SourceResource resource, SourceFile file, IOrthancSource source, Tally tally, CancellationToken halt)
    {
        if (await attachments.FindAsync(resource.Level, resource.Id, file.Number, halt) is not null)
        {
            return;
        }
        var number = file.Number.ToString(CultureInfo.InvariantCulture);
        try
        {
            await using var stream = await source.OpenAsync(resource, file, halt);
            if (stream is null)
            {
                tally.Fail(resource.Level, resource.Id, ImportReason.Attachment, number);
                return;
            }
            await attachments.SetAsync(resource.Level, resource.Id, file.Number, stream, null, halt);
        }
        catch (InvalidDataException)
        {
            tally.Fail(resource.Level, resource.Id, ImportReason.Attachment, number);
        }
        catch (IOException e)
        {
            throw new SourceException("An attachment cannot be read, or kept", e);
        }
    }

    /// <summary>What a turn finds out.</summary>
    private sealed class Tally(ImportJob content)
    {
        public ImportJob Content { get; private set; } = content;

        public void Add(Func<ImportJob, ImportJob> change) => Content = change(Content);

        public void Fail(Level level, ResourceId id, ImportReason reason, string detail = "")
        {
            var failure = new ImportFailure($"/{ResourcePath.Collection(level)}/{id}", reason, detail);
            if (Content.Failures.Count < ImportJob.MaxFailures && !Content.Failures.Contains(failure))
            {
                Content = Content with { Failures = [.. Content.Failures, failure] };
            }
        }
    }
}
