using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Upload;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/hochladen</c>: files, folders, ZIP archives and media of other hospitals, as they are or for one of our patients; documents for a study. The script sends file by file; each
/// answer says what became of it.
/// </summary>
[IgnoreAntiforgeryToken] // as DevicesModel
[DisableRequestSizeLimit] // a file is as large as it is; the archive looks at the free space
public sealed partial class UploadModel(Archive archive, IndexReader index, IStringLocalizer<Texts> texts, Display show, TimeProvider clock, IServiceProvider services, ILogger<UploadModel> logger) : PageModel
{
    // whom the page offers at once
    private const int MaxPatients = 8;

    // instances in one question: the page asks several times for more
    private const int MaxQuestions = 5000;

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

    /// <summary>A patient whom the page can take.</summary>
    /// <param name="Nr">(0010,0020).</param>
    /// <param name="LastName">Family name.</param>
    /// <param name="FirstName">Given name.</param>
    /// <param name="Born">Birth date, <c>yyyy-MM-dd</c>; empty when it is not known.</param>
    /// <param name="Sex">(0010,0040).</param>
    /// <param name="Shown">Name, birth date and number, for people.</param>
    public sealed record KnownPatient(string Nr, string LastName, string FirstName, string Born, string Sex, string Shown);

    /// <summary>Asks which instances are here.</summary>
    /// <param name="Nr">The number of the patient who gets them; null or empty for whom they name.</param>
    /// <param name="Instances">For each one Patient ID, Study, Series and SOP Instance UID.</param>
    public sealed record KnownQuestion(string? Nr, IReadOnlyList<string[]>? Instances);

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

    /// <summary>Patients of ours whom a search finds: those with images, and those who are on the worklist. Nobody has to type in what we know, and perhaps differently.</summary>
    public async Task<IActionResult> OnGetPatientsAsync(string? q, CancellationToken ct)
    {
        q = (q ?? "").Trim();
        var search = StudySearch.Parse(q.Length > IndexModel.MaxSearch ? q[..IndexModel.MaxSearch] : q);
        var found = (await index.PatientsAsync(search, MaxPatients, ct)).Where(p => p.PatientId.Length > 0).Select(p => Known(p.PatientId, p.Name, p.BirthDate, p.Sex)).ToList();
        if (found.Count < MaxPatients && services.GetService<Storage.Worklist>() is { } worklist)
        {
            var orders = (await worklist.ListAsync(null, WorklistModel.MaxRows, ct)).Select(WorklistOrder.Of).Concat((await worklist.FilesAsync(ct)).Select(f => WorklistOrder.Of(f, "file")));
            found.AddRange(orders.Select(o => (Order: o, Born: o.BirthDate?.ToString("yyyyMMdd", CultureInfo.InvariantCulture) ?? ""))
                .Where(o => o.Order.PatientId.Length > 0 && search.Finds(o.Order.PatientId, o.Order.PatientName, o.Born)).Select(o => Known(o.Order.PatientId, o.Order.PatientName, o.Born, o.Order.Sex)));
        }
        return new JsonResult(found.DistinctBy(p => p.Nr).Take(MaxPatients));
    }

    /// <summary>Looks at a DICOMDIR, or at the beginning of another DICOM file: whose it is and what.</summary>
    public async Task<IActionResult> OnPostLookAsync(CancellationToken ct)
    {
        using var whole = new MemoryStream();
        return new JsonResult(await TryReadAsync(Request.Body, whole, MediumStudy.MaxSize, ct) ? MediumStudy.Read(whole.GetBuffer().AsMemory(0, (int)whole.Length), show) : []);
    }

    /// <summary>Which instances are here already and need not be sent.</summary>
    /// <param name="question">The instances, and whom they shall belong to.</param>
    /// <returns>A text of a <c>1</c> for each that is here and a <c>0</c> for each that is not.</returns>
    public IActionResult OnPostKnown([FromBody] KnownQuestion? question)
    {
        var instances = question?.Instances ?? [];
        if (instances.Count > MaxQuestions || instances.Any(i => i is not { Length: 4 } || i.Any(part => part is null)))
        {
            return BadRequest();
        }
        var owner = string.IsNullOrWhiteSpace(question?.Nr) ? null : question.Nr.Trim();
        var known = index.AreStored([.. instances.Select(i => ResourceId.ForInstance(owner ?? i[0], i[1], i[2], i[3]))]);
        return new JsonResult(string.Concat(known.Select(k => k ? '1' : '0')));
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
        var origin = new Origin(OriginKind.Http, RemoteHost: HttpContext.Address());
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
            if (!await TryReadAsync(content, whole, WrappedDocument.MaxSize, ct))
            {
                throw new DocumentException("Upload.TooLarge");
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

    /// <returns>False when there is more than allowed.</returns>
    private static async Task<bool> TryReadAsync(Stream content, MemoryStream whole, int most, CancellationToken ct)
    {
        var block = new byte[64 * 1024];
        while (await content.ReadAsync(block, ct) is var read and > 0)
        {
            if (whole.Length + read > most)
            {
                return false;
            }
            whole.Write(block, 0, read);
        }
        return true;
    }

    private KnownPatient Known(string number, string? name, string? birthDate, string? sex)
    {
        var parts = PersonName.Parse(name);
        return new KnownPatient(number, parts.FamilyName, parts.GivenName, Display.TryDate(birthDate, out var born) ? born.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "", sex?.Trim() ?? "",
            string.Join(" · ", new[] { show.Name(name), show.BirthAndSex(birthDate, sex), texts["Upload.Number", show.Text(number, 64)].Value }.Where(t => t.Length > 0)));
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
