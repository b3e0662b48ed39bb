using Microsoft.Win32.SafeHandles;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Web.DicomWeb;

/// <summary>
/// The media type of a stored video: what its first bytes are. A transfer syntax names the coding; the stream may be an MP4 file, an MPEG-2 transport or program stream, or bare (PS3.5 §8.2.5 to §8.2.11), of which browsers play
/// the first.
/// </summary>
internal static class VideoType
{
    /// <summary>MP4 (ISO/IEC 14496-14).</summary>
    public const string Mp4 = "video/mp4";

    /// <summary>MPEG-1 and 2, bare or as a program stream (RFC 2046).</summary>
    public const string Mpeg = "video/mpeg";

    /// <summary>An MPEG-2 transport stream (RFC 3555).</summary>
    public const string Transport = "video/mp2t";

    /// <summary>All of them.</summary>
    public static readonly string[] All = [Mp4, Mpeg, Transport, "video/h264", "video/h265"];

    // of a transport stream; three of them are no chance
    private const int PacketSize = 188;

    /// <summary>Looks at the first bytes.</summary>
    /// <param name="file">The stored file.</param>
    /// <param name="fragments">Where in it the video lies.</param>
    /// <param name="syntax">Says the coding, and the type where the bytes say nothing.</param>
    public static string Of(SafeFileHandle file, IReadOnlyList<ByteRange> fragments, TransferSyntax syntax)
    {
        var isMpeg2 = syntax.Uid.StartsWith("1.2.840.10008.1.2.4.100", StringComparison.Ordinal) || syntax.Uid.StartsWith("1.2.840.10008.1.2.4.101", StringComparison.Ordinal);
        var bytes = new byte[(2 * PacketSize) + 1];
        var length = fragments.Count == 0 ? 0 : RandomAccess.Read(file, bytes.AsSpan(0, (int)Math.Min(bytes.Length, fragments[0].Length)), fragments[0].Offset);
        var start = bytes.AsSpan(0, length);
        if (start.Length >= 8 && start[4..8].SequenceEqual("ftyp"u8))
        {
            return Mp4;
        }
        if (start.Length > 2 * PacketSize && start[0] == 0x47 && start[PacketSize] == 0x47 && start[2 * PacketSize] == 0x47)
        {
            return Transport;
        }
        return start switch
        {
            // a pack or a sequence header (ISO/IEC 13818-1 §2.5, 13818-2 §6.2)
            [0, 0, 1, 0xBA or 0xB3, ..] => Mpeg,
            // start codes of NAL units (ISO/IEC 14496-10 and 23008-2, annex B)
            [0, 0, 1, ..] or [0, 0, 0, 1, ..] when !isMpeg2 => syntax.Name.Contains("HEVC", StringComparison.Ordinal) ? "video/h265" : "video/h264",
            _ => isMpeg2 ? Mpeg : Mp4,
        };
    }
}
