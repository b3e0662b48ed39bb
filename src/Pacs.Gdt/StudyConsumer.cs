using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Announces each study to the practice software once, when its first instance has arrived. Instances of Comprehensive SR do not: they have a file of
/// their own (<see cref="ReportConsumer"/>).
/// </summary>
public sealed partial class StudyConsumer(GdtOptions options, GdtFiles files, Archive archive, IndexReader reader, TimeProvider time, ILogger<StudyConsumer> logger)
    : IEventConsumer
{
    private const int MaxKnown = 4096;

    // studies that have their file: what saves a look into the index for every image of a cine loop
    private readonly HashSet<ResourceId> _known = [];

    /// <inheritdoc/>
    public string Name => "gdt-study";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        // switched off the events still pass, so that switching it on later does not announce the whole archive
        if (!options.Enable || await reader.InstanceAsync(e.Resource, ct) is not { } entry)
        {
            return; // or deleted meanwhile
        }
        var study = entry.Study.PublicId;
        if (entry.Instance.SopClass == DicomUid.ComprehensiveSRStorage || _known.Contains(study))
        {
            return;
        }
        await files.PrepareAsync(ct);
        if (!await files.KnowsAsync(GdtKind.Study, study, ct))
        {
            var examination = await ReadAsync(entry, ct);
            var record = StudyRecord.Create(
                examination.PatientId, options.TestId, options.TestDescription, examination.Accession, examination.Date, examination.Time, examination.Text);
            await files.AddAsync(GdtKind.Study, study, GdtFileName.ForStudy(examination.Accession, study), GdtWriter.ToBytes(record), ct);
        }
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }
        _known.Add(study);
    }

    private async ValueTask<Examination> ReadAsync(InstanceEntry entry, CancellationToken ct)
    {
        var received = TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone);
        try
        {
            if (await archive.ReadHeaderAsync(entry.Instance.PublicId, ct) is { } header)
            {
                return Examination.Read(header, received);
            }
        }
        catch (DicomException e)
        {
            LogUnreadable(e, entry.Instance.PublicId);
        }
        // file missing or damaged: the study is announced all the same
        return Examination.Read(entry, received);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The file of {Instance} cannot be read; its study is announced with what the index knows")]
    private partial void LogUnreadable(Exception e, ResourceId instance);
}
