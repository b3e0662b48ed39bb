using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Jobs;
using Pacs.Web.Peers;

namespace Pacs.Web.Configuration;

/// <summary>Settings that are lists of objects and not single values: how they are read from JSON, and written by <c>config print</c>.</summary>
internal static class StructuredSettings
{
    /// <summary>For all of them.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // umlauts stay umlauts; it is no HTML
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        PropertyNameCaseInsensitive = true,
        Converters = { new ModalitiesConverter(), new TextsConverter(), new RegisteredUsersConverter(), new PeersConverter() },
    };

    /// <summary>Whether a property is one of them.</summary>
    public static bool Has(Type type) => type == typeof(IReadOnlyList<Modality>) || type == typeof(IReadOnlyList<ForwardingRule>) || type == typeof(IReadOnlyList<GdtReceiverSettings>)
        || type == typeof(IReadOnlyList<GdtOrderRule>) || type == typeof(IReadOnlyDictionary<string, int>) || type == typeof(IReadOnlyList<RegisteredUser>) || type == typeof(IReadOnlyList<Peer>);

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none; the message says where and why.</exception>
    public static object Read(Type type, string json)
    {
        try
        {
            var value = JsonSerializer.Deserialize(json, type, Json) ?? throw new FormatException("it must not be null");
            Check(value as IReadOnlyList<ForwardingRule> ?? []);
            if ((value as IReadOnlyList<GdtReceiverSettings> ?? []).Any(r => r?.Name is null || r.Folder is null))
            {
                throw new FormatException("every receiver needs a Name and a Folder");
            }
            return value;
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Path is { Length: > 1 } path ? $"at {path} is something else than expected" : "it is not JSON of the right form", e);
        }
    }

    private static void Check(IReadOnlyList<ForwardingRule> rules)
    {
        foreach (var (i, rule) in rules.Index())
        {
            var problem = rule is null ? "it is null" : rule.Problem ?? (rules.Take(i).Any(r => r.Name == rule.Name) ? "another one has the same name" : null);
            if (problem is not null)
            {
                throw new FormatException($"rule {i + 1}: {problem}");
            }
        }
    }

    /// <summary>A list of texts; one text alone is a list, too.</summary>
    private sealed class TextsConverter : JsonConverter<IReadOnlyList<string>>
    {
        public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                return [reader.GetString()!];
            }
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException();
            }
            var texts = new List<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                texts.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
            }
            return texts;
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var text in value)
            {
                writer.WriteStringValue(text);
            }
            writer.WriteEndArray();
        }
    }

    /// <summary>Orthanc's object of nodes by name.</summary>
    private sealed class ModalitiesConverter : JsonConverter<IReadOnlyList<Modality>>
    {
        public override IReadOnlyList<Modality> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("it must be an object of nodes by their names");
            }
            var nodes = new List<Modality>();
            foreach (var node in document.RootElement.EnumerateObject())
            {
                try
                {
                    nodes.Add(ModalityJson.Read(node.Name, node.Value));
                }
                catch (FormatException e)
                {
                    throw new FormatException($"node \"{node.Name}\": {e.Message}", e);
                }
            }
            return nodes;
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<Modality> value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (var node in value)
            {
                writer.WritePropertyName(node.Name);
                ModalityJson.Write(node).WriteTo(writer);
            }
            writer.WriteEndObject();
        }
    }
}
