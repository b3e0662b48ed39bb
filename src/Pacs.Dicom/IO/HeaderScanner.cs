using System.Buffers;

namespace Pacs.Dicom;

/// <summary>
/// Looks at a data set while it passes by, in whatever pieces it comes: keeps the wanted elements, notes where the pixel data begin and from
/// then on only counts. Memory does not grow with the instance, and cutting the same bytes differently never changes the outcome.
/// </summary>
/// <remarks>
/// Elements after the pixel data (padding, digital signatures) are not looked at. A wanted element that is larger than the limits below is left
/// out, with a warning. Of several elements with one tag the first is kept.
/// </remarks>
public sealed class HeaderScanner
{
    /// <summary>The most bytes of one wanted value that are kept.</summary>
    public const int MaxValueLength = 64 * 1024;

    /// <summary>The most bytes that are kept in all, sequences included.</summary>
    public const int MaxKept = 1024 * 1024;

    /// <summary>The most items of a wanted sequence.</summary>
    public const int MaxItems = 1000;

    private const int SlabSize = 2048;

    private readonly DicomReadOptions _options;
    private readonly uint[] _wanted;
    private readonly ElementTokens _tokens;
    private readonly bool _isDeflated;
    private readonly byte[] _carried = new byte[ElementTokens.MaxLookAhead];
    private Inflater? _inflater;
    private DicomException? _failure;
    private int _carriedCount;
    private bool _pixelDataFound;
    private long _position;

    // the value that is passing
    private Token _element;
    private long _left;
    private int _keptOfElement = -1;
    private Memory<byte> _slab;
    private int _kept;

    // the wanted sequence that is passing; its bytes are kept and read when it has ended
    private ArrayBufferWriter<byte>? _sequence;
    private Token _sequenceStart;
    private bool _keepsSequence;

