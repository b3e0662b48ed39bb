namespace Pacs.Dicom.Codecs;

/// <summary>Decodes the scans of the progressive process: some coefficients, or some bits of them, of all blocks (T.81 §G).</summary>
internal static class JpegProgressiveScan
{
    /// <summary>Decodes a scan into the coefficients; returns the offset behind its data.</summary>
    /// <exception cref="DicomException">The data are damaged, or end too early.</exception>
    public static int Decode(JpegFrame frame, JpegScan scan, ReadOnlySpan<byte> stream, int at)
    {
        var isDc = scan.First == 0;
        if (scan.First > scan.Last || scan.Last > 63 || (isDc ? scan.Last != 0 : !scan.IsSingle) || scan.Low > 13 || (scan.High != 0 && scan.High != scan.Low + 1))
        {
            throw new DicomException("The parameters of a progressive JPEG scan are out of range", null, at);
        }
        using var intervals = new JpegIntervals(stream, at);
        var blocks = new Blocks(scan, intervals.First());
        int across = scan.UnitsAcross(frame), down = scan.UnitsDown(frame);
        var left = scan.RestartInterval;
        for (var y = 0; y < down; y++)
        {
            for (var x = 0; x < across; x++)
            {
                if (scan.RestartInterval > 0 && left-- == 0)
                {
                    JpegScan.CheckNotExhausted(blocks.Reader, intervals);
                    blocks.Restart(intervals.Next());
                    left = scan.RestartInterval - 1;
                }
                for (var i = 0; i < scan.Components.Length; i++)
                {
                    var component = scan.Components[i];
                    int columns = scan.IsSingle ? 1 : component.Across, rows = scan.IsSingle ? 1 : component.Down;
                    for (var row = 0; row < rows; row++)
                    {
                        for (var column = 0; column < columns; column++)
                        {
                            var place = ((((y * rows) + row) * component.BlocksAcross) + (x * columns) + column) * 64;
                            blocks.Decode(component.Coefficients.Slice(place, 64), i);
                        }
                    }
                }
            }
            JpegScan.CheckNotExhausted(blocks.Reader, intervals);
        }
        return intervals.At;
    }

    /// <summary>Turns the coefficients into samples, once all scans are there.</summary>
    public static void Finish(JpegFrame frame)
    {
        foreach (var component in frame.Components)
        {
            for (var row = 0; row < component.BlocksDown; row++)
            {
                for (var column = 0; column < component.BlocksAcross; column++)
                {
                    var block = component.Coefficients.Slice(((row * component.BlocksAcross) + column) * 64, 64);
                    component.Store(block, column, row, isFlat: !block[1..].ContainsAnyExcept((short)0));
                }
            }
        }
    }

    /// <summary>The four kinds of scan, and what they carry from block to block.</summary>
    private ref struct Blocks(JpegScan scan, JpegBitReader reader)
    {
        private JpegBitReader _reader = reader;
        private int _prediction0;
        private int _prediction1;
        private int _prediction2;
        private int _prediction3;

        // blocks to come, this one included, that have nothing new of this band
        private int _endOfBand;

        public readonly JpegBitReader Reader => _reader;

        public void Restart(JpegBitReader reader)
        {
            _reader = reader;
            _endOfBand = _prediction0 = _prediction1 = _prediction2 = _prediction3 = 0;
        }

        public void Decode(Span<short> block, int component)
        {
            if (scan.First > 0)
            {
                if (scan.High == 0)
                {
                    DecodeBand(block);
                }
                else
                {
                    RefineBand(block);
                }
            }
            else if (scan.High == 0)
            {
                var size = _reader.Symbol(JpegScan.Need(scan.DcTables, component, 15));
                var value = Predict(component, _reader.Value(size));
                block[0] = (short)(value << scan.Low);
            }
            else if (_reader.Bits(1) != 0)
            {
                block[0] |= (short)(1 << scan.Low);
            }
        }

        private int Predict(int component, int difference) => component switch
        {
            0 => _prediction0 += difference,
            1 => _prediction1 += difference,
            2 => _prediction2 += difference,
            _ => _prediction3 += difference,
        };

        /// <summary>The first bits of a band of coefficients (T.81 §G.1.2.2).</summary>
        private void DecodeBand(Span<short> block)
        {
            if (_endOfBand > 0)
            {
                _endOfBand--;
                return;
            }
            var table = JpegScan.Need(scan.AcTables, 0);
            for (var k = scan.First; k <= scan.Last; k++)
            {
                var symbol = _reader.Symbol(table);
                int run = symbol >> 4, size = symbol & 15;
                if (size == 0 && run < 15)
                {
                    _endOfBand = (1 << run) - 1 + _reader.Bits(run);
                    return;
                }
                k += run;
                if (k > 63)
                {
                    return;
                }
                if (size > 0)
                {
                    block[JpegTables.ZigZag[k]] = (short)(_reader.Value(size) << scan.Low);
                }
            }
        }

        /// <summary>One more bit of a band of coefficients (T.81 §G.1.2.3).</summary>
        private void RefineBand(Span<short> block)
        {
            var k = scan.First;
            if (_endOfBand == 0)
            {
                var table = JpegScan.Need(scan.AcTables, 0);
                for (; k <= scan.Last; k++)
                {
                    var symbol = _reader.Symbol(table);
                    int run = symbol >> 4, size = symbol & 15;
                    if (size == 0 && run < 15)
                    {
                        _endOfBand = (1 << run) + _reader.Bits(run);
                        break;
                    }
                    // the sign of a coefficient that is new; of one without size there is none
                    var value = size == 0 ? 0 : _reader.Bits(1) != 0 ? 1 << scan.Low : -1 << scan.Low;
                    k = RefineUntil(block, k, run);
                    if (value != 0 && k <= 63)
                    {
                        block[JpegTables.ZigZag[k]] = (short)value;
                    }
                }
            }
            if (_endOfBand > 0)
            {
                RefineUntil(block, k, 64);
                _endOfBand--;
            }
        }

        /// <summary>Refines the coefficients that are not zero, and skips zeros; returns the place of the zero after the skipped ones, or the end of the band.</summary>
        private int RefineUntil(Span<short> block, int k, int zeros)
        {
            for (; k <= scan.Last; k++)
            {
                ref var coefficient = ref block[JpegTables.ZigZag[k]];
                if (coefficient != 0)
                {
                    var bit = 1 << scan.Low;
                    if (_reader.Bits(1) != 0 && (coefficient & bit) == 0)
                    {
                        coefficient += (short)(coefficient >= 0 ? bit : -bit);
                    }
                }
                else if (zeros-- == 0)
                {
                    break;
                }
            }
            return k;
        }
    }
}
