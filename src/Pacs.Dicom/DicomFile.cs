using System.Buffers;

namespace Pacs.Dicom;

/// <summary>A DICOM file (PS3.10 §7): file meta group and data set.</summary>
public sealed class DicomFile
{
    /// <summary>A file from a data set. The file meta group is made from its SOP Class and SOP Instance UID.</summary>
    /// <param name="dataset">The data set, with (0008,0016) and (0008,0018).</param>
    /// <param name="syntax">How it is to be written. Pixel data are not transcoded.</param>
    /// <exception cref="DicomException">One of the two UIDs is absent or not a UID.</exception>
    public DicomFile(DicomDataset dataset, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(syntax);
        Dataset = dataset;
        Syntax = syntax;
        FileMeta = [];
    }

    /// <summary>Group 0002 as read; empty when the file has none.</summary>
    public DicomDataset FileMeta { get; }

    /// <summary>The data set.</summary>
    public DicomDataset Dataset { get; }

    /// <summary>The transfer syntax of the data set: the real one where the file meta group lies.</summary>
    public TransferSyntax Syntax { get; }

    /// <summary>What had to be forgiven while reading.</summary>
    public DicomWarnings Warnings { get; } = [];

    /// <summary>Where in the file reading stopped: its length, or where the element of <see cref="DicomReadOptions.StopBefore"/> begins.</summary>
    public long EndOffset { get; }

    /// <summary>Opens a file. With <see cref="DicomReadOptions.StopBefore"/> only as much of it is read as is needed.</summary>
    /// <exception cref="DicomException">It is not a DICOM file, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DicomFile Open(string path, DicomReadOptions? options = null) => throw new NotSupportedException("lands within minutes");

    /// <inheritdoc cref="Open"/>
    public static Task<DicomFile> OpenAsync(string path, DicomReadOptions? options, CancellationToken ct) => throw new NotSupportedException("lands within minutes");

    /// <summary>Reads a file from where a stream stands to its end, or as far as is needed.</summary>
    /// <inheritdoc cref="Open"/>
    public static DicomFile Read(Stream stream, DicomReadOptions? options = null) => throw new NotSupportedException("lands within minutes");

    /// <inheritdoc cref="Read"/>
    public static Task<DicomFile> ReadAsync(Stream stream, DicomReadOptions? options, CancellationToken ct) => throw new NotSupportedException("lands within minutes");

    /// <summary>Reads a file from memory. Values are slices of <paramref name="bytes"/>, which must not change afterwards.</summary>
    /// <exception cref="DicomException">It is not a DICOM file, or damaged.</exception>
    public static DicomFile Parse(ReadOnlyMemory<byte> bytes, DicomReadOptions? options = null) => throw new NotSupportedException("lands within minutes");

    /// <summary>Writes the file under a temporary name, flushes it to disk and renames it, so that a half file is never seen under its name.</summary>
    /// <exception cref="DicomException">The data set cannot be written in this syntax.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path) => throw new NotSupportedException("lands within minutes");

    /// <inheritdoc cref="Save(string)"/>
    public Task SaveAsync(string path, CancellationToken ct) => throw new NotSupportedException("lands within minutes");

    /// <summary>Writes the file to a stream.</summary>
    /// <exception cref="DicomException">The data set cannot be written in this syntax.</exception>
    public void Save(Stream stream) => throw new NotSupportedException("lands within minutes");

    /// <inheritdoc cref="Save(Stream)"/>
    public void WriteTo(IBufferWriter<byte> writer) => throw new NotSupportedException("lands within minutes");
}
