using System.Collections.Frozen;

namespace Pacs.Dicom;

/// <summary>
/// How a data set is written: byte order, explicit or implicit VR, deflated or not, pixel data native or encapsulated (PS3.5 §10, annex A).
/// </summary>
public sealed class TransferSyntax
{
    private TransferSyntax(string uid, string name, bool explicitVr = true, bool bigEndian = false, bool deflated = false, bool encapsulated = true, bool retired = false)
    {
        Uid = uid;
        Name = name;
        IsExplicitVr = explicitVr;
        IsBigEndian = bigEndian;
        IsDeflated = deflated;
        IsEncapsulated = encapsulated;
        IsRetired = retired;
    }

    /// <summary>Its UID.</summary>
    public string Uid { get; }

    /// <summary>Its name in PS3.6 annex A, or the UID when it is not known here.</summary>
    public string Name { get; }

    /// <summary>Whether elements carry their VR. False for Implicit VR Little Endian only.</summary>
    public bool IsExplicitVr { get; }

    /// <summary>Whether numbers are big endian: the retired Explicit VR Big Endian only.</summary>
    public bool IsBigEndian { get; }

    /// <summary>Whether the data set (not the file meta group) is a raw deflate stream (PS3.5 §A.5).</summary>
    public bool IsDeflated { get; }

    /// <summary>Whether pixel data come as fragments (PS3.5 §A.4).</summary>
    public bool IsEncapsulated { get; }

    /// <summary>Whether pixel data are a video stream: MPEG2, H.264 or HEVC (PS3.5 §8.2.5 to §8.2.10). Its frames cannot be told apart without decoding.</summary>
    public bool IsVideo => Uid.StartsWith("1.2.840.10008.1.2.4.10", StringComparison.Ordinal) && Uid.Length > 22;

    /// <summary>Whether PS3.6 marks it as retired.</summary>
    public bool IsRetired { get; }

    /// <summary>Whether this is a syntax of PS3.6, or one from a peer that we take as Explicit VR Little Endian, encapsulated.</summary>
    public bool IsKnown => Known.ContainsKey(Uid);

    /// <summary>Implicit VR Little Endian, the default transfer syntax (PS3.5 §A.1).</summary>
    public static TransferSyntax ImplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2", "Implicit VR Little Endian", explicitVr: false, encapsulated: false);

    /// <summary>Explicit VR Little Endian (PS3.5 §A.2).</summary>
    public static TransferSyntax ExplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2.1", "Explicit VR Little Endian", encapsulated: false);

    /// <summary>Deflated Explicit VR Little Endian (PS3.5 §A.5).</summary>
    public static TransferSyntax DeflatedExplicitVRLittleEndian { get; } = new("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", deflated: true, encapsulated: false);

    /// <summary>Explicit VR Big Endian, retired (PS3.5 2006 §A.3).</summary>
    public static TransferSyntax ExplicitVRBigEndian { get; } = new("1.2.840.10008.1.2.2", "Explicit VR Big Endian", bigEndian: true, encapsulated: false, retired: true);

    /// <summary>JPEG Baseline (Process 1).</summary>
    public static TransferSyntax JpegBaseline { get; } = new("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)");

    /// <summary>JPEG Extended (Process 2 and 4).</summary>
    public static TransferSyntax JpegExtended { get; } = new("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)");

    /// <summary>JPEG Lossless, Non-Hierarchical (Process 14).</summary>
    public static TransferSyntax JpegLossless { get; } = new("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)");

    /// <summary>JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14, Selection Value 1).</summary>
    public static TransferSyntax JpegLosslessSV1 { get; } = new("1.2.840.10008.1.2.4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])");

    /// <summary>JPEG-LS Lossless.</summary>
    public static TransferSyntax JpegLSLossless { get; } = new("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless Image Compression");

    /// <summary>JPEG-LS Lossy (Near-Lossless).</summary>
    public static TransferSyntax JpegLSNearLossless { get; } = new("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless) Image Compression");

