using System.Net;

namespace Pacs.Tests;

public sealed class SecurityTests(SecurityTests.Shared shared) : IClassFixture<SecurityTests.Shared>
{
    /// <summary>One server for all: no test changes it.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(new Dictionary<string, string> { ["HostNames"] = "pacs.example.org" });

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("192.168.1.122:8042", HttpStatusCode.OK)]
    [InlineData("[fe80::1]:8042", HttpStatusCode.OK)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("PACS-SERVER:8090", HttpStatusCode.OK)]
    [InlineData("pacs.fritz.box:8042", HttpStatusCode.OK)]
    [InlineData("pacs.praxis.local.", HttpStatusCode.OK)]
    [InlineData("pacs.example.org", HttpStatusCode.OK)]
    [InlineData("evil.example.com:8042", HttpStatusCode.MisdirectedRequest)]
    [InlineData("evillocal.com", HttpStatusCode.MisdirectedRequest)]
    [InlineData("192.168.1.122.evil.com", HttpStatusCode.MisdirectedRequest)]
    public async Task Only_names_that_are_ours_are_answered(string host, HttpStatusCode expected)
    {
        var server = shared.Server;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live");
        request.Headers.Host = host;

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "http://evil.example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Referer", "http://evil.example.com/page")]
    public async Task Another_site_must_not_change_anything(string header, string value)
    {
        var server = shared.Server;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/health/live");
        request.Headers.Add(header, value);

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "self")]
    [InlineData("User-Agent", "a-program")]
    public async Task Our_own_pages_and_programs_may(string header, string value)
    {
        var server = shared.Server;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/health/live");
        request.Headers.Add(header, value == "self" ? $"http://127.0.0.1:{server.HttpPort}" : value);

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode); // it got to the routes
    }

    [Fact]
    public async Task Another_site_may_link_to_what_only_reads()
    {
        var server = shared.Server;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live");
        request.Headers.Add("Sec-Fetch-Site", "cross-site");

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/no/such/page")]
    public async Task Every_answer_has_the_security_headers(string path)
    {
        var server = shared.Server;
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept", "text/html");

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.StartsWith("default-src 'self'; frame-ancestors 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("same-origin", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.NotNull(response.Content.Headers.ContentType);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task An_unknown_address_is_a_page_for_a_browser_and_an_error_object_for_a_program()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/no/<script>alert(1)</script>");
        request.Headers.Add("Accept", "text/html,*/*");

        using var page = await shared.Server.Http.SendAsync(request, Ct);
        using var error = await shared.Server.Http.GetAsync(new Uri("/no/<script>", UriKind.Relative), Ct);

        var html = await page.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("lang=\"de\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, error.StatusCode);
        Assert.Equal("application/json", error.Content.Headers.ContentType?.MediaType);
    }
}
