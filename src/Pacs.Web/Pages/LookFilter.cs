using Microsoft.AspNetCore.Mvc.Filters;

namespace Pacs.Web.Pages;

/// <summary>Light or dark: what somebody chose (<c>?look=dark</c>, kept in a cookie), else what the system prefers.</summary>
public sealed class LookFilter : IResourceFilter
{
    /// <summary>The key in the query, and the name of the cookie.</summary>
    public const string Key = "look";

    /// <summary>What can be chosen; <c>auto</c> forgets the choice.</summary>
    public static readonly IReadOnlyList<string> Choices = ["auto", "light", "dark"];

    /// <summary>The choice of a request: light or dark, or auto.</summary>
    public static string Of(HttpRequest request) => Known(request.Query[Key]) ?? Known(request.Cookies[Key]) ?? Choices[0];

    /// <inheritdoc/>
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        var http = context.HttpContext;
        if (Known(http.Request.Query[Key]) is { } choice)
        {
            http.Response.Cookies.Append(Key, choice, new CookieOptions
            {
                MaxAge = TimeSpan.FromDays(365),
                HttpOnly = true,
                IsEssential = true,
                SameSite = SameSiteMode.Lax,
                Secure = http.Request.IsHttps,
            });
        }
    }

    /// <inheritdoc/>
    public void OnResourceExecuted(ResourceExecutedContext context)
    {
    }

    private static string? Known(string? choice) => choice is not null && Choices.Contains(choice) ? choice : null;
}
