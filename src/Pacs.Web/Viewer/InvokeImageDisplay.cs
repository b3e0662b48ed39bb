using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using Pacs.Web.DicomWeb;

namespace Pacs.Web.Viewer;

/// <summary>
/// IHE Invoke Image Display (IHE RAD TF-2, RAD-106): how practice software opens a viewer. <c>requestType=STUDY</c> with <c>studyUID</c> or <c>accessionNumber</c>,
/// <c>requestType=PATIENT</c> with <c>patientID</c>. Of several the first is opened; the viewer offers the patient's others.
/// </summary>
internal static class InvokeImageDisplay
{
    /// <summary>Leads to the viewer.</summary>
    public static IResult Answer(HttpRequest request)
    {
        var query = new QueryBuilder();
        switch (request.Query["requestType"].ToString())
        {
            case "STUDY" when First(request, "studyUID") is { } study:
                query.Add("study", study);
                break;
            case "STUDY" when First(request, "accessionNumber") is { } accession:
                query.Add("accession", accession);
                break;
            case "PATIENT" when request.Query["patientID"].ToString() is { Length: > 0 } patient:
                // a CX: the number and its issuer, 4711^^^Praxis (HL7 v2.5 §2.A.14)
                query.Add("patient", patient.Split('^')[0]);
                if (int.TryParse(request.Query["mostRecentResults"], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
                {
                    query.Add("anzahl", count.ToString(CultureInfo.InvariantCulture));
                }
                break;
            default:
                return DicomWebError.BadRequest("requestType=STUDY needs studyUID or accessionNumber, requestType=PATIENT needs patientID");
        }
        return Results.LocalRedirect($"{request.PathBase}/viewer{query}");
    }

    private static string? First(HttpRequest request, string name) => request.Query[name].ToString().Split(',')[0].Trim() is { Length: > 0 } value ? value : null;
}
