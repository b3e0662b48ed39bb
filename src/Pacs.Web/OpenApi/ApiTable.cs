using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.StaticAssets;
using Pacs.Web.Configuration;

namespace Pacs.Web.OpenApi;

/// <summary>
/// The operations of the API as the running server has mapped them, with words for each: from <c>routes.tsv</c> beside this file, and from the tables of docs/rest-api.md how they compare with Orthanc's.
/// The routes are the truth: one without words is listed all the same, and a test misses the words.
/// </summary>
internal sealed partial class ApiTable(IEnumerable<EndpointDataSource> sources, PacsOptions options)
{
    private const string StandardRoot = "/dicom-web";
    private const string StandardWado = "/wado";

    private static readonly Dictionary<(string Method, string Path), string[]> Words = ReadWords();
    private static readonly Dictionary<(string Method, string Path), string> Orthanc = ReadOrthanc();

    private IReadOnlyList<ApiOperation>? _operations;

    /// <summary>All of them, by their groups and paths.</summary>
    public IReadOnlyList<ApiOperation> Operations => _operations ??=
    [
        .. sources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Where(IsApi).SelectMany(Read).DistinctBy(o => (o.Method, o.Path))
            .OrderBy(o => o.Group, StringComparer.Ordinal).ThenBy(o => o.Path, StringComparer.Ordinal).ThenBy(o => o.Method, StringComparer.Ordinal),
    ];

    /// <summary>The rows of <c>routes.tsv</c>, for the test that looks for stale ones.</summary>
    internal static IEnumerable<(string Method, string Path)> Rows => Words.Keys;

    // pages and what belongs to them are no API; what begins with a parameter catches addresses that are nothing
    private static bool IsApi(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<ActionDescriptor>() is null && endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null
        && endpoint.RoutePattern.PathSegments is [{ Parts: [RoutePatternLiteralPart, ..] }, ..];

    private IEnumerable<ApiOperation> Read(RouteEndpoint endpoint)
    {
        var path = "/" + Parameter().Replace(endpoint.RoutePattern.RawText ?? "", "{${name}}").Trim('/');
        var parameters = endpoint.RoutePattern.Parameters.Select(p => (p.Name, p.ParameterPolicies.Any(c => c.Content == "int"))).ToList();
        // a route that says no method answers those that change something itself: 405
        foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [HttpMethods.Get])
        {
            if (method == HttpMethods.Head || method == HttpMethods.Options)
            {
                continue;
            }
            var words = Words.GetValueOrDefault((method, Standard(path)));
            yield return new ApiOperation(method, path, parameters)
            {
                Group = words?[0] ?? (path.StartsWith(Root, StringComparison.Ordinal) ? "DICOMweb" : "Orthanc"),
                Summary = words?[1] ?? "",
                BesideOrthanc = Orthanc.GetValueOrDefault((method, path)) ?? "",
                Query = words?[2].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
                Body = words?[3] ?? "",
                Answer = words?[4] ?? "",
                BodySchema = endpoint.Metadata.GetMetadata<JsonRequest>() is { } request ? request.Options.GetJsonSchemaAsNode(request.Type) : null,
                AnswerSchema = endpoint.Metadata.GetMetadata<JsonAnswer>() is { } answer ? answer.Options.GetJsonSchemaAsNode(answer.Type) : null,
            };
        }
    }

    private string Root => "/" + options.DicomWeb.Root.Trim('/');

    // the table has the addresses that DICOMweb and WADO have unless they are configured
    private string Standard(string path) => path == Root || path.StartsWith(Root + "/", StringComparison.Ordinal) ? StandardRoot + path[Root.Length..]
        : path == "/" + options.DicomWeb.WadoRoot.Trim('/') ? StandardWado : path;

    // columns: methods, route, group, summary, query, body, answer
    private static Dictionary<(string, string), string[]> ReadWords()
    {
        var words = new Dictionary<(string, string), string[]>();
        foreach (var line in Resource("routes.tsv").Split('\n').Skip(1).Where(l => l.Length > 0))
        {
            var columns = line.TrimEnd('\r').Split('\t');
            foreach (var method in columns[0].Split(' '))
            {
                foreach (var path in Spread(columns[1]))
                {
                    words.Add((method, path), columns[2..7]);
                }
            }
        }
        return words;
    }

    private static Dictionary<(string, string), string> ReadOrthanc()
    {
        var rows = new Dictionary<(string, string), string>();
        foreach (var row in OrthancRow().Matches(Resource("rest-api.md")).Cast<Match>())
        {
            foreach (var method in row.Groups["methods"].Value.Split(", "))
            {
                foreach (var path in Spread(row.Groups["path"].Value))
                {
                    rows[(method, path)] = row.Groups["words"].Value.Trim();
                }
            }
        }
        return rows;
    }

    // "/(patients,studies)/{id}" is two routes
    private static IEnumerable<string> Spread(string path) => Choice().Match(path) is { Success: true } choice
        ? choice.Groups["list"].Value.Split(',').SelectMany(l => Spread(path.Replace(choice.Value, l, StringComparison.Ordinal))) : [path];

    private static string Resource(string name)
    {
        using var stream = typeof(ApiTable).Assembly.GetManifestResourceStream("Pacs.Web.OpenApi." + name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    // "{**path}" and "{revision:int}" are parameters like others
    [GeneratedRegex(@"\{\**(?<name>\w+)[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^\| (?<methods>[A-Z, ]+) \| `(?<path>/[^`]*)` \| (?<words>.*) \|\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrthancRow();

    [GeneratedRegex(@"\((?<list>[a-z0-9.,-]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Choice();
}
