using System.Buffers;
using System.Buffers.Binary;

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
    public static DicomDataset Read(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, DicomReadOptions? options = null, DicomWarnings? warnings = null)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        options ??= DicomReadOptions.Default;
        warnings ??= [];
        if (syntax.IsDeflated)
        {
            return ReadDeflated(bytes, 0, options, warnings, out _);
        }
        var reading = new DatasetReading(ElementEncoding.Of(syntax), 0, bytes.Length, options, warnings);
        reading.TryRead(bytes, 0, isFinal: true);
        return reading.Dataset;
    }

    /// <summary>Reads a data set from pieces, e.g. of a pipe. They are copied, so their memory may be reused afterwards.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, TransferSyntax, DicomReadOptions?, DicomWarnings?)"/>
    public static DicomDataset Read(in ReadOnlySequence<byte> bytes, TransferSyntax syntax, DicomReadOptions? options = null, DicomWarnings? warnings = null) =>
        bytes.Length <= Array.MaxLength
            ? Read(bytes.ToArray(), syntax, options, warnings)
            : throw new DicomException("A data set of more than 2 GB cannot be read into memory");

    /// <summary>Inflates as much as is needed and reads it.</summary>
    /// <param name="deflated">The stored data set.</param>
    /// <param name="start">Where it begins in the file, for messages.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Where to report.</param>
    /// <param name="encoding">How the inflated data set is written.</param>
    internal static DicomDataset ReadDeflated(ReadOnlyMemory<byte> deflated, long start, DicomReadOptions options, DicomWarnings warnings, out ElementEncoding encoding)
    {
        using var inflated = new InflatedBuffer(deflated, options, warnings, start);
        // header only: the pixels are not worth inflating, and may be a bomb
        var target = options.StopBefore is null ? long.MaxValue : 64 * 1024;
        while (true)
        {
            inflated.FillTo(target);
            // a first look whose warnings would be repeated by the next
            var attempt = new DicomWarnings();
            var reading = new DatasetReading(ElementEncoding.Explicit, 0, inflated.IsComplete ? inflated.Length : long.MaxValue, options, attempt);
            if (reading.TryRead(inflated.Bytes, 0, inflated.IsComplete))
            {
                warnings.AddAll(attempt);
                encoding = reading.Encoding;
                return reading.Dataset;
            }
            target *= 4;
        }
    }
}

/// <summary>One pass over a data set in memory: tokens become elements, items and fragments. No recursion, so depth costs heap and not stack.</summary>
internal sealed class DatasetReading
{
    private readonly DicomReadOptions _options;
    private readonly ElementTokens _tokens;
    private readonly Stack<(DicomTag Tag, DicomVr Vr, List<DicomDataset>? Items, List<ReadOnlyMemory<byte>>? Fragments, DicomDataset Parent)> _open = new();
    private List<(DicomDataset Dataset, DicomElement Element)>? _ambiguous;
    private DicomDataset _current = [];
    private int _count;

    /// <param name="encoding">How the data set is written.</param>
    /// <param name="start">Where it begins, as offsets are to be counted.</param>
    /// <param name="end">Where it ends, counted the same way, or <see cref="long.MaxValue"/> when not known yet.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Where to report.</param>
    public DatasetReading(ElementEncoding encoding, long start, long end, DicomReadOptions options, DicomWarnings warnings)
    {
        _options = options;
        _tokens = new ElementTokens(encoding, end, options, warnings);
        Dataset = _current;
        EndOffset = start;
    }

    private DatasetReading(ReadOnlyMemory<byte> content, in Token sequence, DicomReadOptions options, DicomWarnings warnings, List<DicomDataset> items)
    {
        var start = sequence.Offset + sequence.Size;
        _options = options;
        _tokens = new ElementTokens(sequence.Encoding, start + content.Length, options, warnings, isSequenceContent: true);
        Dataset = _current;
        _open.Push((sequence.Tag, sequence.Vr, items, null, _current));
    }

    public DicomDataset Dataset { get; }

    /// <summary>Where reading stopped.</summary>
    public long EndOffset { get; private set; }

    public ElementEncoding Encoding => _tokens.RootEncoding;

