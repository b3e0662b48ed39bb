using System.Text;
using System.Text.Json.Nodes;

namespace Pacs.Web.Orthanc;

/// <summary>
/// JSON laid out as Orthanc lays it out: three blanks, sorted keys, <c>"Key" : value</c>, each value of an array on a line of its own. Scripts in
/// the field read it with <c>grep</c>, and the same bytes make answers comparable with a real Orthanc.
/// </summary>
internal static class OrthancJson
{
    /// <summary>Writes a value with what is in it; keys are sorted.</summary>
    public static void Write(this OrthancJsonWriter json, JsonNode? value)
    {
        switch (value)
        {
            case null:
                json.Null();
                break;
            case JsonObject members:
                WriteObject(json, members);
                break;
            case JsonArray items:
                json.BeginArray();
                foreach (var item in items)
                {
                    json.Write(item);
                }
                json.EndArray();
                break;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text):
                json.Text(text);
                break;
            case JsonValue number when number.TryGetValue<long>(out var whole):
                json.Number(whole);
                break;
            default:
                json.Raw(Encoding.UTF8.GetBytes(value.ToJsonString()));
                break;
        }
    }

    private static void WriteObject(OrthancJsonWriter json, JsonObject members)
    {
        var sorted = new KeyValuePair<string, JsonNode?>[members.Count];
        ((ICollection<KeyValuePair<string, JsonNode?>>)members).CopyTo(sorted, 0);
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        json.BeginObject();
        foreach (var (name, member) in sorted)
        {
            json.Key(name);
            json.Write(member);
        }
        json.EndObject();
    }
}
