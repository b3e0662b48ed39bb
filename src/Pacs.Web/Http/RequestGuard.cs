using System.Net;
using Pacs.Web.Configuration;

namespace Pacs.Web.Http;

/// <summary>
/// Refuses what a web page elsewhere could make a browser in the office do: calls under a name that is not ours (DNS rebinding), and calls of another site that
/// change something (cross-site request forgery). Without a log-in the browser's place in the network is all the authority an attacker needs, and with one the browser sends the password along.
/// Programs that are no browsers send none of these headers and are not affected.
/// </summary>
public sealed partial class RequestGuard(RequestDelegate next, PacsOptions options, ILogger<RequestGuard> logger)
{
    /// <summary>Domains that the public DNS does not give to anybody: RFC 6761, RFC 6762, RFC 8375, ICANN's reservation of .internal, and what routers use.</summary>
    private static readonly string[] PrivateDomains = [".local", ".lan", ".internal", ".home.arpa", ".fritz.box", ".localhost", ".localdomain"];

    /// <summary>Lets the request pass or answers it. It must run after routing: it looks at the endpoint's <see cref="ChangesState"/>.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsOurName(request.Host.Host))
        {
            LogForeignName();
            return context.RefuseAsync(StatusCodes.Status421MisdirectedRequest,
                "This host name is not ours. If it is meant for this server, add it to HostNames in the configuration.");
        }
        if (MayChange(context) && IsFromAnotherSite(request))
        {
            LogOtherSite(request.Method);
            return context.RefuseAsync(StatusCodes.Status403Forbidden, "Another web site must not change anything here.");
        }
        return next(context);
    }

    private bool IsOurName(string host)
    {
        host = host.TrimEnd('.');
        return host.Length == 0 // HTTP/1.0: no browser
            || !host.Contains('.', StringComparison.Ordinal)
            || IPAddress.TryParse(host, out _)
            || Array.Exists(PrivateDomains, d => host.EndsWith(d, StringComparison.OrdinalIgnoreCase))
            || options.HostNames.Any(n => n == "*" || string.Equals(n, host, StringComparison.OrdinalIgnoreCase));
    }

    private static bool MayChange(HttpContext context) =>
        !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
        || context.GetEndpoint()?.Metadata.GetMetadata<ChangesState>() is not null;

    private static bool IsFromAnotherSite(HttpRequest request)
    {
        // Fetch Metadata, https://www.w3.org/TR/fetch-metadata/: sent only to https and localhost, so it is not enough alone
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is "cross-site" or "same-site")
        {
            return true;
        }
        // Fetch §3.2; "null" is a sandboxed or local page. Browsers send no Origin with a plain GET: there the Referer tells.
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0)
        {
            return !IsOurOrigin(request, origin);
        }
        var referrer = request.Headers.Referer.ToString();
        return referrer.Length > 0 && !IsOurOrigin(request, referrer);
    }

    private static bool IsOurOrigin(HttpRequest request, string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && HostString.FromUriComponent(uri) is var from
        && string.Equals(from.Host, request.Host.Host, StringComparison.OrdinalIgnoreCase)
        && (from.Port ?? DefaultPort(uri.Scheme)) == (request.Host.Port ?? DefaultPort(uri.Scheme));

    private static int DefaultPort(string scheme) => scheme == "https" ? 443 : 80;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused a request under a host name that is not ours; HostNames lists further names")]
    private partial void LogForeignName();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused a {Method} request that another web site caused")]
    private partial void LogOtherSite(string method);
}
