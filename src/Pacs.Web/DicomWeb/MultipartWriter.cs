using System.Text;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>The text between the parts of a <c>multipart/related</c> answer (RFC 2387, PS3.18 §8.6.1.2).</summary>
internal static class MultipartWriter
{
    /// <summary>A boundary that is in no part.</summary>
    public static string NewBoundary() => Guid.NewGuid().ToString("N");

    /// <summary>The type of the whole answer.</summary>
    /// <param name="type">The type of its parts.</param>
    /// <param name="boundary">The boundary.</param>
    public static string ContentType(string type, string boundary) => $"{MediaTypes.Multipart}; type=\"{type}\"; boundary={boundary}";

    /// <summary>What stands before a part.</summary>
    /// <param name="boundary">The boundary.</param>
    /// <param name="type">The type of the part, with its parameters.</param>
    /// <param name="length">Its length, where it is known: clients can reserve memory.</param>
    /// <param name="location">Where the part can be had by itself, or null.</param>
    public static byte[] PartHead(string boundary, string type, long? length = null, string? location = null)
    {
        // a line end before the first boundary is preamble, which clients skip
        var text = new StringBuilder("\r\n--").Append(boundary).Append("\r\nContent-Type: ").Append(type).Append("\r\n");
        if (length is { } bytes)
        {
            text.Append("Content-Length: ").Append(bytes).Append("\r\n");
        }
        if (location is not null)
        {
            text.Append("Content-Location: ").Append(location).Append("\r\n");
        }
        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>What stands behind the last part.</summary>
    public static byte[] End(string boundary) => Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
}
