using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>The association against a peer that speaks in raw bytes.</summary>
public sealed class AssociationTests
{
    private static readonly byte[] ReleaseRequest = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    private static readonly byte[] ReleaseResponse = [6, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    private static readonly byte[] AbortByUser = [7, 0, 0, 0, 0, 4, 0, 0, 0, 0];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<(Association Association, PipePair Pair)> EstablishAsync(AcceptorPolicy? policy = null)
    {
        var pair = new PipePair();
        var accepting = Association.AcceptAsync(pair.Server, policy ?? new AcceptorPolicy(), "", Ct);
        await pair.Client.WriteAsync(Wire.RequestBytes((1, Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian), (3, DicomUid.Verification, DicomUid.ImplicitVRLittleEndian)));
        var association = await accepting ?? throw new InvalidOperationException("rejected");
        Assert.Equal(PduType.AssociateAccept, (await pair.Client.ReadPduAsync())!.Value.Type);
        return (association, pair);
    }

    private static async Task EndAsync(Association association, PipePair pair)
    {
        await pair.Client.Output.CompleteAsync();
        await association.DisposeAsync();
    }

    private static byte[][] Store(byte contextId, params byte[][] fragments) =>
    [
        Wire.Data(contextId, isCommand: true, isLast: true, Wire.Bytes(DimseCommand.StoreRequest(1, Wire.Ultrasound, "1.2"), hasDataset: true)),
        .. fragments.Select((f, i) => Wire.Data(contextId, isCommand: false, i == fragments.Length - 1, f)),
    ];

    [Fact]
    public async Task A_release_is_answered_and_waits_for_the_peers_close()
    {
        var (association, pair) = await EstablishAsync();
        await pair.Client.WriteAsync(ReleaseRequest);
        Assert.Null(await association.ReceiveAsync(Ct));
        Assert.Equal(UpperLayerState.Sta13, association.State);
        Assert.Equal(PduType.ReleaseResponse, (await pair.Client.ReadPduAsync())!.Value.Type);
        var disposing = association.DisposeAsync();
        Assert.False(disposing.IsCompleted);
        await pair.Client.Output.CompleteAsync();
        await disposing;
        Assert.Equal(UpperLayerState.Sta1, association.State);
        Assert.Null(await pair.Client.ReadPduAsync());
    }

    [Fact]
    public async Task Data_that_cross_a_release_request_are_dropped()
    {
        var (association, pair) = await EstablishAsync();
        var releasing = association.ReleaseAsync(Ct);
        Assert.Equal(PduType.ReleaseRequest, (await pair.Client.ReadPduAsync())!.Value.Type);
        await pair.Client.WriteAsync([.. Store(1, new byte[1000]), ReleaseResponse]);
        await releasing;
        Assert.Equal(UpperLayerState.Sta1, association.State);
        await association.DisposeAsync();
    }

    [Fact]
    public async Task The_acceptor_lets_the_requestor_answer_first_in_a_release_collision()
    {
        var (association, pair) = await EstablishAsync();
        var releasing = association.ReleaseAsync(Ct);
        Assert.Equal(PduType.ReleaseRequest, (await pair.Client.ReadPduAsync())!.Value.Type);
        await pair.Client.WriteAsync(ReleaseRequest);
        Assert.False(releasing.IsCompleted);
        await pair.Client.WriteAsync(ReleaseResponse);
        await releasing;
        Assert.Equal(PduType.ReleaseResponse, (await pair.Client.ReadPduAsync())!.Value.Type);
        await EndAsync(association, pair);
    }

    [Fact]
    public async Task The_requestor_answers_first_in_a_release_collision()
    {
        var pair = new PipePair();
        var requesting = Association.RequestAsync(pair.Client, Wire.Request().Propose(DicomUid.Verification), "", Ct);
        var acceptor = await Association.AcceptAsync(pair.Server, new AcceptorPolicy(), "", Ct);
        var requestor = await requesting;
        await Task.WhenAll(requestor.ReleaseAsync(Ct).AsTask(), acceptor!.ReleaseAsync(Ct).AsTask());
        Assert.Equal((UpperLayerState.Sta1, UpperLayerState.Sta13), (requestor.State, acceptor.State));
        await requestor.DisposeAsync();
        await acceptor.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_abort_or_a_release_amid_a_data_set_fails_the_reader(bool isAbort)
    {
        var (association, pair) = await EstablishAsync();
        await pair.Client.WriteAsync(Store(1, new byte[100], new byte[100])[..2]);
        var message = await association.ReceiveAsync(Ct);
        var data = message!.Data!;
        var bytes = await data.ReadAsync(Ct);
        Assert.Equal(100, bytes.Length);
        data.Advance(bytes.End);
        var reading = data.ReadAsync(Ct);
        await pair.Client.WriteAsync(isAbort ? AbortByUser : ReleaseRequest);
        var e = await Assert.ThrowsAsync<AssociationException>(async () => await reading);
        Assert.Equal(isAbort ? AssociationFailure.AbortedByPeer : AssociationFailure.ProtocolViolation, e.Failure);
        if (!isAbort)
        {
            Assert.Equal(PduType.Abort, (await pair.Client.ReadPduAsync())!.Value.Type);
        }
        await EndAsync(association, pair);
    }

    [Fact]
    public async Task Unread_and_half_read_parts_come_again()
    {
        var (association, pair) = await EstablishAsync();
        var sent = Enumerable.Range(0, 1000).Select(i => (byte)i).ToArray();
        await pair.Client.WriteAsync([.. Store(1, sent[..301], sent[301..302], [], sent[302..])]);
        var data = (await association.ReceiveAsync(Ct))!.Data!;
        var received = new List<byte>();
        var random = new Random(1);
        while (await data.ReadAsync(Ct) is { IsEmpty: false } sequence)
        {
            var count = random.Next(0, (int)Math.Min(sequence.Length, 90) + 1);
            foreach (var memory in sequence.Slice(0, count))
            {
                received.AddRange(memory.Span);
            }
            data.Advance(sequence.GetPosition(count));
        }
        Assert.Equal(sent, received);
        Assert.Equal(1000, data.BytesRead);
        Assert.True((await data.ReadAsync(Ct)).IsEmpty);
        await EndAsync(association, pair);
    }

    [Fact]
    public async Task Several_PDVs_in_one_PDU_are_one_sequence_without_their_headers()
    {
        var (association, pair) = await EstablishAsync();
        var command = Wire.Bytes(DimseCommand.StoreRequest(1, Wire.Ultrasound, "1.2"), hasDataset: true);
        // one P-DATA-TF with the command and two data fragments, as a few devices send it
        byte[][] pdvs = [Wire.Data(1, true, true, command)[6..], Wire.Data(1, false, false, [1, 2, 3, 4])[6..], Wire.Data(1, false, true, [5, 6])[6..]];
        var body = pdvs.SelectMany(p => p).ToArray();
        await pair.Client.WriteAsync([[4, 0, 0, 0, 0, (byte)body.Length, .. body]]);
        var data = (await association.ReceiveAsync(Ct))!.Data!;
        var sequence = await data.ReadAsync(Ct);
        Assert.Equal(6, sequence.Length);
        data.Advance(sequence.End);
        Assert.True(data.IsEnded);
        await EndAsync(association, pair);
    }

    [Fact]
    public async Task Thousands_of_tiny_fragments_make_sequences_of_bounded_size()
    {
        var (association, pair) = await EstablishAsync();
        var fragments = Enumerable.Range(0, 3000).Select(i => new byte[] { (byte)i, (byte)(i >> 8) }).ToArray();
        await pair.Client.WriteAsync([Store(1, fragments).SelectMany(p => p).ToArray()]);
        var data = (await association.ReceiveAsync(Ct))!.Data!;
        var received = new List<byte>();
        while (await data.ReadAsync(Ct) is { IsEmpty: false } sequence)
        {
            Assert.InRange(sequence.Length, 1, 4096);
            foreach (var memory in sequence)
            {
                received.AddRange(memory.Span);
            }
            data.Advance(sequence.End);
        }
        Assert.Equal(fragments.SelectMany(f => f), received);
        await EndAsync(association, pair);
    }

    public static TheoryData<string, byte[][], byte, byte> Violations() => new()
    {
        { "no PDU", ["GET / HTTP/1.1"u8.ToArray()], 2, 1 },
        { "a second request", [Wire.RequestBytes((1, Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian))], 2, 2 },
        { "a release response", [ReleaseResponse], 2, 2 },
        { "a PDU longer than announced", [[4, 0, 0xFF, 0xFF, 0xFF, 0xFF]], 2, 6 },
        { "a context that was not accepted", [Wire.Data(5, true, true, Wire.Bytes(DimseCommand.EchoRequest(1), false))], 2, 6 },
        { "data before a command", [Wire.Data(1, false, true, [1, 2])], 2, 6 },
        { "a command that is none", [Wire.Data(1, true, true, [1, 2, 3, 4])], 2, 6 },
        { "an endless command set", [.. Enumerable.Repeat(Wire.Data(1, true, false, new byte[16000]), 5)], 2, 6 },
        { "a command amid a data set", [.. Store(1, new byte[10], new byte[10])[..2], Wire.Data(1, true, true, Wire.Bytes(DimseCommand.EchoRequest(1), false))], 2, 6 },
        { "data on another context", [Store(1, new byte[10], new byte[10])[0], Wire.Data(3, false, true, [1, 2])], 2, 6 },
        { "a PDV longer than its PDU", [[4, 0, 0, 0, 0, 8, 0, 0, 0, 9, 1, 3, 0, 0]], 2, 6 },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task Breaches_of_protocol_are_answered_by_an_abort_with_its_reason(string what, byte[][] pdus, byte source, byte reason)
    {
        var (association, pair) = await EstablishAsync(new AcceptorPolicy { Limits = new AssociationLimits { MaxPdu = 16384 } });
        var writing = pair.Client.WriteAsync(pdus);
        var e = await Assert.ThrowsAsync<AssociationException>(async () =>
        {
            while (await association.ReceiveAsync(Ct) is { } message)
            {
                if (message.Data is { } data)
                {
                    await data.DrainAsync(Ct);
                }
            }
        });
        Assert.True(e.Failure == AssociationFailure.ProtocolViolation, what);
        var (type, body) = (await pair.Client.ReadPduAsync())!.Value;
        Assert.Equal(PduType.Abort, type);
        Assert.Equal([0, 0, source, reason], body);
        await writing;
        await EndAsync(association, pair);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: pacs\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001")] // a TLS hello on the plain port
    [InlineData("\u0004\0\0\0\0\u0008")] // data before a request
    public async Task What_does_not_begin_with_a_request_is_aborted_at_once(string text)
    {
        var pair = new PipePair();
        var accepting = Association.AcceptAsync(pair.Server, new AcceptorPolicy(), "", Ct).AsTask();
        await pair.Client.WriteAsync(System.Text.Encoding.Latin1.GetBytes(text));
        // AA-1: as service user
        Assert.Equal([0, 0, 0, 0], (await pair.Client.ReadPduAsync())!.Value.Body);
        await pair.Client.Output.CompleteAsync();
        Assert.Equal(AssociationFailure.ProtocolViolation, (await Assert.ThrowsAsync<AssociationException>(() => accepting)).Failure);
    }

    public static TheoryData<string, AcceptorPolicy, byte[]> Rejections() => new()
    {
        { "called", new AcceptorPolicy { AcceptsTitle = title => title == "OTHER" }, [0, 1, 1, 7] },
        { "calling", new AcceptorPolicy { AcceptsCaller = (ae, _) => ae != "DEVICE" }, [0, 1, 1, 3] },
        { "user", new AcceptorPolicy { AcceptsUser = (_, _, _) => ValueTask.FromResult(false) }, [0, 1, 2, 1] },
        { "peer wants tiny PDUs", new AcceptorPolicy { Limits = new AssociationLimits { MinPeerPdu = 20000 } }, [0, 1, 2, 1] },
    };

    [Theory]
    [MemberData(nameof(Rejections))]
    public async Task A_policy_rejects_with_the_reason_of_table_9_21(string what, AcceptorPolicy policy, byte[] expected)
    {
        var pair = new PipePair();
        var accepting = Association.AcceptAsync(pair.Server, policy, "", Ct).AsTask();
        await pair.Client.WriteAsync(Wire.RequestBytes((1, Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian)));
        var (type, body) = (await pair.Client.ReadPduAsync())!.Value;
        Assert.Equal(PduType.AssociateReject, type);
        Assert.True(expected.AsSpan().SequenceEqual(body), what);
        await pair.Client.Output.CompleteAsync();
        Assert.Null(await accepting);
    }

    [Fact]
    public async Task A_silent_connection_is_closed_when_ARTIM_expires()
    {
        var time = new FakeTimeProvider();
        var pair = new PipePair();
        var accepting = Association.AcceptAsync(pair.Server, new AcceptorPolicy { TimeProvider = time }, "", Ct).AsTask();
        // a byte now and then does not help
        await pair.Client.WriteAsync([1]);
        time.Advance(TimeSpan.FromSeconds(20));
        await pair.Client.WriteAsync([0]);
        Assert.False(accepting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(10));
        var e = await Assert.ThrowsAsync<AssociationException>(() => accepting);
        Assert.Equal(AssociationFailure.TimedOut, e.Failure);
        // AA-2: closed without a word
        Assert.Null(await pair.Client.ReadPduAsync());
    }

    [Theory]
    [InlineData(0, 60)] // between messages: idle
    [InlineData(4, 30)] // amid a PDU header
    [InlineData(50, 30)] // amid a PDU
    public async Task A_peer_that_falls_silent_is_aborted(int bytesSent, int seconds)
    {
        var time = new FakeTimeProvider();
        var (association, pair) = await EstablishAsync(new AcceptorPolicy { TimeProvider = time });
        // an hour passes without anybody waiting for the peer: nothing happens
        time.Advance(TimeSpan.FromHours(1));
        if (bytesSent > 0)
        {
            await pair.Client.WriteAsync(Store(1, new byte[100])[0][..bytesSent]);
        }
        var receiving = association.ReceiveAsync(Ct).AsTask();
        time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.False(receiving.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(AssociationFailure.TimedOut, (await Assert.ThrowsAsync<AssociationException>(() => receiving)).Failure);
        Assert.Equal(PduType.Abort, (await pair.Client.ReadPduAsync())!.Value.Type);
        // and nobody waits for its close
        await association.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_given_up()
    {
        var time = new FakeTimeProvider();
        var (association, pair) = await EstablishAsync(new AcceptorPolicy { TimeProvider = time });
        var context = association.Info.Contexts[0];
        var sending = association.SendAsync(context, DimseCommand.StoreRequest(1, Wire.Ultrasound, "1.2"), new MemoryStream(new byte[10_000_000]), Ct).AsTask();
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(AssociationFailure.TimedOut, (await Assert.ThrowsAsync<AssociationException>(() => sending)).Failure);
        await association.DisposeAsync();
        GC.KeepAlive(pair);
    }

    [Fact]
    public async Task A_peer_that_asks_for_release_but_does_not_read_is_given_up_too()
    {
        var time = new FakeTimeProvider();
        var (association, pair) = await EstablishAsync(new AcceptorPolicy { TimeProvider = time });
        // the pipe holds 64 kB: so much fits, and the rest waits for the flush of the release response
        var context = association.Info.Contexts[0];
        await association.SendAsync(context, DimseCommand.EchoRequest(1), Wire.Instance(60_000), flush: true, Ct);
        await association.SendAsync(context, DimseCommand.EchoRequest(2), Wire.Instance(10_000), flush: false, Ct);
        await pair.Client.WriteAsync(ReleaseRequest);
        var receiving = association.ReceiveAsync(Ct).AsTask();
        Assert.False(receiving.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(AssociationFailure.TimedOut, (await Assert.ThrowsAsync<AssociationException>(() => receiving)).Failure);
        await association.DisposeAsync();
        GC.KeepAlive(pair);
    }

    [Fact]
    public void Limits_that_cannot_work_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new AssociationLimits { MaxPdu = 100 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new AssociationLimits { MinPeerPdu = 2 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new AssociationLimits { MaxPeerPdu = uint.MaxValue });
    }

    [Fact]
    public async Task A_peer_that_does_not_close_after_an_abort_is_waited_for_as_long_as_ARTIM()
    {
        var time = new FakeTimeProvider();
        var (association, pair) = await EstablishAsync(new AcceptorPolicy { TimeProvider = time });
        association.Abort();
        Assert.Equal(PduType.Abort, (await pair.Client.ReadPduAsync())!.Value.Type);
        var disposing = association.DisposeAsync().AsTask();
        await pair.Client.WriteAsync(Store(1, new byte[100]));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(disposing.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await disposing;
        Assert.Equal(UpperLayerState.Sta1, association.State);
    }

    [Fact]
    public async Task One_silent_peer_delays_nobody()
    {
        var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers());
        var silent = Enumerable.Range(0, 100).Select(_ => new PipePair()).ToList();
        var served = silent.Select(p => server.RunAsync(p.Server, "192.0.2.1", CancellationToken.None)).ToList();
        var (client, clientServed) = await Wire.ConnectAsync(server, Wire.Request().Propose(DicomUid.Verification));
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await clientServed;
        foreach (var pair in silent)
        {
            await pair.Client.Output.CompleteAsync();
        }
        await Task.WhenAll(served);
    }

    [Fact]
    public async Task An_abort_from_another_thread_ends_a_pending_receive()
    {
        var (association, pair) = await EstablishAsync();
        var receiving = association.ReceiveAsync(Ct).AsTask();
        await Task.Run(() => association.Abort(), Ct);
        Assert.Equal(AssociationFailure.AbortedLocally, (await Assert.ThrowsAsync<AssociationException>(() => receiving)).Failure);
        Assert.Equal([0, 0, 0, 0], (await pair.Client.ReadPduAsync())!.Value.Body);
        await EndAsync(association, pair);
    }

    [Fact]
    public async Task Roles_window_and_identity_are_negotiated()
    {
        var pair = new PipePair();
        var policy = new AcceptorPolicy { AcceptsRequestorAsScp = sopClass => sopClass == Wire.Ultrasound, AcceptsUser = (user, _, _) => ValueTask.FromResult(user?.Username == "user") };
        var accepting = Association.AcceptAsync(pair.Server, policy, "", Ct);
        var request = Wire.Request().Propose(Wire.Ultrasound).Propose(DicomUid.CTImageStorage) with
        {
            Roles = [new RoleSelection(Wire.Ultrasound, true, true), new RoleSelection(DicomUid.CTImageStorage, true, true)],
            UserIdentity = new UserIdentity(UserIdentityType.Username, true, "user"u8.ToArray(), default),
        };
        var requestor = await Association.RequestAsync(pair.Client, request, "", Ct);
        var acceptor = (await accepting)!;
        Assert.Equal([true, false], acceptor.Info.Contexts.Select(c => c.RequestorIsScp));
        Assert.Equal([true, false], requestor.Info.Contexts.Select(c => c.RequestorIsScp));
        Assert.Equal("user", acceptor.Info.UserIdentity?.Username);
        Assert.DoesNotContain("user", acceptor.Info.ToString().Replace("UserIdentity", "", StringComparison.Ordinal), StringComparison.Ordinal);
        requestor.Abort();
        acceptor.Abort();
        await Task.WhenAll(requestor.DisposeAsync().AsTask(), acceptor.DisposeAsync().AsTask());
    }
}
