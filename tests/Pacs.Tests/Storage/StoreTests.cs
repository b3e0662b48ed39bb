using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class StoreTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stored_instance_is_on_the_disk_in_the_index_and_in_the_feed()
    {
        await using var box = await TestArchive.StartAsync();
        var image = TestArchive.Image();
        var result = await box.StoreAsync(image);

        Assert.Equal(StoreOutcome.Stored, result.Outcome);
        Assert.Equal(ResourceId.ForInstance("P1", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"), result.Instance);
        var location = await box.Reader.LocateAsync(result.Instance, Ct);
        Assert.NotNull(location);
        var file = DicomFile.Open(box.Archive.TryGetPath(location.Key)!);
        Assert.Null(Datasets.Difference(image, file.Dataset));
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, file.Syntax);
        Assert.Equal("DEVICE", file.FileMeta.GetString(DicomTag.SourceApplicationEntityTitle));
        Assert.Equal(
            [EventKind.NewInstance, EventKind.NewSeries, EventKind.NewStudy, EventKind.NewPatient], (await box.EventsAsync()).Select(e => e.Kind));

        var entry = await box.Reader.InstanceAsync(result.Instance, Ct);
        Assert.NotNull(entry);
        Assert.Equal(("Müller^Jörg", "MULLER^JORG", "19580307"), (entry.Patient.Name, entry.Patient.NameFold, entry.Patient.BirthDate));
        Assert.Equal(("20260105", "0930", "R0000000001", "US", "20260105093000"),
            (entry.Study.Date, entry.Study.Time, entry.Study.Accession, entry.Study.Modalities, entry.Study.SortKey));
        Assert.Equal("""{"00080070":"ACME"}""", entry.Series.Tags);
        Assert.Equal(("192.0.2.7", "DEVICE", "PACS", OriginKind.Dimse), (entry.Instance.RemoteHost, entry.Instance.CallingAe, entry.Instance.CalledAe, entry.Instance.Origin));
        await box.AssertConsistentAsync();
    }
}
