namespace Pacs.Dicom.Codecs;

/// <summary>Numbers of a grid of code blocks, sent from the coarse to the fine (T.800 §B.10.2).</summary>
internal sealed class TagTree
{
    private readonly int[] _widths;
    private readonly int[] _starts;
    private readonly int[] _lows;
    private readonly bool[] _known;

    public TagTree(int width, int height)
    {
        var widths = new List<int>();
        var starts = new List<int>();
        var nodes = 0;
        for (; ; width = (width + 1) / 2, height = (height + 1) / 2)
        {
            widths.Add(width);
            starts.Add(nodes);
            nodes += width * height;
            if (width <= 1 && height <= 1)
            {
                break;
            }
        }
        _widths = [.. widths];
        _starts = [.. starts];
        _lows = new int[nodes];
        _known = new bool[nodes];
    }

    /// <summary>Reads until the number of a leaf is known, or known to be at least <paramref name="limit"/>.</summary>
    /// <returns>The number, or <paramref name="limit"/>.</returns>
    public int Read(ref PacketBits bits, int x, int y, int limit)
    {
        var low = 0;
        var known = false;
        for (var level = _widths.Length - 1; level >= 0; level--)
        {
            var node = _starts[level] + ((y >> level) * _widths[level]) + (x >> level);
            low = Math.Max(low, _lows[node]);
            while (low < limit && !_known[node])
            {
                if (bits.Bit() != 0)
                {
                    _known[node] = true;
                }
                else
                {
                    low++;
                }
            }
            _lows[node] = low;
            known = _known[node];
        }
        return known ? Math.Min(low, limit) : limit;
    }
}

/// <summary>Bits of a packet header: after 0xFF a byte has seven (T.800 §B.10.1).</summary>
internal ref struct PacketBits(ReadOnlySpan<byte> bytes, long offset)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _byte;
    private int _left;

    /// <summary>Bytes that were begun.</summary>
    public int Length { get; private set; }

    public int Bit()
    {
        if (_left == 0)
        {
            _left = _byte == 0xFF ? 7 : 8;
            if (Length >= _bytes.Length)
            {
                throw new DicomException("The JPEG 2000 stream ends within a packet header", offset: offset + Length);
            }
            _byte = _bytes[Length++];
        }
        _left--;
        return (_byte >> _left) & 1;
    }

    public int Bits(int count)
    {
        var value = 0;
        for (; count > 0; count--)
        {
            value = (value << 1) | Bit();
        }
        return value;
    }

    /// <summary>Ends the header: a stuffed byte behind a last 0xFF belongs to it.</summary>
    public void Align()
    {
        if (_byte == 0xFF && Length < _bytes.Length)
        {
            Length++;
        }
        _left = 0;
        _byte = 0;
    }
}
