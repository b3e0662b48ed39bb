using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pacs.Web.Configuration;

/// <summary>Values of options for other people's eyes: without passwords, their hashes, tokens, names of users, and what addresses have behind the host, where keys may be.</summary>
internal static class MaskedOptions
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Mask = "***";

    // of objects in lists; whatever may be one, for a value too many that is hidden harms nobody
    private static readonly string[] Secret = ["pass", "secret", "token", "user", "header", "credential", "key"];

    /// <summary>A value as JSON.</summary>
    /// <param name="key">The option.</param>
    /// <param name="options">Where it is read.</param>
    public static JsonNode? Of(SettingBinder.Key key, PacsOptions options) => key.ValueIn(options) switch
    {
        null => null,
        // the names are the users'
        IReadOnlyList<RegisteredUser> users => new JsonArray([.. users.Select(_ => JsonValue.Create(Mask))]),
        IReadOnlyList<string> users when key.Property.IsDefined(typeof(DicomUsersAttribute)) => new JsonArray([.. users.Select(_ => JsonValue.Create(Mask))]),
        Uri uri => JsonValue.Create(Shortened(uri)),
        var value => Masked(JsonSerializer.SerializeToNode(value, key.Property.PropertyType, StructuredSettings.Json)),
    };

    /// <summary>An address without what is behind its host, and without a user.</summary>
    public static string Shortened(Uri uri) => uri.IsAbsoluteUri ? uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) + "/…" : Mask;

    private static JsonNode? Masked(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, IsSecret(m.Key) && m.Value is not null ? Mask : Masked(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Masked)]),
        JsonValue value when value.TryGetValue(out string? text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" => Shortened(uri),
        _ => node?.DeepClone(),
    };

    private static bool IsSecret(string name) => Array.Exists(Secret, s => name.Contains(s, StringComparison.OrdinalIgnoreCase));
}
