using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Who a patient is, as the index says it: what his first instance said. When a study of his has been corrected under the same number, the corrected study says it from then on.
/// </summary>
public sealed partial class PatientNames
{
    private readonly FileInstanceStore _store;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly ILogger<PatientNames> _log;

    internal PatientNames(FileInstanceStore store, IndexWriter writer, IndexReader reader, ILogger<PatientNames> log)
    {
        _store = store;
        _writer = writer;
        _reader = reader;
        _log = log;
    }

    /// <summary>Takes name, birth date and sex of a study's patient from that study. That the study is somebody else's is no conflict any more.</summary>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task TakeFromAsync(ResourceId study, CancellationToken ct)
    {
        var key = await _reader.ReadAsync((db, token) => (
            from instance in db.Instances
            join series in db.Series on instance.ParentId equals series.Id
            join parent in db.Studies on series.ParentId equals parent.Id
            where parent.PublicId == study
            orderby instance.Id
            select instance.Key).FirstOrDefaultAsync(token), ct);
        if (key is null || await _store.RunAsync(() => Read(key)) is not { } record)
        {
            return;
        }
        await _writer.WriteAsync(async (db, token) =>
        {
            await db.Patients.Where(p => db.Studies.Any(s => s.PublicId == study && s.ParentId == p.Id)).ExecuteUpdateAsync(
                set => set.SetProperty(p => p.Name, record.PatientName).SetProperty(p => p.NameFold, record.PatientNameFold).SetProperty(p => p.BirthDate, record.BirthDate)
                    .SetProperty(p => p.Sex, record.Sex).SetProperty(p => p.Tags, record.PatientTags),
                token);
            await db.Conflicts.Where(c => c.Kind == ConflictKind.OtherPerson && c.Resource == study).ExecuteDeleteAsync(token);
        }, ct);
    }

    private InstanceRecord? Read(string key)
    {
        try
        {
            return InstanceRecord.FromFile(_store.PathOf(key), found => found, rebuilt: true);
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(key, e);
            return null;
        }
    }

    [LoggerMessage(75, LogLevel.Error, "The file {Key} is missing or cannot be read: its patient keeps the name he had.")]
    private partial void LogUnreadable(string key, Exception e);
}
