using System.Text;
using System.Text.Json;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Orthanc;

/// <summary>The JSON that clients of Orthanc's API send.</summary>
internal static class OrthancBody
{
    // lists of ids: 16 MB are 300 000 of them
    private const int MaxLength = 16 * 1024 * 1024;

    private static readonly JsonDocumentOptions Json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 };

    /// <summary>The body as JSON. A text that is only the id of a resource is one without quotation marks.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var bytes = await ReadBytesAsync(request, ct);
        try
        {
            return ResourceId.TryParse(Encoding.UTF8.GetString(bytes).Trim(), out var id) ? JsonDocument.Parse($"\"{id}\"") : JsonDocument.Parse(bytes, Json);
        }
        catch (JsonException e)
        {
            throw new FormatException("Must provide a JSON value", e);
        }
    }

    /// <summary>As <see cref="ReadAsync"/>; no body is an empty object.</summary>
    /// <exception cref="FormatException">It is no JSON.</exception>
    public static async Task<JsonDocument> ReadOrEmptyAsync(HttpRequest request, CancellationToken ct)
    {
        var bytes = await ReadBytesAsync(request, ct);
        try
        {
            return JsonDocument.Parse(bytes.AsSpan().Trim(" \t\r\n"u8).IsEmpty ? "{}"u8.ToArray() : bytes, Json);
        }
        catch (JsonException e)
        {
            throw new FormatException("Must provide a JSON value", e);
        }
    }

    /// <summary>A text as JSON.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static JsonDocument Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text, Json);
        }
        catch (JsonException e)
        {
            throw new FormatException("Must provide a JSON value", e);
        }
    }

    /// <summary>A member that is true or false, or null when it is absent or the value is no object.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static bool? Flag(JsonElement json, string name) => !Has(json, name, out var value) ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException($"{name} must be true or false");

    /// <summary>A member that is a whole number, or null.</summary>
    /// <exception cref="FormatException">It is something else, or out of range.</exception>
    public static int? Number(JsonElement json, string name, int from, int to) => !Has(json, name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= from && number <= to ? number
        : throw new FormatException($"{name} must be a whole number from {from} to {to}");

    /// <summary>A member that is a text, or null when it is absent or empty.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static string? Text(JsonElement json, string name) => !Has(json, name, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() is { Length: > 0 } text ? text : null : throw new FormatException($"{name} must be a text");

    /// <summary>A member that is an AE title, or null when it is absent or empty.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string? AeTitle(JsonElement json, string name) => Text(json, name) is not { } text ? null
        : ModalityJson.IsAeTitle(text) ? text.Trim() : throw new FormatException($"{name} must be an AE title");

    /// <summary>A member that is a host name or an address, or null when it is absent or empty.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string? Host(JsonElement json, string name) => Text(json, name) is not { } text ? null
        : Uri.CheckHostName(text) != UriHostNameType.Unknown ? text : throw new FormatException($"{name} must be a host name or an address");

    private static bool Has(JsonElement json, string name, out JsonElement value)
    {
        value = default;
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>The body as it is.</summary>
    /// <exception cref="FormatException">It is too long.</exception>
    public static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken ct)
    {
        using var all = new MemoryStream();
        var block = new byte[8192];
        while (await request.Body.ReadAsync(block, ct) is var read and > 0)
        {
            if (all.Length + read > MaxLength)
            {
                throw new FormatException("The body is too long");
            }
            all.Write(block, 0, read);
        }
        return all.ToArray();
    }
}
