using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pacs.Web.Orthanc;

/// <summary>
/// JSON laid out as Orthanc lays it out: three blanks, sorted keys, <c>"Key" : value</c>, each value of an array on a line of its own. Scripts in
/// the field read it with <c>grep</c>, and the same bytes make answers comparable with a real Orthanc.
/// </summary>
internal static class OrthancJson
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text in UTF-8 without a line end, as Orthanc sends it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="indent">How far the line is indented that it starts on.</param>
    public static byte[] ToUtf8(JsonNode value, string indent = "")
    {
        var text = new StringBuilder();
        Write(text, value, indent);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(StringBuilder text, JsonNode? value, string indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } members:
                WriteObject(text, members, indent);
                break;
            case JsonArray { Count: > 0 } items:
                WriteArray(text, items, indent);
                break;
            default:
                text.Append(Scalar(value));
                break;
        }
    }

    private static void WriteObject(StringBuilder text, JsonObject members, string indent)
    {
        var inner = indent + "   ";
        text.Append('{');
        var separator = "\n";
        foreach (var (name, value) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            text.Append(separator).Append(inner).Append(Scalar(JsonValue.Create(name))).Append(" : ");
            separator = ",\n";
            if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
            {
                // containers start on a line of their own
                text.Append('\n').Append(inner);
            }
            Write(text, value, inner);
        }
        text.Append('\n').Append(indent).Append('}');
    }

    private static void WriteArray(StringBuilder text, JsonArray items, string indent)
    {
        var inner = indent + "   ";
        text.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(inner);
            Write(text, items[i], inner);
        }
        text.Append('\n').Append(indent).Append(']');
    }

    private static string Scalar(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        JsonValue number when number.TryGetValue<long>(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
        _ => value.ToJsonString(Plain),
    };
}
