using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Tests.Web;

public sealed class WorklistScpTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_ordered_by_HTTP_is_found_by_DICOM()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await WorklistApiTests.AddAsync(server, "/worklist/add?id=4711&lastname=M%FCller&firstname=J%C3%B6rg&birthdate=7.3.1958&sex=1&procedure=Schilddr%C3%BCse");
        var answer = Assert.Single(await FindAsync(server, "DEVICE", new DicomDataset()
            .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100")
            .SetUnchecked(DicomTag.PatientName, "MULLER*").SetUnchecked(DicomTag.PatientID, "").SetUnchecked(DicomTag.PatientComments, "")
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.Modality, "US").SetUnchecked(DicomTag.ScheduledProcedureStepDescription, ""))));
        Assert.Equal("Müller^Jörg", answer.GetString(DicomTag.PatientName));
        Assert.Equal("ISO_IR 100", answer.GetString(DicomTag.SpecificCharacterSet));
        Assert.Contains((byte)0xFC, answer.Get(DicomTag.PatientName)!.Value.ToArray());
        Assert.Equal("4711", answer.GetString(DicomTag.PatientID));
        Assert.Equal("", answer.GetString(DicomTag.PatientComments));
        Assert.Equal("Schilddrüse", Assert.Single(answer.GetSequence(DicomTag.ScheduledProcedureStepSequence)).GetString(DicomTag.ScheduledProcedureStepDescription));
    }

    [Fact]
    public async Task Answers_come_by_the_start_of_the_step_whatever_their_source()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 5, 10, 0, 0, TimeSpan.Zero));
        await using var server = await WorklistApiTests.StartAsync(clock);
        Put(server, "b.wl", "late", "20260105", "120000");
        Put(server, "a.wl", "next day", "20260106", "070000");
        Put(server, "c.wl", "early", "20260105", "0800");
        await WorklistApiTests.AddAsync(server, Order("here"));
        Assert.Equal(["early", "here", "late", "next day"], await IdsAsync(server, Query()));
    }

    [Fact]
    public async Task The_number_of_answers_can_be_limited()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:LimitAnswers"] = "2" });
        foreach (var id in new[] { "1", "2", "3" })
        {
            await WorklistApiTests.AddAsync(server, Order(id));
        }
        Assert.Equal(2, (await IdsAsync(server, Query())).Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("*")]
    public async Task With_FilterIssuerAet_a_device_that_names_no_station_gets_its_own_entries(string? station)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:FilterIssuerAet"] = "true" });
        await WorklistApiTests.AddAsync(server, Order("1") + "&scheduledStation=US01");
        await WorklistApiTests.AddAsync(server, Order("2") + "&scheduledStation=US02");
        var query = Query();
        if (station is not null)
        {
            query.Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.ScheduledStationAETitle, station));
        }
        Assert.Equal(["2"], await IdsAsync(server, query, "US02"));
        Assert.Empty(await IdsAsync(server, query, "OTHER"));
        query.Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.ScheduledStationAETitle, "US01"));
        Assert.Equal(["1"], await IdsAsync(server, query, "US02"));
    }

    [Fact]
    public async Task Without_it_everybody_gets_everything()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await WorklistApiTests.AddAsync(server, Order("1") + "&scheduledStation=US01");
        Assert.Equal(["1"], await IdsAsync(server, Query(), "OTHER"));
    }

    [Fact]
    public async Task A_key_that_cannot_be_matched_is_answered_A900_and_the_association_lives()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using var client = await ConnectAsync(server, "DEVICE");
        var query = new DicomDataset().SetUnchecked(DicomTag.PatientComments, new string('?', 200));
        var refused = await Assert.ThrowsAsync<DimseStatusException>(async () =>
        {
            await foreach (var _ in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, query, Ct))
            {
                Assert.Fail("no answer was expected");
            }
        });
        Assert.Equal(0xA900, refused.Status.Code);
        await foreach (var _ in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, Query(), Ct))
        {
            Assert.Fail("the worklist is empty");
        }
        await client.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task The_clean_up_takes_yesterdays_entries_in_local_time_and_leaves_todays()
    {
        // 23:30 in Berlin
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 5, 22, 30, 0, TimeSpan.Zero));
        await using var server = await WorklistApiTests.StartAsync(clock);
        await WorklistApiTests.AddAsync(server, Order("today"));
        Put(server, "foreign.wl", "foreign", "20200101", "080000");
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        Assert.Equal(0, await worklist.CleanUpAsync(Ct));
        clock.Advance(TimeSpan.FromMinutes(29)); // 23:59
        Assert.Equal(0, await worklist.CleanUpAsync(Ct));
        Assert.Equal(["foreign", "today"], await IdsAsync(server, Query()));
        clock.Advance(TimeSpan.FromMinutes(2)); // 0:01: the worker may have been faster
        await worklist.CleanUpAsync(Ct);
        Assert.Equal(["foreign"], await IdsAsync(server, Query()));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task The_clean_up_takes_entries_whose_study_has_come(bool sameAccession, bool sameStudy)
    {
        await using var server = await WorklistApiTests.StartAsync();
        var accession = await WorklistApiTests.AddAsync(server, Order("1"));
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        var entry = Assert.Single(await worklist.ListAsync(null, 100, Ct));
        var image = new DicomDataset()
            .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, DicomUid.New())
            .Set(DicomTag.StudyInstanceUID, sameStudy ? entry.StudyUid : DicomUid.New()).Set(DicomTag.SeriesInstanceUID, DicomUid.New())
            .Set(DicomTag.PatientID, "1").Set(DicomTag.AccessionNumber, sameAccession ? accession : "OTHER");
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "ORTHANC" }.Propose(DicomUid.UltrasoundImageStorage);
        await using (var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct))
        {
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(image, Ct));
            await client.ReleaseAsync(Ct);
        }
        var expected = sameAccession || sameStudy ? 1 : 0;
        Assert.Equal(expected, await worklist.CleanUpAsync(Ct));
        Assert.Equal(1 - expected, (await worklist.FindAsync([], Ct)).Count);
        Assert.Equal(expected == 1 ? WorklistState.Completed : WorklistState.Scheduled, (await worklist.FindAsync(accession, Ct))!.State);
    }

    [Fact]
    public async Task The_clean_up_runs_by_itself_unless_it_is_switched_off()
    {
        foreach (var (interval, left) in new[] { ("600", 0), ("null", 1) })
        {
            // 23:55 in Berlin: a day more would fire every timer of the server on its way, some of them each second
            var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 5, 22, 55, 0, TimeSpan.Zero));
            await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:CleanupInterval"] = interval },
                services => services.AddSingleton<TimeProvider>(clock));
            await WorklistApiTests.AddAsync(server, Order("1"));
            clock.Advance(TimeSpan.FromMinutes(11));
            var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
            if (left == 0)
            {
                while ((await worklist.FindAsync([], Ct)).Count > 0)
                {
                    await Task.Delay(5, Ct);
                }
            }
            Assert.Equal(left, (await worklist.FindAsync([], Ct)).Count);
        }
    }

    private static string Order(string id) => $"/worklist/add?id={id}&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1";

    private static DicomDataset Query() => new DicomDataset().SetUnchecked(DicomTag.PatientID, "");

    private static void Put(TestServer server, string file, string id, string date, string time) => new DicomFile(
        new DicomDataset()
            .Set(DicomTag.SOPClassUID, "1.2.276.0.7230010.3.1.0.1").Set(DicomTag.SOPInstanceUID, "1.2.3.4").Set(DicomTag.PatientID, id)
            .Set(DicomTag.ScheduledProcedureStepSequence,
                new DicomDataset().Set(DicomTag.ScheduledProcedureStepStartDate, date).Set(DicomTag.ScheduledProcedureStepStartTime, time)),
        TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(server.Options.Worklists.Database!, file));

    private static async Task<List<string?>> IdsAsync(TestServer server, DicomDataset query, string callingAe = "DEVICE") =>
        [.. (await FindAsync(server, callingAe, query)).Select(a => a.GetString(DicomTag.PatientID))];

    private static async Task<List<DicomDataset>> FindAsync(TestServer server, string callingAe, DicomDataset query)
    {
        await using var client = await ConnectAsync(server, callingAe);
        var answers = new List<DicomDataset>();
        await foreach (var answer in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, query, Ct))
        {
            answers.Add(answer);
        }
        await client.ReleaseAsync(Ct);
        return answers;
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, string callingAe) => DimseClient.ConnectAsync("127.0.0.1", server.DicomPort,
        new AssociationRequest { CallingAe = callingAe, CalledAe = "ORTHANC" }.Propose(DicomUid.ModalityWorklistInformationModelFind), null, Ct);
}
