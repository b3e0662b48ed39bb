namespace Pacs.Dicom.Codecs;

/// <summary>Decodes a scan of the baseline and extended processes: every block whole, straight into samples (T.81 §F.2).</summary>
internal static class JpegSequentialScan
{
    /// <summary>Decodes the scan; returns the offset behind its data.</summary>
    /// <exception cref="DicomException">The data are damaged, or end too early.</exception>
    public static int Decode(JpegFrame frame, JpegScan scan, ReadOnlySpan<byte> stream, int at)
    {
        var components = scan.Components;
        var dc = new JpegHuffmanTable[components.Length];
        var ac = new JpegHuffmanTable[components.Length];
        for (var i = 0; i < components.Length; i++)
        {
            dc[i] = JpegScan.Need(scan.DcTables, i, 15);
            ac[i] = JpegScan.Need(scan.AcTables, i);
        }
        using var intervals = new JpegIntervals(stream, at);
        var reader = intervals.First();
        Span<short> block = stackalloc short[64];
        Span<int> predictions = stackalloc int[4];
        predictions.Clear();
        int across = scan.UnitsAcross(frame), down = scan.UnitsDown(frame);
        var left = scan.RestartInterval;
        for (var y = 0; y < down; y++)
        {
            for (var x = 0; x < across; x++)
            {
                if (scan.RestartInterval > 0 && left-- == 0)
                {
                    JpegScan.CheckNotExhausted(reader, intervals);
                    reader = intervals.Next();
                    predictions.Clear();
                    left = scan.RestartInterval - 1;
                }
                for (var i = 0; i < components.Length; i++)
                {
                    var component = components[i];
                    int columns = scan.IsSingle ? 1 : component.Across, rows = scan.IsSingle ? 1 : component.Down;
                    for (var row = 0; row < rows; row++)
                    {
                        for (var column = 0; column < columns; column++)
                        {
                            block.Clear();
                            var isFlat = DecodeBlock(ref reader, dc[i], ac[i], ref predictions[i], block);
                            component.Store(block, (x * columns) + column, (y * rows) + row, isFlat);
                        }
                    }
                }
            }
            JpegScan.CheckNotExhausted(reader, intervals);
        }
        return intervals.At;
    }

    /// <summary>Decodes the coefficients of a block that is all zeros before. True when there are no others than the first.</summary>
    private static bool DecodeBlock(scoped ref JpegBitReader source, JpegHuffmanTable dc, JpegHuffmanTable ac, scoped ref int prediction, scoped Span<short> block)
    {
        // a copy, so that its fields stay in registers
        var reader = source;
        prediction += reader.Value(reader.Symbol(dc));
        block[0] = (short)prediction;
        var last = 0;
        var k = 1;
        do
        {
            reader.Refill();
            var step = ac.Coefficient(reader.Peek(JpegHuffmanTable.StepBits));
            if (step != 0)
            {
                reader.Skip(step & 255);
                k += (step >> 8) & 255;
                step >>= 16;
            }
            else
            {
                var symbol = reader.Symbol(ac);
                // no value: a run of 16 zeros, or the end of the block
                k += (symbol & 15) != 0 ? symbol >> 4 : symbol == 0xF0 ? 15 : 64;
                step = reader.Value(symbol & 15);
            }
            if (k > 63)
            {
                break;
            }
            last = k;
            block[JpegTables.ZigZag[k]] = (short)step;
            k++;
        }
        while (k < 64);
        source = reader;
        return last == 0;
    }
}
