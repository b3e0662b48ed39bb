using System.Diagnostics.CodeAnalysis;

namespace Pacs.Dicom;

/// <summary>What precedes the data set of a file that is still coming (PS3.10 §7.1). Old files have less than the standard asks for: no preamble, or nothing at all.</summary>
/// <param name="Meta">Group 0002, empty where there is none. Its values are slices of the bytes that were read.</param>
/// <param name="Syntax">The transfer syntax that it names; without one, the uncompressed syntax that the data set is seen to be in.</param>
/// <param name="Length">How many bytes precede the data set.</param>
public sealed record FileStart(DicomDataset Meta, TransferSyntax Syntax, int Length)
{
    /// <summary>Reads the start of a file.</summary>
    /// <param name="bytes">The file from its first byte, as far as it has come.</param>
    /// <param name="isWhole">Whether nothing more comes.</param>
    /// <param name="start">What was found.</param>
    /// <returns>False when more is needed.</returns>
    /// <exception cref="DicomException">Not a DICOM file, or its file meta group is damaged.</exception>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, bool isWhole, [NotNullWhen(true)] out FileStart? start) => FileParsing.TryReadStart(bytes, isWhole, out start);

    /// <summary>
    /// A UID that the file should name twice: as its data set says, whatever the meta group does (many programs change only the one), or by the meta group where the data
    /// set does not say it in what is there. Empty when neither does.
    /// </summary>
    /// <param name="bytes">The same bytes, or more of the file.</param>
    /// <param name="tag">(0008,0016) or (0008,0018).</param>
    /// <param name="metaTag">(0002,0002) or (0002,0003).</param>
    public string Uid(ReadOnlyMemory<byte> bytes, DicomTag tag, DicomTag metaTag)
    {
        const int Step = 1024;
        var scanner = new HeaderScanner(Syntax, [tag]);
        var span = bytes.Span[Length..];
        try
        {
            while (!span.IsEmpty && !scanner.Done && scanner.Header.Count == 0)
            {
                var count = Math.Min(Step, span.Length);
                scanner.Push(span[..count]);
                span = span[count..];
            }
        }
        catch (DicomException)
        {
            // whoever reads all of it says what is wrong
        }
        return scanner.Header.GetString(tag) is { Length: > 0 } uid ? uid : Meta.GetString(metaTag) ?? "";
    }
}
