using System.Collections;
using System.Text;
using System.Text.Json;

namespace Pacs.Web.Configuration;

/// <summary>Reads settings from the places they may be in. Each method gives them in the order in which later ones win.</summary>
public static class SettingSources
{
    private static readonly JsonDocumentOptions Json = new()
    {
        CommentHandling = JsonCommentHandling.Skip, // Orthanc's files are full of // and /* */
        AllowTrailingCommas = true,
        MaxDepth = 64,
    };

    /// <summary>A JSON file with comments, or every <c>*.json</c> of a folder in the order of their names, as Orthanc reads <c>/etc/orthanc/</c>.</summary>
    /// <exception cref="ConfigurationException">It is missing, unreadable or no JSON object.</exception>
    public static IEnumerable<Setting> FromPath(string path)
    {
        try
        {
            var files = Directory.Exists(path)
                ? Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal).ToArray()
                : [path];
            return [.. files.SelectMany(f => FromJson(File.ReadAllText(f), f, Path.GetDirectoryName(Path.GetFullPath(f))!))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The configuration {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>A JSON object with comments. Objects are sections; <c>A.B</c> becomes <c>A:B</c>.</summary>
    /// <param name="text">The JSON text; a byte order mark is allowed.</param>
    /// <param name="source">The file name or variable, for the report.</param>
    /// <param name="folder">What relative paths in it are relative to.</param>
    /// <exception cref="ConfigurationException">It is no JSON object.</exception>
    public static IReadOnlyList<Setting> FromJson(string text, string source, string folder)
    {
        try
        {
            using var document = JsonDocument.Parse(text.TrimStart('\uFEFF'), Json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ConfigurationException($"The configuration {source} is not a JSON object.");
            }
            var settings = new List<Setting>();
            Collect(document.RootElement, "", source, folder, settings);
            return settings;
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"The configuration {source} is not JSON: line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}.", e);
        }
    }

    /// <summary>
    /// The variables <c>ORTHANC__SECTION__SNAKE_CASE</c> (the scheme of the Osimis image) and <c>PACS__Section__Key</c>, which wins. <c>ORTHANC_JSON</c> holds a whole
    /// JSON document and comes first.
    /// </summary>
    public static IEnumerable<Setting> FromEnvironment(IDictionary environment)
    {
        var folder = Environment.CurrentDirectory;
        if (environment["ORTHANC_JSON"] is string { Length: > 0 } json)
        {
            foreach (var setting in FromJson(json, "environment variable ORTHANC_JSON", folder))
            {
                yield return setting;
            }
        }
        var variables = environment.Cast<DictionaryEntry>().Select(v => (Name: (string)v.Key, Value: v.Value as string ?? "")).OrderBy(v => v.Name, StringComparer.Ordinal).ToList();
        foreach (var prefix in (string[])["ORTHANC__", "PACS__"])
        {
            foreach (var (name, value) in variables.Where(v => v.Name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                yield return FromText(name[prefix.Length..].Replace("__", ":", StringComparison.Ordinal), value, $"environment variable {name}", folder);
            }
        }
    }

    /// <summary>A value that has no kind of its own.</summary>
    public static Setting FromText(string path, string value, string source, string folder) =>
        new(path, JsonValueKind.Undefined, value, null, source, folder);

    private static void Collect(JsonElement section, string prefix, string source, string folder, List<Setting> settings)
    {
        foreach (var property in section.EnumerateObject())
        {
            var path = prefix + property.Name;
            var value = property.Value;
            if (value.ValueKind == JsonValueKind.Object)
            {
                settings.Add(new Setting(path, JsonValueKind.Object, "", null, source, folder) { Json = value.GetRawText() });
                Collect(value, path + ":", source, folder, settings); // recursion is bounded by Json.MaxDepth
                continue;
            }
            var items = value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(i => i.ValueKind == JsonValueKind.String)
                ? value.EnumerateArray().Select(i => i.GetString()!).ToList()
                : null;
            var text = value.ValueKind switch
            {
                JsonValueKind.String => value.GetString()!,
                JsonValueKind.Array or JsonValueKind.Null => "",
                _ => value.GetRawText(),
            };
            settings.Add(new Setting(path, value.ValueKind, text, items, source, folder)
            {
                Json = value.ValueKind == JsonValueKind.Array ? value.GetRawText() : null,
            });
        }
    }
}

/// <summary>The configuration cannot be used. The message is complete sentences for the person who starts the server, problem by problem.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>A source that cannot be read at all.</summary>
    public ConfigurationException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>Wrong values.</summary>
    public ConfigurationException(IReadOnlyList<string> problems)
        : base(Report(problems))
    {
    }

    private static string Report(IReadOnlyList<string> problems)
    {
        var report = new StringBuilder();
        report.Append(problems.Count == 1 ? "One setting is wrong:" : $"{problems.Count} settings are wrong:");
        foreach (var problem in problems)
        {
            report.AppendLine().Append("  - ").Append(problem);
        }
        return report.ToString();
    }
}
