using System.Text.Json;

namespace Pacs.Web.OpenApi;

/// <summary>What type a route's JSON body is of, and how it is read: the document has its schema.</summary>
/// <param name="Type">The C# type.</param>
/// <param name="Options">How it is read.</param>
internal sealed record JsonRequest(Type Type, JsonSerializerOptions Options);

/// <summary>What type a route's JSON answer is of, and how it is written.</summary>
/// <param name="Type">The C# type.</param>
/// <param name="Options">How it is written.</param>
internal sealed record JsonAnswer(Type Type, JsonSerializerOptions Options);

/// <summary>Says of a route what JSON it takes and gives.</summary>
internal static class JsonBodies
{
    // the exporter needs to know how types are read
    private static JsonSerializerOptions Ready(JsonSerializerOptions options)
    {
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>It takes a <typeparamref name="T"/>. Whatever Content-Type comes with it: curl sends another one by itself.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, JsonSerializerOptions options) =>
        route.WithMetadata(new JsonRequest(typeof(T), Ready(options)));

    /// <summary>It gives a <typeparamref name="T"/>.</summary>
    public static RouteHandlerBuilder Gives<T>(this RouteHandlerBuilder route, JsonSerializerOptions options) =>
        route.WithMetadata(new JsonAnswer(typeof(T), Ready(options)));
}
