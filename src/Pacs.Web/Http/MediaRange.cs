using System.Globalization;

namespace Pacs.Web.Http;

/// <summary>A media type that a client takes (RFC 9110 §12.5.1, PS3.18 §8.7.4), e.g. <c>multipart/related; type="application/dicom"; transfer-syntax=*</c>.</summary>
/// <param name="Type">The type in lower case, e.g. <c>image/jpeg</c>, <c>image/*</c>; for <c>multipart/related</c> the type of its parts.</param>
/// <param name="IsMultipart">Whether it is to come as <c>multipart/related</c>.</param>
/// <param name="TransferSyntax">The parameter <c>transfer-syntax</c>: a UID, <c>*</c> for the stored one, or null.</param>
/// <param name="Quality">How much it is liked, above 0, at most 1.</param>
internal sealed record MediaRange(string Type, bool IsMultipart, string? TransferSyntax, double Quality)
{
    private const string Multipart = "multipart/related";

    // what nobody means
    private const int MaxRanges = 50;

    /// <summary>
    /// What the client takes, best first. The query parameter <c>accept</c> counts before the header (PS3.18 §8.3.3.1): it is for links. Nothing said is anything.
    /// </summary>
    public static IReadOnlyList<MediaRange> Of(HttpRequest request)
    {
        var parameter = request.Query["accept"].ToString();
        var text = parameter.Length > 0 ? parameter : request.Headers.Accept.ToString();
        return text.Length > 0 ? Parse(text) : [new MediaRange("*/*", IsMultipart: false, null, 1)];
    }

    /// <summary>Reads the value of an Accept header. Values need no quotation marks, because most clients leave them out; what cannot be read is left out.</summary>
    public static IReadOnlyList<MediaRange> Parse(string header)
    {
        var ranges = new List<MediaRange>();
        foreach (var range in Split(header, ',').Take(MaxRanges))
        {
            var (type, related, syntax, quality) = ("", (string?)null, (string?)null, 1.0);
            foreach (var part in Split(range, ';'))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (type.Length == 0)
                {
                    type = part.ToLowerInvariant();
                    continue;
                }
                var value = equals < 0 ? "" : part[(equals + 1)..].Trim().Trim('"').Trim();
                switch (equals < 0 ? part : part[..equals].TrimEnd().ToLowerInvariant())
                {
                    case "type":
                        related = value.ToLowerInvariant();
                        break;
                    case "transfer-syntax":
                        syntax = value;
                        break;
                    case "q":
                        quality = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var q) ? Math.Clamp(q, 0, 1) : 1;
                        break;
                }
            }
            if (type.Contains('/', StringComparison.Ordinal) && quality > 0)
            {
                ranges.Add(type == Multipart ? new MediaRange(related ?? "*/*", IsMultipart: true, syntax, quality) : new MediaRange(type, IsMultipart: false, syntax, quality));
            }
        }
        return [.. ranges.OrderByDescending(r => r.Quality)];
    }

    /// <summary>The first of the ranges that one of the types satisfies, and that type; the types in the order in which we like to give them.</summary>
    public static (MediaRange Range, string Type)? Choose(IEnumerable<MediaRange> ranges, params ReadOnlySpan<string> types)
    {
        foreach (var range in ranges)
        {
            foreach (var type in types)
            {
                if (range.Takes(type))
                {
                    return (range, type);
                }
            }
        }
        return null;
    }

    /// <summary>Whether a media type is within this range.</summary>
    public bool Takes(string type) => Type == "*/*" || Type == type || (Type.EndsWith("/*", StringComparison.Ordinal) && type.StartsWith(Type[..^1], StringComparison.Ordinal));

    /// <summary>The parts between separators that are not within quotation marks, without blanks around them.</summary>
    public static IEnumerable<string> Split(string text, char separator)
    {
        var (from, quoted) = (0, false);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"')
            {
                quoted = !quoted;
            }
            if (i == text.Length || (text[i] == separator && !quoted))
            {
                if (text[from..i].Trim() is { Length: > 0 } part)
                {
                    yield return part;
                }
                from = i + 1;
            }
        }
    }
}
