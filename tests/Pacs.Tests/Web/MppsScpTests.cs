using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Tests.Web;

/// <summary>Performed procedure steps through the whole server: statuses, the worklist, events.</summary>
public sealed class MppsScpTests
{
    private const string Mpps = DicomUid.ModalityPerformedProcedureStep;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_is_scheduled_then_started_then_completed_and_disappears()
    {
        await using var server = await WorklistApiTests.StartAsync();
        var accession = await WorklistApiTests.AddAsync(server, Order("4711"));
        var entry = await EntryAsync(server, accession);
        await using var device = await ConnectAsync(server);
        Assert.Equal("SCHEDULED", await StatusAsync(server));

        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.3", Step(accession, entry.StudyUid), Ct)).Status);
        Assert.Equal("STARTED", await StatusAsync(server));
        Assert.Equal(WorklistState.Started, (await EntryAsync(server, accession)).State);

        // more about it, and no end yet
        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", new DicomDataset().Set(DicomTag.PerformedProcedureStepDescription, "Abdomen"), Ct)).Status);
        Assert.Equal("STARTED", await StatusAsync(server));

        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
        Assert.Null(await StatusAsync(server));
        Assert.Equal(0, await server.Services.GetRequiredService<Pacs.Storage.Worklist>().CleanUpAsync(Ct)); // the page shows it for some days
        await device.ReleaseAsync(Ct);

        Assert.Equal(
            [(EventKind.StepStarted, "1.2.3"), (EventKind.StepCompleted, "1.2.3")],
            (await EventsAsync(server)).Select(e => (e.Kind, e.Detail!)));
        Assert.All(await EventsAsync(server), e => Assert.Equal((Level.Study, ResourceId.ForStudy("4711", entry.StudyUid)), (e.Level, e.Resource)));
    }

