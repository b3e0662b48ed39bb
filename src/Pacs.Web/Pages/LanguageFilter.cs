using System.Globalization;
using Microsoft.AspNetCore.Mvc.Filters;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary>
/// The language of a page: German, the default, or English. What somebody chose (<c>?lang=en</c>, kept in a cookie) counts before what the browser
/// prefers. It holds for pages only: the APIs speak one language.
/// </summary>
public sealed class LanguageFilter : IAsyncResourceFilter
{
    /// <summary>The key in the query, and the name of the cookie, that choose a language.</summary>
    public const string Key = "lang";

    // en-GB: day before month and 24 hours, as everybody around reads them
    private static readonly Dictionary<string, CultureInfo> Cultures = new(StringComparer.OrdinalIgnoreCase)
    {
        ["de"] = CultureInfo.GetCultureInfo("de-DE"),
        ["en"] = CultureInfo.GetCultureInfo("en-GB"),
    };

    /// <inheritdoc/>
    public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        var http = context.HttpContext;
        var culture = Speak(http.Request);
        http.Response.Headers.ContentLanguage = culture.TwoLetterISOLanguageName;
        // pages are about patients: nothing stays on a shared computer
        http.Response.Headers.CacheControl = "no-store";
        if (Known(http.Request.Query[Key]) is not null)
        {
            http.Response.Cookies.Append(Key, culture.TwoLetterISOLanguageName, new CookieOptions
            {
                MaxAge = TimeSpan.FromDays(365),
                HttpOnly = true,
                IsEssential = true,
                SameSite = SameSiteMode.Lax,
                Secure = http.Request.IsHttps,
            });
        }
        await next();
    }

    /// <summary>Sets the language of a request for what is done in answer to it.</summary>
    public static CultureInfo Speak(HttpRequest request)
    {
        var culture = Of(request);
        CultureInfo.CurrentCulture = culture;
        CultureInfo.CurrentUICulture = culture;
        return culture;
    }

    /// <summary>The language of a request: chosen, else the setting's, else preferred, else German.</summary>
    public static CultureInfo Of(HttpRequest request) =>
        Known(request.Query[Key]) ?? Known(request.Cookies[Key]) ?? Known(request.HttpContext.RequestServices.GetRequiredService<PacsOptions>().Language) ?? Preferred(request) ?? Cultures["de"];

    // RFC 9110 §12.5.4; the first of equal weight counts
    private static CultureInfo? Preferred(HttpRequest request) => request.GetTypedHeaders().AcceptLanguage
        .Where(l => l.Quality is null or > 0)
        .OrderByDescending(l => l.Quality ?? 1)
        .Select(l => Known(l.Value.Value?.Split('-')[0]))
        .FirstOrDefault(c => c is not null);

    private static CultureInfo? Known(string? language) => language is not null && Cultures.TryGetValue(language, out var culture) ? culture : null;
}
