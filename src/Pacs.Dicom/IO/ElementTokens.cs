namespace Pacs.Dicom;

/// <summary>What comes next in a data set.</summary>
internal enum TokenKind
{
    /// <summary>An element with a value of <see cref="Token.Length"/> bytes, which follow.</summary>
    Element,

    /// <summary>A sequence of items. Its end comes as a token of its own.</summary>
    SequenceStart,
    ItemStart,
    ItemEnd,
    SequenceEnd,

    /// <summary>Encapsulated pixel data (PS3.5 §A.4).</summary>
    FragmentsStart,

    /// <summary>An item of encapsulated pixel data of <see cref="Token.Length"/> bytes, which follow.</summary>
    Fragment,
    FragmentsEnd,

    /// <summary>Bytes without a meaning: a delimiter that delimits nothing.</summary>
    Ignored,
    EndOfData,
}

/// <param name="Kind">What it is.</param>
/// <param name="Tag">The tag of the element; that of the sequence for everything about its items.</param>
/// <param name="Vr">The VR to take the value as.</param>
/// <param name="Length">Bytes of value that follow, or -1 for an undefined length.</param>
/// <param name="Size">Bytes that this token itself takes; 0 for an end that only follows from a length.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Encoding">How the value is written.</param>
internal readonly record struct Token(TokenKind Kind, DicomTag Tag, DicomVr Vr, long Length, int Size, long Offset, ElementEncoding Encoding);

/// <summary>
/// The grammar of data sets (PS3.5 §7): cuts bytes into <see cref="Token"/>s. It keeps the open sequences and items on a stack of its own and
/// never more bytes than a header has, so the same code drives reading from memory and looking at bytes that pass by.
/// What devices do wrong in practice is understood here, and reported.
/// </summary>
internal sealed class ElementTokens
{
    /// <summary>The most bytes that must be seen to decide on one token: a header and the item header behind it.</summary>
    public const int MaxLookAhead = ElementHeader.MaxSize + 8;

    private readonly DicomReadOptions _options;
    private readonly DicomWarnings _warnings;
    private readonly long _end;
    private Container[] _open = new Container[8];
    private int _top;
    private int _depth;
    private DicomTag _lastTag;
    private bool _pixelDataSeen;

    /// <param name="encoding">How the data set is written, as far as is known.</param>
    /// <param name="end">Where the data set ends, or <see cref="long.MaxValue"/> when only its last byte will tell.</param>
    /// <param name="options">Limits.</param>
    /// <param name="warnings">Where to report.</param>
    /// <param name="isSequenceContent">Whether the bytes are the items of a sequence instead of a data set.</param>
    public ElementTokens(ElementEncoding encoding, long end, DicomReadOptions options, DicomWarnings warnings, bool isSequenceContent = false)
    {
        _options = options;
        _warnings = warnings;
        _end = end;
        _open[0] = new Container { Kind = isSequenceContent ? ContainerKind.Sequence : ContainerKind.Dataset, End = end, Limit = end, Encoding = encoding, AtStart = true };
        _depth = isSequenceContent ? 1 : 0;
    }

    private enum ContainerKind : byte
    {
        Dataset,
        Item,
        Sequence,
        Fragments,
    }

    /// <summary>How many sequences are open.</summary>
    public int Depth => _depth;

    /// <summary>How many sequences and items are open.</summary>
    public int OpenCount => _top;

    /// <summary>How the elements of the data set are really written, once the first was read.</summary>
    public ElementEncoding RootEncoding => _open[0].Encoding;

