using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Pacs.Dicom;

/// <summary>Takes a file apart (PS3.10 §7.1): where the preamble ends, what the file meta group says, how the data set is really written.</summary>
internal static class FileParsing
{
    private const int PreambleSize = 128;

    /// <summary>Parses a file, or what is there of it. False when more of it is needed; begin anew with that.</summary>
    /// <param name="bytes">The file from its start.</param>
    /// <param name="total">Its length, or <see cref="long.MaxValue"/> when it is not known.</param>
    /// <param name="isFinal">Whether these are all bytes that there are.</param>
    /// <param name="options">Limits.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="DicomException">It is not a DICOM file, or damaged.</exception>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, long total, bool isFinal, DicomReadOptions options, [NotNullWhen(true)] out DicomFile? file)
    {
        file = null;
        if (bytes.Length < PreambleSize + 16 && !isFinal)
        {
            return false;
        }
        if (bytes.Length < 8)
        {
            throw new DicomException($"A file of {bytes.Length} bytes is not a DICOM file");
        }
        var warnings = new DicomWarnings();
        var start = FindMeta(bytes.Span, warnings);
        var meta = new DicomDataset();
        if (!TryReadMeta(bytes, ref start, total, isFinal, meta, warnings))
        {
            return false;
        }
        var uid = meta.GetString(DicomTag.TransferSyntaxUID);
        var declared = string.IsNullOrEmpty(uid) ? null : TransferSyntax.Get(uid);
        if (declared is null)
        {
            warnings.Add("No transfer syntax: it is guessed", DicomTag.TransferSyntaxUID, start);
        }
        var content = bytes[start..];
        if (declared is { IsDeflated: true })
        {
            if (!isFinal)
            {
                return false;
            }
            var inflated = DicomReader.ReadDeflated(content, start, options, warnings, out _);
            file = new DicomFile(meta, inflated, declared, warnings, bytes.Length) { DatasetOffset = start };
            return true;
        }
        var encoding = declared is not null ? ElementEncoding.Of(declared) : Guess(content.Span, total - start, meta.Count > 0);
        var reading = new DatasetReading(encoding, start, total, options, warnings);
        if (!reading.TryRead(content, start, isFinal))
        {
            return false;
        }
        file = new DicomFile(meta, reading.Dataset, Real(declared, reading.Encoding), warnings, reading.EndOffset) { DatasetOffset = start };
        return true;
    }

    /// <summary>Reads only what precedes the data set. False when more of the file is needed.</summary>
    /// <param name="bytes">The file from its start.</param>
    /// <param name="isFinal">Whether these are all bytes that there are.</param>
    /// <param name="meta">Group 0002.</param>
    /// <param name="length">Where the data set begins.</param>
    /// <exception cref="DicomException">Not a DICOM file.</exception>
    public static bool TryReadMeta(ReadOnlyMemory<byte> bytes, bool isFinal, [NotNullWhen(true)] out DicomDataset? meta, out int length)
    {
        (meta, length) = (null, 0);
        if (bytes.Length < PreambleSize + 16)
        {
            return isFinal ? throw new DicomException($"A file of {bytes.Length} bytes is not a DICOM file") : false;
        }
        var warnings = new DicomWarnings();
        var read = new DicomDataset();
        length = FindMeta(bytes.Span, warnings);
        if (!TryReadMeta(bytes, ref length, long.MaxValue, isFinal, read, warnings))
        {
            return false;
        }
        if (read.Count == 0)
        {
            throw new DicomException("Not a DICOM file: no file meta group", null, length);
        }
        meta = read;
        return true;
    }

    /// <inheritdoc cref="FileStart.TryRead"/>
    public static bool TryReadStart(ReadOnlyMemory<byte> bytes, bool isFinal, [NotNullWhen(true)] out FileStart? start)
    {
        start = null;
        if (bytes.Length < PreambleSize + 16 && !isFinal)
        {
            return false;
        }
        if (bytes.Length < 8)
        {
            throw new DicomException($"A file of {bytes.Length} bytes is not a DICOM file");
        }
        var warnings = new DicomWarnings();
        var meta = new DicomDataset();
        var at = FindMeta(bytes.Span, warnings);
        if (!TryReadMeta(bytes, ref at, long.MaxValue, isFinal, meta, warnings) || (bytes.Length - at < 8 && !isFinal))
        {
            return false;
        }
        var syntax = meta.GetString(DicomTag.TransferSyntaxUID) is { Length: > 0 } uid ? TransferSyntax.Get(uid)
            : Real(declared: null, Guess(bytes.Span[at..], long.MaxValue, meta.Count > 0));
        start = new FileStart(meta, syntax, at);
        return true;
    }

    /// <summary>Where group 0002 begins, or 0 when there is no preamble.</summary>
    private static int FindMeta(ReadOnlySpan<byte> bytes, DicomWarnings warnings)
    {
        if (bytes.Length >= PreambleSize + 4 && bytes[PreambleSize..].StartsWith("DICM"u8))
        {
            return PreambleSize + 4;
        }
        warnings.Add("No preamble", null, 0);
        return bytes.StartsWith("DICM"u8) ? 4 : 0;
    }

