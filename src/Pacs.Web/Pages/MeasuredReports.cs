using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>The measurements of a report as a page shows them.</summary>
/// <param name="Instance">The report.</param>
/// <param name="Table">Its measurements, at most as many as were asked for.</param>
/// <param name="Date">The date of its study, DA.</param>
/// <param name="Dates">The study dates of the earlier values, DA, newest first, as they are in the rows. A table has room for <see cref="Columns"/> of them; plots show all.</param>
/// <param name="Rows">How many measurements the report has.</param>
/// <param name="IsCut">Whether the table has fewer.</param>
public sealed record MeasuredReport(ResourceId Instance, ReportTable Table, string? Date, IReadOnlyList<string?> Dates, int Rows, bool IsCut)
{
    /// <summary>Earlier values that fit beside a value.</summary>
    public const int Columns = 3;
}

/// <summary>Reads reports for the pages, with the values of the patient's earlier studies beside them.</summary>
public sealed partial class MeasuredReports(IndexReader index, Archive archive, ILogger<MeasuredReports> logger)
{
    // the largest report of a device has a few hundred kilobytes
    private const long MaxSize = 8 * 1024 * 1024;

    // what a curve shows, and how many reports are read for it at most
    private const int MaxEarlierStudies = 9;
    private const int MaxEarlierReports = 24;

    /// <summary>Reads a report.</summary>
    /// <param name="study">Its study.</param>
    /// <param name="report">Its instance.</param>
    /// <param name="maxRows">How many measurements are shown.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when the instance is no report, measures nothing, is too large or cannot be read.</returns>
    public async Task<MeasuredReport?> ReadAsync(Study study, Instance report, int maxRows, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(report);
        if (!SrReader.IsReport(report.SopClass) || report.Size > MaxSize || await OpenAsync(report.PublicId, ct) is not { } document)
        {
            return null;
        }
        var measurements = Fold(document);
        if (measurements.Values.Count == 0)
        {
            return null;
        }
        var shown = measurements with { Values = [.. measurements.Values.Take(maxRows)] };
        var earlier = await EarlierAsync(study, shown, ct);
        var table = ReportTable.Create(document, shown, CultureInfo.CurrentCulture, [.. earlier.Select(e => e.Values)]);
        return new MeasuredReport(report.PublicId, table, study.Date, [.. earlier.Select(e => e.Date)], measurements.Values.Count, measurements.Values.Count > maxRows);
    }

    private static FoldedMeasurements Fold(SrDocument document) => SrRepeats.Fold(SrMeasurements.Read(document), RepeatedValue.Mean);

    // the newest studies before this one that have a value of the same measurements
    private async Task<IReadOnlyList<(string? Date, FoldedMeasurements Values)>> EarlierAsync(Study study, FoldedMeasurements shown, CancellationToken ct)
    {
#pragma warning disable CA1309 // becomes SQL, where text compares by its bytes
        var reports = await index.ReadAsync(
            (db, token) => (
                from s in db.Studies
                where s.ParentId == study.ParentId && string.Compare(s.SortKey, study.SortKey) < 0
                join series in db.Series on s.Id equals series.ParentId
                where series.Modality == "SR"
                join instance in db.Instances on series.Id equals instance.ParentId
                where instance.Size <= MaxSize
                orderby s.SortKey descending, s.Id, instance.Id
                select new { Study = s.Id, s.Date, instance.PublicId }).Take(MaxEarlierReports).ToListAsync(token),
            ct);
#pragma warning restore CA1309
        var wanted = shown.Values.Select(v => (v.Identity, v.Ordinal)).ToHashSet();
        var found = new List<(string? Date, FoldedMeasurements Values)>();
        foreach (var group in reports.GroupBy(r => r.Study))
        {
            var values = new List<SrMeasurement>();
            foreach (var report in group)
            {
                if (await OpenAsync(report.PublicId, ct) is { } document)
                {
                    values.AddRange(Fold(document).Values.Where(v => wanted.Contains((v.Identity, v.Ordinal))));
                }
            }
            if (values.Count > 0 && found.Count < MaxEarlierStudies)
            {
                found.Add((group.First().Date, new FoldedMeasurements(values, [])));
            }
        }
        return found;
    }

    private async Task<SrDocument?> OpenAsync(ResourceId report, CancellationToken ct)
    {
        try
        {
            return await archive.ReadHeaderAsync(report, ct) is { } dataset ? SrReader.Read(dataset) : null;
        }
        catch (Exception e) when (e is DicomException or IOException)
        {
            LogDamaged(e, report);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of report {Report} cannot be read")]
    private partial void LogDamaged(Exception exception, ResourceId report);
}
