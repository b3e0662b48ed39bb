using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Web.OpenApi;

namespace Pacs.Tests;

/// <summary><c>/openapi/v1.json</c> and <c>/api</c>: every route of the running server, with words.</summary>
public sealed class OpenApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_document_has_every_route_that_is_mapped_and_no_other()
    {
        await using var server = await StartAsync();
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi/v1.json", Ct));
        Assert.Equal("3.1.0", document.RootElement.GetProperty("openapi").GetString());
        var listed = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => $"{o.Name.ToUpperInvariant()} {p.Name}")).Order(StringComparer.Ordinal);
        Assert.Equal(Mapped(server), listed);
    }

    [Fact]
    public async Task Every_operation_has_words_and_declares_what_is_in_its_path()
    {
        await using var server = await StartAsync();
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi/v1.json", Ct));
        var ids = new HashSet<string>();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject().Select(o => o.Value))
            {
                Assert.True(operation.GetProperty("summary").GetString()!.Length > 0 || operation.TryGetProperty("description", out _), $"{path.Name}: add a row to src/Pacs.Web/OpenApi/routes.tsv");
                Assert.True(ids.Add(operation.GetProperty("operationId").GetString()!));
                Assert.True(operation.GetProperty("responses").EnumerateObject().Any());
                var declared = operation.TryGetProperty("parameters", out var parameters)
                    ? parameters.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "path").Select(p => $"{{{p.GetProperty("name").GetString()}}}").ToList() : [];
                Assert.Equal(System.Text.RegularExpressions.Regex.Matches(path.Name, @"\{\w+\}").Select(m => m.Value).Order(StringComparer.Ordinal), declared.Order(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public async Task Words_of_routes_that_are_gone_are_gone()
    {
        await using var server = await StartAsync();
        var mapped = Mapped(server);
        // mapped only where there is a log-in
        Assert.Empty(ApiTable.Rows.Select(r => $"{r.Method} {r.Path}").Except(mapped));
    }

    [Fact]
    public async Task DICOMweb_elsewhere_is_described_where_it_is()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:Root"] = "/pacs/dicom/" });
        var document = await server.Http.GetStringAsync("/openapi/v1.json", Ct);
        Assert.Contains("\"/pacs/dicom/studies\"", document, StringComparison.Ordinal);
        Assert.Contains("Searches for studies (QIDO-RS)", document, StringComparison.Ordinal);
        Assert.DoesNotContain("\"/dicom-web", document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_shows_the_same_in_both_languages()
    {
        await using var server = await StartAsync();
        var german = await server.Http.GetStringAsync("/api", Ct);
        Assert.Contains("Programmierschnittstelle", german, StringComparison.Ordinal);
        Assert.Contains("/gdt/receivers/{name}/check", german, StringComparison.Ordinal);
        Assert.Contains("Every address that programs can call", await server.Http.GetStringAsync("/api?lang=en", Ct), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:AllowDelete"] = "true", ["GdtGenerator:IncomingDir"] = "gdt" });

    private static List<string> Mapped(TestServer server) =>
    [
        .. server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ActionDescriptor>() is null && e.Metadata.GetMetadata<StaticAssetDescriptor>() is null && !e.RoutePattern.RawText!.TrimStart('/').StartsWith('{'))
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Where(m => m is not ("HEAD" or "OPTIONS"))
                .Select(m => $"{m} /{string.Join('/', e.RoutePattern.PathSegments.Select(s => string.Concat(s.Parts.Select(Part))))}"))
            .Distinct().Order(StringComparer.Ordinal),
    ];

    private static string Part(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
        _ => "",
    };
}
