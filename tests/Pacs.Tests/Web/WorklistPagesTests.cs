using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Worklist;

namespace Pacs.Tests.Web;

public sealed class WorklistPagesTests
{
    private const string List = "/arbeitsliste";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_typed_in_is_what_a_device_gets()
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        var page = await SaveAsync(server, "neu", Filled());
        Assert.Contains("Für das Gerät bereit:", page, StringComparison.Ordinal);
        Assert.Contains("Müller, Jörg", page, StringComparison.Ordinal);
        Assert.Contains("*07.03.1958 · m", page, StringComparison.Ordinal);
        Assert.Contains("von Hand", page, StringComparison.Ordinal);
        Assert.Contains("14:30", page, StringComparison.Ordinal);

        var entry = Assert.Single(await FindAsync(server, "US-RAUM2"));
        Assert.Equal("Müller^Jörg", entry.GetString(DicomTag.PatientName));
        Assert.Equal("19580307", entry.GetString(DicomTag.PatientBirthDate));
        Assert.Equal("R0000000001", entry.GetString(DicomTag.AccessionNumber));
        var step = Assert.Single(entry.GetSequence(DicomTag.ScheduledProcedureStepSequence));
        Assert.Equal(("20260105", "143000"), (step.GetString(DicomTag.ScheduledProcedureStepStartDate), step.GetString(DicomTag.ScheduledProcedureStepStartTime)));
        Assert.Equal("Abdomen", step.GetString(DicomTag.ScheduledProcedureStepDescription));
    }

    [Fact]
    public async Task A_change_keeps_the_numbers_and_what_the_form_does_not_show()
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        var made = await worklist.AddAsync(
            new WorklistOrder { PatientId = "1", PatientName = "Doe^John^M^Dr.", Modality = "XX", StationAe = "US01", PerformingPhysician = "House^Greg", Source = "gdt:praxis" }, Ct);
        Assert.Contains("value=\"Doe\"", await GetAsync(server, $"{List}/{made.Accession}"), StringComparison.Ordinal);

        var form = Filled();
        (form["LastName"], form["FirstName"], form["Modality"]) = ("Doe-Smith", "John", "XX");
        Assert.Contains("GDT (praxis)", await SaveAsync(server, made.Accession, form), StringComparison.Ordinal);
        var order = WorklistOrder.Of((await worklist.FindAsync(made.Accession, Ct))!);
        Assert.Equal(("Doe-Smith^John^M^Dr.", "XX", "House^Greg", "gdt:praxis"), (order.PatientName, order.Modality, order.PerformingPhysician, order.Source));
        Assert.Equal(made.StudyUid, (await worklist.FindAsync(made.Accession, Ct))!.StudyUid);
    }

    [Theory]
    [InlineData("LastName", "", "Bitte ausfüllen.")]
    [InlineData("LastName", "Müller^Jörg", "gehen in Namen nicht")]
    [InlineData("PatientId", " ", "Bitte ausfüllen.")]
    [InlineData("PatientId", "12\\34", "gehen hier nicht")]
    [InlineData("PatientId", "患者", "ISO 8859-15")]
    [InlineData("PatientId", "00000000000000000000000000000000000000000000000000000000000000001", "höchstens 64 Zeichen")]
    [InlineData("BirthDate", "2026-01-06", "in der Vergangenheit")]
    [InlineData("BirthDate", "31.02.1980", "Das ist kein Datum.")]
    [InlineData("Sex", "X", "aus der Liste")]
    [InlineData("Modality", "ZZ", "aus der Liste")]
    [InlineData("Station", "ÜS", "ASCII")]
    [InlineData("Station", "ABCDEFGHIJKLMNOPQ", "höchstens 16 Zeichen")]
    [InlineData("Day", "2026-01-04", "Dieser Tag ist vorbei.")]
    [InlineData("Time", "25:00", "keine Uhrzeit")]
    public async Task What_is_wrong_is_said_at_its_field_and_nothing_is_lost(string field, string value, string problem)
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        var form = Filled();
        form[field] = value;
        using var answer = await server.Http.PostAsync($"{List}/neu", new FormUrlEncodedContent(form), Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Matches($"<p class=\"wrong\" id=\"{field}-fehler\">[^<]*{problem}", page);
        Assert.Contains(field == "LastName" ? "value=\"Jörg\"" : "value=\"Müller\"", page, StringComparison.Ordinal);
        Assert.Empty(await server.Services.GetRequiredService<Pacs.Storage.Worklist>().ListAsync(null, 10, Ct));
    }

    [Fact]
    public async Task What_has_expired_is_offered_again_today()
    {
        var clock = Berlin(23, 55);
        await using var server = await WorklistApiTests.StartAsync(clock);
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        var accession = await WorklistApiTests.AddAsync(server, "/worklist/add?id=1&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1");
        clock.Advance(TimeSpan.FromMinutes(10));
        await worklist.CleanUpAsync(Ct);
        Assert.Empty(await FindAsync(server, "US01"));
        Assert.DoesNotContain("Doe, John", await GetAsync(server, List), StringComparison.Ordinal);
        var all = await GetAsync(server, List + "?tage=alle");
        Assert.Contains("abgelaufen", all, StringComparison.Ordinal);
        Assert.Contains("05.01.2026", all, StringComparison.Ordinal);

        var page = await PostAsync(server, List + "?handler=Offer", new() { ["accession"] = accession });
        Assert.Contains("geplant", page, StringComparison.Ordinal);
        Assert.Contains("00:05", page, StringComparison.Ordinal);
        Assert.Single(await FindAsync(server, "US01"));
    }

    [Fact]
    public async Task What_is_done_stays_to_be_seen_and_goes_after_a_week()
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        var accession = await WorklistApiTests.AddAsync(server, "/worklist/add?id=1&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1");
        await PagesKit.StoreAsync(server, PagesKit.Image("Doe^John", patientId: "1", accession: accession));
        await worklist.CleanUpAsync(Ct);
        var page = await GetAsync(server, List);
        Assert.Contains("fertig", page, StringComparison.Ordinal);
        Assert.DoesNotContain($"{List}/{accession}\"", page, StringComparison.Ordinal); // nothing to change: the device has it
        Assert.Contains("lässt sich nicht mehr ändern", await SaveAsync(server, accession, Filled()), StringComparison.Ordinal);
        Assert.Empty(await FindAsync(server, "US01"));

        // offered again, it waits for new images
        await PostAsync(server, List + "?handler=Offer", new() { ["accession"] = accession });
        Assert.Equal(WorklistState.Scheduled, (await worklist.FindAsync(accession, Ct))!.State);

        var old = new DicomDate(DateOnly.FromDateTime(server.Services.GetRequiredService<TimeProvider>().GetLocalNow().DateTime).AddDays(-8)).ToString();
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync((db, _) => Task.FromResult(db.Worklist.Single().StartDate = old), Ct);
        Assert.Equal(1, await worklist.CleanUpAsync(Ct));
        Assert.Null(await worklist.FindAsync(accession, Ct));
    }

    [Fact]
    public async Task Deleting_names_the_patient_first()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await SaveAsync(server, "neu", Filled());
        const string Delete = List + "/R0000000001/loeschen";
        var question = await GetAsync(server, Delete);
        Assert.Contains("Müller, Jörg", question, StringComparison.Ordinal);
        Assert.Single(await FindAsync(server, "US-RAUM2"));
        Assert.Contains("Heute keine Einträge", await PostAsync(server, Delete, []), StringComparison.Ordinal);
        Assert.Empty(await FindAsync(server, "US-RAUM2"));
        foreach (var path in new[] { Delete, List + "/R0000000001", List + "/%3Cb%3E" })
        {
            using var answer = await server.Http.GetAsync(path, Ct);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Other_sites_change_nothing()
    {
        await using var server = await WorklistApiTests.StartAsync();
        foreach (var path in new[] { List + "/neu", List + "?handler=Offer", List + "/R0000000001/loeschen" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(Filled()) };
            request.Headers.Add("Origin", "http://evil.example.com");
            using var answer = await server.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
        Assert.Empty(await server.Services.GetRequiredService<Pacs.Storage.Worklist>().ListAsync(null, 10, Ct));
    }

    [Fact]
    public async Task The_page_tells_who_asked_when_and_for_what_he_got()
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        await SaveAsync(server, "neu", Filled());
        Assert.Contains("hat kein Gerät die Arbeitsliste abgefragt", await GetAsync(server, List), StringComparison.Ordinal);
        await FindAsync(server, "US-RAUM2");
        var page = await GetAsync(server, List);
        Assert.Contains("Zuletzt abgefragt: 05.01.2026, 08:00:00", page, StringComparison.Ordinal);
        Assert.Matches("US-RAUM2</bdi></td>\\s*<td data-label=\"Adresse\">127.0.0.1</td>", page);
    }

    [Fact]
    public void Titles_that_somebody_makes_up_do_not_fill_the_memory()
    {
        var clock = Berlin(8);
        var queries = new WorklistQueries(clock);
        for (var i = 0; i < 3 * WorklistQueries.Most; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            queries.Note($"AE{i}", "127.0.0.1", 0);
        }
        Assert.Equal(WorklistQueries.Most, queries.Last.Count);
        Assert.Equal($"AE{(3 * WorklistQueries.Most) - 1}", queries.Last[0].CallingAe);
        Assert.Null(queries.Of("AE0"));
    }

    [Fact]
    public async Task Files_of_other_programs_are_shown_and_cannot_be_changed_here()
    {
        await using var server = await WorklistApiTests.StartAsync(Berlin(8));
        var step = new DicomDataset().Set(DicomTag.Modality, "CT").Set(DicomTag.ScheduledStationAETitle, "CT1")
            .Set(DicomTag.ScheduledProcedureStepStartDate, "20260105").Set(DicomTag.ScheduledProcedureStepStartTime, "1015");
        var entry = new DicomDataset().Set(DicomTag.SOPClassUID, "1.2.276.0.7230010.3.1.0.1").Set(DicomTag.SOPInstanceUID, "1.2.3.4").Set(DicomTag.PatientName, "Fremd^Eva")
            .Set(DicomTag.ScheduledProcedureStepSequence, step);
        new DicomFile(entry, TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(server.Options.Worklists.Database!, "foreign.wl"));
        var page = await GetAsync(server, List);
        Assert.Contains("Fremd, Eva", page, StringComparison.Ordinal);
        Assert.Contains("10:15", page, StringComparison.Ordinal);
        Assert.Contains(">Datei</td>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/loeschen", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Markup_in_entries_stays_text()
    {
        await using var server = await WorklistApiTests.StartAsync();
        var form = Filled();
        (form["LastName"], form["Procedure"], form["Station"]) = ("<script>alert(1)</script>", "<img src=x>\"'", "<b>");
        await SaveAsync(server, "neu", form);
        foreach (var path in new[] { List, List + "/R0000000001", List + "/R0000000001/loeschen", List + "?gespeichert=<script>" })
        {
            var page = await GetAsync(server, path);
            Assert.Contains("&lt;script&gt;alert(1)", page, StringComparison.Ordinal);
            Assert.DoesNotMatch(PagesTests.ForeignScript, page);
            Assert.DoesNotContain("<img src=x", page, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Without_a_worklist_there_is_no_page()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:Enable"] = "false" });
        Assert.DoesNotContain("Arbeitsliste", await GetAsync(server, "/"), StringComparison.Ordinal);
        using var answer = await server.Http.GetAsync(List, Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static Dictionary<string, string> Filled() => new()
    {
        ["LastName"] = "Müller",
        ["FirstName"] = "Jörg",
        ["BirthDate"] = "1958-03-07",
        ["Sex"] = "M",
        ["PatientId"] = "4711",
        ["Procedure"] = "Abdomen",
        ["Modality"] = "US",
        ["Station"] = "US-RAUM2",
        ["Time"] = "14:30",
    };

    private static FakeTimeProvider Berlin(int hour, int minute = 0) => new(new DateTimeOffset(2026, 1, 5, hour, minute, 0, TimeSpan.FromHours(1)).ToUniversalTime());

    private static Task<string> SaveAsync(TestServer server, string accession, Dictionary<string, string> form) => PostAsync(server, $"{List}/{accession}", form);

    private static async Task<string> PostAsync(TestServer server, string path, Dictionary<string, string> form)
    {
        using var answer = await server.Http.PostAsync(path, new FormUrlEncodedContent(form), Ct);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, page);
        return page;
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path, Ct);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, page);
        return page;
    }

    /// <summary>Asks as a device does.</summary>
    private static async Task<IReadOnlyList<DicomDataset>> FindAsync(TestServer server, string station)
    {
        var request = new AssociationRequest { CallingAe = station, CalledAe = "ORTHANC" }.Propose(DicomUid.ModalityWorklistInformationModelFind);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct);
        var found = new List<DicomDataset>();
        var step = new DicomDataset().Set(DicomTag.ScheduledStationAETitle, station).Set(DicomTag.ScheduledProcedureStepStartDate, "")
            .Set(DicomTag.ScheduledProcedureStepStartTime, "").Set(DicomTag.ScheduledProcedureStepDescription, "");
        var keys = new DicomDataset().Set(DicomTag.PatientName, "").Set(DicomTag.PatientBirthDate, "").Set(DicomTag.AccessionNumber, "").Set(DicomTag.ScheduledProcedureStepSequence, step);
        await foreach (var match in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, keys, Ct))
        {
            found.Add(match);
        }
        await client.ReleaseAsync(Ct);
        return found;
    }
}
