using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>Decodes a scan of the lossless process 14: differences from a prediction, row by row (T.81 §H.2).</summary>
internal static class JpegLosslessScan
{
    /// <summary>Decodes the scan into its samples of the output; returns the offset behind its data.</summary>
    /// <exception cref="DicomException">The data are damaged, or end too early.</exception>
    public static int Decode(JpegFrame frame, JpegScan scan, ReadOnlySpan<byte> stream, int at, DecodedFrame output)
    {
        var count = scan.Components.Length;
        if (scan.First is < 1 or > 7 || scan.Low >= frame.Precision)
        {
            throw new DicomException($"Predictor {scan.First} or point transform {scan.Low} of a lossless JPEG scan is out of range", null, at);
        }
        if (scan.RestartInterval % frame.Width != 0)
        {
            throw new DicomException("The restart interval of a lossless JPEG scan is not a number of rows (T.81 §H.1.1)", null, at);
        }
        var tables = new JpegHuffmanTable[count];
        for (var i = 0; i < count; i++)
        {
            tables[i] = JpegScan.Need(scan.DcTables, i, 16);
        }
        var rowsToRestart = scan.RestartInterval / frame.Width;
        var length = frame.Width * count;
        var rented = ArrayPool<ushort>.Shared.Rent(2 * length);
        try
        {
            var row = rented.AsSpan(0, length);
            var above = rented.AsSpan(length, length);
            using var intervals = new JpegIntervals(stream, at);
            var reader = intervals.First();
            for (var y = 0; y < frame.Height; y++)
            {
                var isFirst = y == 0 || (rowsToRestart > 0 && y % rowsToRestart == 0);
                if (isFirst && y > 0)
                {
                    reader = intervals.Next();
                }
                ReadDifferences(ref reader, tables, row);
                JpegScan.CheckNotExhausted(reader, intervals);
                if (isFirst)
                {
                    // half of the range, then the sample to the left (T.81 §H.1.2.1)
                    above[..count].Fill((ushort)(1 << (frame.Precision - scan.Low - 1)));
                    AddPrediction(1, row, above, count);
                }
                else
                {
                    AddPrediction(scan.First, row, above, count);
                }
                Store(frame, scan, row, y, output);
                var done = row;
                row = above;
                above = done;
            }
            return intervals.At;
        }
        finally
        {
            ArrayPool<ushort>.Shared.Return(rented);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReadDifferences(scoped ref JpegBitReader source, JpegHuffmanTable[] tables, Span<ushort> row)
    {
        // a copy, so that its fields stay in registers
        var reader = source;
        if (tables.Length == 1)
        {
            var table = tables[0];
            for (var x = 0; x < row.Length; x++)
            {
                row[x] = ReadDifference(ref reader, table);
            }
        }
        else
        {
            for (var x = 0; x < row.Length; x += tables.Length)
            {
                var pixel = row.Slice(x, tables.Length);
                for (var i = 0; i < pixel.Length; i++)
                {
                    pixel[i] = ReadDifference(ref reader, tables[i]);
                }
            }
        }
        source = reader;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort ReadDifference(scoped ref JpegBitReader reader, JpegHuffmanTable table)
    {
        reader.Refill();
        var step = table.Difference(reader.Peek(JpegHuffmanTable.StepBits));
        if (step != 0)
        {
            return (ushort)reader.Value((step >> 8) & 255, step >> 16, step & 255);
        }
        var size = reader.Symbol(table);
        // size 16 is the one difference of 32768, without further bits (T.81 table H.2)
        return size == 16 ? (ushort)32768 : (ushort)reader.Value(size);
    }

    /// <summary>Turns differences into samples, modulo 2^16. The first samples of a row are predicted from above (T.81 table H.1, §H.1.2.1).</summary>
    private static void AddPrediction(int predictor, Span<ushort> row, ReadOnlySpan<ushort> above, int count)
    {
        above = above[..row.Length];
        for (var i = 0; i < count; i++)
        {
            row[i] += above[i];
        }
        switch (predictor)
        {
            case 1:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += row[i - count];
                }
                break;
            case 2:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += above[i];
                }
                break;
            case 3:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += above[i - count];
                }
                break;
            case 4:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += (ushort)(row[i - count] + above[i] - above[i - count]);
                }
                break;
            case 5:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += (ushort)(row[i - count] + ((above[i] - above[i - count]) >> 1));
                }
                break;
            case 6:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += (ushort)(above[i] + ((row[i - count] - above[i - count]) >> 1));
                }
                break;
            default:
                for (var i = count; i < row.Length; i++)
                {
                    row[i] += (ushort)((row[i - count] + above[i]) >> 1);
                }
                break;
        }
    }

    private static void Store(JpegFrame frame, JpegScan scan, ReadOnlySpan<ushort> row, int y, DecodedFrame output)
    {
        var length = output.Width * output.Samples;
        if (output.BitsAllocated == 16)
        {
            Store(frame, scan, row, MemoryMarshal.Cast<byte, ushort>(output.Data).Slice(y * length, length));
        }
        else
        {
            Store(frame, scan, row, output.Data.Slice(y * length, length));
        }
    }

    private static void Store<T>(JpegFrame frame, JpegScan scan, ReadOnlySpan<ushort> row, Span<T> target)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (scan.Components.AsSpan().SequenceEqual(frame.Components))
        {
            for (var x = 0; x < target.Length; x++)
            {
                target[x] = T.CreateTruncating(row[x] << scan.Low);
            }
            return;
        }
        // each component, or some, in a scan of their own
        int count = scan.Components.Length, samples = frame.Components.Length;
        for (var i = 0; i < count; i++)
        {
            var place = Array.IndexOf(frame.Components, scan.Components[i]);
            for (var x = 0; x < frame.Width; x++)
            {
                target[(x * samples) + place] = T.CreateTruncating(row[(x * count) + i] << scan.Low);
            }
        }
    }
}
