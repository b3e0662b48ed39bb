namespace Pacs.Dicom.Codecs;

/// <summary>Makes the Huffman table that takes the fewest bits for given symbols, within 16 bits a code (T.81 §K.2).</summary>
internal static class JpegHuffmanLengths
{
    /// <summary>The table as a DHT segment holds it: the number of codes of 1 to 16 bits, then the symbols, the most frequent first.</summary>
    /// <param name="frequencies">By symbol, at most 255 of them; those that do not occur get no code.</param>
    public static byte[] Table(ReadOnlySpan<int> frequencies)
    {
        // one more symbol, of the least weight, takes the code of all ones, which must not be used
        var trees = new List<(long Weight, int[] Symbols)>();
        var reserved = frequencies.Length;
        trees.Add((1, [reserved]));
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            if (frequencies[symbol] > 0)
            {
                // heavier than the reserved one in every case, so that it ends up deepest
                trees.Add((frequencies[symbol] * 2L, [symbol]));
            }
        }
        var lengths = new int[frequencies.Length + 1];
        while (trees.Count > 1)
        {
            trees.Sort((a, b) => b.Weight.CompareTo(a.Weight));
            var (first, second) = (trees[^2], trees[^1]);
            trees.RemoveRange(trees.Count - 2, 2);
            int[] symbols = [.. first.Symbols, .. second.Symbols];
            foreach (var symbol in symbols)
            {
                lengths[symbol]++;
            }
            trees.Add((first.Weight + second.Weight, symbols));
        }

        var counts = new int[Math.Max(33, frequencies.Length + 2)];
        foreach (var length in lengths)
        {
            counts[length]++;
        }
        counts[0] = 0;
        Shorten(counts);
        // the reserved symbol has one of the longest codes
        var longest = 16;
        while (counts[longest] == 0)
        {
            longest--;
        }
        counts[longest]--;

        var table = new byte[16 + frequencies.Length];
        for (var length = 1; length <= 16; length++)
        {
            table[length - 1] = (byte)counts[length];
        }
        var at = 16;
        for (var length = 1; length < counts.Length; length++)
        {
            for (var symbol = 0; symbol < frequencies.Length; symbol++)
            {
                if (lengths[symbol] == length)
                {
                    table[at++] = (byte)symbol;
                }
            }
        }
        return table[..at];
    }

    /// <summary>Replaces codes of more than 16 bits: two of them become one a bit shorter, and a shorter one makes room for the other (T.81 figure K.3).</summary>
    private static void Shorten(int[] counts)
    {
        for (var length = counts.Length - 1; length > 16; length--)
        {
            while (counts[length] > 0)
            {
                var shorter = length - 2;
                while (counts[shorter] == 0)
                {
                    shorter--;
                }
                counts[length] -= 2;
                counts[length - 1]++;
                counts[shorter + 1] += 2;
                counts[shorter]--;
            }
        }
    }
}
