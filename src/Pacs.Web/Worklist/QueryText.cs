using System.Text;

namespace Pacs.Web.Worklist;

/// <summary>
/// The query of a URL, decoded. ASP.NET takes percent-encoded bytes for UTF-8 and replaces what is not; scripts in practice software send Windows-1252
/// as well (PHP's <c>urlencode</c> without <c>utf8_encode</c>), and a worklist with <c>M�ller</c> helps nobody.
/// </summary>
public static class QueryText
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    /// <summary>The parameters in their order; names may come twice.</summary>
    /// <param name="query">The query as sent, with or without its question mark.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string? query)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        foreach (var part in (query ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            parameters.Add(equals < 0 ? new(Decode(part), "") : new(Decode(part[..equals]), Decode(part[(equals + 1)..])));
        }
        return parameters;
    }

    // application/x-www-form-urlencoded: "+" is a blank; a "%" without two hexadecimal digits is itself
    private static string Decode(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes.AddRange(Convert.FromHexString(text.AsSpan(i + 1, 2)));
                i += 2;
            }
            else if (text[i] == '+')
            {
                bytes.Add((byte)' ');
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, 1));
            }
        }
        var decoded = bytes.ToArray();
        try
        {
            return StrictUtf8.GetString(decoded);
        }
        catch (DecoderFallbackException)
        {
            // text in Windows-1252 is hardly ever valid UTF-8
            return Windows1252.GetString(decoded);
        }
    }
}
