using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Announces each study to each receiver once, at the moment he has chosen (<see cref="GdtTrigger"/>). Instances of Comprehensive SR announce none: they have a file of
/// their own (<see cref="ReportConsumer"/>).
/// </summary>
public sealed class StudyConsumer(GdtReceivers receivers, GdtReceiverStore store, GdtFiles files, GdtContents contents, IndexReader reader) : IEventConsumer
{
    private const int MaxKnown = 4096;

    // studies of which there is nothing to be done at a further image: what saves a look into the index for every image of a cine loop
    private readonly HashSet<ResourceId> _known = [];
    private IReadOnlyList<GdtReceiver>? _knownTo;

    /// <inheritdoc/>
    public string Name => "gdt-study";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind is EventKind.NewInstance or EventKind.StableStudy or EventKind.StepCompleted;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        await store.ReadAsync(ct);
        // switched off the events still pass, so that switching it on later does not announce the whole archive
        if (receivers.IsIdle)
        {
            return;
        }
        if (!ReferenceEquals(_knownTo, receivers.All))
        {
            _known.Clear();
            _knownTo = receivers.All; // others get other files
        }
        await files.PrepareAsync(ct);
        switch (e.Kind)
        {
            case EventKind.NewInstance when await reader.InstanceAsync(e.Resource, ct) is { } entry: // or deleted meanwhile
                await OnInstanceAsync(entry, ct);
                break;
            case EventKind.StableStudy or EventKind.StepCompleted when await contents.SpokesmanAsync(e.Resource, ct) is { } entry:
                await OnStudyAsync(e.Kind, entry, ct);
                break;
        }
        store.ThrowIfBroken();
    }

    private async Task OnInstanceAsync(InstanceEntry entry, CancellationToken ct)
    {
        var study = entry.Study.PublicId;
        // what was made of another study is no examination that somebody waits for
        if (entry.Instance.Origin == OriginKind.Modification || entry.Instance.SopClass == DicomUid.ComprehensiveSRStorage || _known.Contains(study))
        {
            return;
        }
        var isOpen = false;
        foreach (var receiver in receivers.All)
        {
            // an image that comes after the step was completed: nobody will report the step again
            if (receiver.Settings.Trigger == GdtTrigger.FirstInstance
                || (receiver.Settings.Trigger == GdtTrigger.StepCompleted && await StepAsync(entry.Study.Uid, ct) is StepState.Completed))
            {
                await AnnounceAsync(receiver, entry, ct);
            }
            else
            {
                isOpen |= receiver.Settings.Trigger == GdtTrigger.StepCompleted;
            }
        }
        if (!isOpen)
        {
            if (_known.Count >= MaxKnown)
            {
                _known.Clear();
            }
            _known.Add(study);
        }
    }

    private async Task OnStudyAsync(EventKind kind, InstanceEntry entry, CancellationToken ct)
    {
        if (entry.Instance.Origin == OriginKind.Modification)
        {
            return;
        }
        foreach (var receiver in receivers.All)
        {
            var isDue = (kind, receiver.Settings.Trigger) switch
            {
                (EventKind.StableStudy, GdtTrigger.StudyStable) => true,
                (EventKind.StepCompleted, GdtTrigger.StepCompleted) => true,
                // the device reports no steps, or has ended them without anybody here hearing of it
                (EventKind.StableStudy, GdtTrigger.StepCompleted) => await StepAsync(entry.Study.Uid, ct) is not StepState.InProgress,
                _ => false,
            };
            if (isDue)
            {
                await AnnounceAsync(receiver, entry, ct);
            }
            if (kind == EventKind.StableStudy && receiver.Settings.Updates)
            {
                await UpdateAsync(receiver, entry, ct);
            }
        }
    }

    private async Task AnnounceAsync(GdtReceiver receiver, InstanceEntry entry, CancellationToken ct)
    {
        if (!await files.KnowsAsync(receiver.Name, GdtKind.Study, entry.Study.PublicId, ct))
        {
            await files.AddAsync(receiver, GdtKind.Study, entry.Study.PublicId, await contents.StudyAsync(receiver, entry, ct), ct);
        }
    }

    // what says something else, or a study that has got more series: an event that comes twice, or more images of the same series, make no second file
    private async Task UpdateAsync(GdtReceiver receiver, InstanceEntry entry, CancellationToken ct)
    {
        if (await files.LastAsync(receiver.Name, GdtKind.Study, entry.Study.PublicId, ct) is not { } last || last.State == GdtState.Imported)
        {
            return;
        }
        var content = await contents.StudyAsync(receiver, entry, ct);
        var series = entry.Study.SeriesCount;
        if (!content.Body.AsSpan().SequenceEqual(last.Body) || (last.Series > 0 && series > last.Series && content.Problem is null))
        {
            await files.AddAgainAsync(receiver, GdtKind.Study, entry.Study.PublicId, content, ct, series);
        }
        else if (last.Series == 0)
        {
            await files.NoteSeriesAsync(GdtKey.Of(last), series, ct); // from now on more are news
        }
    }

    // the furthest state of the study's steps; null when the device has reported none
    private Task<StepState?> StepAsync(string studyUid, CancellationToken ct) => reader.ReadAsync(
        (db, token) => db.Steps.Where(s => s.StudyUid == studyUid).OrderByDescending(s => s.UpdatedAt).Select(s => (StepState?)s.State).FirstOrDefaultAsync(token), ct);
}