    /// <summary>
    /// The next token. False when <paramref name="bytes"/> are too few to know it and more may come.
    /// </summary>
    /// <param name="bytes">What is there from <paramref name="position"/> on.</param>
    /// <param name="position">Where they begin.</param>
    /// <param name="isFinal">Whether nothing comes after them.</param>
    /// <param name="token">The token; the caller goes on behind its <see cref="Token.Size"/> and, for values, its <see cref="Token.Length"/>.</param>
    public bool TryRead(ReadOnlySpan<byte> bytes, long position, bool isFinal, out Token token)
    {
        ref var top = ref _open[_top];
        if (_top > 0 && position >= top.Limit)
        {
            token = CloseAtLimit(position);
            return true;
        }
        if (bytes.Length < 8)
        {
            return TryEnd(bytes.Length, position, isFinal, out token);
        }
        if (top.AtStart && top.Kind is ContainerKind.Dataset or ContainerKind.Item)
        {
            DetectEncoding(ref top, bytes, position);
        }
        if (!ElementHeader.TryRead(bytes, top.Encoding, out var header))
        {
            return TryEnd(bytes.Length, position, isFinal, out token);
        }
        if (position + header.Size > top.Limit && _top > 0)
        {
            throw new DicomException("Bytes that are no element at the end of a sequence or item", top.Tag, position);
        }
        return top.Kind switch
        {
            ContainerKind.Sequence => InSequence(header, position, out token),
            ContainerKind.Fragments => InFragments(header, position, out token),
            _ => InDataset(header, bytes, position, isFinal, out token),
        };
    }

    /// <summary>Forgets the sequence or item of defined length that was just begun: the caller skips its bytes.</summary>
    public void Leave()
    {
        Pop();
    }

    private bool InDataset(in ElementHeader header, ReadOnlySpan<byte> bytes, long position, bool isFinal, out Token token)
    {
        ref var top = ref _open[_top];
        var isRoot = _top == 0;
        if (header.Tag.Group == 0xFFFE)
        {
            token = Delimiter(ref top, header, position);
            return true;
        }
        if (isRoot && IsPadding(header, position))
        {
            token = new(TokenKind.EndOfData, default, default, 0, 0, position, top.Encoding);
            return true;
        }
        var vr = header.Vr;
        var encoding = header.Quirk == HeaderQuirk.NoVr ? top.Encoding with { ExplicitVr = false } : top.Encoding;
        var contentEncoding = encoding;
        if (vr == DicomVr.UN && top.Encoding.ExplicitVr)
        {
            // UN hides Implicit VR Little Endian, in every syntax (PS3.5 §6.2.2)
            contentEncoding = ElementEncoding.Implicit;
            var known = DicomDictionary.GetVr(header.Tag);
            if (known == DicomVr.SQ && !header.IsUndefinedLength)
            {
                if (bytes.Length < header.Size + 8 && !isFinal && header.Length >= 8)
                {
                    token = default;
                    return false;
                }
                vr = header.Length >= 8 && IsItem(bytes[header.Size..]) ? DicomVr.SQ : DicomVr.UN;
            }
            else if (known != DicomVr.SQ)
            {
                vr = known;
            }
        }
        else if (vr == DicomVr.SQ && header.Length is > 0 and < ElementHeader.Undefined)
        {
            if (bytes.Length < header.Size + 4 && !isFinal && header.Length >= 4)
            {
                token = default;
                return false;
            }
            // devices call things sequences that are none
            if (header.Length < 8 || !StartsWithItem(bytes[header.Size..]))
            {
                vr = DicomDictionary.GetVr(header.Tag) is var known && known == DicomVr.SQ ? DicomVr.UN : known;
                Warn("A sequence without items, taken as a value", header.Tag, position);
            }
        }
        Report(header, position);
        _lastTag = isRoot ? header.Tag : _lastTag;
        var content = position + header.Size;
        if (header.IsUndefinedLength)
        {
            // only SQ, UN and encapsulated pixel data may have none (PS3.5 §7.1.1); whatever else claims so holds items
            var isFragments = header.Tag == DicomTag.PixelData || vr.Code is 0x4F42 or 0x4F57 or 0x4F44 or 0x4F46 or 0x4F4C or 0x4F56;
            _pixelDataSeen |= isRoot && isFragments;
            Push(isFragments ? ContainerKind.Fragments : ContainerKind.Sequence, header.Tag, -1, contentEncoding, position);
            token = new(isFragments ? TokenKind.FragmentsStart : TokenKind.SequenceStart, header.Tag, isFragments ? vr : DicomVr.SQ, -1, header.Size, position, contentEncoding);
            return true;
        }
        var isPixelData = isRoot && header.Tag.Value is 0x7FE00008 or 0x7FE00009 or 0x7FE00010;
        var length = Bounded(header, content, top.Limit, isPixelData, position);
        _pixelDataSeen |= isPixelData;
        if (vr == DicomVr.SQ)
        {
            Push(ContainerKind.Sequence, header.Tag, content + length, contentEncoding, position);
            token = new(TokenKind.SequenceStart, header.Tag, vr, length, header.Size, position, contentEncoding);
            return true;
        }
        token = new(TokenKind.Element, header.Tag, vr, length, header.Size, position, contentEncoding);
        return true;
    }

