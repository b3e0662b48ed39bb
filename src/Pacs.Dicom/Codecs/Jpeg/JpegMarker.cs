namespace Pacs.Dicom.Codecs;

/// <summary>The second byte of a marker (T.81 table B.1).</summary>
internal static class JpegMarker
{
    public const byte Baseline = 0xC0;
    public const byte Extended = 0xC1;
    public const byte Progressive = 0xC2;
    public const byte Lossless = 0xC3;
    public const byte HuffmanTables = 0xC4;
    public const byte FirstRestart = 0xD0;
    public const byte LastRestart = 0xD7;
    public const byte StartOfImage = 0xD8;
    public const byte EndOfImage = 0xD9;
    public const byte StartOfScan = 0xDA;
    public const byte QuantisationTables = 0xDB;
    public const byte RestartInterval = 0xDD;
    public const byte App0 = 0xE0;
    public const byte App14 = 0xEE;

    /// <summary>What a marker stands for that means a process we do not have, or null.</summary>
    public static string? Unsupported(byte code) => code switch
    {
        >= 0xC5 and <= 0xC7 or 0xDE or 0xDF => "hierarchical JPEG",
        0xC9 or 0xCA or 0xCB or 0xCC => "JPEG with arithmetic coding",
        >= 0xCD and <= 0xCF => "hierarchical JPEG with arithmetic coding",
        0xF7 => "a JPEG-LS stream in a JPEG transfer syntax",
        _ => null,
    };

    /// <summary>A marker that stands alone, without a length and content.</summary>
    public static bool StandsAlone(byte code) => code is 0x00 or 0x01 or (>= FirstRestart and <= EndOfImage);
}
