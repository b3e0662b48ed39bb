using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Web.Configuration;

namespace Pacs.Web.Peers;

/// <summary>Another Orthanc, or a server with its REST API, that instances are sent to over HTTP.</summary>
/// <param name="Name">What it is called here.</param>
/// <param name="Url">Where its REST API is, with a slash at its end.</param>
public sealed record Peer(string Name, Uri Url)
{
    /// <summary>The user as who we ask, or null.</summary>
    public string? Username { get; init; }

    /// <summary>The password. No answer of ours shows it.</summary>
    public string? Password { get; init; }

    /// <summary>Headers of each request.</summary>
    public ImmutableSortedDictionary<string, string> Headers { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Seconds that it may take to answer; 0 for the usual ones.</summary>
    public int Timeout { get; init; }

    /// <summary>Reads one as Orthanc writes it: <c>["http://…", "user", "password"]</c> or an object with <c>Url</c>.</summary>
    /// <exception cref="FormatException">It is none; the message is one sentence without the password.</exception>
    public static Peer Read(string name, JsonElement json)
    {
        if (!ModalityJson.IsName(name))
        {
            throw new FormatException("The name of a peer has letters, digits, blanks and -_. only");
        }
        switch (json.ValueKind)
        {
            case JsonValueKind.Array when json.GetArrayLength() is 1 or 3 && json.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String):
                return new Peer(name, Address(json[0].GetString()))
                {
                    Username = json.GetArrayLength() == 3 && json[1].GetString() is { Length: > 0 } user ? user : null,
                    Password = json.GetArrayLength() == 3 ? json[2].GetString() : null,
                };
            case JsonValueKind.Object:
                if (json.TryGetProperty("CertificateFile", out var certificate) && certificate.ValueKind == JsonValueKind.String && certificate.GetString() != "")
                {
                    throw new FormatException("Certificates of our own are not shown to peers");
                }
                return new Peer(name, Address(Text(json, nameof(Url)) ?? Text(json, "URL")))
                {
                    Username = Text(json, nameof(Username)) is { Length: > 0 } known ? known : null,
                    Password = Text(json, nameof(Password)),
                    Headers = json.TryGetProperty("HttpHeaders", out var headers) && headers.ValueKind == JsonValueKind.Object
                        ? headers.EnumerateObject().ToImmutableSortedDictionary(h => h.Name, h => h.Value.ValueKind == JsonValueKind.String && IsHeader(h.Name, h.Value.GetString()!) ? h.Value.GetString()!
                            : throw new FormatException("HttpHeaders must be texts by the names of headers"), StringComparer.Ordinal)
                        : ImmutableSortedDictionary<string, string>.Empty,
                    Timeout = json.TryGetProperty(nameof(Timeout), out var timeout) ? timeout.ValueKind == JsonValueKind.Number && timeout.TryGetInt32(out var seconds) && seconds is >= 0 and <= 3600 ? seconds
                        : throw new FormatException("Timeout must be a number of seconds") : 0,
                };
            default:
                throw new FormatException("A peer is an array [url, user, password] or an object with Url");
        }
    }

    /// <summary>It as <see cref="Read"/> takes it.</summary>
    /// <param name="isPublic">Without what is secret: the password, and the values of headers.</param>
    public JsonObject Write(bool isPublic)
    {
        var json = new JsonObject { [nameof(Url)] = Url.AbsoluteUri };
        if (Username is not null)
        {
            json[nameof(Username)] = Username;
            json[nameof(Password)] = isPublic ? null : Password;
        }
        json["HttpHeaders"] = isPublic ? new JsonArray([.. Headers.Keys.Select(k => JsonValue.Create(k))]) : new JsonObject(Headers.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value)));
        json[nameof(Timeout)] = Timeout;
        if (isPublic)
        {
            json["Pkcs11"] = false;
        }
        return json;
    }

    private static Uri Address(string? text) => string.IsNullOrEmpty(text) ? throw new FormatException("Empty URL")
        : Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 ? uri
        : throw new FormatException("The URL must start with http:// or https:// and have no user in it");

    private static string? Text(JsonElement json, string name) => !json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"{name} must be a text");

    // RFC 9110 §5.1, §5.5
    private static bool IsHeader(string name, string value) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c)) && !value.Any(char.IsControl);
}
