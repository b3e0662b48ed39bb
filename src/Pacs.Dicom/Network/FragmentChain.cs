using System.Buffers;

namespace Pacs.Dicom.Network;

/// <summary>Where in the stream of P-DATA-TF PDUs we are.</summary>
internal struct PduCursor
{
    /// <summary>Bytes of the present PDU that are still to come.</summary>
    public uint PduLeft;

    /// <summary>Bytes of the present fragment that are still to come.</summary>
    public uint PdvLeft;

    /// <summary>Whether a PDV header was read whose fragment is not finished; the fragment may have no bytes at all.</summary>
    public bool InPdv;

    /// <summary>The present fragment.</summary>
    public PdvHeader Pdv;

    /// <summary>What the next bytes are.</summary>
    public enum Kind
    {
        /// <summary>Part of a header.</summary>
        Incomplete,

        /// <summary>A fragment; some of its bytes may not be there yet.</summary>
        Fragment,

        /// <summary>A PDU other than P-DATA-TF; its header is not consumed.</summary>
        Control,
    }

    /// <summary>Moves over headers to the next fragment.</summary>
    /// <param name="rest">What has arrived; moved behind the headers.</param>
    /// <param name="maxLength">The announced maximum.</param>
    /// <param name="control">The header, for <see cref="Kind.Control"/>.</param>
    /// <exception cref="AssociationException">Not the header of a PDU or PDV.</exception>
    public Kind Next(ref ReadOnlySequence<byte> rest, uint maxLength, out PduHeader control)
    {
        control = default;
        if (InPdv)
        {
            return Kind.Fragment;
        }
        if (PduLeft == 0)
        {
            if (!PduReader.TryReadHeader(rest, maxLength, out var header))
            {
                return Kind.Incomplete;
            }
            if (header.Type != PduType.Data)
            {
                control = header;
                return Kind.Control;
            }
            rest = rest.Slice(PduReader.HeaderLength);
            PduLeft = header.Length;
        }
        if (!PduReader.TryReadPdvHeader(rest, PduLeft, out Pdv))
        {
            return Kind.Incomplete;
        }
        rest = rest.Slice(PduReader.PdvHeaderLength);
        PduLeft -= PduReader.PdvHeaderLength;
        PdvLeft = Pdv.Length;
        InPdv = true;
        return Kind.Fragment;
    }

    /// <summary>Consumes bytes of the present fragment.</summary>
    /// <returns>Whether that ended the command set or data set.</returns>
    public bool Take(uint count)
    {
        PdvLeft -= count;
        PduLeft -= count;
        InPdv = PdvLeft != 0;
        return PdvLeft == 0 && Pdv.IsLast;
    }
}

/// <summary>
/// The fragments of one data set that lie in the pipe, linked into one sequence with the headers left out. Nothing is copied, and the links are
/// used again for the next sequence, so that a store handler gets everything that has arrived in one piece, whatever the peer's PDU size.
/// </summary>
internal sealed class FragmentChain
{
    // links are kept for the life of the association: a peer that sends a byte in each fragment must not make them a heap of memory
    private const int MaxLinks = 1024;

    private readonly List<Link> _links = [];
    private int _count;

    /// <summary>Whether no further fragment should be appended.</summary>
    public bool IsFull => _count >= MaxLinks;

    /// <summary>Whether it holds no byte.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The chain as a sequence.</summary>
    public ReadOnlySequence<byte> Sequence => _count == 0
        ? ReadOnlySequence<byte>.Empty
        : new ReadOnlySequence<byte>(_links[0], 0, _links[_count - 1], _links[_count - 1].Memory.Length);

    /// <summary>Forgets the links.</summary>
    public void Clear()
    {
        for (var i = 0; i < _count; i++)
        {
            _links[i].Clear();
        }
        _count = 0;
    }

    /// <summary>Appends a part of a fragment.</summary>
    /// <param name="bytes">The part, in the pipe.</param>
    /// <param name="cursor">Where the part begins.</param>
    public void Append(in ReadOnlySequence<byte> bytes, PduCursor cursor)
    {
        var next = bytes.Start;
        while (true)
        {
            var start = next;
            if (!bytes.TryGet(ref next, out var memory))
            {
                return;
            }
            if (memory.IsEmpty)
            {
                continue;
            }
            if (_count == _links.Count)
            {
                _links.Add(new Link());
            }
            _links[_count].Set(memory, start, cursor, _count == 0 ? null : _links[_count - 1]);
            _count++;
            _ = cursor.Take((uint)memory.Length);
        }
    }

    /// <summary>What a position within <see cref="Sequence"/> is in the pipe.</summary>
    /// <param name="position">A position of the sequence.</param>
    /// <param name="cursor">The cursor there.</param>
    /// <param name="consumed">Bytes of the chain before it.</param>
    public static SequencePosition Locate(SequencePosition position, out PduCursor cursor, out long consumed)
    {
        if (position.GetObject() is not Link link)
        {
            throw new ArgumentException("Not a position of the sequence that was read last", nameof(position));
        }
        var index = position.GetInteger();
        cursor = link.Start;
        _ = cursor.Take((uint)index);
        consumed = link.RunningIndex + index;
        return new SequencePosition(link.PipeStart.GetObject(), link.PipeStart.GetInteger() + index);
    }

    private sealed class Link : ReadOnlySequenceSegment<byte>
    {
        public PduCursor Start { get; private set; }

        public SequencePosition PipeStart { get; private set; }

        public void Set(ReadOnlyMemory<byte> memory, SequencePosition pipeStart, PduCursor start, Link? previous)
        {
            Memory = memory;
            PipeStart = pipeStart;
            Start = start;
            RunningIndex = previous is null ? 0 : previous.RunningIndex + previous.Memory.Length;
            Next = null;
            if (previous is not null)
            {
                previous.Next = this;
            }
        }

        public void Clear()
        {
            Memory = default;
            PipeStart = default;
            Next = null;
        }
    }
}
