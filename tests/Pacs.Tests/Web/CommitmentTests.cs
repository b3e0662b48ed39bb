using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests.Web;

/// <summary>Storage commitment through the whole server: what is asked, what is found, and how the report comes.</summary>
public sealed class CommitmentTests
{
    private const string Push = DicomUid.StorageCommitmentPushModel;
    private const string Instance = DicomUid.StorageCommitmentPushModelInstance;
    private const string Ultrasound = DicomUid.UltrasoundImageStorage;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The other side of a device: listens and takes reports.</summary>
    private sealed class Listening : INHandler, IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public Listening()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        public ConcurrentQueue<NRequest> Reports { get; } = new();

        public DimseStatus Answer { get; set; } = DimseStatus.Success;

        public Modality Node(string aeTitle = "US1") => new() { Name = "device", AeTitle = aeTitle, Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port };

        public ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
        {
            Reports.Enqueue(request);
            return new(Answer);
        }

        public async Task<NRequest> ReportAsync()
        {
            NRequest? report;
            while (!Reports.TryDequeue(out report))
            {
                await Task.Delay(5, Ct);
            }
            return report;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Stop();
            _stop.Dispose();
        }

        private async Task ServeAsync()
        {
            var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddN(this, Push));
            try
            {
                while (true)
                {
                    using var peer = await _listener.AcceptTcpClientAsync(_stop.Token);
                    var stream = peer.GetStream();
                    await server.RunAsync(new PipePair.End(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", _stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // the test is over
            }
        }
    }

    [Fact]
    public async Task A_device_that_keeps_the_association_gets_its_report_there()
    {
        await using var server = await TestServer.StartAsync();
        await using var device = await ConnectAsync(server);
        await StoreAsync(device, "1.2.1");
        await StoreAsync(device, "1.2.2");
        NRequest? report = null;
        device.AnswerEvent = (r, _) =>
        {
            report = r;
            return new(DimseStatus.Success);
        };
        Assert.Equal(DimseStatus.Success, (await AskAsync(device, "1.9", "1.2.1", "1.2.2")).Status);
        Assert.True(await device.ReceiveEventAsync(Ct));
        Assert.Equal((1, Push, Instance, "1.9"), (report!.TypeId, report.SopClass, report.SopInstance, report.Dataset!.GetString(DicomTag.TransactionUID)));
        Assert.Equal(["1.2.1", "1.2.2"], Uids(report, DicomTag.ReferencedSOPSequence));
        Assert.False(report.Dataset.Contains(DicomTag.FailedSOPSequence));
        await device.ReleaseAsync(Ct);
        await UntilAsync(server, c => c.State == CommitmentState.Reported);
    }

    [Fact]
    public async Task A_device_that_hangs_up_is_called_by_the_title_it_called_and_we_are_SCP()
    {
        await using var server = await TestServer.StartAsync();
        await using var listening = new Listening();
        await server.Services.GetRequiredService<Modalities>().PutAsync(listening.Node(), Ct);
        await using (var device = await ConnectAsync(server, calledAe: "PRAXIS"))
        {
            await StoreAsync(device, "1.2.1");
            await AskAsync(device, "1.9", "1.2.1");
            await device.ReleaseAsync(Ct);
        }
        var report = await listening.ReportAsync();
        Assert.Equal((1, "US1", "PRAXIS"), (report.TypeId, report.Peer.CalledAe, report.Peer.CallingAe));
        Assert.Equal((false, true), (report.Context.RequestorIsScu, report.Context.RequestorIsScp));
        var done = await UntilAsync(server, c => c.State == CommitmentState.Reported);
        Assert.Equal((1, 0, 0), (done.Count, done.FailedCount, done.Attempts));
    }

    [Fact]
    public async Task What_is_not_kept_is_named_with_its_reason()
    {
        await using var server = await TestServer.StartAsync();
        await using var device = await ConnectAsync(server);
        foreach (var uid in new[] { "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5" })
        {
            await StoreAsync(device, uid);
        }
        File.Delete(await PathAsync(server, "1.2.2"));
        await File.AppendAllTextAsync(await PathAsync(server, "1.2.3"), "x", Ct);
        // the same length, another content
        var path = await PathAsync(server, "1.2.4");
        var bytes = await File.ReadAllBytesAsync(path, Ct);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Ct);

        NRequest? report = null;
        device.AnswerEvent = (r, _) =>
        {
            report = r;
            return new(DimseStatus.Success);
        };
        var request = Request("1.9", "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.6");
        request.Set(DicomTag.ReferencedSOPSequence, [.. request.GetSequence(DicomTag.ReferencedSOPSequence), Reference(DicomUid.CTImageStorage, "1.2.5")]);
        Assert.Equal(DimseStatus.Success, (await device.NActionAsync(Push, Instance, 1, request, Ct)).Status);
        Assert.True(await device.ReceiveEventAsync(Ct));
        Assert.Equal(2, report!.TypeId);
        Assert.Equal(["1.2.1"], Uids(report, DicomTag.ReferencedSOPSequence));
        Assert.Equal(
            [("1.2.2", 0x0110), ("1.2.3", 0x0110), ("1.2.4", 0x0110), ("1.2.6", 0x0112), ("1.2.5", 0x0119)],
            report.Dataset!.GetSequence(DicomTag.FailedSOPSequence).Select(i => (i.GetString(DicomTag.ReferencedSOPInstanceUID)!, i.GetInt32(DicomTag.FailureReason)!.Value)));
        await device.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_have_their_statuses_and_leave_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await using var device = await ConnectAsync(server);
        async Task<int> StatusAsync(DicomDataset? information, ushort action = 1, string instance = Instance) =>
            (await device.NActionAsync(Push, instance, action, information, Ct)).Status.Code;

        Assert.Equal(0x0112, await StatusAsync(Request("1.9", "1.2.1"), instance: "1.2.3"));
        Assert.Equal(0x0123, await StatusAsync(Request("1.9", "1.2.1"), action: 2));
        Assert.Equal(0x0114, await StatusAsync(null));
        Assert.Equal(0x0115, await StatusAsync([]));
        Assert.Equal(0x0115, await StatusAsync(new DicomDataset().SetUnchecked(DicomTag.TransactionUID, "one").Set(DicomTag.ReferencedSOPSequence, Reference(Ultrasound, "1.2"))));
        Assert.Equal(0x0115, await StatusAsync(Request("1.9")));
        Assert.Equal(0x0115, await StatusAsync(new DicomDataset().Set(DicomTag.TransactionUID, "1.9").Set(DicomTag.ReferencedSOPSequence, new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, "1.2"))));
        Assert.Equal(0x0115, await StatusAsync(new DicomDataset().Set(DicomTag.TransactionUID, "1.9").Set(DicomTag.ReferencedSOPSequence, Reference(Ultrasound, "x"))));
        Assert.Equal(0x0213, await StatusAsync(Request("1.9", [.. Enumerable.Range(0, Commitments.MaxReferences + 1).Select(i => $"1.{i}")])));
        Assert.Equal(0x0211, (await device.NDeleteAsync(Push, Instance, Ct)).Status.Code);
        Assert.Empty(await CommitmentsAsync(server));
        await device.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task A_question_that_is_asked_again_is_reported_again_but_not_for_other_instances()
    {
        await using var server = await TestServer.StartAsync();
        await using var listening = new Listening();
        await server.Services.GetRequiredService<Modalities>().PutAsync(listening.Node(), Ct);
        for (var round = 0; round < 2; round++)
        {
            await using var device = await ConnectAsync(server);
            Assert.Equal(DimseStatus.Success, (await AskAsync(device, "1.9", "1.2.1")).Status);
            await device.ReleaseAsync(Ct);
            // in the second round it has come meanwhile
            Assert.Equal(round == 0 ? 2 : 1, (await listening.ReportAsync()).TypeId);
            await UntilAsync(server, c => c.State == CommitmentState.Reported);
            if (round == 0)
            {
                await using var sender = await ConnectAsync(server);
                await StoreAsync(sender, "1.2.1");
                await sender.ReleaseAsync(Ct);
            }
        }
        await using var other = await ConnectAsync(server);
        Assert.Equal(0x0115, (await AskAsync(other, "1.9", "1.2.2")).Status.Code);
        await other.ReleaseAsync(Ct);
        Assert.Single(await CommitmentsAsync(server));
    }

