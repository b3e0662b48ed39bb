using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary><c>/fehler/{status}</c>: what <see cref="ErrorPages"/> shows to people in place of an empty answer.</summary>
[ResponseCache(NoStore = true)]
[IgnoreAntiforgeryToken]
public sealed class FailureModel : PageModel
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; private set; }

    /// <summary>The id under which the failure is in the log; null where there is none because nothing is wrong here.</summary>
    public string? Id { get; private set; }

    /// <summary>The heading.</summary>
    public string TitleKey => Status switch { >= 500 => "Failure.Server", 404 => "Failure.NotFound", _ => "Failure.BadRequest" };

    /// <summary>What it means and what to do.</summary>
    public string LeadKey => TitleKey + "Lead";

    /// <summary>Shows the page; whatever the verb of the request that failed was.</summary>
    public void OnGet(int status) => Show(status);

    /// <inheritdoc cref="OnGet"/>
    public void OnPost(int status) => Show(status);

    private void Show(int status)
    {
        Status = status is >= 400 and <= 599 ? status : StatusCodes.Status404NotFound;
        Id = Status >= 500 ? HttpContext.ErrorId() : null;
        Response.StatusCode = Status;
    }
}