    /// <summary>Reads to the end or to <see cref="DicomReadOptions.StopBefore"/>. False when more bytes are needed; begin anew with them.</summary>
    /// <param name="bytes">The data set.</param>
    /// <param name="start">Where it begins, as offsets are to be counted.</param>
    /// <param name="isFinal">Whether these are all bytes that there are.</param>
    public bool TryRead(ReadOnlyMemory<byte> bytes, long start, bool isFinal)
    {
        var at = 0;
        var span = bytes.Span;
        while (_tokens.TryRead(span[at..], start + at, isFinal, out var token))
        {
            if (token.Kind == TokenKind.EndOfData
                || (_options.StopBefore is { } stop && _open.Count == 0 && token.Tag >= stop && token.Kind is TokenKind.Element or TokenKind.SequenceStart or TokenKind.FragmentsStart))
            {
                EndOffset = token.Kind == TokenKind.EndOfData ? start + bytes.Length : token.Offset;
                _current.Seal();
                ResolveSigns();
                return true;
            }
            if (++_count > _options.MaxElements)
            {
                throw new DicomException($"More than {_options.MaxElements} elements", token.Tag, token.Offset);
            }
            at += token.Size;
            if (token.Kind is TokenKind.Element or TokenKind.Fragment)
            {
                if (token.Length > span.Length - at)
                {
                    return false;
                }
                var value = bytes.Slice(at, (int)token.Length);
                at += (int)token.Length;
                if (token.Kind == TokenKind.Fragment)
                {
                    _open.Peek().Fragments!.Add(value);
                    continue;
                }
                Append(token, value);
                continue;
            }
            Structure(token);
        }
        return false;
    }

    /// <summary>Reads the items of a sequence.</summary>
    /// <param name="content">What lies between its header and its end.</param>
    /// <param name="sequence">The token that began it.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Where to report.</param>
    public static List<DicomDataset> ReadItems(ReadOnlyMemory<byte> content, in Token sequence, DicomReadOptions options, DicomWarnings warnings)
    {
        var items = new List<DicomDataset>();
        new DatasetReading(content, sequence, options, warnings, items).TryRead(content, sequence.Offset + sequence.Size, isFinal: true);
        return items;
    }

    private void Append(in Token token, ReadOnlyMemory<byte> value)
    {
        var vr = token.Vr;
        if (vr == DicomVr.US && !token.Encoding.ExplicitVr && value.Length > 2 && token.Tag == DicomTag.LUTData)
        {
            // "US or OW": one entry is a number, a table is words
            vr = DicomVr.OW;
        }
        var element = new DicomElement(token.Tag, vr, token.Encoding.BigEndian ? Swapped(value.Span, vr.UnitSize) : value);
        _current.Append(element);
        if (vr == DicomVr.US && !token.Encoding.ExplicitVr && DicomDictionary.MayBeSigned(token.Tag))
        {
            (_ambiguous ??= []).Add((_current, element));
        }
    }

    private void Structure(in Token token)
    {
        switch (token.Kind)
        {
            case TokenKind.SequenceStart:
                _open.Push((token.Tag, token.Vr, [], null, _current));
                break;
            case TokenKind.FragmentsStart:
                _open.Push((token.Tag, token.Vr, null, [], _current));
                break;
            case TokenKind.ItemStart:
                _current = [];
                _open.Peek().Items!.Add(_current);
                break;
            case TokenKind.ItemEnd:
                _current.Seal();
                break;
            case TokenKind.SequenceEnd:
            case TokenKind.FragmentsEnd:
                var (tag, vr, items, fragments, parent) = _open.Pop();
                _current = parent;
                _current.Append(items is not null ? new DicomElement(tag, items) : new DicomElement(tag, vr, fragments!));
                break;
        }
    }

    /// <summary>
    /// "US or SS" without a VR: (0028,0103) Pixel Representation of the data set, or of the nearest one around it, decides (PS3.3 §C.7.6.3.1).
    /// </summary>
    private void ResolveSigns()
    {
        foreach (var (dataset, element) in _ambiguous ?? [])
        {
            var around = dataset;
            while (around is not null && !around.Contains(DicomTag.PixelRepresentation))
            {
                around = around.Parent;
            }
            if (around?.GetInt32(DicomTag.PixelRepresentation) == 1 && ReferenceEquals(dataset.Get(element.Tag), element))
            {
                dataset.Set(new DicomElement(element.Tag, DicomVr.SS, element.Value));
            }
        }
    }

    /// <summary>Numbers in the other byte order; an incomplete one at the end stays as it is.</summary>
    internal static ReadOnlyMemory<byte> Swapped(ReadOnlySpan<byte> value, int unit)
    {
        var copy = value.ToArray();
        Swap(copy, unit);
        return copy;
    }

    internal static void Swap(Span<byte> bytes, int unit)
    {
        switch (unit)
        {
            case 2:
                var shorts = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }
}
