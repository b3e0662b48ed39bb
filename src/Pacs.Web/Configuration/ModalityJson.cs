using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Configuration;

/// <summary>
/// A node as Orthanc writes it, in <c>DicomModalities</c> and at <c>/modalities</c>: <c>["AET", "host", 104, "Generic"]</c> or an object with the same and permissions. Keys that we do
/// not have are passed over: an orthanc.json may be of any version.
/// </summary>
public static class ModalityJson
{
    /// <summary>Orthanc's names of manufacturers that need nothing special; old configurations have them.</summary>
    private static readonly string[] Obsolete = ["StoreScp", "ClearCanvas", "Dcm4Chee", "MedInria", "EFilm2", "SyngoVia", "AgfaImpax"];

    // a permission and the keys that set it; a later key wins. AllowStorageCommitment is short for both of its messages, AllowMpps is ours
    private static readonly (string Key, ModalityPermissions Permissions)[] Permissions =
    [
        ("AllowEcho", ModalityPermissions.Echo),
        ("AllowStore", ModalityPermissions.Store),
        ("AllowFind", ModalityPermissions.Find),
        ("AllowFindWorklist", ModalityPermissions.FindWorklist),
        ("AllowGet", ModalityPermissions.Get),
        ("AllowMove", ModalityPermissions.Move),
        ("AllowMpps", ModalityPermissions.Mpps),
        ("AllowStorageCommitment", ModalityPermissions.NAction | ModalityPermissions.NEventReport),
        ("AllowNAction", ModalityPermissions.NAction),
        ("AllowEventReport", ModalityPermissions.NEventReport),
    ];

    /// <summary>Whether a text can be an AE title of a node (PS3.5 §6.2, AE).</summary>
    public static bool IsAeTitle(string? text) => new AeTitleAttribute().IsValid(text);

    /// <summary>Whether a text can be the name of a node: it is part of addresses.</summary>
    public static bool IsName(string? name) =>
        name is { Length: >= 1 and <= Modality.MaxName } && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ' ') && name.Trim('.', ' ').Length > 0;

    /// <summary>Reads a node.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="json">The array or object.</param>
    /// <exception cref="FormatException">It is none; the message is one sentence for whoever wrote it.</exception>
    public static Modality Read(string name, JsonElement json)
    {
        if (!IsName(name))
        {
            throw new FormatException($"The name of a node has 1 to {Modality.MaxName} letters, digits, blanks and -_. only");
        }
        return json.ValueKind switch
        {
            JsonValueKind.Array when json.GetArrayLength() is 3 or 4 => Checked(new Modality
            {
                Name = name,
                AeTitle = Text(json[0], "the AE title"),
                Host = Text(json[1], "the host"),
                Port = Number(json[2], "the port"),
                Manufacturer = json.GetArrayLength() == 4 ? Manufacturer(Text(json[3], "the manufacturer")) : ModalityManufacturer.Generic,
            }),
            JsonValueKind.Object => FromObject(name, json),
            _ => throw new FormatException("A node is an array [AET, host, port, manufacturer?] or an object with AET, Host and Port"),
        };
    }

    /// <summary>A node as Orthanc writes it at <c>/modalities/{id}/configuration</c>.</summary>
    public static JsonObject Write(Modality modality)
    {
        ArgumentNullException.ThrowIfNull(modality);
        var json = new JsonObject
        {
            ["AET"] = modality.AeTitle,
            ["Host"] = modality.Host,
            ["Port"] = modality.Port,
            ["Manufacturer"] = modality.Manufacturer.ToString(),
            ["AllowTranscoding"] = modality.AllowTranscoding,
            ["UseDicomTls"] = modality.UseTls,
            ["LocalAet"] = modality.LocalAeTitle ?? "",
            ["Timeout"] = modality.Timeout,
        };
        foreach (var (key, permissions) in Permissions.Where(p => p.Key != "AllowStorageCommitment"))
        {
            json[key] = modality.Permissions.HasFlag(permissions);
        }
        return json;
    }

    private static Modality FromObject(string name, JsonElement json)
    {
        var permissions = ModalityPermissions.All;
        foreach (var (key, permission) in Permissions)
        {
            if (json.TryGetProperty(key, out var allowed))
            {
                permissions = Bool(allowed, key) ? permissions | permission : permissions & ~permission;
            }
        }
        return Checked(new Modality
        {
            Name = name,
            AeTitle = Text(Required(json, "AET"), "AET"),
            Host = Text(Required(json, "Host"), "Host"),
            Port = Number(Required(json, "Port"), "Port"),
            Manufacturer = json.TryGetProperty("Manufacturer", out var manufacturer) ? Manufacturer(Text(manufacturer, "Manufacturer")) : ModalityManufacturer.Generic,
            Permissions = permissions,
            AllowTranscoding = !json.TryGetProperty("AllowTranscoding", out var transcoding) || Bool(transcoding, "AllowTranscoding"),
            UseTls = json.TryGetProperty("UseDicomTls", out var tls) && Bool(tls, "UseDicomTls"),
            LocalAeTitle = json.TryGetProperty("LocalAet", out var local) && Text(local, "LocalAet") is { Length: > 0 } title ? title : null,
            Timeout = json.TryGetProperty("Timeout", out var timeout) ? Number(timeout, "Timeout") : 0,
        });
    }

    private static Modality Checked(Modality modality)
    {
        if (!IsAeTitle(modality.AeTitle))
        {
            throw new FormatException("An AE title has 1 to 16 printable ASCII characters without backslash");
        }
        if (modality.LocalAeTitle is not null && !IsAeTitle(modality.LocalAeTitle))
        {
            throw new FormatException("LocalAet is no AE title: 1 to 16 printable ASCII characters without backslash");
        }
        if (Uri.CheckHostName(modality.Host) == UriHostNameType.Unknown)
        {
            throw new FormatException("The host is neither a name nor an address");
        }
        if (modality.Port is < 1 or > 65535)
        {
            throw new FormatException($"A TCP port is a number from 1 to 65535, not {modality.Port}");
        }
        if (modality.Timeout is < 0 or > 3600)
        {
            throw new FormatException("Timeout is a number of seconds from 0 (the default) to 3600");
        }
        return modality with { AeTitle = modality.AeTitle.Trim(), LocalAeTitle = modality.LocalAeTitle?.Trim() };
    }

    private static JsonElement Required(JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) ? value : throw new FormatException($"{key} is missing");

    private static string Text(JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{what} must be a text");

    // "104" as well: Orthanc reads both, and configurations made by hand have both
    private static int Number(JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), out number) ? number
        : throw new FormatException($"{what} must be a whole number");

    private static bool Bool(JsonElement value, string what) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException($"{what} must be true or false");

    private static ModalityManufacturer Manufacturer(string text) =>
        Obsolete.Contains(text, StringComparer.Ordinal) ? ModalityManufacturer.Generic
        : Enum.TryParse<ModalityManufacturer>(text, out var manufacturer) && Enum.IsDefined(manufacturer) && !char.IsAsciiDigit(text[0]) ? manufacturer
        : throw new FormatException($"Unknown manufacturer; known are {string.Join(", ", Enum.GetNames<ModalityManufacturer>())}");
}
