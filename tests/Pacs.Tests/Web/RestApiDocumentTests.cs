using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Pacs.Tests;

/// <summary>docs/rest-api.md lists the routes that there are, and no others.</summary>
public sealed partial class RestApiDocumentTests
{
    [Fact]
    public async Task The_document_lists_every_route_of_the_api()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:Enable"] = "true" });
        var mapped = server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            // pages say no method
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>() is not null && IsOrthancs(e.RoutePattern.RawText!))
            .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Where(m => m != "HEAD").Select(m => $"{m} {Plain(e.RoutePattern.RawText!)}")).Distinct().Order().ToList();
        var documented = Row().Matches(await File.ReadAllTextAsync(Path.Join(Repository.Root, "docs", "rest-api.md"), TestContext.Current.CancellationToken))
            .SelectMany(r => r.Groups["methods"].Value.Split(", ").SelectMany(m => Levels(r.Groups["path"].Value).Select(p => $"{m} {p}"))).Order().ToList();
        Assert.NotEmpty(mapped);
        Assert.True(mapped.SequenceEqual(documented), $"not in the document:\n{string.Join('\n', mapped.Except(documented))}\nno route of ours:\n{string.Join('\n', documented.Except(mapped))}");
    }

    // DICOMweb, GDT and the pages have documents of their own
    private static bool IsOrthancs(string pattern) => pattern.TrimStart('/').Split('/')[0] is "patients" or "studies" or "series" or "instances" or "tools" or "system" or "statistics"
        or "changes" or "exports" or "modalities" or "peers" or "queries" or "jobs" or "storage-commitment" or "plugins" or "worklists";

    private static string Plain(string pattern) => "/" + pattern.TrimStart('/').Replace("{**", "{", StringComparison.Ordinal);

    // "/(patients,studies)/{id}" is two routes
    private static IEnumerable<string> Levels(string path) => Choice().Match(path) is { Success: true } choice
        ? choice.Groups["list"].Value.Split(',').SelectMany(l => Levels(path.Replace(choice.Value, l, StringComparison.Ordinal))) : [path];

    [GeneratedRegex(@"^\| (?<methods>[A-Z, ]+) \| `(?<path>/[^`]*)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\((?<list>[a-z0-9.,-]+)\)")]
    private static partial Regex Choice();
}