    /// <summary>
    /// Reads group 0002, always Explicit VR Little Endian (PS3.10 §7.1), to its last element: its group length is wrong too often to be trusted.
    /// </summary>
    private static bool TryReadMeta(ReadOnlyMemory<byte> bytes, ref int at, long total, bool isFinal, DicomDataset meta, DicomWarnings warnings)
    {
        var span = bytes.Span;
        var begin = at;
        long declaredEnd = -1;
        while (true)
        {
            if (!ElementHeader.TryRead(span[at..], ElementEncoding.Explicit, out var header))
            {
                if (!isFinal)
                {
                    return false;
                }
                if (declaredEnd != at)
                {
                    throw new DicomException("The file ends inside its file meta group", null, at);
                }
                break;
            }
            // a deflate stream may begin with 02 00 by chance: there the length has the say
            if (header.Tag.Group != 2 || (at == declaredEnd && IsDeflated(meta)))
            {
                break;
            }
            if (header.Length > total - at - header.Size)
            {
                throw new DicomException($"A length of {header.Length} bytes where {total - at - header.Size} are left", header.Tag, at);
            }
            if (header.Length > span.Length - at - header.Size)
            {
                // nothing comes after the last byte: who asked for more would ask for ever
                return isFinal ? throw new DicomException($"A length of {header.Length} bytes where {span.Length - at - header.Size} are left", header.Tag, at) : false;
            }
            if (header.Quirk != HeaderQuirk.None)
            {
                warnings.Add("An element without a VR in the file meta group", header.Tag, at);
            }
            var value = bytes.Slice(at + header.Size, (int)header.Length);
            at += header.Size + value.Length;
            meta.Append(new DicomElement(header.Tag, header.Vr, value));
            if (header.Tag == DicomTag.FileMetaInformationGroupLength && value.Length == 4)
            {
                declaredEnd = at + BinaryPrimitives.ReadUInt32LittleEndian(value.Span);
            }
        }
        meta.Seal();
        if (at > begin && declaredEnd != at)
        {
            warnings.Add(declaredEnd < 0 ? "No length of the file meta group" : "A wrong length of the file meta group", DicomTag.FileMetaInformationGroupLength, begin);
        }
        return true;
    }

    private static bool IsDeflated(DicomDataset meta)
    {
        meta.Seal();
        return meta.GetString(DicomTag.TransferSyntaxUID) is { Length: > 0 } uid && TransferSyntax.Get(uid).IsDeflated;
    }

    /// <summary>How a data set is written that nothing is said about; also whether it is one.</summary>
    private static ElementEncoding Guess(ReadOnlySpan<byte> content, long length, bool hasMeta)
    {
        if (content.Length < 8)
        {
            return hasMeta ? ElementEncoding.Explicit : throw new DicomException("Not a DICOM file");
        }
        var isExplicit = ElementHeader.LooksExplicit(content);
        foreach (var bigEndian in (ReadOnlySpan<bool>)[false, true])
        {
            var encoding = new ElementEncoding(isExplicit, bigEndian);
            var tag = encoding.Tag(content);
            // an old file begins with a known element of a low group: 0008 as a rule
            if (tag.Group is 4 or 8 or 0x10 or 0x18 or 0x20 or 0x28 && DicomDictionary.GetVr(tag) != DicomVr.UN
                && (isExplicit || encoding.U32(content[4..]) <= length - 8))
            {
                return encoding;
            }
        }
        return hasMeta ? new ElementEncoding(isExplicit, BigEndian: false) : throw new DicomException("Not a DICOM file");
    }

    /// <summary>The syntax that a data set was found to be in.</summary>
    private static TransferSyntax Real(TransferSyntax? declared, ElementEncoding encoding)
    {
        if (declared is not null && (declared.IsEncapsulated || ElementEncoding.Of(declared) == encoding))
        {
            return declared;
        }
        return encoding switch
        {
            { BigEndian: true } => TransferSyntax.ExplicitVRBigEndian,
            { ExplicitVr: true } => TransferSyntax.ExplicitVRLittleEndian,
            _ => TransferSyntax.ImplicitVRLittleEndian,
        };
    }
}

/// <summary>As much of the start of a stream as parsing turns out to need.</summary>
internal sealed class FilePrefix
{
    private const int FirstStep = 64 * 1024;

    private readonly DicomReadOptions _options;
    private long _total = long.MaxValue;
    private byte[] _buffer;
    private int _filled;
    private long _target;
    private bool _isFinal;

    public FilePrefix(Stream stream, DicomReadOptions options)
    {
        _options = options;
        if (stream.CanSeek)
        {
            _total = stream.Length - stream.Position;
            _isFinal = _total == 0;
        }
        // each step is four times the last, so that reading anew from the start stays linear
        _target = options.StopBefore is null ? long.MaxValue : FirstStep;
        _buffer = new byte[(int)Math.Min(Math.Min(_total, Array.MaxLength), _total == long.MaxValue ? FirstStep : _target)];
    }

    public bool NeedsBytes => _filled < _target && !_isFinal;

    /// <summary>Where the next bytes go.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (_filled == _buffer.Length)
            {
                if (_filled == Array.MaxLength)
                {
                    throw new DicomException("A file of more than 2 GB cannot be read into memory; read its header only", null, _filled);
                }
                Array.Resize(ref _buffer, (int)Math.Min(Math.Min(_total, Array.MaxLength), _buffer.Length * 4L));
            }
            return _buffer.AsMemory(_filled, (int)Math.Min(_buffer.Length - _filled, _target - _filled));
        }
    }

    /// <summary>Says how many bytes came; none means that the stream has ended.</summary>
    public void Take(int count)
    {
        _filled += count;
        _isFinal = count == 0 || _filled == _total;
        _total = count == 0 ? _filled : _total;
    }

    public bool TryParse([NotNullWhen(true)] out DicomFile? file)
    {
        if (FileParsing.TryParse(_buffer.AsMemory(0, _filled), _isFinal ? _filled : _total, _isFinal, _options, out file))
        {
            return true;
        }
        _target *= 4;
        return false;
    }
}
