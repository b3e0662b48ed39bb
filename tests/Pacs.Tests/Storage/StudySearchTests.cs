using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class StudySearchTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("müller", "1 2 3")]
    [InlineData("Mueller", "1 2 3")]
    [InlineData("MULLER", "1 2 3")]
    [InlineData("jörg mül", "1")]
    [InlineData("Müller, Jörg", "1")]
    [InlineData("schmidt", "4")] // the second part of a double name
    [InlineData("Meyer-Schmidt", "4")]
    [InlineData("chmidt", "")] // beginnings only
    [InlineData("4711", "1")]
    [InlineData("p-22", "2")]
    [InlineData("R0000000003", "3")]
    [InlineData("3", "3 4")] // our accession number without its letter and zeros, and the patient number 33
    [InlineData("07.03.1958", "1")]
    [InlineData("1958-03-07", "1")]
    [InlineData("us", "1 3 5")]
    [InlineData("ct", "2")]
    [InlineData("müller ct", "2")]
    [InlineData("ultraschall müller", "1 3")]
    [InlineData("müller meyer", "")]
    [InlineData("山", "5")]
    [InlineData("'; DROP TABLE study; --", "")]
    [InlineData("%", "")]
    [InlineData("^", "1 2 3 4 5")]
    public async Task Finds(string text, string expected)
    {
        await using var box = await TestArchive.StartAsync();
        await StoreAsync(box, 1, "Müller^Jörg", "4711", "19580307", "US", "A1");
        await StoreAsync(box, 2, "Mueller^Anna", "P-22", "19600101", "CT", "A2");
        await StoreAsync(box, 3, "MULLER^EVA", "X", "19600102", "US", "R0000000003");
        await StoreAsync(box, 4, "Meyer-Schmidt^Hans Georg", "33", "19600103", "MR", "A4");
        await StoreAsync(box, 5, "Yamada^Tarou=山田^太郎", "Y", "", "US", "");
        // along an order, and by time: two different statements
        foreach (var order in Enum.GetValues<StudyOrder>())
        {
            var found = await box.Reader.StudiesAsync(new StudyQuery(StudySearch.Parse(text)) { Order = order }, Ct);
            Assert.Equal(expected, string.Join(' ', found.Select(f => f.Study.StudyId).Order(StringComparer.Ordinal)));
        }
    }

    [Fact]
    public async Task A_word_that_many_have_is_compared_on_the_way_along_the_order()
    {
        await using var box = await TestArchive.StartAsync();
        for (var i = 0; i < 2200; i++)
        {
            var id = i;
            await box.StoreAsync(TestArchive.Image(patient: i, study: i + 1, change: d => d.Set(DicomTag.PatientName, $"Muster{id:0000}^{(id % 50 == 0 ? "Selten" : "Oft")}").Set(DicomTag.StudyDate, $"2026{1 + (id % 12):00}10")));
        }
        var search = StudySearch.Parse("muster");
        var seen = new List<long>();
        StudyCursor? place = null;
        while (await box.Reader.StudiesAsync(new StudyQuery(search) { Place = place, Limit = 500 }, Ct) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(p => p.Study.Id));
            Assert.Equal(page.OrderByDescending(p => p.Study.SortKey, StringComparer.Ordinal).ThenByDescending(p => p.Study.Id).Select(p => p.Study.Id), page.Select(p => p.Study.Id));
            place = new StudyCursor(page[^1].Study.SortKey, page[^1].Study.Id);
        }
        Assert.Equal(2200, seen.Distinct().Count());
        Assert.Equal(2200, seen.Count);
        var both = await box.Reader.StudiesAsync(new StudyQuery(StudySearch.Parse("muster selten")) { Limit = 100, Order = StudyOrder.Name, IsDescending = false }, Ct);
        Assert.Equal(44, both.Count);
        Assert.Equal(both.Select(b => b.Patient.Name).Order(StringComparer.Ordinal), both.Select(b => b.Patient.Name));
    }

    [Fact]
    public async Task Days_orders_and_rows_narrow_the_list()
    {
        await using var box = await TestArchive.StartAsync();
        foreach (var (i, day) in new[] { "20260103", "20260104", "20260105", "20260105" }.Index())
        {
            await box.StoreAsync(TestArchive.Image(study: i + 1, change: d => d.Set(DicomTag.StudyDate, day).Set(DicomTag.StudyTime, i == 3 ? "235959" : "000000").Set(DicomTag.AccessionNumber, i == 0 ? "" : "A").Set(DicomTag.StudyID, $"{i + 1}")));
        }
        async Task<string> ListAsync(StudyQuery query) => string.Join(' ', (await box.Reader.StudiesAsync(query, Ct)).Select(s => s.Study.StudyId));
        Assert.Equal("4 3", await ListAsync(new StudyQuery(null) { FirstDay = "20260105", LastDay = "20260105" }));
        Assert.Equal("2 1", await ListAsync(new StudyQuery(null) { LastDay = "20260104" }));
        Assert.Equal("1", await ListAsync(new StudyQuery(null) { WithoutOrder = true }));
        Assert.Equal("", await ListAsync(new StudyQuery(null) { Rows = [] }));
        Assert.Equal("1 2 3 4", await ListAsync(new StudyQuery(null) { IsDescending = false }));
    }

    [Fact]
    public async Task Pages_of_every_order_are_the_list_forwards_and_backwards()
    {
        await using var box = await TestArchive.StartAsync();
        for (var i = 0; i < 60; i++)
        {
            var n = i;
            await box.StoreAsync(TestArchive.Image(patient: n / 3, study: n + 1, change: d =>
            {
                d.Set(DicomTag.StudyDate, $"202601{1 + (n % 9):00}").Set(DicomTag.PatientName, $"Name{n / 6 % 4}").Set(DicomTag.StudyDescription, $"D{n % 4}").Set(DicomTag.AccessionNumber, $"A{n % 7}");
                foreach (var tag in new[] { DicomTag.PatientName, DicomTag.StudyDescription, DicomTag.AccessionNumber })
                {
                    if (n / 3 % 5 == 0) // absent: there is no value to compare with
                    {
                        d.Remove(tag);
                    }
                }
            }));
        }
        foreach (var order in Enum.GetValues<StudyOrder>())
        {
            foreach (var isDescending in new[] { true, false })
            {
                var query = new StudyQuery(null) { Order = order, IsDescending = isDescending };
                var listed = await box.Reader.StudiesAsync(query with { Limit = 100 }, Ct);
                var all = listed.Select(s => s.Study.Id).ToList();
                Assert.Equal(60, all.Distinct().Count());
                foreach (var at in Enumerable.Range(0, 60))
                {
                    var place = new StudyCursor(listed[at].Study.SortKey, all[at]);
                    Assert.Equal(all.Skip(at + 1).Take(7), (await box.Reader.StudiesAsync(query with { Place = place, Limit = 7 }, Ct)).Select(s => s.Study.Id));
                    Assert.Equal(all.Take(at).TakeLast(7), (await box.Reader.StudiesAsync(query with { Place = place, IsBackwards = true, Limit = 7 }, Ct)).Select(s => s.Study.Id));
                }
            }
        }
        // a place that has gone: the list begins anew
        Assert.Equal(7, (await box.Reader.StudiesAsync(new StudyQuery(null) { Order = StudyOrder.Name, Place = new StudyCursor("20260101000000", 9999), Limit = 7 }, Ct)).Count);
    }

    private static Task<StoreResult> StoreAsync(TestArchive box, int study, string name, string patientId, string born, string modality, string accession) =>
        box.StoreAsync(TestArchive.Image(study: study, modality: modality, change: d => d.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192").Set(DicomTag.StudyDescription, "X")
            .Set(DicomTag.PatientName, name).Set(DicomTag.PatientID, patientId).Set(DicomTag.PatientBirthDate, born).Set(DicomTag.AccessionNumber, accession).Set(DicomTag.StudyID, $"{study}")));
}
