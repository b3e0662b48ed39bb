namespace Pacs.Dicom.Codecs;

/// <summary>What the data of a High-Throughput code block keep to, whatever they code (T.814 §7.1, §B.3).</summary>
internal static class HighThroughputBlock
{
    /// <summary>Checks the segments of a code block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="planes">Bit planes that its coefficients can have, less the empty ones.</param>
    /// <param name="chunks">The pieces of all blocks.</param>
    /// <param name="data">The tile's data.</param>
    /// <param name="offset">Where they begin in the frame, for errors.</param>
    /// <exception cref="DicomException">They cannot be such segments.</exception>
    public static void Check(CodeBlock block, int planes, ReadOnlySpan<Chunk> chunks, ReadOnlySpan<byte> data, long offset)
    {
        if (planes < 1)
        {
            throw Damaged(offset);
        }
        var isCleanUp = true;
        for (var at = block.FirstChunk; at >= 0; at = chunks[at].Next)
        {
            var bytes = data.Slice(chunks[at].Start, chunks[at].Length);
            // no segment has what looks like a marker, or ends as if one followed
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == 0xFF && (i + 1 == bytes.Length || bytes[i + 1] > 0x8F))
                {
                    throw Damaged(offset + chunks[at].Start + i);
                }
            }
            // the last two bytes tell how much of the segment are the prefixes
            var suffix = bytes.Length < 2 ? 0 : (bytes[^1] << 4) | (bytes[^2] & 15);
            if (isCleanUp && (suffix < 2 || suffix > Math.Min(bytes.Length, 4079)))
            {
                throw Damaged(offset + chunks[at].Start);
            }
            isCleanUp = false;
        }
    }

    /// <summary>What is said of such a block.</summary>
    public static DicomException Damaged(long offset) => new("The High-Throughput JPEG 2000 stream has a damaged code block", offset: offset);
}