    /// <summary>JPEG 2000 (Lossless Only).</summary>
    public static TransferSyntax Jpeg2000Lossless { get; } = new("1.2.840.10008.1.2.4.90", "JPEG 2000 Image Compression (Lossless Only)");

    /// <summary>JPEG 2000.</summary>
    public static TransferSyntax Jpeg2000 { get; } = new("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression");

    /// <summary>RLE Lossless (PS3.5 annex G).</summary>
    public static TransferSyntax RleLossless { get; } = new("1.2.840.10008.1.2.5", "RLE Lossless");

    private static readonly FrozenDictionary<string, TransferSyntax> Known = All().ToFrozenDictionary(s => s.Uid);

    /// <summary>Every transfer syntax of PS3.6 annex A, in the order of their UIDs' numbers.</summary>
    public static IEnumerable<TransferSyntax> KnownSyntaxes => Known.Values.OrderBy(s => s.Uid, StringComparer.Ordinal);

    /// <summary>
    /// The syntax with this UID. One that is not known (private, or newer than this library) is taken as Explicit VR Little Endian with
    /// encapsulated pixel data, which PS3.5 annex A.4 prescribes for every syntax since 1993.
    /// </summary>
    /// <param name="uid">The UID, without padding.</param>
    public static TransferSyntax Get(string uid) =>
        Known.TryGetValue(uid, out var known) ? known : new TransferSyntax(uid, uid);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static IEnumerable<TransferSyntax> All()
    {
        yield return ImplicitVRLittleEndian;
        yield return ExplicitVRLittleEndian;
        yield return new("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian");
        yield return DeflatedExplicitVRLittleEndian;
        yield return ExplicitVRBigEndian;
        yield return JpegBaseline;
        yield return JpegExtended;
        yield return new("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", retired: true);
        yield return new("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", retired: true);
        yield return new("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", retired: true);
        yield return new("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", retired: true);
        yield return new("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", retired: true);
        yield return JpegLossless;
        yield return new("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)", retired: true);
        yield return new("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 and 18)", retired: true);
        yield return new("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 and 19)", retired: true);
        yield return new("1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)", retired: true);
        yield return new("1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)", retired: true);
        yield return new("1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 and 26)", retired: true);
        yield return new("1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 and 27)", retired: true);
        yield return new("1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)", retired: true);
        yield return new("1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)", retired: true);
        yield return JpegLosslessSV1;
        yield return JpegLSLossless;
        yield return JpegLSNearLossless;
        yield return Jpeg2000Lossless;
        yield return Jpeg2000;
        yield return new("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)");
        yield return new("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component Image Compression");
        yield return new("1.2.840.10008.1.2.4.94", "JPIP Referenced", encapsulated: false);
        yield return new("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", deflated: true, encapsulated: false);
        yield return new("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level");
        yield return new("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level");
        yield return new("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level");
        yield return new("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level");
        yield return new("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1");
        yield return new("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1");
        yield return new("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1");
        yield return new("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1");
        yield return new("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video");
        yield return new("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video");
        yield return new("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video");
        yield return new("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video");
        yield return new("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2");
        yield return new("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2");
        yield return new("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1");
        yield return new("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1");
        yield return new("1.2.840.10008.1.2.4.110", "JPEG XL Lossless");
        yield return new("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression");
        yield return new("1.2.840.10008.1.2.4.112", "JPEG XL");
        yield return new("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Image Compression (Lossless Only)");
        yield return new("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)");
        yield return new("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000 Image Compression");
        yield return new("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", encapsulated: false);
        yield return new("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", deflated: true, encapsulated: false);
        yield return RleLossless;
        yield return new("1.2.840.10008.1.2.6.1", "RFC 2557 MIME Encapsulation", encapsulated: false, retired: true);
        yield return new("1.2.840.10008.1.2.6.2", "XML Encoding", encapsulated: false, retired: true);
        yield return new("1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video", encapsulated: false);
        yield return new("1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video", encapsulated: false);
        yield return new("1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio", encapsulated: false);
        yield return new("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression");
        yield return new("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian", explicitVr: false, encapsulated: false, retired: true);
    }
}
