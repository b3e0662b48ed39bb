namespace Pacs.Dicom.Codecs;

/// <summary>What a scan header says (T.81 §B.2.3), with the tables that were in force there.</summary>
internal sealed class JpegScan
{
    /// <summary>The components, in the order of the scan.</summary>
    public required JpegComponent[] Components { get; init; }

    /// <summary>By component: the DC table, or that of lossless differences.</summary>
    public required JpegHuffmanTable?[] DcTables { get; init; }

    /// <summary>By component: the AC table.</summary>
    public required JpegHuffmanTable?[] AcTables { get; init; }

    /// <summary>First coefficient; the predictor of a lossless scan.</summary>
    public required int First { get; init; }

    /// <summary>Last coefficient.</summary>
    public required int Last { get; init; }

    /// <summary>Successive approximation: the bit position of the scan before, 0 when there was none.</summary>
    public required int High { get; init; }

    /// <summary>Successive approximation: the bit position of this scan; the point transform of a lossless scan.</summary>
    public required int Low { get; init; }

    /// <summary>Coded units between restart markers, 0 for none.</summary>
    public required int RestartInterval { get; init; }

    /// <summary>A scan of one component has its blocks one by one, without those that only fill up (T.81 §A.2.2).</summary>
    public bool IsSingle => Components.Length == 1;

    /// <summary>Coded units in a row of this scan.</summary>
    public int UnitsAcross(JpegFrame frame) => IsSingle ? (Components[0].Width + 7) / 8 : frame.UnitsAcross;

    /// <summary>Rows of coded units of this scan.</summary>
    public int UnitsDown(JpegFrame frame) => IsSingle ? (Components[0].Height + 7) / 8 : frame.UnitsDown;

    /// <summary>Reads the header.</summary>
    /// <param name="segment">The segment's content.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="frame">The frame it belongs to.</param>
    /// <param name="dcTables">The tables in force, by number.</param>
    /// <param name="acTables">The tables in force, by number.</param>
    /// <param name="restartInterval">In force.</param>
    /// <exception cref="DicomException">The header is damaged.</exception>
    public static JpegScan Read(ReadOnlySpan<byte> segment, int offset, JpegFrame frame, JpegHuffmanTable?[] dcTables, JpegHuffmanTable?[] acTables, int restartInterval)
    {
        var count = segment.Length > 0 ? segment[0] : 0;
        if (count is < 1 or > 4 || segment.Length < 4 + (2 * count))
        {
            throw new DicomException("The JPEG scan header is damaged", null, offset);
        }
        var components = new JpegComponent[count];
        var dc = new JpegHuffmanTable?[count];
        var ac = new JpegHuffmanTable?[count];
        for (var i = 0; i < count; i++)
        {
            int id = segment[1 + (2 * i)], tables = segment[2 + (2 * i)];
            var component = Array.Find(frame.Components, c => c.Id == id);
            if (component is null || Array.IndexOf(components, component) >= 0)
            {
                throw new DicomException($"A JPEG scan has component {id} twice, or the frame does not have it", null, offset);
            }
            components[i] = component;
            dc[i] = dcTables[(tables >> 4) & 3];
            ac[i] = acTables[tables & 3];
        }
        var rest = segment[(1 + (2 * count))..];
        return new JpegScan
        {
            Components = components,
            DcTables = dc,
            AcTables = ac,
            First = rest[0],
            Last = rest[1],
            High = rest[2] >> 4,
            Low = rest[2] & 15,
            RestartInterval = restartInterval,
        };
    }

    /// <summary>The table of a component that needs one.</summary>
    /// <param name="tables">One of the two lists.</param>
    /// <param name="component">Its place in the scan.</param>
    /// <param name="largest">The largest symbol that makes sense.</param>
    /// <exception cref="DicomException">It is missing, or has symbols that make no sense.</exception>
    public static JpegHuffmanTable Need(JpegHuffmanTable?[] tables, int component, int largest = 255) =>
        tables[component] is { } table && table.LargestSymbol <= largest ? table : throw new DicomException("A Huffman table that a JPEG scan needs is missing or not fit for it");

    /// <summary>Says that the data of a scan ended too early, if so. What is missing is not made up: a grey area in an image could be taken for a finding.</summary>
    /// <exception cref="DicomException">They did.</exception>
    public static void CheckNotExhausted(scoped in JpegBitReader reader, scoped in JpegIntervals intervals)
    {
        if (reader.IsExhausted)
        {
            throw new DicomException("The JPEG data end before the image is complete", null, intervals.At);
        }
    }
}
