using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pacs.Web.Peers;

/// <summary>Orthanc's object of peers by name, in the configuration.</summary>
internal sealed class PeersConverter : JsonConverter<IReadOnlyList<Peer>>
{
    public override IReadOnlyList<Peer> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("it must be an object of peers by their names");
        }
        return [.. document.RootElement.EnumerateObject().Select(p => One(p.Name, p.Value))];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<Peer> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var peer in value)
        {
            writer.WritePropertyName(peer.Name);
            peer.Write(isPublic: false).WriteTo(writer);
        }
        writer.WriteEndObject();
    }

    private static Peer One(string name, JsonElement json)
    {
        try
        {
            return Peer.Read(name, json);
        }
        catch (FormatException e)
        {
            throw new FormatException($"peer \"{name}\": {e.Message}", e);
        }
    }
}
