using System.Buffers;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>One tile from its packets to its samples in the frame (T.800 §B.3, annexes B to G).</summary>
internal sealed class TileDecoder(ImageSize size, CodingParameters parameters, int index)
{
    // fewer are done before other threads have woken up
    private const int FewBlocks = 8;

    private readonly GridArea _area = size.Tile(index);

    /// <summary>Decodes the tile.</summary>
    /// <param name="data">All its parts put together.</param>
    /// <param name="packedHeaders">Its packet headers, where they stand for themselves.</param>
    /// <param name="offset">Where the data begin in the frame, for errors.</param>
    /// <param name="frame">Takes the samples.</param>
    public void Decode(ReadOnlyMemory<byte> data, ReadOnlyMemory<byte>? packedHeaders, long offset, DecodedFrame frame)
    {
        var bytes = data.Length + (packedHeaders?.Length ?? 0);
        var components = Components(bytes);
        var packets = new TilePackets(parameters, data, packedHeaders, offset, Allowance(1 << 17, bytes));
        packets.Read(components, size, _area);

        var coefficients = new int[components.Length][];
        var samples = new int[components.Length][];
        try
        {
            for (var c = 0; c < components.Length; c++)
            {
                coefficients[c] = ArrayPool<int>.Shared.Rent(components[c].CoefficientCount);
                Array.Clear(coefficients[c], 0, components[c].CoefficientCount);
            }
            DecodeBlocks(components, packets, data, coefficients, offset);
            InParallel(components.Length, components[0].CoefficientCount > 1 << 16, c => samples[c] = InverseWavelet.Run(components[c], coefficients[c]));
            if (parameters.HasColorTransform)
            {
                ColorTransform.Invert(samples, components[0].Area.Width * components[0].Area.Height, components[0].Style.IsReversible);
            }
            SampleStore.Store(size, _area, components, samples, frame);
        }
        finally
        {
            foreach (var rented in coefficients.Concat(samples).Where(a => a is not null))
            {
                ArrayPool<int>.Shared.Return(rented);
            }
        }
    }

    /// <summary>The tile's components with their resolutions and bands.</summary>
    /// <param name="bytes">Bytes that the tile has.</param>
    /// <exception cref="DicomException">They claim more than those bytes can describe, or contradict each other.</exception>
    public TileComponent[] Components(int bytes)
    {
        var precinctsLeft = Allowance(4096, bytes);
        var components = new TileComponent[size.Components.Length];
        for (var c = 0; c < components.Length; c++)
        {
            var component = size.Components[c];
            components[c] = new TileComponent(
                _area.Subsample(component.StepX, component.StepY), component.Precision, parameters.StyleOf(c), parameters.QuantizationOf(c), parameters.RoiShiftOf(c), ref precinctsLeft);
        }
        if (parameters.HasColorTransform && (components.Length < 3 || components[0].Area != components[1].Area || components[0].Area != components[2].Area
            || components[0].Style.IsReversible != components[1].Style.IsReversible || components[0].Style.IsReversible != components[2].Style.IsReversible))
        {
            throw new DicomException("The JPEG 2000 stream has a colour transform over components that differ");
        }
        return components;
    }

    /// <summary>A packet has a byte at least, a code block a few bits: what a tile may claim depends on its bytes, with room for small and empty ones.</summary>
    private static int Allowance(int always, int bytes) => always + (8 * Math.Min(bytes, 1 << 24));

    private static void DecodeBlocks(TileComponent[] components, TilePackets packets, ReadOnlyMemory<byte> data, int[][] coefficients, long offset)
    {
        var blocks = new List<(int Component, Subband Band, CodeBlock Block)>();
        for (var c = 0; c < components.Length; c++)
        {
            foreach (var part in components[c].Resolutions.SelectMany(r => r.Precincts).SelectMany(p => p.Bands))
            {
                foreach (var block in part.Blocks)
                {
                    if (block.Passes > 0)
                    {
                        // a sample has 32 bits here, two of them for the sign and for halves
                        if (part.Band.BitPlanes - block.ZeroPlanes > 30)
                        {
                            throw new DicomException($"The JPEG 2000 stream has coefficients of {part.Band.BitPlanes - block.ZeroPlanes} bits, more than 30");
                        }
                        if (components[c].Style.Style.HasFlag(BlockStyle.HighThroughput))
                        {
                            HighThroughputBlock.Check(block, part.Band.BitPlanes - block.ZeroPlanes, packets.Chunks, data.Span, offset);
                        }
                        blocks.Add((c, part.Band, block));
                    }
                }
            }
        }
        // large ones first, so that no thread is left with one at the end
        if (blocks.Count > FewBlocks)
        {
            blocks.Sort((a, b) => b.Block.Passes.CompareTo(a.Block.Passes));
        }
        var next = -1;
        var isDamaged = false;
        InParallel(Math.Min(blocks.Count, Environment.ProcessorCount), blocks.Count > FewBlocks, _ =>
        {
            using var decoder = new BlockDecoder();
            for (var i = Interlocked.Increment(ref next); i < blocks.Count; i = Interlocked.Increment(ref next))
            {
                var (c, band, block) = blocks[i];
                if (!decoder.Decode(block, band, components[c], data.Span, packets.Chunks, coefficients[c]))
                {
                    isDamaged = true;
                }
            }
        });
        if (isDamaged)
        {
            throw HighThroughputBlock.Damaged(offset);
        }
    }

    private static void InParallel(int count, bool worthwhile, Action<int> work)
    {
        if (worthwhile && count > 1 && Environment.ProcessorCount > 1)
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, work);
            return;
        }
        for (var i = 0; i < count; i++)
        {
            work(i);
        }
    }
}
