using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary>The studies that somebody has ticked in the list, read from the address.</summary>
public static class Selection
{
    /// <summary>At most so many at once: more than a page of the list has, and as many as an address takes.</summary>
    public const int Max = 100;

    /// <summary>The studies; those that are not there any more are left out.</summary>
    public static async Task<IReadOnlyList<StudyEntry>> ReadAsync(IndexReader index, IEnumerable<string> ids, CancellationToken ct)
    {
        var studies = new List<StudyEntry>();
        foreach (var text in ids.Distinct(StringComparer.Ordinal).Take(Max))
        {
            if (ResourceId.TryParse(text, out var id) && await index.StudyAsync(id, ct) is { } study)
            {
                studies.Add(study);
            }
        }
        return studies;
    }
}

/// <summary>What a form of the list can do that is no page.</summary>
internal static class SelectionRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/studien/zip", async ([FromQuery] string[] id, IndexReader index, CancellationToken ct) =>
        {
            var studies = await Selection.ReadAsync(index, id, ct);
            return studies.Count == 0 ? Results.LocalRedirect("~/") : Results.LocalRedirect(QueryHelpers.AddQueryString("~/tools/create-archive", new Dictionary<string, string?>
            {
                ["resources"] = string.Join(',', studies.Select(s => s.Study.PublicId)),
                ["filename"] = studies.Count == 1 ? "Studie.zip" : "Studien.zip",
            }));
        });
        // where there is a log-in the link holds a token: of fifty rows only the one that is asked for gets one
        routes.MapGet("/studien/weasis", async (string? id, HttpRequest request, IndexReader index, AccessTokens tokens, PacsOptions options, CancellationToken ct) =>
            options.DicomWeb.Enable && ResourceId.TryParse(id, out var study) && await index.StudyAsync(study, ct) is { } found
            && WeasisRoutes.Link(new DicomWebAddress(request, options), found.Study.Uid, options.AuthenticationEnabled ? tokens.Create().Token : null) is { } link
                ? Results.Redirect(link) : Results.NotFound());
    }
}
