using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>The small ones below <c>/tools</c>, and those that are refused for ever.</summary>
internal static class ToolRoutes
{
    private const double Megabyte = 1024 * 1024;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapTools(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/tools/now", Get, (TimeProvider time) => Results.Text(Text(time.GetUtcNow())));
        routes.MapMethods("/tools/now-local", Get, (TimeProvider time) => Results.Text(Text(time.GetLocalNow())));
        routes.MapMethods("/tools/generate-uid", Get, (HttpRequest request) =>
            request.Query["level"].ToString() is "patient" or "study" or "series" or "instance" ? Results.Text(DicomUid.New()) : Results.NotFound());
        routes.MapMethods("/tools/metrics-prometheus", Get, async (IndexReader index, TimeProvider time, CancellationToken ct) =>
            Results.Text(Metrics(await index.StatisticsAsync(ct), time.GetUtcNow()), "text/plain; version=0.0.4"));
        MapMissing(routes);
        // who may call the API may not therefore run programs here, or stop it
        foreach (var refused in new[] { "/tools/execute-script", "/tools/reset", "/tools/shutdown", "/instances/{id}/export" })
        {
            routes.MapPost(refused, (HttpRequest request) => OrthancError.ForbiddenAccess.Answer(request, "This server does not do that by its REST API"));
        }
    }

    // what Orthanc has and this server will not: an answer that says so, not an address that nobody knows
    private static void MapMissing(IEndpointRouteBuilder routes)
    {
        const string Numbers = "Matlab and NumPy are not written here: image-uint8, image-uint16 and image-int16 are the same numbers";
        foreach (var path in new[] { "/instances/{id}/matlab", "/instances/{id}/numpy", "/instances/{id}/frames/{frame}/matlab", "/instances/{id}/frames/{frame}/numpy", "/series/{id}/numpy" })
        {
            routes.MapMethods(path, Get, (HttpRequest request) => OrthancError.ForbiddenAccess.Answer(request, Numbers));
        }
        foreach (var path in ResourcePath.Levels.Select(l => $"/{ResourcePath.Collection(l)}/{{id}}/reconstruct").Append("/tools/reconstruct"))
        {
            routes.MapPost(path, (HttpRequest request) => OrthancError.ForbiddenAccess.Answer(request, "The index is compared with the files when the server starts, and made anew where it is damaged"));
        }
        routes.MapDelete("/changes", (HttpRequest request) => OrthancError.ForbiddenAccess.Answer(request, "The changes are what records and transfers are made of"));
        // nothing of the kind is kept
        routes.MapPost("/tools/invalidate-tags", () => Results.Text("", "text/plain"));
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);

    private static string Metrics(Statistics all, DateTimeOffset now)
    {
        var text = new StringBuilder();
        void Add(string name, double value) => text.Append(CultureInfo.InvariantCulture, $"orthanc_{name} {value} {now.ToUnixTimeMilliseconds()}\n");
        Add("count_instances", all.Instances);
        Add("count_patients", all.Patients);
        Add("count_series", all.Series);
        Add("count_studies", all.Studies);
        Add("disk_size_mb", all.Size / Megabyte);
        Add("uncompressed_size_mb", all.Size / Megabyte);
        return text.ToString();
    }
}
