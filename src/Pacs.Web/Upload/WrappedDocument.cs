using System.Buffers.Binary;
using System.Globalization;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Upload;

/// <summary>Why a document cannot become a DICOM object; the name of a text of the pages.</summary>
internal sealed class DocumentException(string text) : Exception(text);

/// <summary>
/// Makes a DICOM object of a PDF (PS3.3 §A.45.1), a JPEG (§A.32.4, its bytes kept as they are) or a PNG (§A.8.1, uncompressed) for a study. What is not known of the study is left empty
/// rather than guessed.
/// </summary>
internal static class WrappedDocument
{
    /// <summary>More is no document of a practice, and would have to be held in memory.</summary>
    public const int MaxSize = 128 * 1024 * 1024;

    private const int MaxSide = 20_000;

    /// <summary>Whether these first bytes are of a kind that can be wrapped.</summary>
    public static bool IsKnown(ReadOnlySpan<byte> start) => IsPdf(start) || IsJpeg(start) || PngReader.IsPng(start);

    /// <summary>Wraps.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="title">What it is called, e.g. its name without folder and ending.</param>
    /// <param name="study">Whose it is.</param>
    /// <param name="seriesNumber">The number of the new series.</param>
    /// <param name="now">Now, in local time.</param>
    /// <exception cref="DocumentException">It cannot be wrapped.</exception>
    public static (DicomDataset Dataset, TransferSyntax Syntax) Make(ReadOnlyMemory<byte> content, string title, StudyEntry study, int seriesNumber, DateTime now)
    {
        if (content.Length > MaxSize)
        {
            throw new DocumentException("Upload.TooLarge");
        }
        var dataset = new DicomDataset();
        void Add(DicomTag tag, string? value) => dataset.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), System.Text.Encoding.UTF8.GetBytes(value ?? "")));
        Add(DicomTag.SpecificCharacterSet, CharacterSet.Utf8.Value);
        Add(DicomTag.PatientName, study.Patient.Name);
        Add(DicomTag.PatientID, study.Patient.PatientId);
        Add(DicomTag.PatientBirthDate, study.Patient.BirthDate);
        Add(DicomTag.PatientSex, study.Patient.Sex);
        Add(DicomTag.StudyInstanceUID, study.Study.Uid);
        Add(DicomTag.StudyDate, study.Study.Date);
        Add(DicomTag.StudyTime, study.Study.Time);
        Add(DicomTag.AccessionNumber, study.Study.Accession);
        Add(DicomTag.StudyID, study.Study.StudyId);
        Add(DicomTag.ReferringPhysicianName, study.Study.Referring);
        Add(DicomTag.StudyDescription, study.Study.Description);
        var (day, time) = (now.ToString("yyyyMMdd", CultureInfo.InvariantCulture), now.ToString("HHmmss", CultureInfo.InvariantCulture));
        dataset.Set(DicomTag.SOPInstanceUID, DicomUid.New()).Set(DicomTag.SeriesInstanceUID, DicomUid.New())
            .Set(DicomTag.SeriesNumber, seriesNumber.ToString(CultureInfo.InvariantCulture)).Set(DicomTag.InstanceNumber, "1")
            .Set(DicomTag.ContentDate, day).Set(DicomTag.ContentTime, time).Set(DicomTag.SeriesDate, day).Set(DicomTag.SeriesTime, time)
            .Set(DicomTag.Manufacturer, "Pacs").Set(DicomTag.ConversionType, "WSD").Set(DicomTag.BurnedInAnnotation, "YES");
        // LO: 64 characters, no backslash (PS3.5 §6.2)
        var name = string.Concat(title.Where(c => c != '\\' && !char.IsControl(c))).Trim();
        Add(DicomTag.SeriesDescription, name.Length > 64 ? name[..64].TrimEnd() : name);
        var span = content.Span;
        return IsPdf(span) ? (Pdf(dataset, content, name), TransferSyntax.ExplicitVRLittleEndian)
            : IsJpeg(span) ? (Jpeg(dataset, content), TransferSyntax.Get(DicomUid.JPEGBaseline8Bit))
            : PngReader.IsPng(span) ? (Png(dataset, content), TransferSyntax.ExplicitVRLittleEndian)
            : throw new DocumentException("Upload.UnknownKind");
    }

    private static bool IsPdf(ReadOnlySpan<byte> start) => start.StartsWith("%PDF-"u8);

    private static bool IsJpeg(ReadOnlySpan<byte> start) => start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    private static DicomDataset Pdf(DicomDataset dataset, ReadOnlyMemory<byte> content, string title)
    {
        dataset.Set(DicomTag.SOPClassUID, DicomUid.EncapsulatedPDFStorage).Set(DicomTag.Modality, "DOC");
        dataset.Set(new DicomElement(DicomTag.DocumentTitle, DicomVr.ST, System.Text.Encoding.UTF8.GetBytes(title)));
        dataset.Set(DicomTag.AcquisitionDateTime, "").Set(new DicomElement(DicomTag.ConceptNameCodeSequence, Array.Empty<DicomDataset>()));
        dataset.Set(DicomTag.MIMETypeOfEncapsulatedDocument, "application/pdf");
        // PS3.3 §C.24.2: the length without the byte that makes it even
        dataset.Set(new DicomElement(DicomTag.EncapsulatedDocumentLength, DicomVr.UL, BitConverter.GetBytes((uint)content.Length)));
        return dataset.Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, Even(content)));
    }

    private static DicomDataset Jpeg(DicomDataset dataset, ReadOnlyMemory<byte> content)
    {
        var (rows, columns, components, photometric) = JpegHeader(content.Span);
        dataset.Set(DicomTag.SOPClassUID, DicomUid.VLPhotographicImageStorage).Set(DicomTag.Modality, "XC").Set(DicomTag.ImageType, "ORIGINAL", "PRIMARY");
        dataset.Set(new DicomElement(DicomTag.AcquisitionContextSequence, Array.Empty<DicomDataset>()));
        // PS3.3 §C.7.6.1.1.5.1
        dataset.Set(DicomTag.LossyImageCompression, "01").Set(DicomTag.LossyImageCompressionMethod, "ISO_10918_1")
            .Set(DicomTag.LossyImageCompressionRatio, Math.Max(1, (double)rows * columns * components / content.Length).ToString("0.##", CultureInfo.InvariantCulture));
        Pixels(dataset, rows, columns, components, photometric);
        return dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, Even(content)]));
    }

    private static DicomDataset Png(DicomDataset dataset, ReadOnlyMemory<byte> content)
    {
        var image = PngReader.Read(content, MaxSide);
        dataset.Set(DicomTag.SOPClassUID, DicomUid.SecondaryCaptureImageStorage).Set(DicomTag.Modality, "OT").Set(DicomTag.ImageType, "DERIVED", "SECONDARY");
        Pixels(dataset, image.Rows, image.Columns, image.Components, image.Components == 1 ? "MONOCHROME2" : "RGB");
        return dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Even(image.Samples)));
    }

    private static void Pixels(DicomDataset dataset, int rows, int columns, int components, string photometric)
    {
        dataset.Set(DicomTag.SamplesPerPixel, components).Set(DicomTag.PhotometricInterpretation, photometric).Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
        if (components > 1)
        {
            dataset.Set(DicomTag.PlanarConfiguration, 0);
        }
    }

    // ITU-T T.81 §B.2.2; Adobe's APP14 says whether three components are RGB
    private static (int Rows, int Columns, int Components, string Photometric) JpegHeader(ReadOnlySpan<byte> jpeg)
    {
        var isRgb = false;
        for (var at = 2; at + 4 <= jpeg.Length;)
        {
            if (jpeg[at] != 0xFF)
            {
                break;
            }
            var marker = jpeg[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (length < 2 || at + 2 + length > jpeg.Length)
            {
                break;
            }
            var content = jpeg.Slice(at + 4, length - 2);
            if (marker == 0xEE && content.Length >= 12 && content.StartsWith("Adobe"u8))
            {
                isRgb = content[11] == 0;
            }
            else if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                if (marker != 0xC0 || content.Length < 6 || content[0] != 8 || content[5] is not (1 or 3) || content.Length < 6 + (3 * content[5]))
                {
                    throw new DocumentException("Upload.JpegKind"); // PS3.5 §8.2.1 has the baseline process only for such images
                }
                var (rows, columns) = (BinaryPrimitives.ReadUInt16BigEndian(content[1..]), BinaryPrimitives.ReadUInt16BigEndian(content[3..]));
                if (rows == 0 || columns == 0)
                {
                    break;
                }
                // sampling factors of the first component (T.81 §B.2.2): more than the others' means subsampled colours
                return (rows, columns, content[5], content[5] == 1 ? "MONOCHROME2" : isRgb ? "RGB" : content[7] == 0x11 ? "YBR_FULL" : "YBR_FULL_422");
            }
            else if (marker == 0xDA)
            {
                break;
            }
            at += 2 + length;
        }
        throw new DocumentException("Upload.Damaged");
    }

    private static ReadOnlyMemory<byte> Even(ReadOnlyMemory<byte> bytes) => bytes.Length % 2 == 0 ? bytes : (byte[])[.. bytes.Span, 0];
}
