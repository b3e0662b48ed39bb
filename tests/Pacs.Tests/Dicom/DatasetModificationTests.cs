using Pacs.Dicom;
using Pacs.Dicom.Modification;

namespace Pacs.Tests;

public sealed class DatasetModificationTests
{
    private static readonly DicomTag Private = new(0x00091001);

    [Fact]
    public void Uids_are_the_same_for_the_same_seed_and_are_uids()
    {
        var one = new DatasetModification { Seed = "a" };
        Assert.Equal(one.NewUid("1.2.3"), new DatasetModification { Seed = "a" }.NewUid("1.2.3"));
        Assert.NotEqual(one.NewUid("1.2.3"), one.NewUid("1.2.4"));
        Assert.NotEqual(one.NewUid("1.2.3"), new DatasetModification { Seed = "b" }.NewUid("1.2.3"));
        Assert.All(Enumerable.Range(0, 200), i => Assert.True(DicomUid.IsValid(one.NewUid($"1.2.{i}"))));
    }

    [Fact]
    public void What_is_replaced_removed_and_kept_is_so_and_the_rest_stays()
    {
        var dataset = Image();
        var before = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
        new DatasetModification
        {
            Seed = "x",
            NewFrom = 1,
            Replace = new Dictionary<DicomTag, Replacement>
            {
                [DicomTag.PatientName] = new("Łódź^Ä"),
                [DicomTag.Rows] = new("7"),
                [DicomTag.RequestAttributesSequence] = new(null, [new Dictionary<DicomTag, Replacement> { [DicomTag.RequestedProcedureID] = new("Ü1") }]),
            },
            Remove = new HashSet<DicomTag> { DicomTag.StudyDescription },
            RemovesPrivate = true,
        }.Apply(dataset, _ => -1);
        Assert.Equal(("Łódź^Ä", "ISO_IR 192", "Doktor^Jürgen"), (dataset.GetString(DicomTag.PatientName), dataset.GetString(DicomTag.SpecificCharacterSet), dataset.GetString(DicomTag.ReferringPhysicianName)));
        Assert.Equal(("1.2.3", 7, "Ü1"), (dataset.GetString(DicomTag.StudyInstanceUID), dataset.GetInt32(DicomTag.Rows), dataset.GetSequence(DicomTag.RequestAttributesSequence)[0].GetString(DicomTag.RequestedProcedureID)));
        Assert.StartsWith("2.25.", dataset.GetString(DicomTag.SeriesInstanceUID), StringComparison.Ordinal);
        Assert.StartsWith("2.25.", dataset.GetString(DicomTag.SOPInstanceUID), StringComparison.Ordinal);
        Assert.False(dataset.Contains(DicomTag.StudyDescription) || dataset.Any(e => e.Tag.IsPrivate));

        // the same file changed by nothing is the same file
        var same = Image();
        new DatasetModification { Seed = "x", NewFrom = 3 }.Apply(same, _ => -1);
        Assert.Equal(before, DicomWriter.ToBytes(same, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void References_within_the_job_follow_and_others_stay()
    {
        var dataset = Image();
        dataset.Set(DicomTag.ReferencedImageSequence, Reference("1.2.3.1.2"), Reference("9.9"));
        var modification = new DatasetModification { Seed = "x", NewFrom = 0 };
        modification.Apply(dataset, uid => uid == "1.2.3.1.2" ? 2 : -1);
        Assert.Equal([modification.NewUid("1.2.3.1.2"), "9.9"], dataset.GetSequence(DicomTag.ReferencedImageSequence).Select(i => i.GetString(DicomTag.ReferencedSOPInstanceUID)));
        Assert.Equal([DicomUid.UltrasoundImageStorage, DicomUid.UltrasoundImageStorage], dataset.GetSequence(DicomTag.ReferencedImageSequence).Select(i => i.GetString(DicomTag.ReferencedSOPClassUID)));
    }

    [Fact]
    public void De_identified_nothing_tells_whose_it_is()
    {
        var dataset = Image();
        dataset.Set(DicomTag.ReferencedImageSequence, Reference("9.9"));
        dataset.Set(DicomTag.PatientAddress, "Hauptstr. 1").Set(DicomTag.InstitutionName, "Praxis Müller").Set(DicomTag.DeviceSerialNumber, "4711").Set(DicomTag.ImageComments, "Müller");
        dataset.Set(DicomTag.RequestAttributesSequence, new DicomDataset().Set(DicomTag.ScheduledProcedureStepDescription, "Mueller").Set(DicomTag.AccessionNumber, "R1"));
        dataset.Set(new DicomElement(new DicomTag(0x60003000), DicomVr.OW, new byte[8])).Set(new DicomElement(new DicomTag(0x60000010), DicomVr.US, new byte[2]));
        new DatasetModification { Seed = "x", NewFrom = 0, Deidentifies = true, RemovesPrivate = true }.Apply(dataset, _ => -1);
        var text = System.Text.Encoding.Latin1.GetString(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian));
        foreach (var secret in new[] { "ller", "4711", "Haupt", "Praxis", "1958", "20240312", "R1", "1.2.3", "9.9", "ACME", "Doktor", "Sono" })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
        Assert.Equal(("YES", DatasetModification.Method, "REMOVED"), (dataset.GetString(DicomTag.PatientIdentityRemoved), dataset.GetString(DicomTag.DeidentificationMethod), dataset.GetString(DicomTag.LongitudinalTemporalInformationModified)));
        Assert.Equal(["113100"], dataset.GetSequence(DicomTag.DeidentificationMethodCodeSequence).Select(c => c.GetString(DicomTag.CodeValue)));
        Assert.Equal(("US", "", DicomUid.UltrasoundImageStorage, 4), (dataset.GetString(DicomTag.Modality), dataset.GetString(DicomTag.StudyDate), dataset.GetString(DicomTag.SOPClassUID), dataset.GetInt32(DicomTag.Rows)));
        Assert.DoesNotContain(dataset, e => e.Tag.Group == 0x6000);
        Assert.True(DicomUid.IsValid(dataset.GetSequence(DicomTag.ReferencedImageSequence)[0].GetString(DicomTag.ReferencedSOPInstanceUID)));
    }

    [Fact]
    public void Options_leave_what_they_say()
    {
        var dataset = Image();
        dataset.Set(DicomTag.InstitutionName, "Praxis").Set(DicomTag.DeviceSerialNumber, "4711").Set(DicomTag.PatientSex, "M");
        new DatasetModification
        {
            Seed = "x",
            Deidentifies = true,
            NewFrom = 0,
            Keep = new HashSet<DicomTag> { DicomTag.StudyDescription },
            Options = DeidentificationOptions.RetainUids | DeidentificationOptions.RetainInstitution | DeidentificationOptions.RetainDevice | DeidentificationOptions.RetainPatientCharacteristics | DeidentificationOptions.RetainDates,
        }.Apply(dataset, _ => -1);
        Assert.Equal(("Praxis", "4711", "M", "20240312", "1.2.3.1.1", "Sono"), (dataset.GetString(DicomTag.InstitutionName), dataset.GetString(DicomTag.DeviceSerialNumber), dataset.GetString(DicomTag.PatientSex),
            dataset.GetString(DicomTag.StudyDate), dataset.GetString(DicomTag.SOPInstanceUID), dataset.GetString(DicomTag.StudyDescription)));

        var (first, second) = (Image(), Image().Set(DicomTag.StudyDate, "20240412"));
        var shifting = new DatasetModification { Seed = "x", Deidentifies = true, NewFrom = 0, Options = DeidentificationOptions.RetainShiftedDates };
        shifting.Apply(first, _ => -1);
        shifting.Apply(second, _ => -1);
        var dates = new[] { first, second }.Select(d => DateTime.ParseExact(d.GetString(DicomTag.StudyDate)!, "yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(31, (dates[1] - dates[0]).TotalDays);
        Assert.NotEqual("20240312", first.GetString(DicomTag.StudyDate));
        Assert.Equal("MODIFIED", first.GetString(DicomTag.LongitudinalTemporalInformationModified));
    }

    private static DicomDataset Reference(string uid) =>
        new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.ReferencedSOPInstanceUID, uid);

    private static DicomDataset Image()
    {
        var image = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, "1.2.3.1.1")
            .Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.SeriesInstanceUID, "1.2.3.1").Set(DicomTag.StudyDate, "20240312").Set(DicomTag.StudyTime, "083107").Set(DicomTag.Modality, "US")
            .Set(DicomTag.AccessionNumber, "R1").Set(DicomTag.StudyDescription, "Sono").Set(DicomTag.ReferringPhysicianName, "Doktor^Jürgen").Set(DicomTag.PatientName, "Müller^Jörg")
            .Set(DicomTag.PatientID, "4711").Set(DicomTag.PatientBirthDate, "19580307").Set(DicomTag.Rows, 4d).Set(DicomTag.Columns, 4d);
        image.Set(new DicomTag(0x00090010), DicomVr.LO, "ACME").Set(Private, DicomVr.LO, "Müller");
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[32]));
        return image;
    }
}