    private Token Delimiter(ref Container top, in ElementHeader header, long position)
    {
        var isOpenItem = top.Kind == ContainerKind.Item && top.End < 0;
        if (isOpenItem && header.Tag == ElementHeader.ItemDelimitation)
        {
            return Close(ref top, TokenKind.ItemEnd, header.Size, position);
        }
        if (isOpenItem && (header.Tag == ElementHeader.Item || header.Tag == ElementHeader.SequenceDelimitation))
        {
            Warn("A missing item delimitation", top.Tag, position);
            return Close(ref top, TokenKind.ItemEnd, 0, position);
        }
        if (header.Tag == ElementHeader.ItemDelimitation || header.Tag == ElementHeader.SequenceDelimitation)
        {
            Warn("A delimiter that delimits nothing", top.Tag, position);
            return new(TokenKind.Ignored, header.Tag, default, 0, header.Size, position, top.Encoding);
        }
        throw new DicomException("An item outside of a sequence", header.Tag, position);
    }

    private bool InSequence(in ElementHeader header, long position, out Token token)
    {
        ref var top = ref _open[_top];
        if (top.AtStart)
        {
            // inside UN of a big endian data set the items are little endian, but not every writer knows
            top.AtStart = false;
            if (header.Tag.Value == 0xFEFF00E0)
            {
                top.Encoding = top.Encoding with { BigEndian = !top.Encoding.BigEndian };
                token = new(TokenKind.Ignored, top.Tag, default, 0, 0, position, top.Encoding);
                return true;
            }
        }
        if (header.Tag == ElementHeader.Item)
        {
            var length = header.IsUndefinedLength ? -1 : Bounded(header, position + header.Size, top.Limit, mayBeCut: false, position);
            var tag = top.Tag;
            var encoding = top.Encoding;
            Push(ContainerKind.Item, tag, length < 0 ? -1 : position + header.Size + length, encoding, position);
            token = new(TokenKind.ItemStart, tag, default, length, header.Size, position, encoding);
            return true;
        }
        if (header.Tag == ElementHeader.SequenceDelimitation && top.End < 0)
        {
            token = Close(ref top, TokenKind.SequenceEnd, header.Size, position);
            return true;
        }
        if (header.Tag == ElementHeader.ItemDelimitation || header.Tag == ElementHeader.SequenceDelimitation)
        {
            Warn("A delimiter that delimits nothing", top.Tag, position);
            token = new(TokenKind.Ignored, top.Tag, default, 0, header.Size, position, top.Encoding);
            return true;
        }
        if (top.End >= 0)
        {
            throw new DicomException("An element where an item should be", top.Tag, position);
        }
        Warn("A missing sequence delimitation", top.Tag, position);
        token = Close(ref top, TokenKind.SequenceEnd, 0, position);
        return true;
    }

