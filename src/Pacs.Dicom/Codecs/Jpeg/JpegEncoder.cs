using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Writes baseline JPEG (T.81 process 1) as a JFIF file: what browsers show, and what Transfer Syntax JPEG Baseline holds. Uses the transform, quantisation and Huffman tables
/// that libjpeg uses by default, so that a quality means what people expect of it.
/// </summary>
public static class JpegEncoder
{
    /// <summary>Most bytes that a block can take: 64 coefficients of 27 bits, each byte stuffed.</summary>
    private const int BlockBytes = 64 * 27 / 8 * 2;

    private static readonly JpegHuffmanCodes LuminanceDc = new(JpegTables.LuminanceDc);
    private static readonly JpegHuffmanCodes LuminanceAc = new(JpegTables.LuminanceAc);
    private static readonly JpegHuffmanCodes ChrominanceDc = new(JpegTables.ChrominanceDc);
    private static readonly JpegHuffmanCodes ChrominanceAc = new(JpegTables.ChrominanceAc);

    /// <summary>Compresses an image.</summary>
    /// <param name="pixels">Row by row: one grey byte per pixel, or red, green and blue. Width × height × samples bytes.</param>
    /// <param name="width">1 to 65535.</param>
    /// <param name="height">1 to 65535.</param>
    /// <param name="samples">1 for grey, 3 for RGB, which is stored as YCbCr.</param>
    /// <param name="quality">1 (worst) to 100, as libjpeg counts.</param>
    /// <param name="destination">Gets the whole file.</param>
    /// <param name="subsampling">Of colour; without meaning for grey. The default is what DICOM calls YBR_FULL_422: half of the colour, no loss of height in coloured lines.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range, or the pixels are not as many as said.</exception>
    public static void Encode(ReadOnlySpan<byte> pixels, int width, int height, int samples, int quality, IBufferWriter<byte> destination, ChromaSubsampling subsampling = ChromaSubsampling.Horizontal)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        CheckSize(pixels.Length, width, height, samples);

        var luminance = new JpegQuantisation(JpegTables.LuminanceQuantisation, quality);
        var chrominance = samples == 3 ? new JpegQuantisation(JpegTables.ChrominanceQuantisation, quality) : luminance;
        var across = samples == 3 && subsampling != ChromaSubsampling.None ? 2 : 1;
        var down = samples == 3 && subsampling == ChromaSubsampling.Both ? 2 : 1;
        var writer = new JpegBitWriter(destination);
        WriteHeaders(ref writer, width, height, samples, across, down, luminance, chrominance);

