using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>Deletes a study, a series or an instance, when <c>DicomWeb.AllowDelete</c> says so.</summary>
internal sealed class DeleteRoutes(WadoTarget target, Archive archive)
{
    /// <summary>Answers: 204 when it is gone.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string? series, string? instance)
    {
        if (await target.FindAsync(study, series, instance, context.RequestAborted) is not { Count: > 0 } locations)
        {
            return HttpProblem.NotFound;
        }
        // one by one: what shares a UID under another patient is meant, too, as it is when it is retrieved
        foreach (var location in locations)
        {
            await archive.DeleteAsync(Level.Instance, location.Id, context.RequestAborted);
        }
        return Results.NoContent();
    }
}