    private bool InFragments(in ElementHeader header, long position, out Token token)
    {
        ref var top = ref _open[_top];
        if (header.Tag == ElementHeader.Item)
        {
            if (header.IsUndefinedLength)
            {
                throw new DicomException("A fragment of undefined length", top.Tag, position);
            }
            var length = Bounded(header, position + header.Size, top.Limit, mayBeCut: _top == 1, position);
            token = new(TokenKind.Fragment, top.Tag, default, length, header.Size, position, top.Encoding);
            return true;
        }
        if (header.Tag != ElementHeader.SequenceDelimitation)
        {
            throw new DicomException("Neither a fragment nor the end of encapsulated pixel data", top.Tag, position);
        }
        token = Close(ref top, TokenKind.FragmentsEnd, header.Size, position);
        return true;
    }

    /// <summary>At most 11 bytes are left, or none, and they are no header.</summary>
    private bool TryEnd(int left, long position, bool isFinal, out Token token)
    {
        token = default;
        if (!isFinal)
        {
            return false;
        }
        ref var top = ref _open[_top];
        if (_top > 0)
        {
            // devices forget the last delimiters; whatever is cut elsewhere is an error
            if (left > 0 || (top.End >= 0 && !_options.AllowTruncation))
            {
                if (!_options.AllowTruncation)
                {
                    throw new DicomException("The data set ends inside a sequence", top.Tag, position);
                }
                Warn("The data set ends inside a sequence", top.Tag, position);
            }
            else
            {
                Warn("Missing delimiters at the end of the data set", top.Tag, position);
            }
            token = Close(ref top, EndOf(top.Kind), left, position);
            return true;
        }
        if (left > 0)
        {
            Warn($"{left} bytes at the end that are no element", null, position);
        }
        token = new(TokenKind.EndOfData, default, default, 0, left, position, top.Encoding);
        return true;
    }

    private Token CloseAtLimit(long position)
    {
        ref var top = ref _open[_top];
        if (top.End < 0)
        {
            Warn("A missing delimiter", top.Tag, position);
        }
        return Close(ref top, EndOf(top.Kind), 0, position);
    }

    private Token Close(ref Container top, TokenKind kind, int size, long position)
    {
        var token = new Token(kind, top.Tag, default, 0, size, position, top.Encoding);
        Pop();
        return token;
    }

    private static TokenKind EndOf(ContainerKind kind) => kind switch
    {
        ContainerKind.Item => TokenKind.ItemEnd,
        ContainerKind.Sequence => TokenKind.SequenceEnd,
        _ => TokenKind.FragmentsEnd,
    };

    private void Push(ContainerKind kind, DicomTag tag, long end, ElementEncoding encoding, long position)
    {
        if (kind != ContainerKind.Item && ++_depth > _options.MaxDepth)
        {
            throw new DicomException($"Sequences are nested more than {_options.MaxDepth} deep", tag, position);
        }
        var limit = _open[_top].Limit;
        if (++_top == _open.Length)
        {
            Array.Resize(ref _open, _open.Length * 2);
        }
        _open[_top] = new Container { Kind = kind, Tag = tag, End = end, Limit = end < 0 ? limit : end, Encoding = encoding, AtStart = true };
    }

    private void Pop()
    {
        if (_open[_top].Kind != ContainerKind.Item)
        {
            _depth--;
        }
        _top--;
    }

    private long Bounded(in ElementHeader header, long content, long limit, bool mayBeCut, long position)
    {
        if (content + header.Length <= limit)
        {
            return header.Length;
        }
        if (limit != _end || !(mayBeCut || _options.AllowTruncation))
        {
            throw new DicomException($"A length of {header.Length} bytes where {limit - content} are left", header.Tag, position);
        }
        Warn($"A length of {header.Length} bytes where {limit - content} are left", header.Tag, position);
        return Math.Max(0, limit - content);
    }

