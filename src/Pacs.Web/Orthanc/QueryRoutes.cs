using System.Globalization;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/modalities/{id}/query</c>, <c>/modalities/{id}/find-worklist</c> and <c>/queries</c>: asking a node, looking at its answers, going one level down from one of them, and retrieving them.
/// </summary>
internal static class QueryRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    // what can be asked below an answer, by the word in the route
    private static readonly (string Route, Level Level)[] Below = [("query-series", Level.Series), ("query-instances", Level.Instance), ("query-studies", Level.Study)];

    /// <summary>Maps the routes.</summary>
    public static void MapQueries(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/modalities/{id}/query", QueryAsync);
        routes.MapPost("/modalities/{id}/find-worklist", FindWorklistAsync);
        routes.MapMethods("/queries", Get, (RemoteQueries queries) => new OrthancResult(new JsonArray([.. queries.Ids.Order(StringComparer.Ordinal).Select(i => JsonValue.Create(i))])));
        Map(routes, "", (_, _) => new OrthancResult(new JsonArray("answers", "level", "modality", "query", "retrieve")));
        Map(routes, "/level", (query, _) => Results.Text(query.Level.ToString()));
        Map(routes, "/modality", (query, _) => Results.Text(query.Node));
        Map(routes, "/query", (query, request) =>
        {
            var asked = OrthancTags.Write(query.Query, OrthancTags.FormatOf(request.Query));
            // ours, not the client's: JSON has no other character set than its own
            asked.Remove("SpecificCharacterSet");
            asked.Remove(OrthancTags.Number(DicomTag.SpecificCharacterSet));
            return new OrthancResult(asked);
        });
        Map(routes, "/answers", (query, request) => new OrthancResult(new JsonArray([.. Enumerable.Range(0, query.Answers.Count).Select(i => OrthancTags.IsOn(request.Query, "expand")
            ? (JsonNode)OrthancTags.Write(query.Answer(i), OrthancTags.FormatOf(request.Query))
            : JsonValue.Create(i.ToString(CultureInfo.InvariantCulture)))])));
        MapAnswer(routes, "", (query, _, _) => new OrthancResult(new JsonArray(
            [.. ((string[])["content", "retrieve"]).Concat(Below.Where(b => b.Level > query.Level && b.Level > Level.Study).Select(b => b.Route)).Select(r => JsonValue.Create(r))])));
        MapAnswer(routes, "/content", (query, index, request) => new OrthancResult(OrthancTags.Write(query.Answer(index), OrthancTags.FormatOf(request.Query))));
        routes.MapDelete("/queries/{id}", (string id, RemoteQueries queries) =>
        {
            queries.Remove(id);
            return Results.Text("");
        });
        routes.MapPost("/queries/{id}/retrieve", (string id, HttpRequest request, RemoteQueries queries, Modalities modalities, RetrieveStarter starter, CancellationToken ct) =>
            RetrieveAsync(id, null, request, queries, modalities, starter, ct));
        routes.MapPost("/queries/{id}/answers/{index}/retrieve", (string id, string index, HttpRequest request, RemoteQueries queries, Modalities modalities, RetrieveStarter starter, CancellationToken ct) =>
            RetrieveAsync(id, index, request, queries, modalities, starter, ct));
        foreach (var (route, level) in Below)
        {
            routes.MapPost($"/queries/{{id}}/answers/{{index}}/{route}", (string id, string index, HttpRequest request, RemoteQueries queries, Modalities modalities, ModalityFinder finder, CancellationToken ct) =>
                QueryBelowAsync(id, index, level, request, queries, modalities, finder, ct));
        }
    }

    private static async Task<IResult> QueryAsync(string id, HttpRequest request, RemoteQueries queries, Modalities modalities, ModalityFinder finder, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            if (modalities.Find(id) is not { } node)
            {
                return ModalityRoutes.Unknown(request);
            }
            if (OrthancBody.Text(wish, "Level") is not { } text)
            {
                return OrthancError.BadFileFormat.Answer(request, "The JSON body must contain field Level");
            }
            if (RetrieveRoutes.LevelOf(text) is not { } level)
            {
                return OrthancError.ParameterOutOfRange.Answer(request);
            }
            var keys = wish.TryGetProperty("Query", out var query) ? OrthancTags.ReadQuery(query) : new DicomDataset();
            return await FindAsync(request, node, level, keys, wish, OrthancBody.AeTitle(wish, "LocalAet"), OrthancBody.Number(wish, "Timeout", 0, 3600), queries, finder, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> QueryBelowAsync(
        string id, string index, Level level, HttpRequest request, RemoteQueries queries, Modalities modalities, ModalityFinder finder, CancellationToken ct)
    {
        if (queries.Find(id) is not { } query || level <= query.Level)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        if (Index(query, index) is not { } at)
        {
            return OutOfRange(request, index);
        }
        if (modalities.Find(query.Node) is not { } node)
        {
            return ModalityRoutes.Unknown(request);
        }
        try
        {
            using var body = await OrthancBody.ReadOrEmptyAsync(request, ct);
            var wish = body.RootElement;
            var keys = wish.ValueKind == JsonValueKind.Object && wish.TryGetProperty("Query", out var more) ? OrthancTags.ReadQuery(more) : new DicomDataset();
            // the entity of the answer, and what people see of it
            var answer = query.Answer(at);
            foreach (var tag in (DicomTag[])[DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID])
            {
                if (answer.GetString(tag) is { Length: > 0 } value && value.All(char.IsAscii))
                {
                    keys.SetUnchecked(tag, value);
                }
            }
            return await FindAsync(request, node, level, keys, wish, query.LocalAet, OrthancBody.Number(wish, "Timeout", 0, 3600) ?? query.Timeout, queries, finder, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> FindAsync(
        HttpRequest request, Modality node, Level level, DicomDataset keys, JsonElement wish, string? localAet, int? timeout, RemoteQueries queries, ModalityFinder finder, CancellationToken ct)
    {
        var isNormalized = OrthancBody.Flag(wish, "Normalize") ?? true;
        var called = node with { LocalAeTitle = localAet ?? node.LocalAeTitle, Timeout = timeout ?? node.Timeout };
        return await TryAsync(request, node, async () =>
        {
            var answers = await finder.FindAsync(called, level, keys, isNormalized, ct);
            var query = new RemoteQuery(Guid.NewGuid().ToString("D"), node.Name, level, keys, localAet, timeout) { Answers = answers };
            queries.Add(query);
            return new OrthancResult(new JsonObject { ["ID"] = query.Id, ["Path"] = $"/queries/{query.Id}" });
        });
    }

    private static async Task<IResult> FindWorklistAsync(string id, HttpRequest request, Modalities modalities, ModalityFinder finder, CancellationToken ct)
    {
        if (modalities.Find(id) is not { } node)
        {
            return ModalityRoutes.Unknown(request);
        }
        try
        {
            using var body = await OrthancBody.ReadOrEmptyAsync(request, ct);
            var wish = body.RootElement;
            var isWrapped = wish.ValueKind == JsonValueKind.Object && wish.TryGetProperty("Query", out _);
            var keys = OrthancTags.ReadQuery(isWrapped ? wish.GetProperty("Query") : wish);
            var format = isWrapped && OrthancBody.Flag(wish, "Short") == true ? TagFormat.Short
                : isWrapped && OrthancBody.Flag(wish, "Simplify") == true ? TagFormat.Simplify
                : OrthancTags.FormatOf(request.Query);
            return await TryAsync(request, node, async () => new OrthancResult(new JsonArray(
                [.. (await finder.FindWorklistAsync(node, keys, ct)).Select(a => OrthancTags.Write(DicomReader.Read(a, TransferSyntax.ExplicitVRLittleEndian), format))])));
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> RetrieveAsync(
        string id, string? index, HttpRequest request, RemoteQueries queries, Modalities modalities, RetrieveStarter starter, CancellationToken ct)
    {
        if (queries.Find(id) is not { } query)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        if (index is not null && Index(query, index) is null)
        {
            return OutOfRange(request, index);
        }
        if (modalities.Find(query.Node) is not { } node)
        {
            return ModalityRoutes.Unknown(request);
        }
        try
        {
            using var body = await ReadTargetAsync(request, ct);
            var wish = body.RootElement;
            var isMove = OrthancBody.Text(wish, "RetrieveMethod")?.ToUpperInvariant() switch
            {
                null or "C-MOVE" or "SYSTEMDEFAULT" => true,
                "C-GET" => false,
                _ => throw new FormatException("RetrieveMethod must be C-MOVE or C-GET"),
            };
            var keys = (index is { } one ? [Index(query, one)!.Value] : Enumerable.Range(0, query.Answers.Count)).Select(i => RetrieveQuery.Of(query.Level, query.Answer(i))).ToList();
            return await starter.StartAsync(request, node, keys, isMove, query.LocalAet, OrthancBody.Number(wish, "Timeout", 0, 3600) ?? query.Timeout, wish, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    // an AE title alone is the target of a C-MOVE
    private static async Task<JsonDocument> ReadTargetAsync(HttpRequest request, CancellationToken ct)
    {
        var text = Encoding.UTF8.GetString(await OrthancBody.ReadBytesAsync(request, ct)).Trim();
        if (text.Length == 0 || text[0] == '{')
        {
            return OrthancBody.Parse(text.Length == 0 ? "{}" : text);
        }
        if (!ModalityJson.IsAeTitle(text.Trim('"')))
        {
            throw new FormatException("Must provide an AE title, or a JSON object");
        }
        return JsonSerializer.SerializeToDocument(new Dictionary<string, string> { ["TargetAet"] = text.Trim('"') });
    }

    private static async Task<IResult> TryAsync(HttpRequest request, Modality node, Func<Task<IResult>> ask)
    {
        try
        {
            return await ask();
        }
        catch (DimseStatusException e)
        {
            return OrthancError.NetworkProtocol.Answer(request, $"{node.Name} answers C-FIND with {e.Status.Code:X4}H");
        }
        catch (Exception e) when (e is DicomException or AuthenticationException)
        {
            return OrthancError.NetworkProtocol.Answer(request, $"{node.Name}: {e.Message}");
        }
    }

    private static void Map(IEndpointRouteBuilder routes, string suffix, Func<RemoteQuery, HttpRequest, IResult> answer) =>
        routes.MapMethods($"/queries/{{id}}{suffix}", Get, (string id, HttpRequest request, RemoteQueries queries) =>
            queries.Find(id) is { } query ? answer(query, request) : OrthancError.UnknownResource.Answer(request));

    private static void MapAnswer(IEndpointRouteBuilder routes, string suffix, Func<RemoteQuery, int, HttpRequest, IResult> answer) =>
        routes.MapMethods($"/queries/{{id}}/answers/{{index}}{suffix}", Get, (string id, string index, HttpRequest request, RemoteQueries queries) =>
            queries.Find(id) is not { } query ? OrthancError.UnknownResource.Answer(request)
            : Index(query, index) is { } at ? answer(query, at, request)
            : OutOfRange(request, index));

    private static int? Index(RemoteQuery query, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < query.Answers.Count ? index : null;

    private static IResult OutOfRange(HttpRequest request, string index) =>
        (index.All(char.IsAsciiDigit) ? OrthancError.ParameterOutOfRange : OrthancError.BadParameterType).Answer(request);
}
