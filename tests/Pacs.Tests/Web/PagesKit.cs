using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Pages;

namespace Pacs.Tests;

/// <summary>The parts of the pages without a server, in a language.</summary>
internal static class PagesKit
{
    public static DateTimeOffset Now { get; } = new(2024, 3, 12, 9, 30, 0, TimeSpan.Zero);

    public static IStringLocalizer<Texts> Texts { get; } =
        new ServiceCollection().AddLogging().AddLocalization().BuildServiceProvider().GetRequiredService<IStringLocalizer<Texts>>();

    public static Display Display { get; } = new(Texts, new FixedTime());

    public static TagRows TagRows { get; } = new(Texts, Display);

    /// <summary>Sets the language of the running test.</summary>
    public static void Speak(string language)
    {
        var culture = CultureInfo.GetCultureInfo(language == "de" ? "de-DE" : "en-GB");
        CultureInfo.CurrentCulture = culture;
        CultureInfo.CurrentUICulture = culture;
    }

    /// <summary>An ultrasound image in UTF-8; the values are set as bytes, so that they may be what no setter accepts.</summary>
    public static DicomDataset Image(
        string name, string patientId = "4711", string study = "1.2.3.1", string date = "20240312", string time = "083107", string accession = "",
        string born = "19580307", int number = 1)
    {
        var image = new DicomDataset();
        void Add(DicomTag tag, string value) => image.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.UTF8.GetBytes(value)));
        Add(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        Add(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage);
        Add(DicomTag.SOPInstanceUID, $"{study}.1.{number}");
        Add(DicomTag.StudyDate, date);
        Add(DicomTag.StudyTime, time);
        Add(DicomTag.AccessionNumber, accession);
        Add(DicomTag.Modality, "US");
        Add(DicomTag.PatientName, name);
        Add(DicomTag.PatientID, patientId);
        Add(DicomTag.PatientBirthDate, born);
        Add(DicomTag.PatientSex, "M");
        Add(DicomTag.StudyInstanceUID, study);
        Add(DicomTag.SeriesInstanceUID, $"{study}.1");
        Add(DicomTag.SeriesNumber, "1");
        Add(DicomTag.InstanceNumber, number.ToString(CultureInfo.InvariantCulture));
        return image;
    }

    /// <summary>Stores a data set as a door does.</summary>
    /// <returns>The data set in the bytes it was stored in.</returns>
    public static async Task<byte[]> StoreAsync(TestServer server, DicomDataset dataset, TransferSyntax? syntax = null)
    {
        var ct = TestContext.Current.CancellationToken;
        var archive = server.Services.GetRequiredService<Archive>();
        syntax ??= TransferSyntax.ExplicitVRLittleEndian;
        var bytes = DicomWriter.ToBytes(dataset, syntax);
        await using var staged = archive.Stage(dataset.GetString(DicomTag.SOPClassUID)!, dataset.GetString(DicomTag.SOPInstanceUID)!, syntax, "TEST");
        await staged.AppendAsync(bytes);
        var result = await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "TEST", "ORTHANC", "127.0.0.1"), ct);
        Assert.True(result.IsSafe, result.Reason);
        return bytes;
    }

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
