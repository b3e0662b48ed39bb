using System.Buffers;

namespace Pacs.Dicom;

/// <summary>How to write a data set.</summary>
public sealed record DicomWriteOptions
{
    /// <summary>What is used where no options are given.</summary>
    public static DicomWriteOptions Default { get; } = new();

    /// <summary>
    /// Whether sequences and items get undefined lengths and delimiters (PS3.5 §7.5). Default false: with defined lengths a reader can skip a
    /// sequence without looking into it, and every device reads them.
    /// </summary>
    public bool UndefinedLengths { get; init; }
}

/// <summary>
/// Bytes from data sets, strictly as PS3.5 §7 wants them: ascending tags, even lengths, no group lengths but that of the command group.
/// </summary>
public static class DicomWriter
{
    /// <summary>Writes a data set: no preamble, no file meta group.</summary>
    /// <param name="dataset">What to write.</param>
    /// <param name="syntax">How. Pixel data are not transcoded.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="DicomException">The data set cannot be written in this syntax: fragments in a native one, a file meta element in it.</exception>
    public static void Write(DicomDataset dataset, TransferSyntax syntax, IBufferWriter<byte> writer, DicomWriteOptions? options = null) =>
        throw new NotSupportedException("lands within minutes");

    /// <summary>As <see cref="Write"/>, into one array.</summary>
    /// <inheritdoc cref="Write"/>
    public static byte[] ToBytes(DicomDataset dataset, TransferSyntax syntax, DicomWriteOptions? options = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(dataset, syntax, buffer, options);
        return buffer.WrittenSpan.ToArray();
    }
}
