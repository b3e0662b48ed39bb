namespace Pacs.Dicom;

/// <summary>
/// A value representation (PS3.5 §6.2): its two letters packed as on the wire, and the facts that reading and writing need.
/// </summary>
/// <param name="Code">First letter in the upper, second in the lower byte; 0 means "none" (items, delimiters).</param>
public readonly record struct DicomVr(ushort Code)
{
    private DicomVr(char first, char second)
        : this((ushort)((first << 8) | second))
    {
    }

    /// <summary>Application Entity: at most 16 characters.</summary>
    public static DicomVr AE => new('A', 'E');

    /// <summary>Age String: 4 characters, e.g. <c>045Y</c>.</summary>
    public static DicomVr AS => new('A', 'S');

    /// <summary>Attribute Tag: two 16-bit numbers.</summary>
    public static DicomVr AT => new('A', 'T');

    /// <summary>Code String: upper case letters, digits, blank and underscore, at most 16.</summary>
    public static DicomVr CS => new('C', 'S');

    /// <summary>Date: <c>YYYYMMDD</c>.</summary>
    public static DicomVr DA => new('D', 'A');

    /// <summary>Decimal String: at most 16 characters.</summary>
    public static DicomVr DS => new('D', 'S');

    /// <summary>Date Time: <c>YYYYMMDDHHMMSS.FFFFFF&amp;ZZXX</c>.</summary>
    public static DicomVr DT => new('D', 'T');

    /// <summary>Floating Point Double.</summary>
    public static DicomVr FD => new('F', 'D');

    /// <summary>Floating Point Single.</summary>
    public static DicomVr FL => new('F', 'L');

    /// <summary>Integer String: at most 12 characters.</summary>
    public static DicomVr IS => new('I', 'S');

    /// <summary>Long String: at most 64 characters.</summary>
    public static DicomVr LO => new('L', 'O');

    /// <summary>Long Text: at most 10240 characters.</summary>
    public static DicomVr LT => new('L', 'T');

    /// <summary>Other Byte.</summary>
    public static DicomVr OB => new('O', 'B');

    /// <summary>Other Double.</summary>
    public static DicomVr OD => new('O', 'D');

    /// <summary>Other Float.</summary>
    public static DicomVr OF => new('O', 'F');

    /// <summary>Other Long (32 bit).</summary>
    public static DicomVr OL => new('O', 'L');

    /// <summary>Other Very Long (64 bit).</summary>
    public static DicomVr OV => new('O', 'V');

    /// <summary>Other Word (16 bit).</summary>
    public static DicomVr OW => new('O', 'W');

    /// <summary>Person Name: up to three groups of five components.</summary>
    public static DicomVr PN => new('P', 'N');

    /// <summary>Short String: at most 16 characters.</summary>
    public static DicomVr SH => new('S', 'H');

    /// <summary>Signed Long.</summary>
    public static DicomVr SL => new('S', 'L');

    /// <summary>Sequence of Items.</summary>
    public static DicomVr SQ => new('S', 'Q');

    /// <summary>Signed Short.</summary>
    public static DicomVr SS => new('S', 'S');

    /// <summary>Short Text: at most 1024 characters.</summary>
    public static DicomVr ST => new('S', 'T');

    /// <summary>Signed 64-bit Very Long.</summary>
    public static DicomVr SV => new('S', 'V');

    /// <summary>Time: <c>HHMMSS.FFFFFF</c>.</summary>
    public static DicomVr TM => new('T', 'M');

    /// <summary>Unlimited Characters.</summary>
    public static DicomVr UC => new('U', 'C');

    /// <summary>Unique Identifier: digits and dots, at most 64.</summary>
    public static DicomVr UI => new('U', 'I');

    /// <summary>Unsigned Long.</summary>
    public static DicomVr UL => new('U', 'L');

    /// <summary>Unknown.</summary>
    public static DicomVr UN => new('U', 'N');

    /// <summary>Universal Resource Identifier.</summary>
    public static DicomVr UR => new('U', 'R');

    /// <summary>Unsigned Short.</summary>
    public static DicomVr US => new('U', 'S');

    /// <summary>Unlimited Text.</summary>
    public static DicomVr UT => new('U', 'T');

    /// <summary>Unsigned 64-bit Very Long.</summary>
    public static DicomVr UV => new('U', 'V');

    /// <summary>Whether the two letters are one of the 34 value representations of PS3.5 §6.2.</summary>
    public bool IsKnown => Code switch
    {
        0x4145 or 0x4153 or 0x4154 or 0x4353 or 0x4441 or 0x4453 or 0x4454 or 0x4644 or 0x464C or 0x4953 or 0x4C4F or 0x4C54
            or 0x4F42 or 0x4F44 or 0x4F46 or 0x4F4C or 0x4F56 or 0x4F57 or 0x504E or 0x5348 or 0x534C or 0x5351 or 0x5353 or 0x5354
            or 0x5356 or 0x544D or 0x5543 or 0x5549 or 0x554C or 0x554E or 0x5552 or 0x5553 or 0x5554 or 0x5556 => true,
        _ => false,
    };

    /// <summary>Whether explicit syntaxes write two reserved bytes and a 32-bit length (PS3.5 §7.1.2, table 7.1-1).</summary>
    public bool HasLongLength => Code switch
    {
        // OB OD OF OL OV OW SQ SV UC UN UR UT UV
        0x4F42 or 0x4F44 or 0x4F46 or 0x4F4C or 0x4F56 or 0x4F57 or 0x5351 or 0x5356 or 0x5543 or 0x554E or 0x5552 or 0x5554 or 0x5556 => true,
        _ => false,
    };

    /// <summary>Whether the value is characters.</summary>
    public bool IsString => Code switch
    {
        // AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT
        0x4145 or 0x4153 or 0x4353 or 0x4441 or 0x4453 or 0x4454 or 0x4953 or 0x4C4F or 0x4C54 or 0x504E or 0x5348 or 0x5354 or 0x544D
            or 0x5543 or 0x5549 or 0x5552 or 0x5554 => true,
        _ => false,
    };

    /// <summary>Whether (0008,0005) Specific Character Set governs the value: LO LT PN SH ST UC UT (PS3.5 §6.1.2.3).</summary>
    public bool IsText => Code switch
    {
        0x4C4F or 0x4C54 or 0x504E or 0x5348 or 0x5354 or 0x5543 or 0x5554 => true,
        _ => false,
    };

    /// <summary>Whether a backslash separates values: every string but LT, ST, UT and UR (PS3.5 §6.4).</summary>
    public bool IsMultiString => IsString && Code is not (0x4C54 or 0x5354 or 0x5554 or 0x5552);

    /// <summary>Bytes of one number, the unit in which big endian swaps: 1, 2, 4 or 8 (PS3.5 §7.3).</summary>
    public int UnitSize => Code switch
    {
        0x4154 or 0x4F57 or 0x5353 or 0x5553 => 2,               // AT (two 16-bit halves) OW SS US
        0x464C or 0x4F46 or 0x4F4C or 0x534C or 0x554C => 4,     // FL OF OL SL UL
        0x4644 or 0x4F44 or 0x4F56 or 0x5356 or 0x5556 => 8,     // FD OD OV SV UV
        _ => 1,
    };

    /// <summary>The byte that makes a length even: NUL for UI and binary values, blank for other strings (PS3.5 §6.2).</summary>
    public byte Padding => IsString && this != UI ? (byte)' ' : (byte)0;

    /// <summary>The most characters one value may have (bytes for VRs outside <see cref="IsText"/>), or 0 for no limit (PS3.5 table 6.2-1).</summary>
    public int MaxLength => Code switch
    {
        0x4145 or 0x4353 or 0x4453 or 0x5348 => 16,  // AE CS DS SH
        0x4153 => 4,                                 // AS
        0x4441 => 8,                                 // DA
        0x4454 => 26,                                // DT
        0x4953 => 12,                                // IS
        0x4C4F => 64,                                // LO
        0x504E => 64,                                // PN, for each component group
        0x4C54 => 10240,                             // LT
        0x5354 => 1024,                              // ST
        0x544D => 14,                                // TM
        0x5549 => 64,                                // UI
        _ => 0,
    };

    /// <summary>The two letters, or <c>--</c> for none.</summary>
    public override string ToString() => Code == 0 ? "--" : new string([(char)(Code >> 8), (char)(Code & 0xFF)]);

    /// <summary>The value representation with these two letters.</summary>
    /// <exception cref="FormatException">Not two letters of PS3.5 §6.2.</exception>
    public static DicomVr Parse(string letters)
    {
        if (letters is { Length: 2 } && new DicomVr(letters[0], letters[1]) is { IsKnown: true } vr)
        {
            return vr;
        }
        throw new FormatException($"'{letters}' is not a value representation");
    }
}