        using var band = new JpegBand(width, samples, across, down);
        var luminanceBlocks = new BlockCoder(luminance, LuminanceDc, LuminanceAc);
        var blueBlocks = new BlockCoder(chrominance, ChrominanceDc, ChrominanceAc);
        var redBlocks = new BlockCoder(chrominance, ChrominanceDc, ChrominanceAc);
        // blocks that hold a pixel; those that only fill up the last unit of a row cost two codes (T.81 §A.2.4)
        var blocksAcross = (width + 7) / 8;
        for (var top = 0; top < height; top += band.Height)
        {
            var rows = Math.Min(band.Height, height - top);
            band.Fill(pixels.Slice(top * width * samples, rows * width * samples), rows);
            var blocksDown = (rows + 7) / 8;
            for (var unit = 0; unit < band.Units; unit++)
            {
                writer.Reserve(BlockBytes * 6);
                for (var y = 0; y < down; y++)
                {
                    for (var x = 0; x < across; x++)
                    {
                        var column = (unit * across) + x;
                        if (column < blocksAcross && y < blocksDown)
                        {
                            luminanceBlocks.Encode(ref writer, band.Luminance[((y * 8 * band.Stride) + (column * 8))..], band.Stride);
                        }
                        else
                        {
                            luminanceBlocks.EncodeFiller(ref writer);
                        }
                    }
                }
                if (samples == 3)
                {
                    blueBlocks.Encode(ref writer, band.Blue[(unit * 8)..], band.ChromaStride);
                    redBlocks.Encode(ref writer, band.Red[(unit * 8)..], band.ChromaStride);
                }
            }
        }
        writer.Finish();
    }

    /// <summary>What every encoder here asks of its input.</summary>
    internal static void CheckSize(int given, int width, int height, int samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, ushort.MaxValue);
        if (samples is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(samples), samples, "1 for grey or 3 for colour");
        }
        if (given != (long)width * height * samples)
        {
            throw new ArgumentException($"{given} samples are not {width} x {height} x {samples}", nameof(given));
        }
    }

    /// <summary>A frame header (T.81 §B.2.2).</summary>
    internal static void WriteFrameHeader(ref JpegBitWriter writer, byte marker, int precision, int width, int height, int samples, int across = 1, int down = 1)
    {
        Span<byte> frame = stackalloc byte[6 + (3 * samples)];
        frame[0] = (byte)precision;
        BinaryPrimitives.WriteUInt16BigEndian(frame[1..], (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(frame[3..], (ushort)width);
        frame[5] = (byte)samples;
        for (var i = 0; i < samples; i++)
        {
            frame[6 + (3 * i)] = (byte)(i + 1);
            frame[7 + (3 * i)] = (byte)(i == 0 ? (across << 4) | down : 0x11);
            frame[8 + (3 * i)] = (byte)(i > 0 && marker != JpegMarker.Lossless ? 1 : 0);
        }
        writer.Segment(marker, frame);
    }

    /// <summary>A Huffman table (T.81 §B.2.4.2).</summary>
    /// <param name="writer">Gets it.</param>
    /// <param name="id">Class in the upper four bits, number in the lower.</param>
    /// <param name="codes">The table.</param>
    internal static void WriteHuffmanTable(ref JpegBitWriter writer, byte id, JpegHuffmanCodes codes) =>
        writer.Segment(JpegMarker.HuffmanTables, [id, .. codes.Definition]);

    private static void WriteHeaders(ref JpegBitWriter writer, int width, int height, int samples, int across, int down, JpegQuantisation luminance, JpegQuantisation chrominance)
    {
        writer.Marker(JpegMarker.StartOfImage);
        // JFIF 1.1, square pixels, no thumbnail; says that three components are YCbCr
        writer.Segment(JpegMarker.App0, [.. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
        Span<byte> table = stackalloc byte[65];
        for (var i = 0; i < (samples == 3 ? 2 : 1); i++)
        {
            table[0] = (byte)i;
            for (var k = 0; k < 64; k++)
            {
                table[k + 1] = (i == 0 ? luminance : chrominance).Factors[JpegTables.ZigZag[k]];
            }
            writer.Segment(JpegMarker.QuantisationTables, table);
        }
        WriteFrameHeader(ref writer, JpegMarker.Baseline, 8, width, height, samples, across, down);
        WriteHuffmanTable(ref writer, 0x00, LuminanceDc);
        WriteHuffmanTable(ref writer, 0x10, LuminanceAc);
        if (samples == 3)
        {
            WriteHuffmanTable(ref writer, 0x01, ChrominanceDc);
            WriteHuffmanTable(ref writer, 0x11, ChrominanceAc);
        }
        writer.Segment(JpegMarker.StartOfScan, samples == 3 ? [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0] : [1, 1, 0x00, 0, 63, 0]);
    }

    /// <summary>Codes the blocks of one component, one after the other (T.81 §F.1.2).</summary>
    private struct BlockCoder(JpegQuantisation quantisation, JpegHuffmanCodes dc, JpegHuffmanCodes ac)
    {
        private int _last;

        public void Encode(scoped ref JpegBitWriter target, ReadOnlySpan<byte> samples, int stride)
        {
            Span<short> block = stackalloc short[64];
            JpegDct.Forward(samples, stride, quantisation, block);
            Span<short> inOrder = stackalloc short[64];
            var rest = ToZigZag(block, inOrder) & ~1UL;
            ref var values = ref MemoryMarshal.GetReference(inOrder);
            // copies, so that they stay in registers
            var writer = target;
            ref var codes = ref ac.First;
            PutValue(ref writer, dc[Size(values - _last)], values - _last);
            _last = values;

            // most coefficients are zero: only the others are looked at
            var last = 0;
            for (; rest != 0; rest &= rest - 1)
            {
                var k = BitOperations.TrailingZeroCount(rest);
                var run = k - last - 1;
                for (; run > 15; run -= 16)
                {
                    writer.Put(Unsafe.Add(ref codes, 0xF0));
                }
                int value = Unsafe.Add(ref values, k);
                PutValue(ref writer, Unsafe.Add(ref codes, (byte)((run << 4) | Size(value))), value);
                last = k;
            }
            if (last < 63)
            {
                writer.Put(Unsafe.Add(ref codes, 0));
            }
            target = writer;
        }

        /// <summary>A block without content: as bright as the last one, nothing else.</summary>
        public readonly void EncodeFiller(scoped ref JpegBitWriter writer)
        {
            writer.Put(dc[0]);
            writer.Put(ac[0]);
        }

        /// <summary>Puts the coefficients into the order of the code (T.81 §A.3.6); the answer has a bit for each that is not zero.</summary>
        private static ulong ToZigZag(ReadOnlySpan<short> block, Span<short> inOrder)
        {
            Vector512<short> first, second;
            if (Avx512BW.IsSupported)
            {
                var (upper, lower) = (Vector512.Create(block[..32]), Vector512.Create(block[32..]));
                var (firstPlaces, secondPlaces) = Vector512.Widen(Vector512.Create(JpegTables.ZigZag));
                first = Avx512BW.PermuteVar32x16x2(upper, firstPlaces.AsInt16(), lower);
                second = Avx512BW.PermuteVar32x16x2(upper, secondPlaces.AsInt16(), lower);
                first.CopyTo(inOrder);
                second.CopyTo(inOrder[32..]);
            }
            else
            {
                for (var k = 0; k < 64; k++)
                {
                    inOrder[k] = block[JpegTables.ZigZag[k]];
                }
                (first, second) = (Vector512.Create<short>(inOrder[..32]), Vector512.Create<short>(inOrder[32..]));
            }
            var zero = Vector512<short>.Zero;
            return ~(Vector512.Equals(first, zero).ExtractMostSignificantBits() | (Vector512.Equals(second, zero).ExtractMostSignificantBits() << 32));
        }

        /// <summary>The code of a value's size, and the bits that follow it: the value, or for a negative one the value less one (T.81 §F.1.2.1).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void PutValue(scoped ref JpegBitWriter writer, uint code, int value)
        {
            var size = Size(value);
            writer.Put(((code >> 8) << size) | ((uint)(value + (value >> 31)) & ((1u << size) - 1)), (int)(code & 255) + size);
        }

        /// <summary>Bits of the magnitude.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static int Size(int value)
        {
            var sign = value >> 31;
            return 32 - BitOperations.LeadingZeroCount((uint)((value ^ sign) - sign));
        }
    }
}
