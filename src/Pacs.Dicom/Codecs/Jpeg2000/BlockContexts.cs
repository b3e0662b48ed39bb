namespace Pacs.Dicom.Codecs;

/// <summary>Tables from the surroundings of a sample to the context of its next symbol (T.800 §D.3).</summary>
internal static class BlockContexts
{
    /// <summary>
    /// Contexts 0 to 8 of significance (table D.1), 512 for each of the four bands. The index is the significance of three rows of three: bits 0 to 2 above, 3
    /// and 5 beside, 6 to 8 below.
    /// </summary>
    public static byte[] Zero()
    {
        var table = new byte[4 * 512];
        for (var i = 0; i < table.Length; i++)
        {
            var across = Bit(i, 3) + Bit(i, 5);
            var down = Bit(i, 1) + Bit(i, 7);
            var diagonal = Bit(i, 0) + Bit(i, 2) + Bit(i, 6) + Bit(i, 8);
            table[i] = (byte)((i / 512) switch
            {
                1 => Straight(down, across, diagonal),
                3 => Diagonal(across + down, diagonal),
                _ => Straight(across, down, diagonal),
            });
        }
        return table;

        static int Straight(int first, int second, int diagonal) => (first, second, diagonal) switch
        {
            (2, _, _) => 8,
            (1, >= 1, _) => 7,
            (1, _, >= 1) => 6,
            (1, _, _) => 5,
            (_, 2, _) => 4,
            (_, 1, _) => 3,
            _ => Math.Min(diagonal, 2),
        };

        static int Diagonal(int direct, int diagonal) => diagonal switch
        {
            >= 3 => 8,
            2 => direct >= 1 ? 7 : 6,
            1 => 3 + Math.Min(direct, 2),
            _ => Math.Min(direct, 2),
        };
    }

    /// <summary>
    /// Contexts 9 to 13 of signs, with bit 7 where the symbol is turned round (tables D.2 and D.3). The index has two bits, sign and significance, for each of the
    /// neighbours above, left, right and below.
    /// </summary>
    public static byte[] Sign()
    {
        var table = new byte[256];
        for (var i = 0; i < table.Length; i++)
        {
            var across = Math.Clamp(Contribution(i, 2) + Contribution(i, 4), -1, 1);
            var down = Math.Clamp(Contribution(i, 0) + Contribution(i, 6), -1, 1);
            var turned = across < 0 || (across == 0 && down < 0);
            table[i] = (byte)(((across, down) switch
            {
                (0, 0) => 9,
                (0, _) => 10,
                _ => 12 + (across * down),
            }) | (turned ? 0x80 : 0));
        }
        return table;

        static int Contribution(int index, int at) => Bit(index, at + 1) == 0 ? 0 : 1 - (2 * Bit(index, at));
    }

    private static int Bit(int value, int bit) => (value >> bit) & 1;
}
