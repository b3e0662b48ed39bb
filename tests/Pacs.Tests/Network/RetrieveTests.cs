using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>C-MOVE and C-GET between our two ends over pipes: counts, statuses, roles, cancelling, failures.</summary>
public sealed class RetrieveTests
{
    private const string Move = DicomUid.StudyRootQueryRetrieveInformationModelMove;
    private const string Get = DicomUid.StudyRootQueryRetrieveInformationModelGet;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Move_sends_to_the_destination_and_counts()
    {
        var store = new MemoryStore();
        var ended = new List<RetrieveResult>();
        var instances = Instances(20);
        RetrieveRequest? asked = null;
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(request =>
        {
            asked = request;
            return new RetrievePlan(instances) { Destination = Scu(store), Ended = ended.Add };
        }));

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);

        Assert.Equal((0x0000, 20, 0, 0), (result.Status.Code, result.Completed, result.Failed, result.Warning));
        Assert.Empty(result.FailedInstances);
        Assert.Equal(20, store.Received.Count);
        Assert.All(store.Received, r => Assert.Equal("DEVICE", r.Request.MoveOriginator));
        Assert.Equal(("DEST", Move, "1.2"), (asked!.Destination, asked.SopClass, asked.Identifier.GetString(DicomTag.StudyInstanceUID)));
        var last = Assert.Single(ended);
        Assert.Equal((20, store.Received.Sum(r => (long)r.Bytes.Length)), (last.Completed, last.Bytes));
    }

    [Fact]
    public async Task Move_reports_how_far_it_is_and_who_failed()
    {
        var go = new TaskCompletionSource();
        var pending = new List<RetrieveResult>();
        var store = new MemoryStore
        {
            Before = async (request, _, ct) =>
            {
                await (request.SopInstance == "1.2.3" ? go.Task.WaitAsync(ct) : Task.CompletedTask);
                return request.SopInstance switch { "1.2.1" => DimseStatus.OutOfResources.With("not for others"), "1.2.2" => DimseStatus.CoercionOfDataElements, _ => null };
            },
        };
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(4)) { Destination = Scu(store) }));
        var progress = new Immediate(r =>
        {
            pending.Add(r);
            if (r is { Remaining: 2 })
            {
                go.TrySetResult();
            }
        });

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", progress, Ct);

        // the first says how many there are; the next ones come by the clock
        Assert.Equal((0xFF00, 4, 0), (pending[0].Status.Code, pending[0].Remaining + pending[0].Completed + pending[0].Failed + pending[0].Warning, pending[0].FailedInstances.Count));
        Assert.Contains(pending, p => p is { Remaining: 2, Failed: 1, Warning: 1 });
        Assert.Equal((0xB000, 2, 1, 1), (result.Status.Code, result.Completed, result.Failed, result.Warning));
        Assert.Equal(["1.2.1"], result.FailedInstances);
        Assert.DoesNotContain("not for others", result.Status.Comment, StringComparison.Ordinal);
        Assert.Contains("A700", result.Status.Comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Move_to_a_destination_that_is_away_fails_with_A702()
    {
        var scu = new StoreScu(Wire.Request(), (_, _) => Task.FromException<DimseClient>(new AssociationException(AssociationFailure.ConnectionLost, "secret host")));
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(3)) { Destination = scu }));

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);

        Assert.Equal((0xA702, 0, 3), (result.Status.Code, result.Completed, result.Failed));
        Assert.Equal(["1.2.1", "1.2.2", "1.2.3"], result.FailedInstances);
        Assert.Contains("cannot be reached", result.Status.Comment, StringComparison.Ordinal);
        Assert.Equal(DimseStatus.Success, await peers.Client.EchoAsync(Ct));
    }

    [Fact]
    public async Task Move_to_a_destination_that_goes_away_says_what_arrived()
    {
        var store = new MemoryStore { Before = (request, _, _) => request.SopInstance == "1.2.3" ? throw new InvalidOperationException("dies") : new((DimseStatus?)null) };
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(5)) { Destination = Scu(store) }));

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);

        Assert.Equal((0xB000, 2, 3), (result.Status.Code, result.Completed, result.Failed));
        Assert.Equal(["1.2.3", "1.2.4", "1.2.5"], result.FailedInstances);
    }

    [Theory]
    [InlineData(0xA801)]
    [InlineData(0xA900)]
    [InlineData(0xA701)]
    public async Task A_status_of_the_handler_is_the_answer(int code)
    {
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => throw new DimseStatusException(new DimseStatus((ushort)code, "why"))));

        var move = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);
        var get = await peers.Client.GetAsync(Get, Study("1.2"), new MemoryStore(), null, Ct);

        Assert.Equal((code, "why"), (move.Status.Code, move.Status.Comment));
        Assert.Equal((code, "why"), (get.Status.Code, get.Status.Comment));
    }

    [Fact]
    public async Task Nothing_to_send_is_a_success()
    {
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan([])));

        Assert.Equal(DimseStatus.Success, (await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct)).Status);
        Assert.Equal(DimseStatus.Success, (await peers.Client.GetAsync(Get, Study("1.2"), new MemoryStore(), null, Ct)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelling_ends_it_after_the_present_instance(bool isGet)
    {
        var cancel = new CancellationTokenSource();
        var hold = new TaskCompletionSource();
        var store = new MemoryStore
        {
            Before = async (request, _, _) =>
            {
                if (request.SopInstance == "1.2.3")
                {
                    await cancel.CancelAsync();
                    // the C-CANCEL is read before the answer to this one is sent
                    await Task.WhenAny(hold.Task, Task.Delay(300, Ct));
                }
                return null;
            },
        };
        var ended = new List<RetrieveResult>();
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(200)) { Destination = Scu(store), Ended = ended.Add }), store);

        var result = isGet
            ? await peers.Client.GetAsync(Get, Study("1.2"), store, null, cancel.Token)
            : await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, cancel.Token);

        Assert.Equal(0xFE00, result.Status.Code);
        Assert.Equal(store.Received.Count, result.Completed);
        Assert.InRange(result.Completed, 3, 10);
        Assert.Equal(200, result.Completed + result.Remaining);
        Assert.Equal(0xFE00, Assert.Single(ended).Status.Code);
        Assert.Equal(DimseStatus.Success, await peers.Client.EchoAsync(Ct));
    }

    [Fact]
    public async Task When_the_asker_goes_away_the_sending_ends()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource<RetrieveResult>();
        var store = new MemoryStore
        {
            Before = async (_, _, ct) =>
            {
                started.TrySetResult();
                await Task.Delay(20, ct);
                return null;
            },
        };
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(2000)) { Destination = Scu(store), Ended = r => ended.TrySetResult(r) }));

        var moving = peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);
        await started.Task.WaitAsync(Ct);
        peers.Client.Association.Abort();

        await Assert.ThrowsAsync<AssociationException>(() => moving);
        var result = await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.InRange(result.Remaining, 1000, 2000);
    }

    [Fact]
    public async Task A_server_that_stops_says_so()
    {
        using var stop = new CancellationTokenSource();
        var store = new MemoryStore
        {
            Before = async (request, _, ct) =>
            {
                if (request.SopInstance == "1.2.3")
                {
                    await stop.CancelAsync();
                }
                return null;
            },
        };
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(Instances(1000)) { Destination = Scu(store) }), stop: stop.Token);

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);

        Assert.Equal(0xB000, result.Status.Code);
        Assert.Contains("stopped", result.Status.Comment, StringComparison.Ordinal);
        Assert.Equal(1000, result.Completed + result.Failed);
        Assert.InRange(result.FailedInstances.Count, 900, 999);
    }

    [Fact]
    public async Task Cancelling_while_the_handler_still_looks_is_a_cancel()
    {
        using var cancel = new CancellationTokenSource();
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => throw new InvalidOperationException())
        {
            Looks = async ct =>
            {
                await cancel.CancelAsync();
                await Task.Delay(Timeout.Infinite, ct);
            },
        });

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, cancel.Token);

        Assert.Equal(0xFE00, result.Status.Code);
    }

    [Fact]
    public async Task Stopping_while_the_handler_still_looks_is_a_failure()
    {
        using var stop = new CancellationTokenSource();
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => throw new InvalidOperationException())
        {
            Looks = async ct =>
            {
                await stop.CancelAsync();
                await Task.Delay(Timeout.Infinite, ct);
            },
        }, stop: stop.Token);

        var result = await peers.Client.MoveAsync(Move, Study("1.2"), "DEST", null, Ct);

        Assert.Equal(0xA702, result.Status.Code);
    }

    [Fact]
    public async Task Get_brings_the_bytes_over_the_same_association()
    {
        var store = new MemoryStore();
        var instances = Instances(30);
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(instances)), store);

        var result = await peers.Client.GetAsync(Get, Study("1.2"), store, null, Ct);

        Assert.Equal((0x0000, 30, 0, 0), (result.Status.Code, result.Completed, result.Failed, result.Warning));
        Assert.Equal(instances.Select(i => i.SopInstance), store.Received.Select(r => r.Request.SopInstance));
        Assert.Equal(store.Received.Sum(r => (long)r.Bytes.Length), result.Bytes);
        Assert.Equal(Convert.ToHexString(Bytes(7)), Convert.ToHexString(store.Received.ElementAt(6).Bytes));
    }

    [Fact]
    public async Task Get_without_role_selection_cannot_send()
    {
        var store = new MemoryStore();
        await using var peers = await Peers.ConnectAsync(
            new FakeRetrieve(_ => new RetrievePlan(Instances(2))), store, Wire.Request().Propose(Get).Propose(Wire.Ultrasound));

        var result = await peers.Client.GetAsync(Get, Study("1.2"), store, null, Ct);

        Assert.Equal((0xA702, 0, 2), (result.Status.Code, result.Completed, result.Failed));
        Assert.Empty(store.Received);
    }

    [Fact]
    public async Task Get_uses_the_context_of_each_transfer_syntax_and_names_what_fits_none()
    {
        var store = new MemoryStore();
        var request = Wire.Request().Propose(Get).ProposeAsScp(Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian).ProposeAsScp(Wire.Ultrasound, DicomUid.JPEGBaseline8Bit);
        OutgoingInstance[] instances =
        [
            Instance(1), Instance(2) with { Syntax = TransferSyntax.JpegBaseline }, Instance(3) with { Syntax = TransferSyntax.Get(DicomUid.MPEG2MPML) },
            Instance(4) with { SopClass = DicomUid.CTImageStorage },
        ];
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(instances)), store, request);

        var result = await peers.Client.GetAsync(Get, Study("1.2"), store, null, Ct);

        Assert.Equal((0xB000, 2, 2), (result.Status.Code, result.Completed, result.Failed));
        Assert.Equal(["1.2.3", "1.2.4"], result.FailedInstances);
        Assert.Equal([DicomUid.ExplicitVRLittleEndian, DicomUid.JPEGBaseline8Bit], store.Received.Select(r => r.Request.Context.TransferSyntax.Uid));
        Assert.All(peers.Client.Association.Info.Contexts.Skip(1), c => Assert.True(c is { RequestorIsScp: true, RequestorIsScu: false }));
    }

    [Fact]
    public async Task The_handler_chooses_the_syntax_of_contexts_for_get_and_only_of_those()
    {
        var handler = new FakeRetrieve(_ => new RetrievePlan([])) { Preferred = DicomUid.JPEGBaseline8Bit };
        string[] proposed = [DicomUid.ExplicitVRLittleEndian, DicomUid.JPEGBaseline8Bit];
        await using var peers = await Peers.ConnectAsync(
            handler, new MemoryStore(), Wire.Request().Propose(Get).ProposeAsScp(Wire.Ultrasound, proposed).Propose(DicomUid.CTImageStorage, proposed));

        Assert.Equal(
            [DicomUid.JPEGBaseline8Bit, DicomUid.ExplicitVRLittleEndian],
            peers.Client.Association.Info.Contexts.Skip(1).Select(c => c.TransferSyntax.Uid));
    }

    [Fact]
    public async Task A_list_of_failures_too_long_for_a_value_is_cut()
    {
        var long64 = Enumerable.Range(0, 3000).Select(i => Instance(1) with { SopClass = DicomUid.CTImageStorage, SopInstance = $"1.2.826.0.1.3680043.9.1234567890.{i + 100000}".PadRight(64, '1') }).ToList();
        await using var peers = await Peers.ConnectAsync(new FakeRetrieve(_ => new RetrievePlan(long64)), new MemoryStore());

        var result = await peers.Client.GetAsync(Get, Study("1.2"), new MemoryStore(), null, Ct);

        Assert.Equal((0xA702, 3000), (result.Status.Code, result.Failed));
        Assert.Equal(0xFFFE / 65, result.FailedInstances.Count);
        Assert.Equal(long64[0].SopInstance, result.FailedInstances[0]);
    }

    private static DicomDataset Study(string uid) => new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").Set(DicomTag.StudyInstanceUID, uid);

    private static List<OutgoingInstance> Instances(int count) => [.. Enumerable.Range(1, count).Select(Instance)];

    private static OutgoingInstance Instance(int number) =>
        new(Wire.Ultrasound, $"1.2.{number}", TransferSyntax.ExplicitVRLittleEndian, _ => new(new MemoryStream(Bytes(number))));

    private static byte[] Bytes(int number)
    {
        var bytes = new byte[number * 2];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    private static StoreScu Scu(IStoreHandler store)
    {
        var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store));
        return new StoreScu(Wire.Request() with { CallingAe = "PACS" }, async (request, ct) =>
        {
            var pair = new PipePair();
            _ = server.RunAsync(pair.Server, "192.0.2.2", CancellationToken.None);
            return await DimseClient.ConnectAsync(pair.Client, request, ct);
        });
    }

    private sealed class FakeRetrieve(Func<RetrieveRequest, RetrievePlan> plan) : IRetrieveHandler
    {
        public string? Preferred { get; init; }

        public Func<CancellationToken, Task>? Looks { get; init; }

        public async ValueTask<RetrievePlan> PlanAsync(RetrieveRequest request, CancellationToken ct)
        {
            await (Looks?.Invoke(ct) ?? Task.CompletedTask);
            return plan(request);
        }

        public string ChooseTransferSyntax(string sopClass, IReadOnlyList<string> proposed) => Preferred ?? proposed[0];
    }

    private sealed class Immediate(Action<RetrieveResult> report) : IProgress<RetrieveResult>
    {
        public void Report(RetrieveResult value) => report(value);
    }

    private sealed record Peers(DimseClient Client, Task Served) : IAsyncDisposable
    {
        public static async Task<Peers> ConnectAsync(
            IRetrieveHandler handler, IStoreHandler? store = null, AssociationRequest? request = null, CancellationToken? stop = null)
        {
            var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store ?? new MemoryStore()).AddMove(handler, Move).AddGet(handler, Get));
            var pair = new PipePair();
            var served = server.RunAsync(pair.Server, "192.0.2.1", stop ?? CancellationToken.None);
            request ??= Wire.Request().Propose(DicomUid.Verification).Propose(Move).Propose(Get).ProposeAsScp(Wire.Ultrasound);
            return new Peers(await DimseClient.ConnectAsync(pair.Client, request, Ct), served);
        }

        public async ValueTask DisposeAsync()
        {
            await Client.ReleaseQuietlyAsync();
            await Client.DisposeAsync();
            await Served.WaitAsync(TimeSpan.FromSeconds(40), Ct);
        }
    }
}