    [Fact]
    public async Task What_is_due_survives_a_restart_and_comes_when_the_node_is_known()
    {
        await using var server = await TestServer.StartAsync();
        await using (var device = await ConnectAsync(server))
        {
            await StoreAsync(device, "1.2.1");
            await AskAsync(device, "1.9", "1.2.1");
            await device.ReleaseAsync(Ct);
        }
        var waiting = await UntilAsync(server, c => c.Attempts == 1);
        Assert.Equal((CommitmentState.Requested, 15), (waiting.State, (int)Math.Round((waiting.DueAt - waiting.RequestedAt).TotalSeconds / 15) * 15));
        Assert.Contains("AE title", waiting.Error);
        var page = await server.Http.GetStringAsync("/probleme", Ct);
        Assert.Contains("Storage Commitment", page);
        Assert.Contains("US1", page);

        await using var listening = new Listening();
        await server.Services.GetRequiredService<Modalities>().PutAsync(listening.Node(), Ct);
        await ChangeAsync(server, c => c.DueAt = DateTimeOffset.UnixEpoch);
        await server.RestartAsync();
        Assert.Equal(1, (await listening.ReportAsync()).TypeId);
        await UntilAsync(server, c => c.State == CommitmentState.Reported);
    }

    [Theory]
    [InlineData(0x0110, CommitmentState.Requested)]
    [InlineData(0x0213, CommitmentState.Requested)]
    [InlineData(0x0115, CommitmentState.Failed)]
    [InlineData(0x0211, CommitmentState.Failed)]
    public async Task A_device_that_refuses_the_report_is_asked_again_unless_that_is_useless(ushort status, CommitmentState expected)
    {
        await using var server = await TestServer.StartAsync();
        await using var listening = new Listening { Answer = new DimseStatus(status) };
        await server.Services.GetRequiredService<Modalities>().PutAsync(listening.Node(), Ct);
        await using var device = await ConnectAsync(server);
        await AskAsync(device, "1.9", "1.2.1");
        await device.ReleaseAsync(Ct);
        var refused = await UntilAsync(server, c => c.Attempts == 1);
        Assert.Equal((expected, $"The node answered {status:X4}H"), (refused.State, refused.Error));
    }

