using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>Sends the measured values of every Comprehensive SR of a known template to the practice software, once for each report.</summary>
public sealed partial class ReportConsumer(GdtOptions options, GdtFiles files, Archive archive, IndexReader reader, TimeProvider time, ILogger<ReportConsumer> logger)
    : IEventConsumer
{
    // enough to see what is wrong with a device; a report has up to 2,000 items
    private const int MaxListed = 20;

    /// <inheritdoc/>
    public string Name => "gdt-report";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (!options.Enable
            || await reader.LocateAsync(e.Resource, ct) is not { SopClass: DicomUid.ComprehensiveSRStorage }
            || await reader.InstanceAsync(e.Resource, ct) is not { } entry
            || await files.KnowsAsync(GdtKind.Report, e.Resource, ct))
        {
            return;
        }
        await using var stream = await archive.OpenAsync(e.Resource, ct);
        if (stream is null)
        {
            LogMissing(e.Resource);
            return;
        }
        var dataset = (await DicomFile.ReadAsync(stream, null, ct)).Dataset;
        var report = SrReader.Read(dataset);
        if (report.Template is not { } template || !Measurements.Templates.Contains(template))
        {
            LogOtherTemplate(e.Resource);
            return;
        }
        var examination = Examination.Read(dataset, TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone));
        var measurements = Measurements.Read(report, options.KeepNegativeValues);
        if (measurements.LeftOut.Count > 0 && logger.IsEnabled(LogLevel.Information))
        {
            var items = string.Join("; ", measurements.LeftOut.Take(MaxListed).Select(i => $"{i.Path} {i.Reason}"));
            LogLeftOut(e.Resource, measurements.Values.Count, measurements.LeftOut.Count, items);
        }
        var record = ReportRecord.Create(examination.PatientId, examination.Date, examination.Time, measurements.Values);
        var name = GdtFileName.ForReport(examination.Accession, entry.Study.PublicId, entry.Instance.Uid, e.Resource);
        await files.AddAsync(GdtKind.Report, e.Resource, name, GdtWriter.ToBytes(record), ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Report}: {Values} values exported, {LeftOut} items left out: {Items}")]
    private partial void LogLeftOut(ResourceId report, int values, int leftOut, string items);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Report {Report} is of no template that values are exported of")]
    private partial void LogOtherTemplate(ResourceId report);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Report {Report}: its file is missing")]
    private partial void LogMissing(ResourceId report);
}
