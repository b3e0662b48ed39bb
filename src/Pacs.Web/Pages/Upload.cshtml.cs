using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Upload;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/hochladen</c>: files, folders, ZIP archives and media of other hospitals, as they are or for one of our patients; documents for a study. The script sends file by file; each
/// answer says what became of it.
/// </summary>
[IgnoreAntiforgeryToken] // as DevicesModel
[DisableRequestSizeLimit] // a file is as large as it is; the archive looks at the free space
public sealed partial class UploadModel(Archive archive, IndexReader index, IStringLocalizer<Texts> texts, Display show, TimeProvider clock, ILogger<UploadModel> logger) : PageModel
{
    // files of one ZIP whose outcome is told one by one
    private const int MaxLines = 20_000;

    /// <summary>What became of a file.</summary>
    /// <param name="Outcome"><c>stored</c>, <c>known</c>, <c>skipped</c> or <c>failed</c>.</param>
    /// <param name="Study">The study's page; null when there is none.</param>
    /// <param name="Title">Whose study it is and what, for people.</param>
    /// <param name="Reason">Why it was not stored.</param>
    public sealed record Line(string Outcome, string? Study, string? Title, string? Reason);

    /// <summary>What became of a body: a file, or those of a ZIP.</summary>
    /// <param name="Lines">One for each file.</param>
    /// <param name="MayRetry">Whether the same may go well later.</param>
    public sealed record Answer(IReadOnlyList<Line> Lines, bool MayRetry);

    /// <summary>The study that documents are for; null when files bring their own.</summary>
    public StudyEntry? Study { get; private set; }

    /// <summary>Shows the page.</summary>
    /// <param name="studie">The study that documents are for.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? studie, CancellationToken ct)
    {
        if (studie is not null && (!ResourceId.TryParse(studie, out var id) || (Study = await index.StudyAsync(id, ct)) is null))
        {
            return NotFound();
        }
        return Page();
    }

    /// <summary>What we know of a patient, so that nobody types it in differently.</summary>
    public async Task<IActionResult> OnGetPatientAsync(string? nr, CancellationToken ct)
    {
        var patient = string.IsNullOrWhiteSpace(nr) ? null
            : await index.ReadAsync((db, token) => db.Patients.Where(p => p.PatientId == nr.Trim()).OrderBy(p => p.Id).FirstOrDefaultAsync(token), ct);
        var name = PersonName.Parse(patient?.Name);
        return new JsonResult(patient is null ? null : new
        {
            lastName = name.FamilyName,
            firstName = name.GivenName,
            born = Display.TryDate(patient.BirthDate, out var born) ? born.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "",
            sex = patient.Sex?.Trim() ?? "",
        });
    }

