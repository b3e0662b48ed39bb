using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Sends the measured values of reports to the practice software, once for each: of Comprehensive SR of the templates the old plugin knew, and of every other
/// report where <see cref="MeasurementOptions.AllReports"/> says so.
/// </summary>
public sealed partial class ReportConsumer(GdtOptions options, GdtFiles files, Archive archive, IndexReader reader, TimeProvider time, ILogger<ReportConsumer> logger)
    : IEventConsumer
{
    // enough to see what is wrong with a device; a report has up to 2,000 items
    private const int MaxListed = 20;

    // GDT 2.1 has four digits for their number, and lines of 60 characters
    private const int MaxLines = 5000;
    private const int LineLength = 60;

    /// <inheritdoc/>
    public string Name => "gdt-report";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (!options.Enable
            || await reader.LocateAsync(e.Resource, ct) is not { } located
            || !(located.SopClass == DicomUid.ComprehensiveSRStorage || (options.Measurements.AllReports && SrReader.IsReport(located.SopClass)))
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
        var isKnown = report.Template is { } template && CompatibleMeasurements.Templates.Contains(template);
        var folded = SrRepeats.Fold(SrMeasurements.Read(report), options.Measurements.Repeats);
        if (!isKnown && (!options.Measurements.AllReports || folded.Values.Count == 0))
        {
            LogNotExported(e.Resource);
            return;
        }
        var values = isKnown && options.Measurements.Identifiers == MeasurementIdentifiers.Compatible
            ? CompatibleMeasurements.Read(report, options.KeepNegativeValues)
            : CodedMeasurements.Read(folded, options.Measurements.Language);
        if (values.LeftOut.Count > 0 && logger.IsEnabled(LogLevel.Information))
        {
            var items = string.Join("; ", values.LeftOut.Take(MaxListed).Select(i => $"{i.Path} {i.Reason}"));
            LogLeftOut(e.Resource, values.Values.Count, values.LeftOut.Count, items);
        }
        var examination = Examination.Read(dataset, TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone));
        var record = options.Measurements.TextField is { } field
            ? ReportRecord.Create(examination.PatientId, examination.Date, examination.Time, values.Values, field,
                [.. ReportTable.Create(report, folded, options.Measurements.Language).Lines(LineLength).Take(MaxLines)])
            : ReportRecord.Create(examination.PatientId, examination.Date, examination.Time, values.Values);
        var name = GdtFileName.ForReport(examination.Accession, entry.Study.PublicId, entry.Instance.Uid, e.Resource);
        await files.AddAsync(GdtKind.Report, e.Resource, name, GdtWriter.ToBytes(record), ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Report}: {Values} values exported, {LeftOut} items left out: {Items}")]
    private partial void LogLeftOut(ResourceId report, int values, int leftOut, string items);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Report {Report} is of no template that values are exported of, or has none")]
    private partial void LogNotExported(ResourceId report);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Report {Report}: its file is missing")]
    private partial void LogMissing(ResourceId report);
}
