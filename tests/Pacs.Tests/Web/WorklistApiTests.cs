using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Web;

public sealed class WorklistApiTests
{
    private const string Good = "/worklist/add?id=12345&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1&procedure=Abdomen";

    private static readonly string Golden = Path.Join(AppContext.BaseDirectory, "Golden", "gdt");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("wl_full")]
    [InlineData("wl_legacy_defaults")]
    [InlineData("wl_sex_3")]
    [InlineData("wl_birthdate_short")]
    public async Task The_answer_is_the_old_plugins_to_the_byte(string name)
    {
        var expected = await File.ReadAllBytesAsync(Path.Join(Golden, name, "response0.bin"), Ct);
        var text = Encoding.Latin1.GetString(expected);
        // the plugin ran on 2026-11-22 at a second that stands in field 8439
        var number = long.Parse(Field(text, "8413")[1..]);
        var time = TimeOnly.ParseExact(Field(text, "8439"), "HHmmss");
        var clock = new FakeTimeProvider(new DateTimeOffset(new DateOnly(2026, 11, 22).ToDateTime(time), TimeSpan.FromHours(1)).ToUniversalTime());
        await using var server = await StartAsync(clock, number);

        var response = await server.Http.GetAsync("/worklist/add?" + await QueryOfAsync(name), Ct);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(expected, await response.Content.ReadAsByteArrayAsync(Ct));
        Assert.True(response.Headers.CacheControl!.NoStore);
    }

    [Theory]
    [InlineData("wl_missing_id", "The parameter 'id' is missing.\n")]
    [InlineData("wl_sex_unknown", "The parameter 'sex' must be 0, 1 (male), 2 (female) or 3.\n")]
    public async Task Where_the_old_plugin_answered_nonsense_is_a_400_and_no_entry_and_no_number(string name, string expected)
    {
        await using var server = await StartAsync();
        var response = await server.Http.GetAsync("/worklist/add?" + await QueryOfAsync(name), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(Ct));
        Assert.Empty(await ItemsAsync(server));
        Assert.Equal("R0000000001", await AddAsync(server, Good));
    }

    [Fact]
    public async Task Where_the_old_plugin_failed_after_making_the_entry_the_answer_is_right()
    {
        await using var server = await StartAsync();
        // a description is optional: then the line that people read is the number alone
        Assert.Equal("R0000000001", Field(await GetAsync(server, "/worklist/add?" + await QueryOfAsync("wl_no_procedure")), "6228"));
        // what ISO 8859-15 lacks is transliterated for the practice software and whole for the device
        Assert.Equal("R0000000002 / Lódz", Field(await GetAsync(server, "/worklist/add?" + await QueryOfAsync("wl_name_not_8859")), "6228"));
        Assert.Equal("R0000000003 / Abdomen", Field(await GetAsync(server, "/worklist/add?" + await QueryOfAsync("wl_birthdate_iso")), "6228"));
        var entries = await EntriesAsync(server);
        Assert.Equal(["Untersuchung", "Łódź", "Abdomen"], entries.Select(e => e.GetString(DicomTag.RequestedProcedureDescription)));
        Assert.Equal("19000101", entries[2].GetString(DicomTag.PatientBirthDate));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("HEAD")]
    public async Task Other_methods_are_not_allowed_and_make_nothing(string method)
    {
        await using var server = await StartAsync();
        var response = await server.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), Good), Ct);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET"], response.Content.Headers.Allow);
        Assert.Empty(await ItemsAsync(server));
    }

    [Fact]
    public async Task Another_web_site_cannot_order()
    {
        await using var server = await StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, Good);
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, (await server.Http.SendAsync(request, Ct)).StatusCode);
        Assert.Empty(await ItemsAsync(server));
    }

    [Fact]
    public async Task Thirty_orders_at_once_get_thirty_numbers()
    {
        await using var server = await StartAsync();
        var numbers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => AddAsync(server, Good.Replace("12345", $"P{i}"))));
        Assert.Equal(Enumerable.Range(1, 30).Select(i => $"R{i:0000000000}"), numbers.Order(StringComparer.Ordinal));
        var items = await ItemsAsync(server);
        Assert.Equal(30, items.Select(i => i.StudyUid).Distinct().Count());
        // number and patient belong together in answer and entry
        Assert.Equal(30, (await EntriesAsync(server)).Select(e => (e.GetString(DicomTag.AccessionNumber), e.GetString(DicomTag.PatientID))).Distinct().Count());
    }

    [Fact]
    public async Task Numbers_go_on_after_a_restart_and_after_deleting()
    {
        await using var server = await StartAsync();
        Assert.Equal("R0000000001", await AddAsync(server, Good));
        Assert.Equal("R0000000002", await AddAsync(server, Good));
        Assert.True(await server.Services.GetRequiredService<Pacs.Storage.Worklist>().DeleteAsync("R0000000002", Ct));
        Assert.False(await server.Services.GetRequiredService<Pacs.Storage.Worklist>().DeleteAsync("R0000000002", Ct));
        await server.RestartAsync();
        Assert.Equal("R0000000003", await AddAsync(server, Good));
    }

    [Fact]
    public async Task The_counter_of_the_old_image_is_continued_and_never_goes_back()
    {
        var clock = new FakeTimeProvider();
        await using var server = await StartAsync(clock, 42);
        Assert.Equal("R0000000042", await AddAsync(server, Good));
        var counter = Path.Join(server.Options.Worklists.Database!, "accessionid.conf");
        await File.WriteAllTextAsync(counter, "7", Ct);
        await server.RestartAsync();
        Assert.Equal("R0000000043", await AddAsync(server, Good));
        await File.WriteAllTextAsync(counter, "100", Ct); // a day with the old image
        await server.RestartAsync();
        Assert.Equal("R0000000100", await AddAsync(server, Good));
    }

    [Fact]
    public async Task An_entry_has_every_attribute_that_a_modality_needs()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 7, 1, 22, 30, 15, TimeSpan.Zero)); // already tomorrow in Berlin
        await using var server = await StartAsync(clock);
        await AddAsync(server, Good + "&physician=Mustermann%5EMax");
        var entry = Assert.Single(await EntriesAsync(server));
        var step = Assert.Single(entry.GetSequence(DicomTag.ScheduledProcedureStepSequence));
        // PS3.4 table K.6-1, type 1
        Assert.Equal("R0000000001", entry.GetString(DicomTag.AccessionNumber));
        Assert.Equal("R0000000001", entry.GetString(DicomTag.RequestedProcedureID));
        Assert.Equal("R0000000001", step.GetString(DicomTag.ScheduledProcedureStepID));
        Assert.True(DicomUid.IsValid(entry.GetString(DicomTag.StudyInstanceUID)));
        Assert.Equal(("US01", "US", "20260702", "003015"), (step.GetString(DicomTag.ScheduledStationAETitle), step.GetString(DicomTag.Modality),
            step.GetString(DicomTag.ScheduledProcedureStepStartDate), step.GetString(DicomTag.ScheduledProcedureStepStartTime)));
        Assert.Equal(("Abdomen", "Abdomen", "Mustermann^Max"), (step.GetString(DicomTag.ScheduledProcedureStepDescription),
            entry.GetString(DicomTag.RequestedProcedureDescription), step.GetString(DicomTag.ScheduledPerformingPhysicianName)));
        Assert.Equal(("Doe^John", "12345", "19000101", "M"), (entry.GetString(DicomTag.PatientName), entry.GetString(DicomTag.PatientID),
            entry.GetString(DicomTag.PatientBirthDate), entry.GetString(DicomTag.PatientSex)));
        // type 2: there, though empty
        Assert.All(
            [DicomTag.ReferringPhysicianName, DicomTag.RequestingPhysician, DicomTag.AdmissionID, DicomTag.ReferencedStudySequence, DicomTag.ReferencedPatientSequence,
                DicomTag.CurrentPatientLocation, DicomTag.PatientState, DicomTag.PregnancyStatus, DicomTag.MedicalAlerts, DicomTag.Allergies, DicomTag.SpecialNeeds,
                DicomTag.PatientWeight, DicomTag.RequestedProcedurePriority, DicomTag.PatientTransportArrangements, DicomTag.ConfidentialityConstraintOnPatientDataDescription],
            tag => Assert.True(entry.Get(tag) is { IsEmpty: true }, tag.ToString()));
        Assert.DoesNotContain(entry, e => e.Tag == DicomTag.RequestedProcedureCodeSequence); // 1C: there is a description
    }

    [Fact]
    public async Task The_worklist_can_be_switched_off()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:Enable"] = "false" });
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(Good, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_webhook_that_never_answers_delays_no_order()
    {
        using var silent = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["Worklists:UrlOnWorklistEntryAdded"] = $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/",
        });
        Assert.Equal("R0000000001", await AddAsync(server, Good));
        using var call = await silent.AcceptTcpClientAsync(Ct); // the hook is being called, and hangs
        Assert.Equal("R0000000002", await AddAsync(server, Good));
    }

    internal static async Task<TestServer> StartAsync(FakeTimeProvider? clock = null, long? counter = null)
    {
        var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:Database"] = "worklist" },
            clock is null ? null : services => services.AddSingleton<TimeProvider>(clock));
        var folder = Directory.CreateDirectory(server.Options.Worklists.Database!).FullName;
        if (counter is { } next)
        {
            await File.WriteAllTextAsync(Path.Join(folder, "accessionid.conf"), $"{next}", Ct);
            await server.RestartAsync();
        }
        return server;
    }

    internal static async Task<string> AddAsync(TestServer server, string address) => Field(await GetAsync(server, address), "8413");

    private static async Task<string> GetAsync(TestServer server, string address)
    {
        var response = await server.Http.GetAsync(address, Ct);
        var body = Encoding.GetEncoding("iso-8859-1").GetString(await response.Content.ReadAsByteArrayAsync(Ct));
        Assert.True(response.IsSuccessStatusCode, body);
        return body;
    }

    private static Task<IReadOnlyList<WorklistItem>> ItemsAsync(TestServer server) => server.Services.GetRequiredService<Pacs.Storage.Worklist>().ListAsync(null, 100, Ct);

    private static async Task<IReadOnlyList<DicomDataset>> EntriesAsync(TestServer server) =>
        await server.Services.GetRequiredService<Pacs.Storage.Worklist>().FindAsync([], Ct);

    private static string Field(string gdt, string id) => gdt.Split("\r\n").Where(l => l.Length >= 7).First(l => l[3..7] == id)[7..];

    private static async Task<string> QueryOfAsync(string name)
    {
        using var result = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Join(Golden, name, "result.json"), Ct));
        return string.Join('&', result.RootElement.GetProperty("get").EnumerateObject().Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value.GetString()!)}"));
    }
}