    /// <summary>Takes the body: a DICOM file, a ZIP of them, or a document for a study.</summary>
    /// <param name="studie">The study that documents are for.</param>
    /// <param name="name">The name of the file, the title of a document.</param>
    /// <param name="patient">Who gets what is on the medium; null for whom the files name.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnPostFileAsync(string? studie, string? name, [FromQuery] PatientFields patient, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(patient);
        if (!patient.TryRead(out var assigned, out var wrong))
        {
            return Told(new Line("failed", null, null, texts[wrong]));
        }
        var origin = new Origin(OriginKind.Http, RemoteHost: HttpContext.Connection.RemoteIpAddress?.ToString());
        try
        {
            await using var body = await UploadBody.OpenAsync(Request.Body, ct);
            if (WrappedDocument.IsKnown(body.Start.Span))
            {
                return Told(await WrapAsync(body.Content, studie, name ?? "", origin, ct));
            }
            if (!body.IsZip)
            {
                return Told(await StoreAsync(body.Content, origin, assigned, ct));
            }
            var lines = new List<Line>();
            await foreach (var file in body.FilesAsync(ct))
            {
                var line = await StoreAsync(file, origin, assigned, ct);
                if (lines.Count < MaxLines)
                {
                    lines.Add(line);
                }
            }
            return Told([.. lines]);
        }
        catch (InvalidDataException)
        {
            return Told(new Line("failed", null, null, texts["Upload.Damaged"]));
        }
    }

    private async Task<Line> StoreAsync(Stream file, Origin origin, AssignedPatient? assigned, CancellationToken ct)
    {
        try
        {
            await using var staged = await archive.StageFileAsync(file, ct);
            return await DescribeAsync(await archive.CommitAsync(staged, origin, ct, assigned), ct);
        }
        catch (DicomException)
        {
            return new Line("skipped", null, null, null); // a readme, a viewer, a DICOMDIR: not for the archive
        }
    }

    private async Task<Line> WrapAsync(Stream content, string? studie, string name, Origin origin, CancellationToken ct)
    {
        if (studie is null || !ResourceId.TryParse(studie, out var id) || await index.StudyAsync(id, ct) is not { } study)
        {
            return new Line("failed", null, null, texts["Upload.NeedsStudy"]);
        }
        try
        {
            using var whole = new MemoryStream();
            var block = new byte[64 * 1024];
            while (await content.ReadAsync(block, ct) is var read and > 0)
            {
                if (whole.Length + read > WrappedDocument.MaxSize)
                {
                    throw new DocumentException("Upload.TooLarge");
                }
                whole.Write(block, 0, read);
            }
            var numbers = (await index.SeriesOfAsync(id, ct)).Select(s => s.Number ?? 0);
            var (dataset, syntax) = WrappedDocument.Make(whole.GetBuffer().AsMemory(0, (int)whole.Length), Path.GetFileNameWithoutExtension(name), study,
                Math.Min(numbers.DefaultIfEmpty(0).Max(), 9_000) + 1, clock.GetLocalNow().DateTime);
            await using var staged = archive.Stage(dataset.GetString(DicomTag.SOPClassUID)!, dataset.GetString(DicomTag.SOPInstanceUID)!, syntax);
            await staged.AppendAsync(DicomWriter.ToBytes(dataset, syntax));
            return await DescribeAsync(await archive.CommitAsync(staged, origin, ct), ct);
        }
        catch (DocumentException e)
        {
            return new Line("failed", null, null, texts[e.Message]);
        }
    }

    private async Task<Line> DescribeAsync(StoreResult result, CancellationToken ct)
    {
        if (!result.IsSafe)
        {
            LogRefused(result.Outcome);
            return new Line("failed", null, null, texts[result.Outcome == StoreOutcome.OutOfResources ? "Upload.Full" : "Upload.Refused", result.Reason ?? ""]);
        }
        var study = await index.StudyAsync(result.Study, ct);
        return new Line(result.Outcome is StoreOutcome.AlreadyStored or StoreOutcome.Conflicting ? "known" : "stored", Url.Content($"~/studien/{result.Study}"),
            study is null ? null : $"{show.Name(study.Patient.Name)} · {show.Date(study.Study.Date)} {show.Text(study.Study.Description, 80)}".TrimEnd(), null);
    }

    private JsonResult Told(params IReadOnlyList<Line> lines) => new(new Answer(lines, lines.Any(l => l.Reason is not null && l.Reason == texts["Upload.Full"].Value)));

    [LoggerMessage(Level = LogLevel.Information, Message = "An uploaded file was not stored: {Outcome}")]
    private partial void LogRefused(StoreOutcome outcome);
}

/// <summary>One of our patients as the page sends him along with each file.</summary>
public sealed class PatientFields
{
    /// <summary>(0010,0020); empty when the files keep their patient.</summary>
    public string? Nr { get; set; }

    /// <summary>Family name.</summary>
    public string? LastName { get; set; }

    /// <summary>Given name.</summary>
    public string? FirstName { get; set; }

    /// <summary>Birth date, <c>yyyy-MM-dd</c>; empty when it is not known.</summary>
    public string? Born { get; set; }

    /// <summary>(0010,0040); empty when it is not known.</summary>
    public string? Sex { get; set; }

    /// <summary>Reads it.</summary>
    /// <returns>False with the key of a text when something is wrong.</returns>
    internal bool TryRead(out AssignedPatient? patient, out string wrong)
    {
        (patient, wrong) = (null, "");
        var (number, last, first) = ((Nr ?? "").Trim(), (LastName ?? "").Trim(), (FirstName ?? "").Trim());
        if (number.Length == 0)
        {
            return true;
        }
        var born = "";
        if (!string.IsNullOrEmpty(Born))
        {
            if (!DateOnly.TryParseExact(Born, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date.Year < 1850)
            {
                wrong = "Upload.BadBirthDate";
                return false;
            }
            born = date.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        }
        // LO and PN (PS3.5 §6.2): 64 characters, no backslash, no control characters; ^ and = are delimiters of names
        if (number.Length > 64 || last.Length == 0 || last.Length + first.Length > 63 || (number + last + first).Any(c => char.IsControl(c) || c == '\\') || (last + first).AsSpan().IndexOfAny('^', '=') >= 0)
        {
            wrong = "Upload.BadPatient";
            return false;
        }
        patient = new AssignedPatient(number, first.Length > 0 ? $"{last}^{first}" : last, born, Sex is "M" or "F" or "O" ? Sex : "");
        return true;
    }
}
