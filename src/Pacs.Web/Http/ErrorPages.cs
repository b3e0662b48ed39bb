using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pacs.Web.Orthanc;

namespace Pacs.Web.Http;

/// <summary>
/// Turns exceptions, and empty answers with an error status to a browser, into answers that say what happened without saying how: a page for browsers,
/// problem details (RFC 9457) for programs, with an id that stands in the log beside the exception.
/// </summary>
public sealed partial class ErrorPages(RequestDelegate next, ILogger<ErrorPages> logger)
{
    /// <summary>Runs the request and answers for it when it fails.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is not { HasStarted: false, StatusCode: >= 400, ContentLength: null or 0, ContentType: null })
            {
                return;
            }
            if (WantsPage(context.Request))
            {
                await ShowAsync(context, context.Response.StatusCode);
            }
            else if (context.GetEndpoint() is null && context.Response.StatusCode == StatusCodes.Status404NotFound)
            {
                await OrthancError.UnknownResource.Answer(context.Request).ExecuteAsync(context); // programs take us for an Orthanc
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the caller has gone; nobody reads an answer
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await context.RefuseAsync(e.StatusCode, null); // too long, too slow, malformed: the caller's fault
        }
        catch (Exception e)
        {
            var id = context.ErrorId();
            LogFailed(e, id, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "");
            if (context.Response.HasStarted)
            {
                context.Abort(); // half an answer must not look like a whole one
                return;
            }
            context.Response.Clear();
            await ShowAsync(context, StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>
    /// Runs the pipeline again for the page that explains the status, in the language and the look of the other pages. Where that fails too, the plain answer
    /// remains, which needs nothing but itself.
    /// </summary>
    private async Task ShowAsync(HttpContext context, int status)
    {
        if (WantsPage(context.Request) && HttpMethods.IsGet(context.Request.Method))
        {
            var path = context.Request.Path;
            try
            {
                context.SetEndpoint(null);
                context.Request.RouteValues.Clear();
                context.Request.Path = string.Create(CultureInfo.InvariantCulture, $"/fehler/{status}");
                await next(context);
                if (context.Response.HasStarted)
                {
                    return;
                }
            }
            catch (Exception e) when (!context.Response.HasStarted)
            {
                LogFailed(e, context.ErrorId(), "/fehler");
                context.Response.Clear();
            }
            finally
            {
                context.Request.Path = path;
            }
        }
        await context.RefuseAsync(status, null);
    }

    internal static bool WantsPage(HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {Id} to {Route} failed")]
    private partial void LogFailed(Exception exception, string id, string route);
}

/// <summary>Answers that say no.</summary>
public static class Refusal
{
    /// <summary>The id under which this request is in the log and in the trace.</summary>
    public static string ErrorId(this HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    /// <summary>Answers with an error: a page for a browser, problem details (RFC 9457) for everybody else.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="detail">A sentence about what the caller can do, without anything from the request; null for the status's own.</param>
    /// <param name="reason">The same in one word, for a program that says it in its own language; or null.</param>
    public static async Task RefuseAsync(this HttpContext context, int status, string? detail, string? reason = null)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }
        var title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        var id = context.ErrorId();
        byte[] body;
        if (ErrorPages.WantsPage(context.Request))
        {
            response.ContentType = "text/html; charset=utf-8";
            body = Encoding.UTF8.GetBytes(Page(context, status, title, detail, id));
        }
        else
        {
            response.ContentType = "application/problem+json";
            body = reason is null ? JsonSerializer.SerializeToUtf8Bytes(new { title, status, detail = detail ?? title, id }, JsonSerializerOptions.Web)
                : JsonSerializer.SerializeToUtf8Bytes(new { title, status, detail = detail ?? title, id, reason }, JsonSerializerOptions.Web);
        }
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    // in the look of the other pages, and readable without it: it must come out even where nothing else works
    private static string Page(HttpContext context, int status, string title, string? detail, string id)
    {
        var english = context.Request.Headers.AcceptLanguage.ToString().StartsWith("en", StringComparison.OrdinalIgnoreCase);
        var (heading, text) = (english, status) switch
        {
            (true, 401) => ("Please log in", detail ?? "The name or the password was not right, or the log-in was cancelled."),
            (false, 401) => ("Bitte anmelden", detail ?? "Name oder Passwort stimmten nicht, oder die Anmeldung wurde abgebrochen."),
            (true, 404) => ("Not found", detail ?? "This address or request is not valid here."),
            (false, 404) => ("Nicht gefunden", detail ?? "Unter dieser Adresse ist nichts."),
            // what programs are told in English (RequestGuard)
            (false, 403) => ("Das geht nicht", "Eine andere Internetseite darf hier nichts ändern."),
            (false, 421) => ("Unter diesem Namen nicht", "Dieser Rechnername gehört nicht zu diesem Server. Soll er gelten: Einstellungen, Praxis, Weitere Namen dieses Servers (HostNames)."),
            (true, _) => (title, detail ?? (status < 500 ? "This address or request is not valid here." : "Something went wrong here. The log of the server says what.")),
            (false, < 500) => ("Das geht nicht", detail ?? "Diese Anfrage ist hier nicht gültig."),
            (false, _) => ("Ein Fehler ist aufgetreten", detail ?? "Im Protokoll des Servers steht, was geschehen ist."),
        };
        var html = HtmlEncoder.Default;
        var root = html.Encode(context.Request.PathBase.Value ?? "");
        // the same address again makes the browser ask for the password again
        var link = status == StatusCodes.Status401Unauthorized
            ? $"""<a class="button" href="">{(english ? "Log in" : "Anmelden")}</a>"""
            : $"""<a class="button" href="{root}/">{(english ? "To the studies" : "Zu den Studien")}</a>""";
        return string.Create(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="{(english ? "en" : "de")}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>{status} {html.Encode(heading)}</title><link rel="stylesheet" href="{root}/pacs.css"></head>
            <body>
            <main class="alone">
            <section class="empty failure">
            <h1>{html.Encode(heading)}</h1>
            <p>{html.Encode(text)}</p>
            <p class="note">{status} · <code>{html.Encode(id)}</code></p>
            <p class="actions">{link}</p>
            </section>
            </main>
            </body>
            </html>

            """);
    }
}
