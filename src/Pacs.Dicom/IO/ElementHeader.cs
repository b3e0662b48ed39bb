using System.Buffers;
using System.Buffers.Binary;

namespace Pacs.Dicom;

/// <summary>How element headers are written: with or without VR, and in which byte order.</summary>
internal readonly record struct ElementEncoding(bool ExplicitVr, bool BigEndian)
{
    /// <summary>Implicit VR Little Endian, which also rules inside UN of undefined length (PS3.5 §6.2.2).</summary>
    public static ElementEncoding Implicit => new(ExplicitVr: false, BigEndian: false);

    /// <summary>Explicit VR Little Endian.</summary>
    public static ElementEncoding Explicit => new(ExplicitVr: true, BigEndian: false);

    public static ElementEncoding Of(TransferSyntax syntax) => new(syntax.IsExplicitVr, syntax.IsBigEndian);

    public ushort U16(ReadOnlySpan<byte> bytes) => BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    public uint U32(ReadOnlySpan<byte> bytes) => BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    public DicomTag Tag(ReadOnlySpan<byte> bytes) => new(U16(bytes), U16(bytes[2..]));
}

/// <summary>What was odd about a header that was read nevertheless.</summary>
internal enum HeaderQuirk
{
    None,

    /// <summary>The two letters are not a VR of PS3.5 §6.2.</summary>
    UnknownVr,

    /// <summary>An implicit header among explicit ones.</summary>
    NoVr,
}

/// <summary>
/// What precedes the value of a data element, an item or a delimiter (PS3.5 §7.1, §7.5): the one place that knows how these bytes are laid out.
/// </summary>
/// <param name="Tag">The tag.</param>
/// <param name="Vr">The VR as written, or the dictionary's where none is; none (0) for items and delimiters.</param>
/// <param name="Length">Bytes of value that follow, or <see cref="Undefined"/>.</param>
/// <param name="Size">Bytes of the header itself: 8 or 12.</param>
/// <param name="Quirk">What was odd.</param>
internal readonly record struct ElementHeader(DicomTag Tag, DicomVr Vr, uint Length, int Size, HeaderQuirk Quirk)
{
    /// <summary>The length that says "until a delimiter".</summary>
    public const uint Undefined = 0xFFFFFFFF;

    public const int MaxSize = 12;

    public static readonly DicomTag Item = new(0xFFFE, 0xE000);
    public static readonly DicomTag ItemDelimitation = new(0xFFFE, 0xE00D);
    public static readonly DicomTag SequenceDelimitation = new(0xFFFE, 0xE0DD);

    public bool IsUndefinedLength => Length == Undefined;

    /// <summary>Reads a header. False when there are too few bytes to know it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ElementEncoding encoding, out ElementHeader header)
    {
        header = default;
        if (bytes.Length < 8)
        {
            return false;
        }
        var tag = encoding.Tag(bytes);
        if (tag.Group == 0xFFFE)
        {
            // items and delimiters never have a VR (PS3.5 §7.5)
            header = new(tag, default, encoding.U32(bytes[4..]), 8, HeaderQuirk.None);
            return true;
        }
        if (!encoding.ExplicitVr)
        {
            header = new(tag, DicomDictionary.GetVr(tag), encoding.U32(bytes[4..]), 8, HeaderQuirk.None);
            return true;
        }
        var vr = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]));
        bool longLength;
        var quirk = HeaderQuirk.None;
        if (vr.IsKnown)
        {
            longLength = vr.HasLongLength;
        }
        else if (IsPrintable(bytes[4]) && IsPrintable(bytes[5]))
        {
            // VRs of the future have a 32-bit length (PS3.5 §7.1.2); devices that write "??" have a 16-bit one
            longLength = char.IsAsciiLetterUpper((char)bytes[4]) && char.IsAsciiLetterUpper((char)bytes[5]) && bytes[6] == 0 && bytes[7] == 0;
            vr = DicomDictionary.GetVr(tag) is var known && known == DicomVr.SQ ? DicomVr.UN : known;
            quirk = HeaderQuirk.UnknownVr;
        }
        else
        {
            header = new(tag, DicomDictionary.GetVr(tag), encoding.U32(bytes[4..]), 8, HeaderQuirk.NoVr);
            return true;
        }
        if (!longLength)
        {
            header = new(tag, vr, encoding.U16(bytes[6..]), 8, quirk);
            return true;
        }
        if (bytes.Length < MaxSize)
        {
            return false;
        }
        header = new(tag, vr, encoding.U32(bytes[8..]), 12, quirk);
        return true;
    }

    /// <summary>Whether 8 bytes can be the start of an explicit header with a VR of the standard.</summary>
    public static bool LooksExplicit(ReadOnlySpan<byte> bytes) =>
        new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(bytes[4..])) is { IsKnown: true } vr && (!vr.HasLongLength || (bytes[6] == 0 && bytes[7] == 0));

    /// <summary>Writes a header with a 32-bit length, as of OB, OW and UN (PS3.5 §7.1).</summary>
    public static void WriteLong(IBufferWriter<byte> writer, DicomTag tag, DicomVr vr, uint length, TransferSyntax syntax)
    {
        var span = writer.GetSpan(MaxSize);
        span[..MaxSize].Clear();
        var at = syntax.IsExplicitVr ? 8 : 4;
        if (syntax.IsBigEndian)
        {
            BinaryPrimitives.WriteUInt16BigEndian(span, tag.Group);
            BinaryPrimitives.WriteUInt16BigEndian(span[2..], tag.Element);
            BinaryPrimitives.WriteUInt32BigEndian(span[at..], length);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span, tag.Group);
            BinaryPrimitives.WriteUInt16LittleEndian(span[2..], tag.Element);
            BinaryPrimitives.WriteUInt32LittleEndian(span[at..], length);
        }
        if (syntax.IsExplicitVr)
        {
            BinaryPrimitives.WriteUInt16BigEndian(span[4..], vr.Code);
        }
        writer.Advance(at + 4);
    }

    private static bool IsPrintable(byte b) => b is >= 0x20 and < 0x7F;
}
