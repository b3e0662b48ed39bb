using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>Decodes single frames of one or more transfer syntaxes. Stateless: one instance decodes many frames at the same time.</summary>
public interface ICodec
{
    /// <summary>Decodes one frame, whole: its fragments put together, without item headers (PS3.5 §A.4).</summary>
    /// <param name="frame">The compressed bytes; trailing padding is allowed.</param>
    /// <param name="image">What the data set says. Where the stream says otherwise about depth or size, the stream's word counts for the samples.</param>
    /// <returns>The samples. To be disposed.</returns>
    /// <exception cref="DicomException">The bytes are damaged, or use a part of their standard that is not supported; offset from the start of the frame.</exception>
    DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image);
}
