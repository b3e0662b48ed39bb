using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>What a GDT file becomes.</summary>
/// <param name="Name">The name it should get, by <see cref="GdtFileName"/>.</param>
/// <param name="Body">Its bytes; empty when there is a problem.</param>
/// <param name="Problem">Why it cannot be a record of the receiver's profile; null when it can. No patient data.</param>
public sealed record GdtContent(string Name, byte[] Body, string? Problem = null)
{
    /// <summary>The files it names, which have to be there before it.</summary>
    public IReadOnlyList<PlannedAttachment> Files { get; init; } = [];

    /// <summary>What could not be in it, a sentence each, without patient data.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}

/// <summary>Makes what files say of what the archive has: for the consumers of the feed, for the preview and for sending again.</summary>
public sealed partial class GdtContents(GdtOptions options, Archive archive, IndexReader reader, GdtAttachments attachments, TimeProvider time, ILogger<GdtContents> logger)
{
    // of each reason: enough to see what is wrong with a device; a report has up to 2,000 items
    private const int MaxListed = 20;

    // GDT 2.1 has four digits for their number, and lines of 60 characters
    private const int MaxLines = 5000;
    private const int LineLength = 60;

    /// <summary>The record that announces a study.</summary>
    /// <param name="receiver">Who gets it.</param>
    /// <param name="entry">The instance that speaks for the study.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="withLink">Whether the study's page is attached whatever the receiver's settings say.</param>
    public async Task<GdtContent> StudyAsync(GdtReceiver receiver, InstanceEntry entry, CancellationToken ct, bool withLink = false)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(entry);
        var examination = await ReadAsync(entry, ct);
        var name = GdtFileName.Of(receiver.Profile.Data.StudyFile!, receiver.Profile.Data, examination.Accession, entry.Study.PublicId);
        var (variables, files) = await VariablesAsync(receiver, withLink, examination, entry.Study, null, ct);
        return Make(name, () => receiver.Profile.Study(variables)) with { Files = files };
    }

