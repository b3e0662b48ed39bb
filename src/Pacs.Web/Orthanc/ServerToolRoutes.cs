using System.Text;
using System.Text.Json.Nodes;
using Pacs.Dicom;

namespace Pacs.Web.Orthanc;

/// <summary>What clients ask or tell an Orthanc about itself below <c>/tools</c>: its log, its conformance statement, and settings that are in the configuration here and only read.</summary>
internal static class ServerToolRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapServerTools(this IEndpointRouteBuilder routes)
    {
        MapLog(routes, "/tools/log-level", [.. LogLevels.Names]);
        foreach (var part in LogLevels.Names)
        {
            MapLog(routes, $"/tools/log-level-{part}", [part]);
        }
        routes.MapMethods("/tools/dicom-conformance", Get, () =>
        {
            using var text = new StreamReader(typeof(ServerToolRoutes).Assembly.GetManifestResourceStream("Pacs.Web.Orthanc.conformance.md")!);
            return Results.Text(text.ReadToEnd(), "text/plain", Encoding.UTF8);
        });
        routes.MapMethods("/tools/accepted-transfer-syntaxes", Get, () => Uids(TransferSyntax.KnownSyntaxes.Select(s => s.Uid)));
        // texts without a character set, see docs/conformance.md
        Fixed(routes, "/tools/default-encoding", "Latin1");
        // StoreScp takes them all
        Fixed(routes, "/tools/unknown-sop-class-accepted", "1");
        Fixed(routes, "/tools/metrics", "1");
    }

    private static void MapLog(IEndpointRouteBuilder routes, string path, string[] parts)
    {
        routes.MapMethods(path, Get, (LogLevels levels) => Results.Text(levels.Get(parts[0]), "text/plain"));
        routes.MapPut(path, async (HttpRequest request, LogLevels levels, CancellationToken ct) =>
        {
            var text = Encoding.ASCII.GetString(await OrthancBody.ReadBytesAsync(request, ct)).Trim();
            return levels.TrySet(parts, text) ? Results.Text("", "text/plain")
                : OrthancError.ParameterOutOfRange.Answer(request, "Verbosity can be \"default\", \"verbose\" or \"trace\"");
        });
    }

    private static void Fixed(IEndpointRouteBuilder routes, string path, string value)
    {
        routes.MapMethods(path, Get, () => Results.Text(value, "text/plain"));
        routes.MapPut(path, (HttpRequest request) => OrthancError.ForbiddenAccess.Answer(request, "This is so here, and not changed by the REST API"));
    }

    private static OrthancResult Uids(IEnumerable<string> uids) => new(new JsonArray([.. uids.Order(StringComparer.Ordinal).Select(u => JsonValue.Create(u))]));
}
