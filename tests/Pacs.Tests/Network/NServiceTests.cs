using System.Collections.Concurrent;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>The N-services between our two sides: what is asked arrives, what is answered comes back, errors have their statuses.</summary>
public sealed class NServiceTests
{
    private const string Step = DicomUid.ModalityPerformedProcedureStep;
    private const string Commitment = DicomUid.StorageCommitmentPushModel;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Answers as the test says, and keeps what it was asked.</summary>
    private sealed class FakeN(Func<NRequest, NResult> answer) : INHandler
    {
        public ConcurrentQueue<NRequest> Asked { get; } = new();

        public ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
        {
            Asked.Enqueue(request);
            return new(answer(request));
        }
    }

    private static async Task<(DimseClient Client, Task Served, Notes Notes)> ConnectAsync(FakeN handler, string sopClass = Step, bool asScp = false)
    {
        var notes = new Notes();
        var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddN(handler, Step, Commitment), notes);
        var request = asScp ? Wire.Request().ProposeAsScp(sopClass) : Wire.Request().Propose(sopClass);
        var (client, served) = await Wire.ConnectAsync(server, request);
        return (client, served, notes);
    }

    private static async Task EndAsync(DimseClient client, Task served)
    {
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task All_six_services_arrive_as_they_were_asked_and_their_answers_too()
    {
        var handler = new FakeN(r => new NResult(DimseStatus.Success) { Dataset = new DicomDataset().Set(DicomTag.PatientComments, r.Operation.ToString()) });
        var (client, served, _) = await ConnectAsync(handler);
        var data = new DicomDataset().Set(DicomTag.PatientID, "4711");
        (DimseCommandField Field, NResponse Response)[] answers =
        [
            (DimseCommandField.NCreateRequest, await client.NCreateAsync(Step, "1.2.3", data, Ct)),
            (DimseCommandField.NSetRequest, await client.NSetAsync(Step, "1.2.3", data, Ct)),
            (DimseCommandField.NGetRequest, await client.NGetAsync(Step, "1.2.3", [DicomTag.PatientID, DicomTag.PatientName], Ct)),
            (DimseCommandField.NActionRequest, await client.NActionAsync(Step, "1.2.3", 7, data, Ct)),
            (DimseCommandField.NEventReportRequest, await client.NEventReportAsync(Step, "1.2.3", 9, data, Ct)),
            (DimseCommandField.NDeleteRequest, await client.NDeleteAsync(Step, "1.2.3", Ct)),
        ];
        await EndAsync(client, served);
        foreach (var (field, response) in answers)
        {
            Assert.Equal(DimseStatus.Success, response.Status);
            Assert.Equal("1.2.3", response.SopInstance);
            Assert.Equal(field.ToString(), response.Dataset!.GetString(DicomTag.PatientComments));
        }
        var asked = handler.Asked.ToArray();
        Assert.Equal(answers.Select(a => a.Field), asked.Select(a => a.Operation));
        Assert.All(asked, a => Assert.Equal((Step, "1.2.3", "DEVICE"), (a.SopClass, a.SopInstance, a.Peer.CallingAe)));
        Assert.Equal([true, true, false, true, true, false], asked.Select(a => a.Dataset is not null));
        Assert.Equal([DicomTag.PatientID, DicomTag.PatientName], asked[2].Attributes);
        Assert.Equal([0, 0, 0, 7, 9, 0], asked.Select(a => (int)a.TypeId));
    }

    [Fact]
    public async Task An_instance_that_is_created_without_a_UID_gets_one()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler);
        var one = await client.NCreateAsync(Step, null, null, Ct);
        var two = await client.NCreateAsync(Step, null, null, Ct);
        await EndAsync(client, served);
        Assert.True(DicomUid.IsValid(one.SopInstance));
        Assert.NotEqual(one.SopInstance, two.SopInstance);
        Assert.Equal([one.SopInstance, two.SopInstance], handler.Asked.Select(a => a.SopInstance));
    }

    [Fact]
    public async Task A_status_comes_with_comment_error_id_and_the_attributes_it_is_about()
    {
        var status = DimseStatus.MissingAttribute.With("not there", DicomTag.Modality, DicomTag.PatientID) with { ErrorId = 0xA710 };
        var handler = new FakeN(r => r.Operation == DimseCommandField.NSetRequest ? throw new DimseStatusException(status) : status);
        var (client, served, notes) = await ConnectAsync(handler);
        foreach (var response in new[] { await client.NCreateAsync(Step, "1.2", null, Ct), await client.NSetAsync(Step, "1.2", [], Ct) })
        {
            Assert.Equal((0x0120, "not there", (ushort?)0xA710), (response.Status.Code, response.Status.Comment, response.Status.ErrorId));
            Assert.Null(response.Status.OffendingElements);
            Assert.Equal([DicomTag.Modality, DicomTag.PatientID], response.Attributes);
        }
        await EndAsync(client, served);
        Assert.Equal(2, notes.Answers.Count(a => a.Status.Code == 0x0120));
    }

    [Fact]
    public async Task What_lacks_something_mandatory_is_refused_before_the_handler_and_the_association_lives()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler);
        Assert.Equal(DimseStatus.InvalidSopInstance, (await client.NCreateAsync(Step, "not a uid", null, Ct)).Status);
        Assert.Equal(DimseStatus.InvalidSopInstance, await RawAsync(client, new(DimseCommandField.NGetRequest) { MessageId = 100, RequestedSopClass = Step }));
        Assert.Equal(DimseStatus.NoSuchAction, await RawAsync(client, new(DimseCommandField.NActionRequest) { MessageId = 101, RequestedSopClass = Step, RequestedSopInstance = "1.2" }));
        Assert.Equal(DimseStatus.NoSuchEventType, await RawAsync(client, new(DimseCommandField.NEventReportRequest) { MessageId = 102, AffectedSopClass = Step, AffectedSopInstance = "1.2" }));
        Assert.Equal(0x0212, (await RawAsync(client, new(DimseCommandField.NSetRequest) { MessageId = 103, RequestedSopClass = Step, RequestedSopInstance = "1.2" })).Code);
        Assert.Equal(DimseStatus.SopClassNotSupported, await RawAsync(client, new(DimseCommandField.NGetRequest) { MessageId = 104, RequestedSopClass = "1.2.3", RequestedSopInstance = "1.2" }));
        Assert.Equal(DimseStatus.UnrecognizedOperation, await RawAsync(client, new(DimseCommandField.CFindRequest) { MessageId = 105, AffectedSopClass = Step }));
        Assert.Empty(handler.Asked);
        Assert.Equal(DimseStatus.Success, (await client.NGetAsync(Step, "1.2", [], Ct)).Status);
        await EndAsync(client, served);
    }

    [Fact]
    public async Task A_data_set_that_is_too_long_or_no_data_set_is_a_processing_failure()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler);
        var tooLong = new DicomDataset().Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[DimseHandlers.MaxNDataset]));
        Assert.Equal(0x0110, (await client.NSetAsync(Step, "1.2", tooLong, Ct)).Status.Code);
        var context = client.Association.Info.FindContext(Step)!;
        using var garbage = new MemoryStream([8, 0, 5, 0, (byte)'C', (byte)'S', 0xFF, 0x7F, 1, 2]);
        await client.Association.SendAsync(context, DimseCommand.SetRequest(200, Step, "1.2"), garbage, Ct);
        Assert.Equal(0x0110, (await client.Association.ReceiveAsync(Ct))!.Command.Status.Code);
        Assert.Empty(handler.Asked);
        Assert.Equal(DimseStatus.Success, (await client.NGetAsync(Step, "1.2", [], Ct)).Status);
        await EndAsync(client, served);
    }

    [Fact]
    public async Task An_event_report_comes_back_on_the_association_that_asked()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler, Commitment);
        NRequest? seen = null;
        client.AnswerEvent = (r, _) =>
        {
            seen = r;
            return new(DimseStatus.Success);
        };
        await client.NActionAsync(Commitment, DicomUid.StorageCommitmentPushModelInstance, 1, new DicomDataset().Set(DicomTag.TransactionUID, "1.2.3"), Ct);
        var events = Assert.Single(handler.Asked).Events;
        await AtRestAsync(events);
        var reported = events.TryReportAsync(
            Commitment, DicomUid.StorageCommitmentPushModelInstance, 1, new DicomDataset().Set(DicomTag.TransactionUID, "1.2.3"), TimeSpan.FromSeconds(30), Ct);
        Assert.True(await client.ReceiveEventAsync(Ct));
        Assert.Equal(DimseStatus.Success, await reported);
        Assert.Equal((1, "1.2.3", DicomUid.StorageCommitmentPushModelInstance), (seen!.TypeId, seen.Dataset!.GetString(DicomTag.TransactionUID), seen.SopInstance));
        Assert.False(seen.Events.IsAtRest);

        // one that comes while something else is waited for is answered on the way
        reported = events.TryReportAsync(Commitment, "1.2", 2, null, TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(DimseStatus.Success, (await client.NGetAsync(Commitment, "1.2", [], Ct)).Status);
        Assert.Equal(DimseStatus.Success, await reported);
        await EndAsync(client, served);
        Assert.False(events.IsAtRest);
        Assert.Null(await events.TryReportAsync(Commitment, "1.2", 2, null, TimeSpan.FromSeconds(30), Ct));
    }

    [Fact]
    public async Task A_report_that_nobody_answers_is_given_up_and_its_late_response_harms_nobody()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler, Commitment);
        client.AnswerEvent = (_, _) => new(DimseStatus.Success);
        await client.NActionAsync(Commitment, "1.2", 1, null, Ct);
        var events = Assert.Single(handler.Asked).Events;
        await AtRestAsync(events);
        Assert.Null(await events.TryReportAsync(Commitment, "1.2", 1, null, TimeSpan.FromMilliseconds(20), Ct));
        Assert.True(await client.ReceiveEventAsync(Ct));
        Assert.Equal(DimseStatus.Success, (await client.NActionAsync(Commitment, "1.2", 1, null, Ct)).Status);

        // the peer goes amid a report
        await AtRestAsync(events);
        var reported = events.TryReportAsync(Commitment, "1.2", 1, null, TimeSpan.FromSeconds(30), Ct);
        await EndAsync(client, served);
        Assert.Null(await reported);
    }

    [Fact]
    public async Task A_response_that_nobody_asked_for_aborts()
    {
        var (client, served, notes) = await ConnectAsync(new FakeN(_ => DimseStatus.Success));
        var context = client.Association.Info.FindContext(Step)!;
        await client.Association.SendAsync(context, new DimseCommand(DimseCommandField.NEventReportResponse) { MessageIdBeingRespondedTo = 5 }, dataset: null, Ct);
        await Assert.ThrowsAsync<AssociationException>(async () => await client.Association.ReceiveAsync(Ct));
        await client.DisposeAsync();
        await served;
        Assert.Equal(AssociationFailure.ProtocolViolation, Assert.IsType<AssociationException>(await notes.FirstEnd).Failure);
    }

    [Fact]
    public async Task A_client_that_expects_no_event_aborts_on_one()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler, Commitment);
        await client.NActionAsync(Commitment, "1.2", 1, null, Ct);
        await AtRestAsync(handler.Asked.First().Events);
        var reported = handler.Asked.First().Events.TryReportAsync(Commitment, "1.2", 1, null, TimeSpan.FromSeconds(30), Ct);
        await Assert.ThrowsAsync<AssociationException>(() => client.NGetAsync(Commitment, "1.2", [], Ct));
        Assert.Null(await reported);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task Whoever_brings_event_reports_is_SCP_by_role_selection()
    {
        var handler = new FakeN(_ => DimseStatus.Success);
        var (client, served, _) = await ConnectAsync(handler, Commitment, asScp: true);
        var context = client.Association.Info.FindContext(Commitment)!;
        Assert.Equal((false, true), (context.RequestorIsScu, context.RequestorIsScp));
        Assert.Equal(DimseStatus.Success, (await client.NEventReportAsync(Commitment, DicomUid.StorageCommitmentPushModelInstance, 2, [], Ct)).Status);
        await EndAsync(client, served);
        Assert.True(Assert.Single(handler.Asked).Context.RequestorIsScp);
    }

    // the client has the response before the server has turned round
    private static async Task AtRestAsync(EventChannel events)
    {
        while (!events.IsAtRest)
        {
            await Task.Delay(1, Ct);
        }
    }

    private static async Task<DimseStatus> RawAsync(DimseClient client, DimseCommand command)
    {
        await client.Association.SendAsync(client.Association.Info.FindContext(Step)!, command, dataset: null, Ct);
        return (await client.Association.ReceiveAsync(Ct))!.Command.Status with { Comment = null };
    }
}