    [Fact]
    public async Task A_report_that_nobody_takes_is_given_up_after_days()
    {
        await using var server = await TestServer.StartAsync();
        await using (var device = await ConnectAsync(server))
        {
            await AskAsync(device, "1.9", "1.2.1");
            await device.ReleaseAsync(Ct);
        }
        await UntilAsync(server, c => c.Attempts == 1);
        await ChangeAsync(server, c => (c.DueAt, c.RequestedAt) = (DateTimeOffset.UnixEpoch, c.RequestedAt - Commitments.Patience));
        await server.RestartAsync();
        Assert.Equal(2, (await UntilAsync(server, c => c.State == CommitmentState.Failed)).Attempts);
        var commitments = server.Services.GetRequiredService<Commitments>();
        Assert.Equal(0, await commitments.CleanUpAsync(Ct));
        await ChangeAsync(server, c => c.DueAt -= Commitments.Age + TimeSpan.FromMinutes(1));
        Assert.Equal(1, await commitments.CleanUpAsync(Ct));
    }

    [Fact]
    public async Task Waiting_questions_have_a_limit()
    {
        await using var server = await TestServer.StartAsync();
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync(
            async (db, ct) => await db.Commitments.AddAsync(new Commitment { TransactionUid = "1.1", CallingAe = "WILD", Count = (int)Commitments.MaxDueReferences, DueAt = DateTimeOffset.MaxValue.AddYears(-1) }, ct), Ct);
        await using var device = await ConnectAsync(server);
        Assert.Equal(0x0213, (await AskAsync(device, "1.9", "1.2.1")).Status.Code);
        await device.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task Thousands_of_instances_are_looked_up_in_portions()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(TestArchive.Image(instance: 1));
        await archive.StoreAsync(TestArchive.Image(instance: 2));
        List<InstanceReference> references = [.. Enumerable.Range(0, 1200).Select(i => new InstanceReference(Ultrasound, $"1.5.{i}"))];
        references[0] = references[1199] = new(Ultrasound, TestArchive.Uid(1, 1, 1));
        references[600] = new(Ultrasound, TestArchive.Uid(1, 1, 2));
        var answers = await archive.Archive.IsDurableAsync(references, readsFiles: true, Ct);
        Assert.Equal([0, 600, 1199], answers.Index().Where(a => a.Item == Durability.Durable).Select(a => a.Index));
        Assert.Equal(1197, answers.Count(a => a == Durability.Unknown));
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, string calledAe = "ORTHANC") => DimseClient.ConnectAsync("127.0.0.1", server.DicomPort,
        new AssociationRequest { CallingAe = "US1", CalledAe = calledAe }.Propose(Push).Propose(Ultrasound), null, Ct);

