using System.Buffers;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Dicom.Modification;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>
/// Makes instances of others. They come into the archive as any other does; what they were made of is noted (ModifiedFrom, AnonymizedFrom) and announced with who wanted it and what was changed. UIDs
/// depend on the job and the old UID alone: after a crash the same instances are made again, and are there already.
/// </summary>
public sealed class ModificationWork(JobQueue queue, IndexReader index, Archive archive, Bin bin, PatientNames patients, ResourceMetadata metadata) : ILocalWork
{
    // instances in a turn: others have theirs after it
    private const int Turn = 100;

    // an instance is in memory while it is changed
    private const long MaxSize = 1L << 30;

    // of these it is common that the device writes the patient's name into the picture
    private static readonly string[] ModalitiesWithText = ["US", "IVUS", "ES", "SC", "OT", "XC", "RF", "XA"];

    /// <inheritdoc/>
    public bool Does(Job job) => ModificationJob.Is(job);

    /// <inheritdoc/>
    public bool MayFail(Job job) => ModificationJob.Of(job).Permissive;

    /// <inheritdoc/>
    public async Task RunAsync(JobTurn turn, CancellationToken halt)
    {
        ArgumentNullException.ThrowIfNull(turn);
        var (job, content) = (turn.Job, ModificationJob.Of(turn.Job));
        var modification = content.ToModification();
        var uids = await queue.UidsAsync(job, halt);
        var made = content.Results.ToHashSet();
        var burnedIn = content.BurnedIn;
        foreach (var item in await queue.WaitingAsync(job, Turn, halt))
        {
            if (halt.IsCancellationRequested)
            {
                break;
            }
            try
            {
                if (await MakeAsync(item.Instance, job, content, modification, uids, made) is { } hasText)
                {
                    burnedIn += hasText ? 1 : 0;
                    await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Sent, 0));
                    continue;
                }
                turn.Error = JobErrors.Gone;
            }
            catch (DicomException e)
            {
                turn.Error = new JobError(JobErrors.CannotStore, JobFault.Unreadable, e.Message);
            }
            await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Failed, 0));
        }
        await turn.SaveAsync();
        await queue.NoteContentAsync(job, (content with { Results = [.. made.OrderByDescending(m => m.Level)], BurnedIn = burnedIn }).ToJson(), CancellationToken.None);
        if ((!content.KeepSource || content.BinsSource) && !halt.IsCancellationRequested && !await queue.HasWaitingAsync(job, halt) && await queue.FindAsync(job.PublicId, halt) is { Failed: 0, State: JobState.Running })
        {
            // only when all of it has been made: nothing is lost by a job that fails
            foreach (var source in content.BinsSource ? [] : await queue.SentAsync(job, halt))
            {
                await archive.DeleteAsync(Level.Instance, source, halt);
            }
            foreach (var study in content.BinsSource ? content.ParentResources : [])
            {
                if (ResourceId.TryParse(study, out var source))
                {
                    await bin.PutAsync(source, halt);
                }
            }
            foreach (var study in content.BinsSource ? made.Where(m => m.Level == Level.Study) : [])
            {
                if (ResourceId.TryParse(study.Id, out var corrected))
                {
                    await patients.TakeFromAsync(corrected, halt); // under the same number the patient still has the name that was wrong
                }
            }
        }
    }

    /// <summary>Changes one instance for somebody who gets it and nobody keeps it.</summary>
    /// <returns>Null when it is not there.</returns>
    /// <exception cref="DicomException">It cannot be changed so.</exception>
    public async Task<byte[]?> ChangeAsync(ResourceId instance, ModificationJob content, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (await ReadAsync(instance, ct) is not { } file)
        {
            return null;
        }
        content.ToModification().Apply(file.Dataset, _ => -1);
        var syntax = content.Transcode is { } wanted ? TransferSyntax.Get(wanted) : file.Syntax;
        var bytes = new ArrayBufferWriter<byte>();
        FileMetaInformation.Write(bytes, file.Dataset.GetString(DicomTag.SOPClassUID) ?? "", file.Dataset.GetString(DicomTag.SOPInstanceUID) ?? "", syntax);
        foreach (var piece in Pieces(file.Dataset, file.Syntax, syntax))
        {
            bytes.Write(piece.Span);
        }
        return bytes.WrittenSpan.ToArray();
    }

    // each valid until the next is asked for
    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(DicomDataset dataset, TransferSyntax from, TransferSyntax to)
    {
        var hasPixels = dataset.Contains(DicomTag.PixelData) || dataset.Contains(DicomTag.FloatPixelData) || dataset.Contains(DicomTag.DoubleFloatPixelData);
        if (from == to || (!hasPixels && !to.IsEncapsulated))
        {
            return [DicomWriter.ToBytes(dataset, to)];
        }
        return hasPixels && Transcoder.CanTranscode(from, to) ? Transcoder.Transcode(InstancePixels.Of(dataset, from), to)
            : throw new DicomException($"{from.Name} cannot be converted to {to.Name} here");
    }

    /// <returns>Whether the image may show text; null when the source is not there.</returns>
    private async Task<bool?> MakeAsync(
        ResourceId source, Job job, ModificationJob content, DatasetModification modification, Dictionary<string, int> uids, HashSet<MadeResource> made)
    {
        if (await index.InstanceAsync(source, CancellationToken.None) is not { } entry || await ReadAsync(source, CancellationToken.None) is not { } file)
        {
            return null;
        }
        var dataset = file.Dataset;
        var hasText = dataset.GetString(DicomTag.BurnedInAnnotation) switch { "YES" => true, "NO" => false, _ => ModalitiesWithText.Contains(dataset.GetString(DicomTag.Modality)) };
        var characterSet = dataset.Get(DicomTag.SpecificCharacterSet);
        // an attribute that was not there has been empty: the history tells of it, too
        var before = modification.Replace.Keys.Where(t => !t.IsPrivate).Select(t => dataset.Get(t) ?? new DicomElement(t, DicomDictionary.GetVr(t), ReadOnlyMemory<byte>.Empty)).ToList();
        modification.Apply(dataset, uid => uids.TryGetValue(uid, out var level) ? level : -1);
        if (content.Description == ModificationJob.Correction)
        {
            // the time of the job: made again after a crash, the instance is the same
            OriginalAttributes.Note(dataset, characterSet, before, "", job.CreatedAt, OriginalAttributes.Corrected);
        }
        var (sopClass, uid) = (dataset.GetString(DicomTag.SOPClassUID) ?? "", dataset.GetString(DicomTag.SOPInstanceUID) ?? "");
        var (study, series, patient) = (dataset.GetString(DicomTag.StudyInstanceUID) ?? "", dataset.GetString(DicomTag.SeriesInstanceUID) ?? "", dataset.GetString(DicomTag.PatientID) ?? "");
        if (ResourceId.ForInstance(patient, study, series, uid) == source)
        {
            throw new DicomException("The changed instance would have the same identifiers as the original: they must differ", DicomTag.SOPInstanceUID);
        }
        var syntax = content.Transcode is { } wanted ? TransferSyntax.Get(wanted) : file.Syntax;
        await using var staged = archive.Stage(sopClass, uid, syntax);
        foreach (var piece in Pieces(dataset, file.Syntax, syntax))
        {
            await staged.AppendAsync(piece);
        }
        var result = await archive.CommitAsync(staged, new Origin(OriginKind.Modification, RemoteHost: content.By), CancellationToken.None);
        if (result.Outcome is not (StoreOutcome.Stored or StoreOutcome.AlreadyStored or StoreOutcome.Replaced))
        {
            throw new DicomException(result.Reason ?? "There is another instance with the identifiers that the changed one would have");
        }
        (Level Level, ResourceId New, ResourceId Old)[] pairs =
        [
            (Level.Instance, result.Instance, source), (Level.Series, result.Series, entry.Series.PublicId), (Level.Study, result.Study, entry.Study.PublicId), (Level.Patient, result.Patient, entry.Patient.PublicId),
        ];
        made.UnionWith(pairs.Select(p => new MadeResource(p.Level, p.New.ToString())));
        // the study that something is merged into was there before
        var origins = job.Kind == ModificationJob.MergeKind ? pairs[..2] : pairs;
        await metadata.SetOriginsAsync(content.IsAnonymization ? ResourceMetadata.AnonymizedFrom : ResourceMetadata.ModifiedFrom, origins, content.KeepLabels, Detail(job, content, entry.Study.PublicId), CancellationToken.None);
        return hasText;
    }

    // who and what, for the history of a resource; values are in the instances, which go when they are deleted
    private static string Detail(Job job, ModificationJob content, ResourceId study) => JsonSerializer.Serialize(new
    {
        From = study.ToString(),
        Job = job.PublicId,
        content.By,
        Replaced = content.Replace.Keys,
        Removed = content.Remove,
        content.KeepSource,
    });

    private async Task<DicomFile?> ReadAsync(ResourceId instance, CancellationToken ct)
    {
        if (await index.LocateAsync(instance, ct) is not { } location || archive.TryGetPath(location.Key) is not { } path)
        {
            return null;
        }
        return location.Size <= MaxSize ? await DicomFile.OpenAsync(path, null, ct) : throw new DicomException("Instances of more than 1 GB cannot be changed");
    }
}
