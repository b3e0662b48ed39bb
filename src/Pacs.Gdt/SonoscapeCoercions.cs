using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Sonoscape devices put their reports into the series of the images, where viewers look for images only. As the old plugin did, the report gets a
/// series of its own; unlike the old plugin, it stays the same SOP instance. See docs/adr/0014.
/// </summary>
public sealed class SonoscapeReportCoercion : ICoercion
{
    private const string Description = "Structured Reports";

    /// <inheritdoc/>
    public string Name => "sonoscape-report-series";

    /// <inheritdoc/>
    public bool Applies(DicomDataset header, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(header);
        return Sonoscape.Made(header) && header.GetString(DicomTag.Modality) == "SR"
            && header.GetString(DicomTag.StudyInstanceUID) is { } study && DicomUid.IsTolerable(study)
            && header.GetString(DicomTag.SeriesDescription) != Description; // one that was repaired before, here or by the old plugin
    }

    /// <inheritdoc/>
    public void Apply(DicomDataset header, ReadOnlySpan<byte> pixelData)
    {
        ArgumentNullException.ThrowIfNull(header);
        header.Set(DicomTag.SeriesInstanceUID, SeriesFor(header.GetString(DicomTag.StudyInstanceUID)!, header.GetString(DicomTag.SeriesInstanceUID)));
        header.Set(DicomTag.SeriesNumber, ((header.GetInt32(DicomTag.SeriesNumber) ?? 0) + 1L).ToString(CultureInfo.InvariantCulture));
        header.Set(DicomTag.SeriesDescription, Description);
    }

    /// <summary>
    /// The series of a study's reports: the study's UID and <c>.1</c>, as the old plugin had it. Where that is the series the report came in, which the
    /// images are in, or too long, a UID derived from the study's, always the same (PS3.5 §B.2: a UUID, made of a hash).
    /// </summary>
    internal static string SeriesFor(string study, string? current)
    {
        var series = study + ".1";
        return series.Length <= DicomUid.MaxLength && series != current
            ? series
            : DicomUid.FromGuid(NameBased(SHA256.HashData(Encoding.ASCII.GetBytes("Sonoscape report series of " + study))));
    }

    // RFC 9562 §5.8: version 8 is for hashes of one's own choice
    private static Guid NameBased(byte[] hash)
    {
        hash[6] = (byte)(hash[6] & 0x0F | 0x80);
        hash[8] = (byte)(hash[8] & 0x3F | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}

/// <summary>
/// Sonoscape devices write a Photometric Interpretation that is not the one of the JPEG stream beside it, and viewers show wrong colours. The old
/// plugin decoded and compressed every frame again under a new SOP Instance UID; here the header is put right by what the stream says, and
/// pixels and UID stay. See docs/adr/0014.
/// </summary>
public sealed class SonoscapeImageCoercion : ICoercion
{
    /// <inheritdoc/>
    public string Name => "sonoscape-photometric-interpretation";

    /// <inheritdoc/>
    public bool Applies(DicomDataset header, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(syntax);
        return syntax.Uid is DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit
            && Sonoscape.Made(header)
            && header.GetString(DicomTag.SOPClassUID) is DicomUid.UltrasoundImageStorage or DicomUid.UltrasoundMultiFrameImageStorage
            && header.GetStrings(DicomTag.ImageType) is ["DERIVED", "PRIMARY", ..]
            && header.GetInt32(DicomTag.SamplesPerPixel) is null or 3;
    }

    /// <inheritdoc/>
    public void Apply(DicomDataset header, ReadOnlySpan<byte> pixelData)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (JpegColor.Read(pixelData) is { } photometric && header.GetString(DicomTag.PhotometricInterpretation) != photometric)
        {
            header.Set(DicomTag.PhotometricInterpretation, photometric);
        }
    }
}

/// <summary>What the two have in common.</summary>
file static class Sonoscape
{
    /// <summary>Whether the device is one of theirs. The old plugin compared the exact spelling; newer devices write capitals.</summary>
    public static bool Made(DicomDataset header) =>
        string.Equals(header.GetString(DicomTag.Manufacturer), "Sonoscape", StringComparison.OrdinalIgnoreCase);
}
