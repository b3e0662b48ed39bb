using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/IHEInvokeImageDisplay</c> (IHE RAD-106): how practice software opens the viewer. It leads there, or says what is wrong with the call to whoever has clicked.
/// </summary>
[ResponseCache(NoStore = true)]
public sealed class InvokeImageDisplayModel(IndexReader index) : PageModel
{
    // of a patient, among which those are looked for that are wanted
    private const int MaxStudies = 500;

    // of the address that it leads to
    private const int MostLed = 50;

    /// <summary>The sentence that says what is wrong.</summary>
    public string ProblemKey { get; private set; } = "";

    /// <summary>Leads to the viewer.</summary>
    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (!DisplayRequest.TryParse(Request.Query, out var request, out var problem))
        {
            return Refuse(StatusCodes.Status400BadRequest, problem);
        }
        var found = await FindAsync(request, ct);
        if (found.Count == 0)
        {
            return Refuse(StatusCodes.Status404NotFound, request.IsSelective && request.PatientId is not null ? "Display.NothingChosen" : "Display.NotFound");
        }
        // a number that was mistyped there, or given twice here, must not show somebody else's images
        if (request.BirthDate is { } birthDate && found[0].Patient.BirthDate is { Length: > 0 } known && known != birthDate)
        {
            return Refuse(StatusCodes.Status404NotFound, "Display.OtherPatient");
        }
        var studies = found.Where(f => f.Patient.Id == found[0].Patient.Id).Select(f => f.Study.PublicId).Distinct().Take(MostLed);
        var query = new QueryBuilder { { "study", string.Join(',', studies) } };
        if (request.IsSelective)
        {
            query.Add("weitere", "0");
        }
        if (request.KeyImagesOnly)
        {
            query.Add("nur", "gemerkt");
        }
        if (request.IsDiagnostic)
        {
            query.Add("qualitaet", "verlustfrei");
        }
        if (Request.Query["lang"].ToString() is { Length: > 0 } language)
        {
            query.Add("lang", language);
        }
        return LocalRedirect($"~/viewer{query}");
    }

    private async Task<List<StudyEntry>> FindAsync(DisplayRequest request, CancellationToken ct)
    {
        var found = new List<StudyEntry>();
        if (request.PatientId is { } patient)
        {
            found.AddRange((await index.StudiesByPatientIdAsync(patient, MaxStudies, ct)).Where(s => request.Wants(s.Study)).Take(request.MostRecent ?? MaxStudies));
        }
        foreach (var uid in request.StudyUids)
        {
            found.AddRange(await index.StudiesByUidAsync(uid, ct));
        }
        foreach (var accession in request.Accessions)
        {
            found.AddRange(await index.StudiesByAccessionAsync(accession, ct));
        }
        return found;
    }

    private PageResult Refuse(int status, string problem)
    {
        ProblemKey = problem;
        Response.StatusCode = status;
        return Page();
    }
}
