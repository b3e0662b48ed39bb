using System.Buffers;

namespace Pacs.Dicom;

/// <summary>Data sets from bytes.</summary>
public static class DicomReader
{
    /// <summary>Reads a data set from memory. Its values are slices of <paramref name="bytes"/>, which must therefore not change afterwards.</summary>
    /// <param name="bytes">The data set as transferred: no preamble, no file meta group.</param>
    /// <param name="syntax">The transfer syntax it claims to be in. A data set that is plainly in another is read in that one, with a warning.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <param name="warnings">Where to say what had to be forgiven; null when nobody wants to know.</param>
    /// <exception cref="DicomException">These bytes are not a data set, or exceed a limit.</exception>
    public static DicomDataset Read(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, DicomReadOptions? options = null, DicomWarnings? warnings = null) =>
        throw new NotSupportedException("lands within minutes");

    /// <summary>Reads a data set from pieces, e.g. of a pipe. They are copied, so their memory may be reused afterwards.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, TransferSyntax, DicomReadOptions?, DicomWarnings?)"/>
    public static DicomDataset Read(in ReadOnlySequence<byte> bytes, TransferSyntax syntax, DicomReadOptions? options = null, DicomWarnings? warnings = null) =>
        Read(bytes.ToArray(), syntax, options, warnings);
}
