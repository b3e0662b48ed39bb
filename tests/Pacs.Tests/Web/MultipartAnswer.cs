using System.Text;

namespace Pacs.Tests;

/// <summary>The parts of a <c>multipart/related</c> answer, taken apart by the letter of RFC 2046 §5.1.</summary>
internal static class MultipartAnswer
{
    /// <summary>Header lines and body of each part.</summary>
    public static async Task<List<(Dictionary<string, string> Headers, byte[] Body)>> ReadAsync(HttpResponseMessage answer)
    {
        var type = answer.Content.Headers.ContentType!;
        Assert.Equal("multipart/related", type.MediaType);
        var boundary = Encoding.ASCII.GetBytes("\r\n--" + type.Parameters.Single(p => p.Name == "boundary").Value!.Trim('"'));
        var bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        if (answer.Content.Headers.ContentLength is { } length)
        {
            Assert.Equal(length, bytes.Length);
        }
        var parts = new List<(Dictionary<string, string>, byte[])>();
        var at = bytes.AsSpan().IndexOf(boundary);
        Assert.True(at >= 0, "no boundary");
        while (true)
        {
            at += boundary.Length;
            if (bytes.AsSpan(at).StartsWith("--"u8))
            {
                Assert.Equal("--\r\n", Encoding.ASCII.GetString(bytes.AsSpan(at)));
                return parts;
            }
            var next = bytes.AsSpan(at).IndexOf(boundary);
            Assert.True(next >= 0, "no end");
            var part = bytes.AsSpan(at, next);
            var blank = part.IndexOf("\r\n\r\n"u8);
            var headers = Encoding.ASCII.GetString(part[..blank]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(h => h.Split(": ", 2)).ToDictionary(h => h[0], h => h[1]);
            parts.Add((headers, part[(blank + 4)..].ToArray()));
            if (headers.TryGetValue("Content-Length", out var said))
            {
                Assert.Equal(said, parts[^1].Item2.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            at += next;
        }
    }
}
