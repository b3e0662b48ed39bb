using System.Globalization;
using System.Text;

namespace Pacs.Dicom.Imaging;

/// <summary>
/// Letters of 5 × 7 pixels, drawn here, so that texts get into pictures on machines without fonts: ASCII and what Latin names need; accents are put together. Other scripts come out as boxes.
/// </summary>
internal static class PixelFont
{
    /// <summary>Pixels from one letter to the next.</summary>
    public const int Advance = 6;

    /// <summary>Rows of a letter: two for accents of capitals, seven, two below the line.</summary>
    public const int Rows = 11;

    private const int Top = 2;
    private const int Columns = 5;

    // seven rows of five bits as hexadecimal numbers from the top, and the two below the line where there is something
    private const string Letters = """
        ! 04040404040004  " 0A0A0A00000000  # 0A0A1F0A1F0A0A  $ 040F140E051E04  % 18190204081303  & 0C12140815120D  ' 04040800000000  ( 02040808080402
        ) 08040202020408  * 0004150E150400  + 0004041F040400  , 0000000000060408  - 0000001F000000  . 00000000000C0C  / 01010204081010
        0 0E11131519110E  1 040C040404040E  2 0E11010204081F  3 1F02040201110E  4 02060A121F0202  5 1F101E0101110E  6 0608101E11110E  7 1F010204080808
        8 0E11110E11110E  9 0E11110F01020C  : 000C0C000C0C00  ; 000C0C000C0408  < 02040810080402  = 00001F001F0000  > 08040201020408  ? 0E110102040004
        @ 0E11171517100E  A 040A11111F1111  B 1E11111E11111E  C 0E11101010110E  D 1C12111111121C  E 1F10101E10101F  F 1F10101E101010  G 0E11101711110F
        H 1111111F111111  I 0E04040404040E  J 0702020202120C  K 11121418141211  L 1010101010101F  M 111B1515111111  N 11111915131111  O 0E11111111110E
        P 1E11111E101010  Q 0E11111115120D  R 1E11111E141211  S 0F10100E01011E  T 1F040404040404  U 1111111111110E  V 11111111110A04  W 11111115151B11
        X 11110A040A1111  Y 11110A04040404  Z 1F01020408101F  [ 0E08080808080E  \ 10100804020101  ] 0E02020202020E  ^ 040A1100000000  _ 0000000000001F
        ` 08040000000000  a 00000E010F110F  b 10101E1111111E  c 00000F1010100F  d 01010F1111110F  e 00000E111F100E  f 06081E08080808  g 00000F1111110F010E
        h 10101E11111111  i 04000C0404040E  j 02000602020202120C  k 10101214181412  l 0C04040404040E  m 00001A15151515  n 00001E11111111  o 00000E1111110E
        p 00001E1111111E1010  q 00000F1111110F0101  r 00001619101010  s 00000F100E011E  t 08081E08080806  u 0000111111110F  v 00001111110A04  w 0000111115150A
        x 0000110A040A11  y 0000111111110F010E  z 00001F0204081F  { 03040408040403  | 04040404040404  } 18040402040418  ~ 00000815020000
        ß 0E111116111116  µ 0000111111131D1010  ° 0C12120C000000  ² 0C0204080E0000  × 00110A040A1100  Æ 0F14141F141417  æ 00001A050F140B  Ø 0D131515151916
        ø 00000D13151916  Ł 1010141810101F  ł 0C0406040C040E  ı 00000C0404040E  Đ 1C12111D11121C  đ 01070F1111110F  € 07081E081E0807
        """;

    // above the letter, two rows; below it from the last row on
    private static readonly Dictionary<int, (bool IsBelow, byte First, byte Second)> Marks = new()
    {
        [0x0300] = (false, 0x08, 0x04),
        [0x0301] = (false, 0x02, 0x04),
        [0x0302] = (false, 0x04, 0x0A),
        [0x0303] = (false, 0x05, 0x0A),
        [0x0304] = (false, 0x0E, 0x00),
        [0x0306] = (false, 0x11, 0x0E),
        [0x0307] = (false, 0x04, 0x00),
        [0x0308] = (false, 0x0A, 0x00),
        [0x030A] = (false, 0x0C, 0x0C),
        [0x030B] = (false, 0x05, 0x0A),
        [0x030C] = (false, 0x0A, 0x04),
        [0x0326] = (true, 0x04, 0x08),
        [0x0327] = (true, 0x04, 0x0C),
        [0x0328] = (true, 0x04, 0x06),
    };

    private static readonly byte[] Box = [0, 0, 0x1F, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1F, 0, 0];

    private static readonly Dictionary<int, byte[]> Glyphs = Read();

    /// <summary>The letters of a line: eleven rows of five bits each, the leftmost the highest.</summary>
    public static IReadOnlyList<byte[]> Of(string line)
    {
        var glyphs = new List<byte[]>();
        var last = 0;
        foreach (var rune in line.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark && glyphs.Count > 0)
            {
                glyphs[^1] = Marked(last, glyphs[^1], rune.Value);
                continue;
            }
            last = rune.Value;
            glyphs.Add(Rune.IsWhiteSpace(rune) ? new byte[Rows] : Glyphs.GetValueOrDefault(rune.Value, Box));
        }
        return glyphs;
    }

    /// <summary>Whether a pixel of a letter is set.</summary>
    public static bool IsSet(byte[] glyph, int row, int column) => (glyph[row] >> (Columns - 1 - column) & 1) != 0;

    private static byte[] Marked(int letter, byte[] glyph, int mark)
    {
        if (!Marks.TryGetValue(mark, out var rows) || glyph == Box)
        {
            return glyph;
        }
        // the point of i and j gives way
        glyph = letter is 'i' or 'j' ? [0, 0, 0, 0, .. glyph[4..]] : [.. glyph];
        // small letters have room for it; capitals have it above them
        var at = rows.IsBelow ? Rows - 2 : glyph[Top] == 0 && glyph[Top + 1] == 0 ? Top : 0;
        glyph[at] |= rows.First;
        glyph[at + 1] |= rows.Second;
        return glyph;
    }

    private static Dictionary<int, byte[]> Read()
    {
        var glyphs = new Dictionary<int, byte[]>();
        var words = Letters.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < words.Length; i += 2)
        {
            var glyph = new byte[Rows];
            Convert.FromHexString(words[i + 1]).CopyTo(glyph.AsSpan(Top));
            glyphs.Add(words[i][0], glyph);
        }
        return glyphs;
    }
}
