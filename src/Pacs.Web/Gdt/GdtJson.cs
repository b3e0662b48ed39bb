using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Web.OpenApi;

namespace Pacs.Web.Gdt;

/// <summary>How bodies of the routes under <c>/gdt</c> are written and read, and what these routes have in common.</summary>
internal static class GdtJson
{
    /// <summary>Camel case, names of enumerations too; what is not known is refused: a misspelt setting must not look as if it counted.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The route takes a <typeparamref name="T"/>.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route) => route.Takes<T>(Options);

    /// <summary>The route answers with a <typeparamref name="T"/>.</summary>
    public static RouteHandlerBuilder Gives<T>(this RouteHandlerBuilder route) => route.Gives<T>(Options);

    /// <summary>An answer.</summary>
    public static IResult Answer<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, Options, statusCode: status);

    /// <summary>404.</summary>
    public static IResult NotFound(string detail) => Problem(StatusCodes.Status404NotFound, detail);

    /// <summary>An error.</summary>
    public static IResult Problem(int status, string detail) => Results.Problem(detail, statusCode: status);

    /// <summary>Reads a body.</summary>
    /// <returns>What it says, or null and the answer that says why not.</returns>
    public static async Task<(T? Value, IResult? Wrong)> ReadAsync<T>(HttpRequest request, CancellationToken ct)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(request.Body, Options, ct) is { } value ? (value, null) : (null, Problem(StatusCodes.Status400BadRequest, "The body is null."));
        }
        catch (JsonException e)
        {
            return (null, Problem(StatusCodes.Status400BadRequest, $"The body is something else than expected: {(e.Path is { Length: > 1 } path ? path : "JSON of another form")}"));
        }
    }
}
