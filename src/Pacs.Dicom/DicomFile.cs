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
        var meta = new ArrayBufferWriter<byte>();
        WriteMeta(meta);
        FileMeta = Parse(meta.WrittenSpan.ToArray(), DicomReadOptions.Default).FileMeta;
    }

    internal DicomFile(DicomDataset fileMeta, DicomDataset dataset, TransferSyntax syntax, DicomWarnings warnings, long endOffset)
    {
        FileMeta = fileMeta;
        Dataset = dataset;
        Syntax = syntax;
        Warnings = warnings;
        EndOffset = endOffset;
    }

    /// <summary>Group 0002 as read; empty when the file has none. Saving writes a new one.</summary>
    public DicomDataset FileMeta { get; }

    /// <summary>The data set.</summary>
    public DicomDataset Dataset { get; }

    /// <summary>The transfer syntax of the data set: the real one where the file meta group lies about byte order or VR.</summary>
    public TransferSyntax Syntax { get; }

    /// <summary>What had to be forgiven while reading.</summary>
    public DicomWarnings Warnings { get; } = [];

    /// <summary>Where in the file reading stopped: its length, or where the element of <see cref="DicomReadOptions.StopBefore"/> begins.</summary>
    public long EndOffset { get; }

    /// <summary>Where in the file the data set begins: what follows can be sent as it is.</summary>
    internal long DatasetOffset { get; init; }

    /// <summary>Opens a file. With <see cref="DicomReadOptions.StopBefore"/> only as much of it is read as is needed.</summary>
    /// <exception cref="DicomException">It is not a DICOM file, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DicomFile Open(string path, DicomReadOptions? options = null)
    {
        // the prefix reads in large pieces itself
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        return Read(stream, options);
    }

    /// <inheritdoc cref="Open"/>
    public static async Task<DicomFile> OpenAsync(string path, DicomReadOptions? options, CancellationToken ct)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
        await using (stream)
        {
            return await ReadAsync(stream, options, ct);
        }
    }

    /// <summary>Reads a file from where a stream stands to its end, or as far as is needed.</summary>
    /// <inheritdoc cref="Open"/>
    public static DicomFile Read(Stream stream, DicomReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var prefix = new FilePrefix(stream, options ?? DicomReadOptions.Default);
        while (true)
        {
            while (prefix.NeedsBytes)
            {
                prefix.Take(stream.Read(prefix.Free.Span));
            }
            if (prefix.TryParse(out var file))
            {
                return file;
            }
        }
    }

    /// <inheritdoc cref="Read"/>
    public static async Task<DicomFile> ReadAsync(Stream stream, DicomReadOptions? options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var prefix = new FilePrefix(stream, options ?? DicomReadOptions.Default);
        while (true)
        {
            while (prefix.NeedsBytes)
            {
                prefix.Take(await stream.ReadAsync(prefix.Free, ct));
            }
            if (prefix.TryParse(out var file))
            {
                return file;
            }
        }
    }

    /// <summary>Reads a file from memory. Values are slices of <paramref name="bytes"/>, which must not change afterwards.</summary>
    /// <exception cref="DicomException">It is not a DICOM file, or damaged.</exception>
    public static DicomFile Parse(ReadOnlyMemory<byte> bytes, DicomReadOptions? options = null)
    {
        // with all bytes there is always an answer
        return FileParsing.TryParse(bytes, bytes.Length, isFinal: true, options ?? DicomReadOptions.Default, out var file)
            ? file
            : throw new DicomException("Not a DICOM file");
    }

    /// <summary>Writes the file under a temporary name, flushes it to disk and renames it, so that a half file is never seen under its name.</summary>
    /// <exception cref="DicomException">The data set cannot be written in this syntax.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        var bytes = ToMemory();
        var temporary = path + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Write(bytes.Span);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <inheritdoc cref="Save(string)"/>
    public async Task SaveAsync(string path, CancellationToken ct)
    {
        var bytes = ToMemory();
        var temporary = path + ".tmp";
        var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        await using (stream)
        {
            await stream.WriteAsync(bytes, ct);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Writes the file to a stream.</summary>
    /// <exception cref="DicomException">The data set cannot be written in this syntax.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(ToMemory().Span);
    }

    /// <summary>Writes the file to a buffer: preamble, a new file meta group, the data set.</summary>
    /// <exception cref="DicomException">The data set cannot be written in this syntax, or has no SOP Class and Instance UID.</exception>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        WriteMeta(writer);
        DicomWriter.Write(Dataset, Syntax, writer);
    }

    private ReadOnlyMemory<byte> ToMemory()
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        WriteTo(buffer);
        return buffer.WrittenMemory;
    }

    /// <summary>The UIDs of the data set; a directory (PS3.10 §8.6) has them in its file meta group only.</summary>
    private void WriteMeta(IBufferWriter<byte> writer) => FileMetaInformation.Write(
        writer,
        Uid(DicomTag.SOPClassUID, DicomTag.MediaStorageSOPClassUID),
        Uid(DicomTag.SOPInstanceUID, DicomTag.MediaStorageSOPInstanceUID),
        Syntax,
        FileMeta.GetString(DicomTag.SourceApplicationEntityTitle));

    private string Uid(DicomTag tag, DicomTag metaTag) =>
        (Dataset.GetString(tag) is { Length: > 0 } uid ? uid : FileMeta.GetString(metaTag)) ?? throw new DicomException("A file needs this UID", tag);
}