    /// <summary>A scanner for one data set.</summary>
    /// <param name="syntax">The transfer syntax of the data set.</param>
    /// <param name="wanted">Elements of the data set itself (not of items) to keep; (0008,0005) is kept always. Ascending order saves a sort.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    public HeaderScanner(TransferSyntax syntax, IEnumerable<DicomTag> wanted, DicomReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(wanted);
        _options = options ?? DicomReadOptions.Default;
        _wanted = Sorted(wanted);
        _tokens = new ElementTokens(ElementEncoding.Of(syntax), long.MaxValue, _options, Warnings);
        _inflater = syntax.IsDeflated ? new Inflater(_options, Warnings, 0) : null;
        _isDeflated = syntax.IsDeflated;
    }

    /// <summary>Whether the pixel data have been reached or the data set has ended: <see cref="Header"/> is complete.</summary>
    public bool Done { get; private set; }

    /// <summary>
    /// Where the pixel data element begins, in bytes from the start of the data set as received; without pixel data, and for deflated data
    /// sets always, the length of the whole. 0 until known: with pixel data from <see cref="Done"/> on, else from <see cref="Complete"/> on.
    /// </summary>
    public long HeaderLength { get; private set; }

    /// <summary>Bytes pushed so far.</summary>
    public long Received { get; private set; }

    /// <summary>The wanted elements that have come. In order and complete once <see cref="Done"/>.</summary>
    public DicomDataset Header { get; } = [];

    /// <summary>What had to be forgiven.</summary>
    public DicomWarnings Warnings { get; } = [];

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="DicomException">They are not a data set, or exceed a limit. Thrown again by every later call.</exception>
    public void Push(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            Push(bytes.FirstSpan);
            return;
        }
        foreach (var piece in bytes)
        {
            Push(piece.Span);
        }
    }

    /// <inheritdoc cref="Push(in ReadOnlySequence{byte})"/>
    public void Push(ReadOnlySpan<byte> bytes)
    {
        ThrowIfFailed();
        Received += bytes.Length;
        if (Done)
        {
            return;
        }
        try
        {
            if (_inflater is null)
            {
                Scan(bytes);
                return;
            }
            while (!Done && _inflater.Take(ref bytes))
            {
                Drain(_inflater);
            }
        }
        catch (DicomException e)
        {
            Fail(e);
            throw;
        }
    }

    /// <summary>Says that the data set has ended.</summary>
    /// <exception cref="DicomException">It has ended in the middle of an element.</exception>
    public void Complete()
    {
        ThrowIfFailed();
        try
        {
            if (!Done && _inflater is not null)
            {
                _inflater.Finish();
                Drain(_inflater);
            }
            if (!Done)
            {
                End();
            }
            if (_isDeflated || !_pixelDataFound)
            {
                HeaderLength = Received;
            }
        }
        catch (DicomException e)
        {
            Fail(e);
            throw;
        }
    }

    private void Drain(Inflater inflater)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            int count;
            while (!Done && (count = inflater.Read(buffer)) > 0)
            {
                Scan(buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Scan(ReadOnlySpan<byte> bytes)
    {
        while (!Done)
        {
            if (_left > 0)
            {
                if (bytes.IsEmpty)
                {
                    return;
                }
                TakeValue(ref bytes);
                continue;
            }
            if (_carriedCount == 0)
            {
                if (!_tokens.TryRead(bytes, _position, isFinal: false, out var token))
                {
                    bytes.CopyTo(_carried);
                    _carriedCount = bytes.Length;
                    return;
                }
                var header = bytes[..token.Size];
                bytes = bytes[token.Size..];
                Handle(token, header);
                continue;
            }
            // a header lies across two pieces
            var borrowed = Math.Min(_carried.Length - _carriedCount, bytes.Length);
            bytes[..borrowed].CopyTo(_carried.AsSpan(_carriedCount));
            var available = _carried.AsSpan(0, _carriedCount + borrowed);
            if (!_tokens.TryRead(available, _position, isFinal: false, out var across))
            {
                _carriedCount += borrowed;
                return;
            }
            HandleCarried(across, ref bytes);
        }
    }

    private void HandleCarried(in Token token, ref ReadOnlySpan<byte> bytes)
    {
        Span<byte> header = stackalloc byte[ElementTokens.MaxLookAhead];
        header = header[..token.Size];
        _carried.AsSpan(0, token.Size).CopyTo(header);
        if (token.Size >= _carriedCount)
        {
            bytes = bytes[(token.Size - _carriedCount)..];
            _carriedCount = 0;
            Handle(token, header);
            return;
        }
        // more was carried than this token takes: what is left comes before the rest of the piece
        Span<byte> rest = stackalloc byte[ElementTokens.MaxLookAhead];
        rest = rest[..(_carriedCount - token.Size)];
        _carried.AsSpan(token.Size, rest.Length).CopyTo(rest);
        _carriedCount = 0;
        Handle(token, header);
        Scan(rest);
    }

    private void Handle(in Token token, ReadOnlySpan<byte> header)
    {
        _position += token.Size;
        if (_tokens.OpenCount > 0 && _keepsSequence)
        {
            Keep(header);
        }
        switch (token.Kind)
        {
            case TokenKind.Element when _tokens.Depth == 0:
                BeginElement(token);
                break;
            case TokenKind.SequenceStart when _tokens.Depth == 1:
                BeginSequence(token);
                break;
            case TokenKind.FragmentsStart when _tokens.Depth == 1 && IsPixelData(token.Tag):
                Stop(token.Offset);
                break;
            case TokenKind.SequenceEnd when _tokens.Depth == 0:
                EndSequence();
                break;
            case TokenKind.SequenceStart or TokenKind.ItemStart when token.Length >= 0:
                // nobody needs to look inside
                _tokens.Leave();
                Pass(token);
                break;
            case TokenKind.Element or TokenKind.Fragment:
                Pass(token);
                break;
            case TokenKind.EndOfData:
                Finish();
                break;
        }
    }

    private void Pass(in Token token)
    {
        _element = token;
        _left = token.Length;
    }

    private void BeginElement(in Token token)
    {
        if (IsPixelData(token.Tag))
        {
            Stop(token.Offset);
            return;
        }
        Pass(token);
        _keptOfElement = -1;
        if (!IsWanted(token.Tag))
        {
            return;
        }
        if (token.Length > MaxValueLength || token.Length > MaxKept - _kept)
        {
            Warnings.Add($"A value of {token.Length} bytes is left out", token.Tag, token.Offset);
            return;
        }
        _keptOfElement = 0;
        if (_slab.Length < token.Length)
        {
            _slab = new byte[Math.Max(SlabSize, (int)token.Length)];
        }
        if (_left == 0)
        {
            EndElement();
        }
    }

    private void TakeValue(ref ReadOnlySpan<byte> bytes)
    {
        var count = (int)Math.Min(_left, bytes.Length);
        var piece = bytes[..count];
        bytes = bytes[count..];
        _left -= count;
        _position += count;
        if (_sequence is not null)
        {
            if (_keepsSequence)
            {
                Keep(piece);
            }
            if (_left == 0 && _tokens.Depth == 0)
            {
                EndSequence();
            }
        }
        else if (_keptOfElement >= 0)
        {
            piece.CopyTo(_slab.Span[_keptOfElement..]);
            _keptOfElement += count;
            if (_left == 0)
            {
                EndElement();
            }
        }
    }

    private void EndElement()
    {
        var value = _slab[.._keptOfElement];
        _slab = _slab[_keptOfElement..];
        _kept += _keptOfElement;
        _keptOfElement = -1;
        if (_element.Encoding.BigEndian)
        {
            DatasetReading.Swap(value.Span, _element.Vr.UnitSize);
        }
        Header.Append(new DicomElement(_element.Tag, _element.Vr, value));
    }

    private void BeginSequence(in Token token)
    {
        _keepsSequence = IsWanted(token.Tag);
        if (token.Length >= 0)
        {
            _tokens.Leave();
            Pass(token);
        }
        if (!_keepsSequence)
        {
            return;
        }
        _sequenceStart = token;
        _sequence = new ArrayBufferWriter<byte>();
        if (token.Length > MaxKept - _kept)
        {
            DropSequence();
        }
        else if (token.Length == 0)
        {
            EndSequence();
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_sequence!.WrittenCount + bytes.Length > MaxKept - _kept)
        {
            DropSequence();
            return;
        }
        _sequence.Write(bytes);
    }

    private void DropSequence()
    {
        Warnings.Add($"A sequence of more than {MaxKept} bytes is left out", _sequenceStart.Tag, _sequenceStart.Offset);
        _keepsSequence = false;
        _sequence = null;
    }

    private void EndSequence()
    {
        if (_sequence is null)
        {
            return;
        }
        var content = _sequence.WrittenMemory;
        _sequence = null;
        _keepsSequence = false;
        try
        {
            // a sequence of undefined length has been walked through already, and its warnings given
            var items = DatasetReading.ReadItems(content, _sequenceStart, _options, _sequenceStart.Length < 0 ? [] : Warnings);
            if (items.Count > MaxItems)
            {
                Warnings.Add($"A sequence of more than {MaxItems} items is left out", _sequenceStart.Tag, _sequenceStart.Offset);
                return;
            }
            _kept += content.Length;
            Header.Append(new DicomElement(_sequenceStart.Tag, items));
        }
        catch (DicomException e)
        {
            // the length of the sequence is right, so the rest of the data set can be trusted
            Warnings.Add($"A sequence is left out: {e.Message}", _sequenceStart.Tag, _sequenceStart.Offset);
        }
    }

    private void End()
    {
        while (!Done)
        {
            if (_left > 0)
            {
                throw new DicomException($"The data set ends {_left} bytes before the end of an element", _element.Tag, _position);
            }
            _tokens.TryRead(_carried.AsSpan(0, _carriedCount), _position, isFinal: true, out var token);
            var header = _carried.AsSpan(0, token.Size).ToArray();
            _carried.AsSpan(token.Size, _carriedCount - token.Size).CopyTo(_carried);
            _carriedCount -= token.Size;
            Handle(token, header);
        }
    }

    private void Stop(long offset)
    {
        _pixelDataFound = true;
        HeaderLength = _isDeflated ? 0 : offset;
        Finish();
    }

    private void Finish()
    {
        Done = true;
        Header.Seal();
        _slab = default;
        ReleaseInflater();
    }

    private void Fail(DicomException failure)
    {
        _failure = failure;
        _sequence = null;
        Header.Seal();
        ReleaseInflater();
    }

    private void ReleaseInflater()
    {
        _inflater?.Dispose();
        _inflater = null;
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new DicomException("The data set has failed before", _failure.Tag, _failure.Offset, _failure);
        }
    }

    private bool IsWanted(DicomTag tag) => tag == DicomTag.SpecificCharacterSet || _wanted.AsSpan().BinarySearch(tag.Value) >= 0;

    private static bool IsPixelData(DicomTag tag) => tag.Value is 0x7FE00008 or 0x7FE00009 or 0x7FE00010;

    private static uint[] Sorted(IEnumerable<DicomTag> tags)
    {
        var sorted = tags.Select(t => t.Value).ToArray();
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] < sorted[i - 1])
            {
                Array.Sort(sorted);
                break;
            }
        }
        return sorted;
    }
}
