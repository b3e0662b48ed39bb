using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Pacs.Web.Http;

namespace Pacs.Tests;

public sealed class ErrorPagesTests
{
    [Theory]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("text/html", "text/html; charset=utf-8")]
    public async Task An_exception_is_answered_with_an_id_and_without_details(string accept, string contentType)
    {
        var (response, body) = await RunAsync(accept, _ => throw new InvalidOperationException("/secret/path of Müller^Jörg"));

        Assert.Equal(500, response.StatusCode);
        Assert.Equal(contentType, response.ContentType);
        Assert.Contains(response.HttpContext.ErrorId(), body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("InvalidOperationException", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_prepared_before_the_exception_is_not_sent()
    {
        var (response, _) = await RunAsync("*/*", context =>
        {
            context.Response.ContentType = "image/png";
            context.Response.Headers.ETag = "\"1\"";
            throw new InvalidOperationException();
        });

        Assert.Equal("application/problem+json", response.ContentType);
        Assert.Empty(response.Headers.ETag.ToString());
    }

    [Fact]
    public async Task A_request_that_is_too_long_is_the_callers_fault()
    {
        var (response, _) = await RunAsync("*/*", _ => throw new BadHttpRequestException("too long", StatusCodes.Status413PayloadTooLarge));

        Assert.Equal(413, response.StatusCode);
    }

    [Theory]
    [InlineData("de", "Nicht gefunden")]
    [InlineData("en-GB,en;q=0.9", "Not found")]
    public async Task A_browser_gets_a_page_in_its_language(string language, string heading)
    {
        var (_, body) = await RunAsync("text/html", context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        }, language);

        Assert.Contains($"<h1>{heading}</h1>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_the_route_itself_stays()
    {
        var (response, body) = await RunAsync("text/html", async context =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync("{}"u8.ToArray());
        });

        Assert.Equal("application/json", response.ContentType);
        Assert.Equal("{}", body);
    }

    private static async Task<(HttpResponse Response, string Body)> RunAsync(string accept, RequestDelegate next, string language = "de")
    {
        var context = new DefaultHttpContext();
        var body = new MemoryStream();
        context.Response.Body = body;
        context.Request.Method = "GET";
        context.Request.Headers.Accept = accept;
        context.Request.Headers.AcceptLanguage = language;
        await new ErrorPages(next, NullLogger<ErrorPages>.Instance).InvokeAsync(context);
        return (context.Response, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
