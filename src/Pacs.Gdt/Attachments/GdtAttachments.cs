using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>The attachments of a record: what it says of them, and the files that have to be made for that.</summary>
/// <param name="Named">6302 to 6305 of each.</param>
/// <param name="Files">The files.</param>
internal sealed record AttachmentPlan(IReadOnlyList<GdtAttachment> Named, IReadOnlyList<PlannedAttachment> Files)
{
    /// <summary>A record that names none.</summary>
    public static AttachmentPlan None { get; } = new([], []);
}

/// <summary>Decides which pictures and sheets a record names, and writes them into the folder of its receiver. The same instances give the same names and the same bytes, so that nothing is written twice.</summary>
public sealed partial class GdtAttachments(
    GdtOptions options, GdtReceivers receivers, Archive archive, IndexReader reader, IndexWriter writer, TimeProvider time, ILogger<GdtAttachments> logger)
{
    /// <summary>Pictures of one record at most: more is a viewer's, and every one costs a file on a share.</summary>
    public const int MaxImages = 20;

    // what a screen shows; the picture of a radiograph would have several megabytes
    private const int MaxSide = 1600;
    private const int SheetSide = 1000;
    private const int Quality = 90;

    // writing and removing in one folder take turns: a file is not removed while a record that has just been promised finds it there
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>What a record says of the study's page, pictures and sheet.</summary>
    /// <param name="settings">What its receiver wants.</param>
    /// <param name="examination">What it is about.</param>
    /// <param name="study">The study.</param>
    /// <param name="report">The report whose values it has; null for the record of the study.</param>
    /// <param name="link">The study's page, or null when it shall not be named.</param>
    /// <param name="ct">Cancels.</param>
    internal async Task<AttachmentPlan> PlanAsync(GdtReceiverSettings settings, Examination examination, ResourceId study, ResourceId? report, Uri? link, CancellationToken ct)
    {
        var day = $"{examination.Date:dd.MM.yyyy}";
        var named = new List<GdtAttachment>();
        var files = new List<PlannedAttachment>();
        if (link is not null)
        {
            Name("URL", $"Bilder vom {day}", link.AbsoluteUri);
        }
        if (settings.AttachmentFolder is null)
        {
            return new AttachmentPlan(named, files);
        }
        var wanted = Math.Max(report is null ? settings.AttachImages : 0, settings.AttachSheet ? settings.SheetImages : 0);
        var images = wanted == 0 ? [] : await ImagesAsync(study, wanted, ct);
        if (report is null)
        {
            foreach (var (i, image) in Pick(images, settings.AttachImages).Index())
            {
                var file = new PlannedAttachment(NameOf(PlannedAttachment.PictureEnd, image), [], [image]);
                files.Add(file);
                Name("JPG", $"Bild {i + 1} vom {day}", PathOf(settings, file.Name));
            }
        }
        if (settings.AttachSheet && await ReportsAsync(study, report, ct) is var reports && Pick(images, settings.SheetImages) is var shown && reports.Count + shown.Count > 0)
        {
            var file = new PlannedAttachment(NameOf(PlannedAttachment.SheetEnd, [study.ToString(), .. reports, "|", .. shown]), reports, shown);
            files.Add(file);
            Name("PDF", $"Messwerte vom {day}", PathOf(settings, file.Name));
        }
        return new AttachmentPlan(named, files);

        void Name(string format, string title, string path) => named.Add(new GdtAttachment($"{named.Count + 1:D6}", format, title, path));
    }

    /// <summary>Writes the files of a record, durably; those that are there already stay.</summary>
    /// <param name="settings">Whose folder it is.</param>
    /// <param name="files">What to write.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ImportFolderException">The folder cannot be used.</exception>
    internal async Task WriteAsync(GdtReceiverSettings settings, IReadOnlyList<PlannedAttachment> files, CancellationToken ct)
    {
        if (files.Count == 0 || settings.AttachmentFolder is not { } folder)
        {
            return;
        }
        var turn = TurnAt(folder);
        await turn.WaitAsync(ct);
        try
        {
            Prepare(settings, folder);
            var written = new List<string>();
            foreach (var file in files)
            {
                ct.ThrowIfCancellationRequested();
                var path = Path.Join(folder, Path.GetFileName(file.Name));
                if (File.Exists(path))
                {
                    continue;
                }
                if (await MakeAsync(file, ct) is not { } bytes)
                {
                    LogGone(settings.Name, file.Name);
                    continue;
                }
                // seen whole or not at all, as the record itself
                var temporary = Path.Join(folder, $".{file.Name}.tmp");
                DurableFiles.Write(temporary, bytes);
                if (DurableFiles.Rename(temporary, path) == RenameResult.Exists)
                {
                    File.Delete(temporary);
                }
                written.Add(path);
                GdtTelemetry.Attached(settings.Name);
            }
            if (written.Count > 0)
            {
                DurableFiles.SyncFolder(folder);
            }
            // a share that came back meanwhile: what was written while it was away is under it, where nobody sees it
            if (!written.TrueForAll(File.Exists))
            {
                throw new ImportFolderException(GdtReasons.NoFolder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && e is not IndexUnavailableException)
        {
            throw new ImportFolderException(GdtReasons.Attachments + GdtReasons.Of(e), e);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// Removes the files whose time is over (<see cref="GdtReceiverSettings.AttachmentDays"/>): the record that names them was fetched so long ago, and no other record that waits, lies in the folder or
    /// is younger names them too. A record that nobody has fetched keeps its files.
    /// </summary>
    internal async Task RemoveOldAsync(GdtReceiver receiver, CancellationToken ct)
    {
        if (receiver.Settings is not { AttachmentDays: > 0, AttachmentFolder: { } folder } || !IsThere(receiver, folder))
        {
            return;
        }
        var turn = TurnAt(folder);
        await turn.WaitAsync(ct);
        try
        {
            var now = time.GetUtcNow();
            // several receivers may have one folder, and each his own time
            var sharers = receivers.All.Where(r => r.Settings.AttachmentFolder == folder).ToDictionary(r => r.Name, r => r.Settings.AttachmentDays);
            var names = sharers.Keys.ToList();
            var rows = await reader.ReadAsync((db, token) => db.GdtFiles.Where(g => g.Attachments != null && names.Contains(g.Receiver)).ToListAsync(token), ct);
            bool IsOver(GdtFile row) => row.State is GdtState.Failed or GdtState.Dropped || (row.State == GdtState.Fetched && sharers[row.Receiver] is > 0 and var days && row.At < now.AddDays(-days));
            var over = rows.Where(r => r.Receiver == receiver.Name && IsOver(r)).ToList();
            var removable = over.SelectMany(NamesOf).Except(rows.Where(r => !IsOver(r)).SelectMany(NamesOf)).ToList();
            foreach (var name in removable)
            {
                File.Delete(Path.Join(folder, Path.GetFileName(name)));
            }
            if (over.Count > 0)
            {
                await writer.WriteAsync(
                    async (db, token) =>
                    {
                        foreach (var row in over)
                        {
                            await db.GdtFiles.Where(g => g.Kind == row.Kind && g.Resource == row.Resource && g.Receiver == row.Receiver && g.Revision == row.Revision)
                                .ExecuteUpdateAsync(g => g.SetProperty(x => x.Attachments, (string?)null), token);
                        }
                    },
                    ct);
                LogRemoved(receiver.Name, removable.Count);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && e is not IndexUnavailableException)
        {
            LogNotRemoved(receiver.Name, GdtReasons.Of(e)); // read-only, or away: at the next look
        }
        finally
        {
            turn.Release();
        }
    }

    // in an empty mount point there is nothing to remove, and nothing would be remembered to be removed
    private static bool IsThere(GdtReceiver receiver, string folder) =>
        Directory.Exists(folder) && (receiver.Settings.MarkerFile is not { } marker || !folder.StartsWith(receiver.Folder, StringComparison.Ordinal) || File.Exists(Path.Join(receiver.Folder, marker)));

    private static IEnumerable<string> NamesOf(GdtFile row) => PlannedAttachment.Read(row.Attachments).Select(f => f.Name);

    private SemaphoreSlim TurnAt(string folder) => _turns.GetOrAdd(folder, _ => new SemaphoreSlim(1, 1));

    /// <summary>Whether the folder for attachments can be written to.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    internal static void Probe(GdtReceiverSettings settings)
    {
        if (settings.AttachmentFolder is { } folder)
        {
            Prepare(settings, folder);
            new ImportFolder(folder).Probe(null);
        }
    }

    // a folder inside the import folder is ours to make; any other may be a share that is not there, and a folder in its place would swallow the files
    private static void Prepare(GdtReceiverSettings settings, string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) != Path.TrimEndingDirectorySeparator(Path.GetFullPath(settings.Folder)) || !Directory.Exists(settings.Folder))
        {
            throw new ImportFolderException(GdtReasons.NoFolder);
        }
        Directory.CreateDirectory(folder);
        DurableFiles.SyncFolder(settings.Folder);
    }

    /// <summary>6305 of a file, as the practice software's computers see it.</summary>
    internal static string PathOf(GdtReceiverSettings settings, string name)
    {
        var folder = settings.AttachmentPath ?? settings.AttachmentFolder ?? "";
        return folder.Length == 0 || folder[^1] is '/' or '\\' ? folder + name : folder + (folder.Contains('\\', StringComparison.Ordinal) ? '\\' : '/') + name;
    }

    private async Task<byte[]?> MakeAsync(PlannedAttachment file, CancellationToken ct)
    {
        if (!file.IsSheet)
        {
            return file.Images is [var image] && await RenderAsync(image, MaxSide, ct) is { } picture ? picture.Bytes.ToArray() : null;
        }
        var (head, tables) = await ReadReportsAsync(file.Reports, ct);
        var pictures = new List<JpegPicture>();
        foreach (var image in file.Images)
        {
            if (await RenderAsync(image, SheetSide, ct) is { } picture)
            {
                pictures.Add(picture);
            }
        }
        head ??= await HeadAsync(file.Images, ct);
        return head is null || tables.Count + pictures.Count == 0 ? null : ReportSheet.Create(head, tables, pictures, options.Measurements.Language);
    }

    private async Task<(Examination? Head, List<ReportTable> Tables)> ReadReportsAsync(IReadOnlyList<string> reports, CancellationToken ct)
    {
        Examination? head = null;
        var tables = new List<ReportTable>();
        foreach (var id in reports)
        {
            if (!ResourceId.TryParse(id, out var resource) || await reader.InstanceAsync(resource, ct) is not { } entry || await ReadReportAsync(resource, ct) is not var (dataset, table))
            {
                continue;
            }
            head ??= Examination.Read(dataset, TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone));
            tables.Add(table);
        }
        return (head, tables);
    }

    private async Task<(DicomDataset Dataset, ReportTable Table)?> ReadReportAsync(ResourceId report, CancellationToken ct)
    {
        try
        {
            await using var stream = await archive.OpenAsync(report, ct);
            if (stream is null)
            {
                return null;
            }
            var dataset = (await DicomFile.ReadAsync(stream, null, ct)).Dataset;
            var document = SrReader.Read(dataset);
            var table = ReportTable.Create(document, SrRepeats.Fold(SrMeasurements.Read(document), options.Measurements.Repeats), options.Measurements.Language);
            return table.Sections.Count == 0 ? null : (dataset, table);
        }
        catch (DicomException)
        {
            return null;
        }
    }

    private async Task<Examination?> HeadAsync(IReadOnlyList<string> images, CancellationToken ct) =>
        images.Count > 0 && ResourceId.TryParse(images[0], out var first) && await reader.InstanceAsync(first, ct) is { } entry
            ? Examination.Read(entry, TimeZoneInfo.ConvertTime(entry.Instance.ReceivedAt, time.LocalTimeZone)) : null;

    // reports of which there is something to show
    private async Task<IReadOnlyList<string>> ReportsAsync(ResourceId study, ResourceId? report, CancellationToken ct)
    {
        var candidates = report is { } one ? [one] : await reader.ReadAsync(
            async (db, token) => (await (from s in db.Studies
                                         where s.PublicId == study
                                         join r in db.Series on s.Id equals r.ParentId
                                         join i in db.Instances on r.Id equals i.ParentId
                                         where i.SopClass.StartsWith("1.2.840.10008.5.1.4.1.1.88.") // PS3.4 annex B: the documents
                                         orderby i.Id
                                         select new { i.PublicId, i.SopClass }).ToListAsync(token)).Where(i => SrReader.IsReport(i.SopClass)).Select(i => i.PublicId).ToList(),
            ct);
        var found = new List<string>();
        foreach (var candidate in candidates)
        {
            if (await ReadReportAsync(candidate, ct) is not null)
            {
                found.Add(candidate.ToString());
            }
        }
        return found;
    }

    // pictures in the order of series and instances, spread over the study when there are more; only those that can be shown: a record names no file that will not be there
    private async Task<IReadOnlyList<string>> ImagesAsync(ResourceId study, int wanted, CancellationToken ct)
    {
        var all = await reader.ReadAsync(
            (db, token) => (from s in db.Studies
                            where s.PublicId == study
                            join r in db.Series on s.Id equals r.ParentId
                            join i in db.Instances on r.Id equals i.ParentId
                            where i.HeaderLength < i.Size
                            orderby r.Number, r.Id, i.Number, i.Id
                            select new { i.PublicId, i.Syntax }).ToListAsync(token),
            ct);
        var shown = new List<string>();
        foreach (var image in Pick([.. all.Where(i => CodecTable.TryGet(TransferSyntax.Get(i.Syntax), out _, out _)).Select(i => i.PublicId.ToString())], wanted))
        {
            if (await RenderAsync(image, SheetSide, ct) is not null)
            {
                shown.Add(image);
            }
        }
        return shown;
    }

    // the first, the last, and others at equal distances
    private static IReadOnlyList<string> Pick(IReadOnlyList<string> all, int count) =>
        all.Count <= count ? all : count == 1 ? [all[0]] : [.. Enumerable.Range(0, count).Select(i => all[(int)((long)i * (all.Count - 1) / (count - 1))])];

    // of a film the frame that its device has chosen (0028,6010), else the one in the middle. Null: it cannot be shown
    private async Task<JpegPicture?> RenderAsync(string id, int side, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var instance) || await reader.LocateAsync(instance, ct) is not { } location || archive.TryGetPath(location.Key) is not { } path)
        {
            return null;
        }
        try
        {
            using var pixels = InstancePixels.Open(path);
            var chosen = pixels.Header.GetInt32(DicomTag.RepresentativeFrameNumber);
            var frame = chosen is { } said && said >= 1 && said <= pixels.Count ? said : (pixels.Count + 1) / 2;
            var isLarge = Math.Max(pixels.Image.Columns, pixels.Image.Rows) > side;
            using var picture = pixels.Render(new RenderOptions { Frame = frame, Viewport = isLarge ? new Viewport(side, side) : null });
            var bytes = new ArrayBufferWriter<byte>(64 * 1024);
            JpegEncoder.Encode(picture.Data, picture.Width, picture.Height, picture.Samples, Quality, bytes);
            return new JpegPicture(bytes.WrittenMemory, picture.Width, picture.Height, picture.Samples);
        }
        catch (Exception e) when (e is DicomException or FileNotFoundException)
        {
            LogNotShown(instance);
            return null;
        }
    }

    private static string NameOf(string end, params IEnumerable<string> of) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', of))).AsSpan(0, 8)) + end;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Instance} cannot be shown as a picture; GDT records do not name it")]
    private partial void LogNotShown(ResourceId instance);

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT attachments of {Receiver}: {Count} files whose time was over are removed")]
    private partial void LogRemoved(string receiver, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT attachments of {Receiver} whose time is over cannot be removed: {Problem}")]
    private partial void LogNotRemoved(string receiver, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT attachment {Name} for {Receiver} cannot be made any more: what it shows has left the archive")]
    private partial void LogGone(string receiver, string name);
}
