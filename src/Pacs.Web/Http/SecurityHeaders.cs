namespace Pacs.Web.Http;

/// <summary>Headers that every answer has.</summary>
public sealed class SecurityHeaders(RequestDelegate next)
{
    /// <summary>
    /// Everything from ourselves, no inline script, no frame elsewhere (Content Security Policy Level 3). <c>base-uri</c> and <c>form-action</c> do not fall back to
    /// <c>default-src</c> and are named for that.
    /// </summary>
    public const string ContentSecurityPolicy = "default-src 'self'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; object-src 'none'";

    /// <summary>Adds the headers when the answer starts.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state =>
        {
            var response = (HttpResponse)state;
            var headers = response.Headers;
            headers.ContentSecurityPolicy = headers.ContentSecurityPolicy.Count > 0 ? headers.ContentSecurityPolicy : ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            // addresses of pages hold no names, but accession numbers in a query are nobody's business elsewhere
            headers["Referrer-Policy"] = "same-origin";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (response.ContentType is null && response.ContentLength is not 0 && HasBody(response.StatusCode))
            {
                response.ContentType = "application/octet-stream"; // nothing is for a browser to guess
            }
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    }

    // RFC 9110 §15: these have none
    private static bool HasBody(int status) => status is >= 200 and not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified);
}