    [Fact]
    public async Task The_end_of_a_step_is_about_the_study_that_is_here_whatever_patient_ID_the_device_reports()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Doe^John", patientId: "4711-1", study: "1.2.3.9"));
        await using var device = await ConnectAsync(server);
        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.3", Step("R1", "1.2.3.9"), Ct)).Status); // of patient 4711
        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
        await device.ReleaseAsync(Ct);
        var ended = (await EventsAsync(server)).Single(e => e.Kind == EventKind.StepCompleted);
        Assert.Equal(ResourceId.ForStudy("4711-1", "1.2.3.9"), ended.Resource);
    }

    [Fact]
    public async Task Completed_entries_can_stay_until_the_clean_up()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:HideCompleted"] = "false" });
        var accession = await WorklistApiTests.AddAsync(server, Order("1"));
        await using var device = await ConnectAsync(server);
        await device.NCreateAsync(Mpps, "1.2.3", Step(accession, "1.9"), Ct);
        await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct);
        Assert.Equal("COMPLETED", await StatusAsync(server));
        Assert.Equal("COMPLETED", await StatusAsync(server, "COMPLETED"));
        Assert.Null(await StatusAsync(server, "SCHEDULED"));
    }

    [Theory]
    [InlineData(null, "DISCONTINUED")]
    [InlineData("110513", "DISCONTINUED")]
    [InlineData("110514", "SCHEDULED")] // incorrect worklist entry selected
    public async Task A_discontinued_step_says_so_unless_it_was_the_wrong_entry(string? reason, string expected)
    {
        await using var server = await WorklistApiTests.StartAsync();
        var accession = await WorklistApiTests.AddAsync(server, Order("1"));
        await using var device = await ConnectAsync(server);
        await device.NCreateAsync(Mpps, "1.2.3", Step(accession, "1.9"), Ct);
        var end = End("DISCONTINUED");
        if (reason is not null)
        {
            end.Set(DicomTag.PerformedProcedureStepDiscontinuationReasonCodeSequence, new DicomDataset()
                .Set(DicomTag.CodeValue, reason).Set(DicomTag.CodingSchemeDesignator, "DCM").Set(DicomTag.CodeMeaning, "x"));
        }
        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", end, Ct)).Status);
        Assert.Equal(expected, await StatusAsync(server));
        Assert.Equal(EventKind.StepDiscontinued, (await EventsAsync(server))[^1].Kind);

        // and it can be begun again
        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.4", Step(accession, "1.9"), Ct)).Status);
        Assert.Equal("STARTED", await StatusAsync(server));
    }

    [Fact]
    public async Task Several_orders_in_one_step_and_a_step_without_an_order()
    {
        await using var server = await WorklistApiTests.StartAsync();
        var one = await WorklistApiTests.AddAsync(server, Order("1"));
        var two = await WorklistApiTests.AddAsync(server, Order("1"));
        var other = await WorklistApiTests.AddAsync(server, Order("1"));
        await using var device = await ConnectAsync(server);
        // the first by its accession number, the second by its study
        var step = Step(one, "1.9.1");
        step.Set(DicomTag.ScheduledStepAttributesSequence, Scheduled(one, "1.9.1"), Scheduled("", (await EntryAsync(server, two)).StudyUid));
        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.3", step, Ct)).Status);
        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.4", Step("", "1.9.3"), Ct)).Status);
        Assert.Equal(
            [WorklistState.Started, WorklistState.Started, WorklistState.Scheduled],
            [(await EntryAsync(server, one)).State, (await EntryAsync(server, two)).State, (await EntryAsync(server, other)).State]);
        Assert.Equal(3, (await EventsAsync(server)).Count);
        var steps = await server.Services.GetRequiredService<ProcedureSteps>().ListAsync(10, Ct);
        Assert.Equal(["1.2.3", "1.2.4"], steps.Select(s => s.Uid).Order());
    }

    [Fact]
    public async Task While_images_come_a_started_entry_stays()
    {
        await using var server = await WorklistApiTests.StartAsync();
        var accession = await WorklistApiTests.AddAsync(server, Order("1"));
        var study = (await EntryAsync(server, accession)).StudyUid;
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "ORTHANC" }.Propose(Mpps).Propose(DicomUid.UltrasoundImageStorage);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct);
        await device.NCreateAsync(Mpps, "1.2.3", Step(accession, study), Ct);
        Assert.Equal(DimseStatus.Success, await device.StoreAsync(
            new DicomDataset().Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, "1.9.1")
                .Set(DicomTag.StudyInstanceUID, study).Set(DicomTag.SeriesInstanceUID, "1.9").Set(DicomTag.PatientID, "1"), Ct));
        var worklist = server.Services.GetRequiredService<Pacs.Storage.Worklist>();
        Assert.Equal(0, await worklist.CleanUpAsync(Ct));
        await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct);
        Assert.Equal(WorklistState.Completed, (await EntryAsync(server, accession)).State);
    }

    private static readonly (string What, ushort Status, string Attribute)[] BadSteps =
    [
        ("Modality missing", 0x0120, "00080060"),
        ("Modality empty", 0x0121, "00080060"),
        ("StationAE missing", 0x0120, "00400241"),
        ("StepId empty", 0x0121, "00400253"),
        ("StartDate empty", 0x0121, "00400244"),
        ("StartDate wrong", 0x0106, "00400244"),
        ("StartTime wrong", 0x0106, "00400245"),
        ("Status missing", 0x0120, "00400252"),
        ("Status COMPLETED", 0x0106, "00400252"),
        ("Scheduled missing", 0x0120, "00400270"),
        ("Scheduled empty", 0x0121, "00400270"),
        ("Study missing", 0x0120, "0020000D"),
        ("Study empty", 0x0121, "0020000D"),
        ("Study wrong", 0x0106, "0020000D"),
        ("no attributes", 0x0120, "00080060"),
    ];

    [Fact]
    public async Task A_step_that_lacks_something_is_refused_and_leaves_nothing()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using var device = await ConnectAsync(server);
        foreach (var (what, status, attribute) in BadSteps)
        {
            var response = await device.NCreateAsync(Mpps, "1.2.3", Bad(what), Ct);
            Assert.True(status == response.Status.Code, $"{what}: {response.Status}");
            Assert.Contains(DicomTag.Parse(attribute), response.Attributes);
            Assert.Equal(DimseStatus.NoSuchSopInstance, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
        }
        Assert.Empty(await EventsAsync(server));
    }

    private static DicomDataset? Bad(string what)
    {
        DicomDataset? step = Step("A", "1.9");
        var scheduled = step.GetSequence(DicomTag.ScheduledStepAttributesSequence)[0];
        _ = what switch
        {
            "Modality missing" => step.Remove(DicomTag.Modality),
            "Modality empty" => Empty(step, DicomTag.Modality),
            "StationAE missing" => step.Remove(DicomTag.PerformedStationAETitle),
            "StepId empty" => Empty(step, DicomTag.PerformedProcedureStepID),
            "StartDate empty" => Empty(step, DicomTag.PerformedProcedureStepStartDate),
            "StartDate wrong" => Put(step, DicomTag.PerformedProcedureStepStartDate, "20261340"),
            "StartTime wrong" => Put(step, DicomTag.PerformedProcedureStepStartTime, "noon"),
            "Status missing" => step.Remove(DicomTag.PerformedProcedureStepStatus),
            "Status COMPLETED" => Put(step, DicomTag.PerformedProcedureStepStatus, "COMPLETED"),
            "Scheduled missing" => step.Remove(DicomTag.ScheduledStepAttributesSequence),
            "Scheduled empty" => step.Set(DicomTag.ScheduledStepAttributesSequence, Array.Empty<DicomDataset>()) is not null,
            "Study missing" => scheduled.Remove(DicomTag.StudyInstanceUID),
            "Study empty" => Empty(scheduled, DicomTag.StudyInstanceUID),
            "Study wrong" => Put(scheduled, DicomTag.StudyInstanceUID, "one.two"),
            _ => (step = null) is null,
        };
        return step;
    }

    [Fact]
    public async Task Duplicates_unknown_steps_and_final_states_have_their_statuses()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using var device = await ConnectAsync(server);
        Assert.Equal(DimseStatus.NoSuchSopInstance, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
        await device.NCreateAsync(Mpps, "1.2.3", Step("A", "1.9"), Ct);
        Assert.Equal(DimseStatus.DuplicateSopInstance, (await device.NCreateAsync(Mpps, "1.2.3", Step("A", "1.9"), Ct)).Status);

        Assert.Equal(0x0106, (await device.NSetAsync(Mpps, "1.2.3", new DicomDataset().SetUnchecked(DicomTag.PerformedProcedureStepStatus, "DONE"), Ct)).Status.Code);
        Assert.Equal(0x0121, (await device.NSetAsync(Mpps, "1.2.3", new DicomDataset().SetUnchecked(DicomTag.PerformedProcedureStepStatus, ""), Ct)).Status.Code);
        Assert.Equal(0x0106, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED").SetUnchecked(DicomTag.PerformedProcedureStepEndDate, "soon"), Ct)).Status.Code);
        Assert.Equal(0x0211, (await device.NDeleteAsync(Mpps, "1.2.3", Ct)).Status.Code);

        foreach (var (uid, state) in new[] { ("1.2.3", "COMPLETED"), ("1.2.4", "DISCONTINUED") })
        {
            await device.NCreateAsync(Mpps, uid, Step("A", "1.9"), Ct);
            Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, uid, End(state), Ct)).Status);
            var late = (await device.NSetAsync(Mpps, uid, End("COMPLETED"), Ct)).Status;
            Assert.Equal((0x0110, (ushort?)0xA710, "Performed Procedure Step Object may no longer be updated"), (late.Code, late.ErrorId, late.Comment));
        }
        Assert.Equal(4, (await EventsAsync(server)).Count);
    }

    [Fact]
    public async Task What_must_not_change_may_come_again_but_not_otherwise()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using var device = await ConnectAsync(server);
        await device.NCreateAsync(Mpps, "1.2.3", Step("A", "1.9"), Ct);
        // the whole step again, as some devices do, in another character set
        var again = Step("A", "1.9");
        again.ConvertCharacterSet(CharacterSet.Utf8);
        again.Set(DicomTag.PerformedProcedureStepDescription, "more");
        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", again, Ct)).Status);

        var other = (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED").Set(DicomTag.PatientID, "other").Set(DicomTag.Modality, "US"), Ct));
        Assert.Equal(0x0106, other.Status.Code);
        Assert.Equal([DicomTag.PatientID], other.Attributes);
        var moved = await device.NSetAsync(Mpps, "1.2.3", new DicomDataset().Set(DicomTag.ScheduledStepAttributesSequence, Scheduled("B", "1.9")), Ct);
        Assert.Equal(0x0106, moved.Status.Code);
        // nothing of a refused N-SET is done
        Assert.Equal("IN PROGRESS", (await GetAsync(device, "1.2.3")).Dataset!.GetString(DicomTag.PerformedProcedureStepStatus));
    }

    [Fact]
    public async Task A_step_can_be_read_whole_and_in_parts()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using var device = await ConnectAsync(server);
        Assert.Equal(DimseStatus.NoSuchSopInstance, (await GetAsync(device, "1.2.3")).Status);
        await device.NCreateAsync(Mpps, "1.2.3", Step("A", "1.9"), Ct);
        await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED").SetUnchecked(DicomTag.CommentsOnThePerformedProcedureStep, "gut verträglich"), Ct);

        var whole = (await GetAsync(device, "1.2.3")).Dataset!;
        Assert.Equal(("Müller^Jörg", "COMPLETED", "ISO_IR 100"), (
            whole.GetString(DicomTag.PatientName), whole.GetString(DicomTag.PerformedProcedureStepStatus), whole.GetString(DicomTag.SpecificCharacterSet)));
        Assert.Equal("A", whole.GetSequence(DicomTag.ScheduledStepAttributesSequence)[0].GetString(DicomTag.AccessionNumber));
        // a type 2 attribute that the device left out
        Assert.True(whole.Get(DicomTag.PerformedLocation)!.IsEmpty);

        var part = await GetAsync(device, "1.2.3", DicomTag.PatientID, DicomTag.PerformedProcedureStepStatus);
        Assert.Equal([DicomTag.PatientID, DicomTag.PerformedProcedureStepStatus], part.Dataset!.Select(e => e.Tag));
        var unknown = await GetAsync(device, "1.2.3", DicomTag.PatientID, DicomTag.RouteOfAdmissions);
        Assert.Equal(0x0107, unknown.Status.Code);
        Assert.Equal([DicomTag.RouteOfAdmissions], unknown.Attributes);
        Assert.Equal([DicomTag.PatientID], unknown.Dataset!.Select(e => e.Tag));
    }

    [Fact]
    public async Task Texts_that_are_none_in_the_character_set_that_is_said_lose_no_report()
    {
        await using var server = await WorklistApiTests.StartAsync();
        var accession = await WorklistApiTests.AddAsync(server, Order("1"));
        await using var device = await ConnectAsync(server);
        var step = Step(accession, "1.9");
        step.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192"); // the name is Latin 1
        step.Set(new DicomElement(DicomTag.PatientName, DicomVr.PN, new byte[] { (byte)'M', 0xFC }));
        Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, "1.2.3", step, Ct)).Status);
        Assert.Equal("STARTED", await StatusAsync(server));
        Assert.Equal(DimseStatus.Success, (await GetAsync(device, "1.2.3")).Status);
        Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
    }

    [Fact]
    public async Task Steps_survive_a_restart_and_go_after_a_month()
    {
        await using var server = await WorklistApiTests.StartAsync();
        await using (var device = await ConnectAsync(server))
        {
            await device.NCreateAsync(Mpps, "1.2.3", Step("A", "1.9"), Ct);
            await device.ReleaseAsync(Ct);
        }
        await server.RestartAsync();
        await using (var device = await ConnectAsync(server))
        {
            Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, "1.2.3", End("COMPLETED"), Ct)).Status);
            await device.ReleaseAsync(Ct);
        }
        var steps = server.Services.GetRequiredService<ProcedureSteps>();
        Assert.Equal(0, await steps.CleanUpAsync(Ct));
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync(
            async (db, ct) => (await db.Steps.SingleAsync(ct)).UpdatedAt -= ProcedureSteps.Age + TimeSpan.FromMinutes(1), Ct);
        Assert.Equal(1, await steps.CleanUpAsync(Ct));
        Assert.Empty(await steps.ListAsync(10, Ct));
    }

    [Fact]
    public async Task The_sample_reports_are_taken()
    {
        var create = SharedSamples.Require("samples", "D_mpps", "mpps_ncreate_in_progress.dcm");
        await using var server = await WorklistApiTests.StartAsync();
        await using var device = await ConnectAsync(server);
        foreach (var end in new[] { "mpps_nset_completed.dcm", "mpps_nset_discontinued.dcm" })
        {
            var uid = DicomUid.New();
            Assert.Equal(DimseStatus.Success, (await device.NCreateAsync(Mpps, uid, DicomFile.Open(create).Dataset, Ct)).Status);
            Assert.Equal(DimseStatus.Success, (await device.NSetAsync(Mpps, uid, DicomFile.Open(SharedSamples.Require("samples", "D_mpps", end)).Dataset, Ct)).Status);
        }
        Assert.Equal([EventKind.StepStarted, EventKind.StepCompleted, EventKind.StepStarted, EventKind.StepDiscontinued], (await EventsAsync(server)).Select(e => e.Kind));
    }

    private static DicomDataset Step(string accession, string study) => new DicomDataset()
        .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100")
        .Set(DicomTag.Modality, "US")
        .Set(DicomTag.PatientName, "Müller^Jörg")
        .Set(DicomTag.PatientID, "4711")
        .Set(DicomTag.PerformedStationAETitle, "US1")
        .Set(DicomTag.PerformedProcedureStepStartDate, "20260105")
        .Set(DicomTag.PerformedProcedureStepStartTime, "0930")
        .Set(DicomTag.PerformedProcedureStepStatus, "IN PROGRESS")
        .Set(DicomTag.PerformedProcedureStepID, "PPS1")
        .Set(DicomTag.ScheduledStepAttributesSequence, Scheduled(accession, study));

    private static DicomDataset Scheduled(string accession, string study) =>
        new DicomDataset().Set(DicomTag.AccessionNumber, accession).SetUnchecked(DicomTag.StudyInstanceUID, study).Set(DicomTag.ScheduledProcedureStepID, accession);

    private static DicomDataset End(string state) => new DicomDataset()
        .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100")
        .Set(DicomTag.PerformedProcedureStepEndDate, "20260105")
        .Set(DicomTag.PerformedProcedureStepEndTime, "0945")
        .Set(DicomTag.PerformedProcedureStepStatus, state)
        .Set(DicomTag.PerformedSeriesSequence, Array.Empty<DicomDataset>());

    private static bool Empty(DicomDataset dataset, DicomTag tag) => Put(dataset, tag, "");

    private static bool Put(DicomDataset dataset, DicomTag tag, string value) => dataset.SetUnchecked(tag, value) is not null;

    private static string Order(string id) => $"/worklist/add?id={id}&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1";

    private static Task<DimseClient> ConnectAsync(TestServer server) => DimseClient.ConnectAsync("127.0.0.1", server.DicomPort,
        new AssociationRequest { CallingAe = "US1", CalledAe = "ORTHANC" }.Propose(Mpps).Propose(DicomUid.ModalityPerformedProcedureStepRetrieve), null, Ct);

    private static Task<NResponse> GetAsync(DimseClient device, string uid, params DicomTag[] attributes) =>
        device.NGetAsync(DicomUid.ModalityPerformedProcedureStepRetrieve, uid, attributes, Ct);

    private static Task<WorklistItem> EntryAsync(TestServer server, string accession) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, _) => Task.FromResult(db.Worklist.Single(w => w.Accession == accession)), Ct);

    private static async Task<List<PacsEvent>> EventsAsync(TestServer server) =>
        [.. (await server.Services.GetRequiredService<IndexReader>().ChangesAsync(0, 1000, Ct)).Where(e => e.Kind is >= EventKind.StepStarted and <= EventKind.StepDiscontinued)];

    /// <summary>(0040,0020) of the one entry, as devices see it; null when they see none.</summary>
    private static async Task<string?> StatusAsync(TestServer server, string wanted = "")
    {
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "ORTHANC" }.Propose(DicomUid.ModalityWorklistInformationModelFind);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct);
        var query = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.ScheduledProcedureStepStatus, wanted));
        string? status = null;
        await foreach (var answer in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, query, Ct))
        {
            Assert.Null(status);
            status = Assert.Single(answer.GetSequence(DicomTag.ScheduledProcedureStepSequence)).GetString(DicomTag.ScheduledProcedureStepStatus);
        }
        await client.ReleaseAsync(Ct);
        return status;
    }
}
