using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Http;

namespace Pacs.Tests;

/// <summary>The log-in of the HTTP port: which doors it guards, and who gets in with what.</summary>
public sealed partial class LoginTests(LoginTests.Office office) : IClassFixture<LoginTests.Office>
{
    private readonly FakeTimeProvider _clock = office.Clock;
    private readonly TestServer _server = office.Server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_door_but_health_and_style_asks_for_a_password()
    {
        var open = new List<string>();
        foreach (var endpoint in _server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>())
        {
            var path = Parameter().Replace(endpoint.RoutePattern.RawText ?? "", "1").TrimStart('/');
            if (path.EndsWith(".gz", StringComparison.Ordinal) || path.EndsWith(".br", StringComparison.Ordinal))
            {
                continue; // packed when it is published, not here
            }
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
                using var answer = await _server.Http.SendAsync(request, Ct);
                if (answer.StatusCode != HttpStatusCode.Unauthorized)
                {
                    open.Add(path);
                    continue;
                }
                Assert.Equal("Basic", answer.Headers.WwwAuthenticate.Single().Scheme);
            }
        }
        Assert.NotEmpty(open);
        Assert.All(open.Distinct(), p => Assert.True(p.StartsWith("health/", StringComparison.Ordinal) || p.EndsWith(".css", StringComparison.Ordinal) || p.EndsWith(".js", StringComparison.Ordinal)
            || p.EndsWith(".svg", StringComparison.Ordinal), p));
        // what is nowhere is not told from what is
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Http.GetAsync(new Uri("nowhere", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.Http.GetAsync(new Uri("health/live", UriKind.Relative), Ct)).StatusCode);
    }

    [Theory]
    [InlineData("praxis:gehéim:x", 200)]
    [InlineData("arzt:hashed", 200)]
    [InlineData("praxis:gehéim", 401)]
    [InlineData("praxis:", 401)]
    [InlineData("arzt:gehéim:x", 401)]
    [InlineData("niemand:gehéim:x", 401)]
    [InlineData("PRAXIS:gehéim:x", 401)]
    [InlineData("praxis", 401)]
    [InlineData("", 401)]
    public async Task Names_and_passwords_are_those_of_the_configuration(string credentials, int status)
    {
        foreach (var path in new[] { "dicom-web/studies", "system" })
        {
            using var answer = await SendAsync(path, r => r.Headers.Authorization = Basic(credentials));
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic %%%")]
    [InlineData("Bearer")]
    [InlineData("Bearer x")]
    [InlineData("Digest username=praxis")]
    public async Task What_is_no_password_does_not_help(string header)
    {
        using var answer = await SendAsync("dicom-web/studies", r => r.Headers.TryAddWithoutValidation("Authorization", header));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        using var endless = await SendAsync("dicom-web/studies", r => r.Headers.TryAddWithoutValidation("Authorization", "Basic " + new string('A', 20_000)));
        Assert.Equal(HttpStatusCode.Unauthorized, endless.StatusCode);
    }

    [Fact]
    public async Task A_token_reads_what_viewers_read_until_it_ends()
    {
        using var asked = new HttpRequestMessage(HttpMethod.Post, new Uri("auth/token", UriKind.Relative));
        asked.Headers.Authorization = Basic("praxis:gehéim:x");
        using var given = await _server.Http.SendAsync(asked, Ct);
        var json = JsonNode.Parse(await given.Content.ReadAsStringAsync(Ct))!;
        var token = (string)json["Token"]!;
        Assert.Equal(_clock.GetUtcNow().AddMinutes(60), (DateTimeOffset)json["Expires"]!);
        string[] readable = ["dicom-web/studies", "dicom-web/studies?PatientID=P1", "dicom-web/studies/1.2.1", "dicom-web/studies/1.2.1/metadata", "weasis/manifest?studyUID=1.2.1", "wado?requestType=WADO&objectUID=1.2.1.1.1&contentType=application/dicom"];
        foreach (var path in readable)
        {
            using var bearer = await SendAsync(path, r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token));
            using var parameter = await SendAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}token={token}");
            Assert.Equal((path, HttpStatusCode.OK, HttpStatusCode.OK), (path, bearer.StatusCode, parameter.StatusCode));
            Assert.Empty(parameter.Headers.Warning);
        }
        // nothing else, and no storing
        foreach (var path in new[] { "", "system", "studies", "modalities", "worklist/add?id=1", "gdt/messages" })
        {
            using var bearer = await SendAsync(path, r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token));
            Assert.Equal(HttpStatusCode.Unauthorized, bearer.StatusCode);
        }
        using var store = new HttpRequestMessage(HttpMethod.Post, new Uri("dicom-web/studies?token=" + token, UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Http.SendAsync(store, Ct)).StatusCode);
        // one that somebody has changed
        for (var i = 0; i < token.Length; i += 5)
        {
            var wrong = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            using var answer = await SendAsync("dicom-web/studies?token=" + wrong);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        _clock.Advance(TimeSpan.FromMinutes(60));
        using var late = await SendAsync("dicom-web/studies?token=" + token);
        Assert.Equal(HttpStatusCode.Unauthorized, late.StatusCode);
    }

    [Fact]
    public async Task Links_for_weasis_have_a_token()
    {
        using var page = await SendAsync("studien/" + Pacs.Storage.ResourceId.ForStudy("P1", "1.2.1"), r => r.Headers.Authorization = Basic("arzt:hashed"));
        var link = Uri.UnescapeDataString(WebUtility.HtmlDecode(WeasisLink().Match(await page.Content.ReadAsStringAsync(Ct)).Groups["link"].Value));
        var token = Bearer().Match(link).Groups["token"].Value;
        using var series = await SendAsync("dicom-web/studies/1.2.1/series", r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token));
        Assert.Equal(HttpStatusCode.OK, series.StatusCode);

        using var manifest = await SendAsync("weasis/manifest?studyUID=1.2.1&token=" + token);
        XNamespace weasis = "http://www.weasis.org/xsd/2.5";
        var tag = XDocument.Parse(await manifest.Content.ReadAsStringAsync(Ct)).Descendants(weasis + "httpTag").Single();
        Assert.Equal("Authorization", tag.Attribute("key")!.Value);
        using var file = await SendAsync("wado?requestType=WADO&objectUID=1.2.1.1.1&contentType=application/dicom", r => r.Headers.TryAddWithoutValidation("Authorization", tag.Attribute("value")!.Value));
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
    }

    [Fact]
    public async Task A_viewer_elsewhere_may_ask_before_it_shows_its_token()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, new Uri("dicom-web/studies", UriKind.Relative));
        request.Headers.Add("Origin", "http://viewer.lan:3000");
        request.Headers.Add("Access-Control-Request-Method", "GET");
        request.Headers.Add("Access-Control-Request-Headers", "authorization");
        using var answer = await _server.Http.SendAsync(request, Ct);
        Assert.Equal((HttpStatusCode.NoContent, "authorization"), (answer.StatusCode, answer.Headers.GetValues("Access-Control-Allow-Headers").Single()));
    }

    [Theory]
    [InlineData("""{"AuthenticationEnabled": true}""", "AuthenticationEnabled is true, but RegisteredUsers has nobody")]
    [InlineData("""{"RegisteredUsers": {"a:b": "topsecret"}}""", "every user has a name without a colon")]
    [InlineData("""{"RegisteredUsers": {"a": ""}}""", "a password that is not empty")]
    [InlineData("""{"RegisteredUsers": ["a", "topsecret"]}""", "must be an object of passwords")]
    public void Users_that_could_not_log_in_are_a_mistake(string json, string message)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            var error = Assert.Throws<ConfigurationException>(() => PacsConfiguration.Bind(SettingSources.FromPath(path)));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("topsecret", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Passwords_are_not_printed()
    {
        var configuration = PacsConfiguration.Bind([SettingSources.FromText("RegisteredUsers", """{"praxis": "topsecret"}""", "the test", "/")]);
        using var output = new StringWriter();
        ConfigurationCommand.Print(configuration, output);
        Assert.DoesNotContain("topsecret", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"RegisteredUsers\": {\"praxis\":\"pbkdf2-sha512:", output.ToString(), StringComparison.Ordinal);
    }

    private static AuthenticationHeaderValue Basic(string credentials) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));

    private async Task<HttpResponseMessage> SendAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        change?.Invoke(request);
        return await _server.Http.SendAsync(request, Ct);
    }

    [GeneratedRegex(@"\{[^}]*\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Parameter();

    [GeneratedRegex("href=\"(?<link>weasis:[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex WeasisLink();

    [GeneratedRegex("Authorization: Bearer (?<token>[A-Za-z0-9_-]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Bearer();

    /// <summary>A server with a log-in and a study.</summary>
    public sealed class Office : IAsyncLifetime
    {
        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));

        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync(
                new Dictionary<string, string>
                {
                    ["AuthenticationEnabled"] = "true",
                    ["RegisteredUsers"] = $$"""{"praxis": "gehéim:x", "arzt": "{{Passcode.Of("hashed"u8, 1000)}}"}""",
                    ["DicomWeb:AllowedOrigins"] = "http://viewer.lan:3000",
                },
                services => services.AddSingleton(new AccessTokens(new PacsOptions { TokenLifetime = 60 }, Clock)));
            await PagesKit.StoreAsync(Server, PagesKit.Image("Müller^Jörg", "P1", "1.2.1"));
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
