using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

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
/// Bytes from data sets, strictly as PS3.5 §7 wants them: ascending tags, even lengths, no group lengths but those of groups 0000 and 0002.
/// </summary>
public static class DicomWriter
{
    /// <summary>Writes a data set: no preamble, no file meta group.</summary>
    /// <param name="dataset">What to write. Group lengths in it are left out (retired, PS3.5 §7.2).</param>
    /// <param name="syntax">How. Pixel data are not transcoded.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="DicomException">The data set cannot be written in this syntax: native pixel data in an encapsulated one, or the reverse.</exception>
    public static void Write(DicomDataset dataset, TransferSyntax syntax, IBufferWriter<byte> writer, DicomWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(writer);
        options ??= DicomWriteOptions.Default;
        if (!syntax.IsDeflated)
        {
            new DatasetWriting(dataset, syntax, options).WriteTo(writer);
            return;
        }
        var plain = new ArrayBufferWriter<byte>();
        new DatasetWriting(dataset, syntax, options).WriteTo(plain);
        var output = new BufferWriterStream(writer);
        using (var deflate = new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(plain.WrittenSpan);
        }
        if ((output.Written & 1) != 0)
        {
            output.WriteByte(0); // PS3.5 §A.5
        }
    }

    /// <summary>As <see cref="Write"/>, into one array.</summary>
    /// <inheritdoc cref="Write"/>
    public static byte[] ToBytes(DicomDataset dataset, TransferSyntax syntax, DicomWriteOptions? options = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(dataset, syntax, buffer, options);
        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>
/// One data set on its way to bytes. It is walked twice in the same order: first to find the lengths of sequences and items, then to write.
/// No recursion, so the depth of a data set does not matter.
/// </summary>
internal sealed class DatasetWriting(DicomDataset dataset, TransferSyntax syntax, DicomWriteOptions options)
{
    private readonly bool _explicit = syntax.IsExplicitVr;
    private readonly bool _bigEndian = syntax.IsBigEndian;

    /// <summary>Content lengths of sequences and items in the order in which they begin; -1 for undefined.</summary>
    private readonly List<long> _lengths = [];

    private readonly Stack<Level> _levels = new();

    /// <summary>Levels that are done, for the next item: a report has thousands of items and few of them open at a time.</summary>
    private readonly Stack<Level> _spare = new();

    public void WriteTo(IBufferWriter<byte> writer)
    {
        Walk(null);
        Walk(writer);
    }

    /// <summary>Walks the data set; without a writer only to measure.</summary>
    private void Walk(IBufferWriter<byte>? writer)
    {
        var slot = 0;
        var level = Open(dataset, -1);
        while (true)
        {
            if (level.Items is { } items && level.NextItem < items.Count)
            {
                var item = Open(items[level.NextItem++], slot++);
                Begin(writer, item.Slot, ElementHeader.Item, default);
                _levels.Push(level);
                level = item;
            }
            else if (level.Items is not null)
            {
                level.Size += End(writer, level.SequenceSlot, level.SequenceSize, ElementHeader.SequenceDelimitation, HeaderSize(DicomVr.SQ));
                level.Items = null;
            }
            else if (level.NextElement < level.Dataset.Count)
            {
                var element = level.Dataset[level.NextElement++];
                Check(element, isRoot: level.Slot < 0);
                if (element.Tag.IsGroupLength && element.Tag.Group > 2)
                {
                    continue;
                }
                if (element.IsSequence)
                {
                    level.Items = element.Items;
                    level.NextItem = 0;
                    level.SequenceSize = 0;
                    level.SequenceSlot = slot++;
                    Begin(writer, level.SequenceSlot, element.Tag, DicomVr.SQ);
                }
                else if (writer is null)
                {
                    level.Size += SizeOf(element);
                }
                else
                {
                    WriteElement(writer, element);
                }
            }
            else if (_levels.TryPop(out var outer))
            {
                outer.SequenceSize += End(writer, level.Slot, level.Size, ElementHeader.ItemDelimitation, 8);
                _spare.Push(level);
                level = outer;
            }
            else
            {
                return;
            }
        }
    }

    private Level Open(DicomDataset dataset, int slot)
    {
        var level = _spare.TryPop(out var spare) ? spare : new Level { Dataset = dataset };
        level.Dataset = dataset;
        level.Slot = slot;
        level.Size = 0;
        level.NextElement = 0;
        level.Items = null;
        return level;
    }

    /// <summary>The header of a sequence or item.</summary>
    private void Begin(IBufferWriter<byte>? writer, int slot, DicomTag tag, DicomVr vr)
    {
        if (writer is null)
        {
            _lengths.Add(0);
        }
        else
        {
            WriteHeader(writer, tag, vr, _lengths[slot] < 0 ? ElementHeader.Undefined : (uint)_lengths[slot]);
        }
    }

    /// <summary>The end of a sequence or item: its delimiter, or its length once that is known. Returns its size with header and delimiter.</summary>
    private long End(IBufferWriter<byte>? writer, int slot, long size, DicomTag delimiter, int headerSize)
    {
        if (writer is null)
        {
            // what 32 bits cannot say has an undefined length
            _lengths[slot] = options.UndefinedLengths || size >= ElementHeader.Undefined ? -1 : size;
        }
        else if (_lengths[slot] < 0)
        {
            WriteHeader(writer, delimiter, default, 0);
        }
        return headerSize + size + (_lengths[slot] < 0 ? 8 : 0);
    }

    private void Check(DicomElement element, bool isRoot)
    {
        if (element.Tag.Group is 0x0002 or 0xFFFE)
        {
            throw new DicomException("Belongs into no data set", element.Tag);
        }
        if (element.IsEncapsulated && !syntax.IsEncapsulated)
        {
            throw new DicomException($"Encapsulated pixel data cannot be written in {syntax}", element.Tag);
        }
        // icons within sequences may be native in every syntax (PS3.5 §A.4)
        if (isRoot && element.Tag == DicomTag.PixelData && !element.IsEncapsulated && !element.IsEmpty && syntax is { IsEncapsulated: true, IsKnown: true })
        {
            throw new DicomException($"Native pixel data cannot be written in {syntax}", element.Tag);
        }
    }

    private int HeaderSize(DicomVr vr) => _explicit && vr.HasLongLength ? 12 : 8;

    private long SizeOf(DicomElement element)
    {
        if (element.Fragments is { } fragments)
        {
            // each with its header, and the delimiter
            return HeaderSize(WrittenVr(element)) + fragments.Sum(f => 8L + Even(f.Length)) + 8;
        }
        return HeaderSize(WrittenVr(element)) + Even(element.Value.Length);
    }

    /// <summary>UN for what the standard does not know, and for values too long for a 16-bit length (PS3.5 §6.2.2).</summary>
    private static DicomVr WrittenVr(DicomElement element) =>
        element.IsEncapsulated ? (element.Vr == DicomVr.OW ? DicomVr.OW : DicomVr.OB)
        : !element.Vr.IsKnown || element.Vr == DicomVr.SQ || (!element.Vr.HasLongLength && element.Value.Length > 0xFFFE) ? DicomVr.UN : element.Vr;

    private static long Even(int length) => (length + 1L) & ~1L;

    private void WriteElement(IBufferWriter<byte> writer, DicomElement element)
    {
        var vr = WrittenVr(element);
        if (element.Fragments is { } fragments)
        {
            WriteHeader(writer, element.Tag, vr, ElementHeader.Undefined);
            foreach (var fragment in fragments)
            {
                WriteHeader(writer, ElementHeader.Item, default, (uint)Even(fragment.Length));
                WriteValue(writer, fragment.Span, 1, 0);
            }
            WriteHeader(writer, ElementHeader.SequenceDelimitation, default, 0);
            return;
        }
        WriteHeader(writer, element.Tag, vr, (uint)Even(element.Value.Length));
        // UN is little endian everywhere (PS3.5 §6.2.2)
        WriteValue(writer, element.Value.Span, _bigEndian ? vr.UnitSize : 1, element.Vr.Padding);
    }

    private static void WriteValue(IBufferWriter<byte> writer, ReadOnlySpan<byte> value, int swapUnit, byte padding)
    {
        if (swapUnit == 1)
        {
            writer.Write(value);
        }
        else
        {
            var rest = value;
            while (!rest.IsEmpty)
            {
                // a multiple of every unit
                var piece = rest[..Math.Min(rest.Length, 4096)];
                var target = writer.GetSpan(piece.Length)[..piece.Length];
                piece.CopyTo(target);
                DatasetReading.Swap(target, swapUnit);
                writer.Advance(piece.Length);
                rest = rest[piece.Length..];
            }
        }
        if ((value.Length & 1) != 0)
        {
            writer.GetSpan(1)[0] = padding;
            writer.Advance(1);
        }
    }

    private void WriteHeader(IBufferWriter<byte> writer, DicomTag tag, DicomVr vr, uint length)
    {
        var span = writer.GetSpan(ElementHeader.MaxSize);
        U16(span, tag.Group);
        U16(span[2..], tag.Element);
        if (!_explicit || vr == default)
        {
            U32(span[4..], length);
            writer.Advance(8);
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(span[4..], vr.Code);
        if (!vr.HasLongLength)
        {
            U16(span[6..], (ushort)length);
            writer.Advance(8);
            return;
        }
        span[6] = span[7] = 0;
        U32(span[8..], length);
        writer.Advance(12);
    }

    private void U16(Span<byte> span, ushort value)
    {
        if (_bigEndian)
        {
            BinaryPrimitives.WriteUInt16BigEndian(span, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span, value);
        }
    }

    private void U32(Span<byte> span, uint value)
    {
        if (_bigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(span, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(span, value);
        }
    }

    /// <summary>A data set that is being walked, and the sequence of it that is open.</summary>
    private sealed class Level
    {
        public required DicomDataset Dataset { get; set; }

        /// <summary>Which of the lengths is this item's; -1 for the data set itself.</summary>
        public int Slot { get; set; }

        public long Size { get; set; }

        public int NextElement { get; set; }

        public IReadOnlyList<DicomDataset>? Items { get; set; }

        public int NextItem { get; set; }

        public int SequenceSlot { get; set; }

        public long SequenceSize { get; set; }
    }
}

/// <summary>A stream that writes into a buffer writer.</summary>
internal sealed class BufferWriterStream(IBufferWriter<byte> writer) : Stream
{
    public long Written { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        writer.Write(buffer);
        Written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