    /// <summary>The record of the measured values of a report; null when it is no report whose values are exported, or its file is missing.</summary>
    /// <param name="receiver">Who gets it.</param>
    /// <param name="entry">The report.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<GdtContent?> ReportAsync(GdtReceiver receiver, InstanceEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(entry);
        var id = entry.Instance.PublicId;
        await using var stream = await archive.OpenAsync(id, ct);
        if (stream is null)
        {
            LogMissing(id);
            return null;
        }
        var dataset = (await DicomFile.ReadAsync(stream, null, ct)).Dataset;
        var report = SrReader.Read(dataset);
        var isKnown = report.Template is { } template && CompatibleMeasurements.Templates.Contains(template);
        var folded = SrRepeats.Fold(SrMeasurements.Read(report), options.Measurements.Repeats);
        if (!isKnown && (!options.Measurements.AllReports || folded.Values.Count == 0))
        {
            LogNotExported(id);
            return null;
        }
        var values = isKnown && options.Measurements.Identifiers == MeasurementIdentifiers.Compatible
            ? CompatibleMeasurements.Read(report, options.KeepNegativeValues)
            : CodedMeasurements.Read(folded, options.Measurements.Language);
        var leftOut = new List<string>(values.DescribeLeftOut(MaxListed));
        if (leftOut.Count > 0 && logger.IsEnabled(LogLevel.Information))
        {
            var items = string.Join("; ", leftOut);
            LogLeftOut(id, values.Values.Count, values.LeftOut.Count, items);
        }
        var examination = Examination.Read(dataset, TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone));
        var text = Text(report, folded, leftOut);
        var name = GdtFileName.Of(receiver.Profile.Data.ReportFile!, receiver.Profile.Data, examination.Accession, entry.Study.PublicId, entry.Instance.Uid, id);
        var (variables, files) = await VariablesAsync(receiver, false, examination, entry.Study, id, ct);
        return Make(name, () => receiver.Profile.Report(variables, values.Values, text, leftOut)) with { Files = files, LeftOut = leftOut };
    }

    // the report in words, where somebody wants it
    private GdtText? Text(SrDocument report, FoldedMeasurements folded, List<string> leftOut)
    {
        if (options.Measurements.TextField is not { } field)
        {
            return null;
        }
        var language = options.Measurements.Language;
        var lines = ReportTable.Create(report, folded, language).Lines(LineLength).ToList();
        if (lines.Count > MaxLines)
        {
            leftOut.Add(GdtReasons.LinesCut(lines.Count - MaxLines));
        }
        var instead = language.TwoLetterISOLanguageName == "en" ? $"Text left out: {lines.Count} lines are too many, please see the PACS"
            : $"Text fehlt: {lines.Count} Zeilen sind zu viel, bitte im PACS ansehen";
        return new GdtText(field, [.. lines.Take(MaxLines)], instead);
    }

    /// <summary>The instance that speaks for a study: its first that is no report, or null.</summary>
    public async Task<InstanceEntry?> SpokesmanAsync(ResourceId study, CancellationToken ct)
    {
        var id = await reader.ReadAsync(
            (db, token) => (from s in db.Studies
                            where s.PublicId == study
                            join r in db.Series on s.Id equals r.ParentId
                            join i in db.Instances on r.Id equals i.ParentId
                            where i.SopClass != DicomUid.ComprehensiveSRStorage
                            orderby i.Id
                            select i.PublicId).FirstOrDefaultAsync(token),
            ct);
        return id == default ? null : await reader.InstanceAsync(id, ct);
    }

    /// <summary>The reports of a study, in the order in which they came; their values may be exported or not.</summary>
    public async Task<IReadOnlyList<InstanceEntry>> ReportsOfAsync(ResourceId study, CancellationToken ct)
    {
        var ids = await reader.ReadAsync(
            (db, token) => (from s in db.Studies
                            where s.PublicId == study
                            join r in db.Series on s.Id equals r.ParentId
                            join i in db.Instances on r.Id equals i.ParentId
                            where i.SopClass.StartsWith("1.2.840.10008.5.1.4.1.1.88.") // PS3.4 annex B: the documents
                            orderby i.Id
                            select i.PublicId).ToListAsync(token),
            ct);
        var reports = new List<InstanceEntry>();
        foreach (var id in ids)
        {
            if (await reader.InstanceAsync(id, ct) is { } entry && SrReader.IsReport(entry.Instance.SopClass))
            {
                reports.Add(entry);
            }
        }
        return reports;
    }

    private static GdtContent Make(string name, Func<byte[]> record)
    {
        try
        {
            return new GdtContent(name, record());
        }
        catch (GdtException e)
        {
            return new GdtContent(name, [], e.Message);
        }
    }

    private async Task<(GdtVariables Variables, IReadOnlyList<PlannedAttachment> Files)> VariablesAsync(
        GdtReceiver receiver, bool withLink, Examination examination, Study study, ResourceId? report, CancellationToken ct)
    {
        var link = options.LinkAddress is { } address ? new Uri($"{address.AbsoluteUri.TrimEnd('/')}/gdt/{LinkKey(examination, study)}") : null;
        var plan = receiver.Profile.NamesAttachments(report is not null)
            ? await attachments.PlanAsync(receiver.Settings, examination, study.PublicId, report, withLink || receiver.Settings.AttachLink ? link : null, ct)
            : AttachmentPlan.None;
        var variables = new GdtVariables(examination)
        {
            Order = await OrderAsync(examination, ct),
            Link = link,
            Series = study.SeriesCount,
            Images = study.InstanceCount,
            Attachments = plan.Named,
        };
        return (variables, plan.Files);
    }

    // short, because 6305 of GDT 2.1 has 60 characters: the accession number as a rule, else the study's id
    private static string LinkKey(Examination examination, Study study) =>
        examination.Accession is { Length: >= 1 and <= 20 } accession && accession.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? accession : study.PublicId.ToString();

    private async Task<GdtOrderNumbers?> OrderAsync(Examination examination, CancellationToken ct) => examination.Accession.Length == 0 ? null : await reader.ReadAsync(
        (db, token) => db.GdtIncoming.Where(g => g.Accession == examination.Accession && g.PatientId == examination.PatientId).OrderByDescending(g => g.Id)
            .Select(g => new GdtOrderNumbers(g.OrderId, g.OrderUid, g.TestType)).FirstOrDefaultAsync(token),
        ct);

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

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Report}: {Values} values exported, {LeftOut} items left out: {Items}")]
    private partial void LogLeftOut(ResourceId report, int values, int leftOut, string items);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Report {Report} is of no template that values are exported of, or has none")]
    private partial void LogNotExported(ResourceId report);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Report {Report}: its file is missing")]
    private partial void LogMissing(ResourceId report);
}