    /// <summary>
    /// Zeros or garbage behind the last element: a header that makes no sense once the pixel data have been seen, or that of a command group.
    /// </summary>
    private bool IsPadding(in ElementHeader header, long position)
    {
        var isCommandGroup = header.Tag.Value == 0 && _lastTag.Value != 0;
        var isGarbage = _pixelDataSeen
            && (header.Quirk != HeaderQuirk.None || (!header.IsUndefinedLength && position + header.Size + header.Length > _end));
        if (isCommandGroup || isGarbage)
        {
            Warn("Bytes behind the last element that are no element", null, position);
        }
        return isCommandGroup || isGarbage;
    }

    /// <summary>Before the first element of a data set or item: is it written as announced? Some files lie, most of all about nested items.</summary>
    private void DetectEncoding(ref Container top, ReadOnlySpan<byte> bytes, long position)
    {
        top.AtStart = false;
        if (_top == 0)
        {
            var group = top.Encoding.U16(bytes);
            var swapped = (ushort)((group << 8) | (group >> 8));
            // data sets begin with group 0008 or, without it, 0010; the standard has no group 0800 or 1000
            if (swapped is 0x0008 or 0x0010)
            {
                top.Encoding = new(ElementHeader.LooksExplicit(bytes), !top.Encoding.BigEndian);
                Warn($"The data set is written in {(top.Encoding.BigEndian ? "big" : "little")} endian, against its transfer syntax", null, position);
                return;
            }
        }
        var tag = top.Encoding.Tag(bytes);
        if (tag.Group == 0xFFFE)
        {
            return;
        }
        var looksExplicit = ElementHeader.LooksExplicit(bytes);
        if (!top.Encoding.ExplicitVr && looksExplicit)
        {
            var known = DicomDictionary.GetVr(tag);
            // an implicit length may look like two letters by chance, but hardly like those of this tag
            if (_top == 0 || known == DicomVr.UN || known.Code == (ushort)((bytes[4] << 8) | bytes[5]))
            {
                top.Encoding = top.Encoding with { ExplicitVr = true };
                Warn("Explicit VR where implicit was announced", tag, position);
            }
        }
        else if (top.Encoding.ExplicitVr && !looksExplicit)
        {
            // a short implicit length: its upper half is zero, its lower half no letters
            var low = bytes[4] | bytes[5];
            var high = top.Encoding.BigEndian ? (bytes[4] | bytes[5]) : (bytes[6] | bytes[7]);
            if (high == 0 && low != 0 && (bytes[4] < 0x20 || bytes[5] < 0x20))
            {
                top.Encoding = top.Encoding with { ExplicitVr = false };
                Warn("Implicit VR where explicit was announced", tag, position);
            }
            else if (low == 0)
            {
                top.AtStart = true;
            }
        }
    }

    private static bool IsItem(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 4 && bytes[0] == 0xFE && bytes[1] == 0xFF && bytes[2] == 0x00 && bytes[3] == 0xE0;

    private static bool StartsWithItem(ReadOnlySpan<byte> bytes) =>
        IsItem(bytes) || (bytes.Length >= 4 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)));

    private void Report(in ElementHeader header, long position)
    {
        switch (header.Quirk)
        {
            case HeaderQuirk.UnknownVr:
                Warn("An unknown VR", header.Tag, position);
                break;
            case HeaderQuirk.NoVr:
                Warn("An element without VR in an explicit data set", header.Tag, position);
                break;
        }
        if ((header.Length & 1) != 0 && !header.IsUndefinedLength)
        {
            Warn("An odd length", header.Tag, position);
        }
        if (_top == 0 && header.Tag < _lastTag)
        {
            Warn("An element out of order", header.Tag, position);
        }
    }

    private void Warn(string message, DicomTag? tag, long position) => _warnings.Add(message, tag, position);

    /// <summary>An open data set, item, sequence or pixel data element.</summary>
    private struct Container
    {
        public ContainerKind Kind;
        public bool AtStart;
        public ElementEncoding Encoding;
        public DicomTag Tag;

        /// <summary>Where its length ends it, or -1 when a delimiter does.</summary>
        public long End;

        /// <summary>Where it must have ended: its own end or the nearest one outside.</summary>
        public long Limit;
    }
}
