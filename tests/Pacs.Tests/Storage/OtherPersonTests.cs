using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>A wrong number typed in at a device: two people under one patient id.</summary>
public sealed class OtherPersonTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Müller^Jörg", "19580307", "Schmidt^Eva", "19610101", true)]
    [InlineData("Müller^Jörg", "19580307", "Müller^Jörg", "19610101", true)]
    [InlineData("Müller^Jörg", "19580307", "MUELLER^JOERG", "19580307", false)]
    [InlineData("Müller^Eva", "19580307", "Schmidt^Eva", "19580307", false)]
    [InlineData("Müller^Jörg", "", "Schmidt^Eva", "19610101", true)]
    [InlineData("Müller^Eva", "", "Schmidt^Eva", "19610101", false)]
    [InlineData("Müller^Jörg", "", "Müller", "", false)]
    [InlineData("", "", "Schmidt^Eva", "", false)]
    public async Task A_number_that_is_used_for_two_people_is_noticed(string name, string born, string otherName, string otherBorn, bool isNoticed)
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image(change: d => d.Set(DicomTag.PatientName, name).Set(DicomTag.PatientBirthDate, born)));
        var second = await box.StoreAsync(TestArchive.Image(study: 2, change: d => d.Set(DicomTag.PatientName, otherName).Set(DicomTag.PatientBirthDate, otherBorn)));
        await box.StoreAsync(TestArchive.Image(study: 2, instance: 2, change: d => d.Set(DicomTag.PatientName, otherName).Set(DicomTag.PatientBirthDate, otherBorn)));
        Assert.Equal(StoreOutcome.Stored, second.Outcome);
        var conflicts = await box.Reader.ConflictsAsync(10, Ct);
        Assert.Equal(isNoticed ? [(ConflictKind.OtherPerson, second.Study)] : [], conflicts.Select(c => (c.Kind, c.Resource)));
        Assert.Equal(isNoticed ? 1 : 0, (await box.EventsAsync()).Count(e => e.Kind == EventKind.ConflictFound));
    }
}