    private static async Task StoreAsync(DimseClient device, string uid) => Assert.Equal(DimseStatus.Success, await device.StoreAsync(
        new DicomDataset().Set(DicomTag.SOPClassUID, Ultrasound).Set(DicomTag.SOPInstanceUID, uid).Set(DicomTag.StudyInstanceUID, "1.2").Set(DicomTag.SeriesInstanceUID, "1.2.9")
            .Set(DicomTag.PatientID, "4711").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64])), Ct));

    private static Task<NResponse> AskAsync(DimseClient device, string transaction, params string[] uids) => device.NActionAsync(Push, Instance, 1, Request(transaction, uids), Ct);

    private static DicomDataset Request(string transaction, params string[] uids) =>
        new DicomDataset().Set(DicomTag.TransactionUID, transaction).Set(DicomTag.ReferencedSOPSequence, uids.Select(u => Reference(Ultrasound, u)));

    private static DicomDataset Reference(string sopClass, string uid) =>
        new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, sopClass).SetUnchecked(DicomTag.ReferencedSOPInstanceUID, uid);

    private static IEnumerable<string?> Uids(NRequest report, DicomTag sequence) =>
        report.Dataset!.GetSequence(sequence).Select(i => i.GetString(DicomTag.ReferencedSOPInstanceUID));

    private static async Task<string> PathAsync(TestServer server, string uid)
    {
        var location = Assert.Single(await server.Services.GetRequiredService<IndexReader>().LocateAsync(uid, Ct));
        return server.Services.GetRequiredService<Archive>().TryGetPath(location.Key)!;
    }

    private static Task<List<Commitment>> CommitmentsAsync(TestServer server) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.Commitments.ToListAsync(ct), Ct);

    private static Task ChangeAsync(TestServer server, Action<Commitment> change) =>
        server.Services.GetRequiredService<IndexWriter>().WriteAsync(async (db, ct) => change(await db.Commitments.SingleAsync(ct)), Ct);

    private static async Task<Commitment> UntilAsync(TestServer server, Func<Commitment, bool> isSo)
    {
        while (true)
        {
            if ((await CommitmentsAsync(server)).SingleOrDefault() is { } one && isSo(one))
            {
                return one;
            }
            await Task.Delay(5, Ct);
        }
    }
}
