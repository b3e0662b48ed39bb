using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

public sealed class DimseServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Echo_is_answered_without_a_handler()
    {
        var notes = new Notes();
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers(), notes), Wire.Request().Propose(DicomUid.Verification));
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
        Assert.Equal(2, notes.Answers.Count);
        Assert.Null(await notes.FirstEnd);
        Assert.Equal("DEVICE", Assert.Single(notes.AcceptedOnes).CallingAe);
    }

    [Theory]
    [InlineData(16 * 1024u, 1)]
    [InlineData(16 * 1024u, 100_000)]
    [InlineData(256 * 1024u, 3_000_001)]
    [InlineData(4096u, 700_000)]
    public async Task A_stored_data_set_arrives_byte_for_byte(uint maxPdu, int pixels)
    {
        var store = new MemoryStore();
        var policy = new AcceptorPolicy { Limits = new AssociationLimits { MaxPdu = maxPdu } };
        var (client, served) = await Wire.ConnectAsync(new DimseServer(policy, new DimseHandlers().AddStorage(store)), Wire.Request().Propose(Wire.Ultrasound));
        var instance = Wire.Instance(pixels);
        Assert.Equal(DimseStatus.Success, await client.StoreAsync(instance, Ct));
        Assert.Equal(DimseStatus.Success, await client.StoreAsync(instance, Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
        Assert.Equal(2, store.Received.Count);
        Assert.All(store.Received, r =>
        {
            Assert.Equal(DicomWriter.ToBytes(instance, TransferSyntax.ExplicitVRLittleEndian), r.Bytes);
            Assert.Equal("1.2.3.4", r.Request.SopInstance);
        });
    }

    [Theory]
    [InlineData(1, 20_000)]
    [InlineData(2, 20_000)]
    [InlineData(7, 200_000)]
    [InlineData(5000, 900_000)]
    public async Task Chunking_on_the_line_changes_nothing(int maxChunk, int pixels)
    {
        var store = new MemoryStore();
        var pair = new PipePair();
        var (client, served) = await Wire.ConnectAsync(
            new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)),
            Wire.Request(new AssociationLimits { MaxPeerPdu = 16384 }).Propose(Wire.Ultrasound),
            new ChaosPipe(pair.Server, seed: maxChunk, maxChunk),
            pair);
        var instance = Wire.Instance(pixels);
        Assert.Equal(DimseStatus.Success, await client.StoreAsync(instance, Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
        Assert.Equal(DicomWriter.ToBytes(instance, TransferSyntax.ExplicitVRLittleEndian), Assert.Single(store.Received).Bytes);
    }

    [Fact]
    public async Task A_stream_and_a_pipe_reader_go_straight_through()
    {
        var store = new MemoryStore();
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)), Wire.Request().Propose(Wire.Ultrasound));
        var bytes = DicomWriter.ToBytes(Wire.Instance(1_000_000), TransferSyntax.ExplicitVRLittleEndian);
        var context = client.Association.Info.FindContext(Wire.Ultrasound)!;
        await client.Association.SendAsync(context, DimseCommand.StoreRequest(1, Wire.Ultrasound, "1.2.3.4"), new MemoryStream(bytes), Ct);
        Assert.Equal(0, (await client.Association.ReceiveAsync(Ct))!.Command.Status.Code);
        await client.Association.SendAsync(context, DimseCommand.StoreRequest(2, Wire.Ultrasound, "1.2.3.5"), PipeReader.Create(new ReadOnlySequence<byte>(bytes)), Ct);
        Assert.Equal(0, (await client.Association.ReceiveAsync(Ct))!.Command.Status.Code);
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
        Assert.All(store.Received, r => Assert.Equal(bytes, r.Bytes));
        Assert.Equal(2, store.Received.Count);
    }

    [Fact]
    public async Task An_early_answer_leaves_the_association_usable()
    {
        var isFirst = true;
        var store = new MemoryStore
        {
            Before = async (request, data, ct) =>
            {
                if (!isFirst)
                {
                    return null;
                }
                isFirst = false;
                // looked at, not given back: as a handler does whose disk is full
                _ = await data.ReadAsync(ct);
                return DimseStatus.OutOfResources.With("disk full");
            },
        };
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)), Wire.Request().Propose(Wire.Ultrasound));
        Assert.Equal(DimseStatus.OutOfResources.With("disk full"), await client.StoreAsync(Wire.Instance(2_000_000), Ct));
        Assert.Equal(DimseStatus.Success, await client.StoreAsync(Wire.Instance(100), Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task A_status_exception_and_bad_data_are_answered_and_anything_else_aborts()
    {
        var answers = new Queue<Exception>([
            new DimseStatusException(DimseStatus.NotAuthorized),
            new DicomException("bad length", DicomTag.PatientID),
            new InvalidOperationException("a defect"),
        ]);
        var notes = new Notes();
        var store = new MemoryStore { Before = (_, _, _) => throw answers.Dequeue() };
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store), notes), Wire.Request().Propose(Wire.Ultrasound));
        Assert.Equal(0x0124, (await client.StoreAsync(Wire.Instance(100), Ct)).Code);
        Assert.Equal(0xC000, (await client.StoreAsync(Wire.Instance(100), Ct)).Code);
        var e = await Assert.ThrowsAsync<AssociationException>(() => client.StoreAsync(Wire.Instance(100), Ct));
        Assert.Equal(AssociationFailure.AbortedByPeer, e.Failure);
        await client.DisposeAsync();
        await served;
        Assert.IsType<InvalidOperationException>(await notes.FirstEnd);
    }

    [Fact]
    public async Task Matches_come_as_pending_responses()
    {
        var matches = Enumerable.Range(0, 500).Select(i => new DicomDataset().Set(DicomTag.PatientID, $"P{i}")).ToArray();
        var handlers = new DimseHandlers().AddFind(FakeFind.Of(matches), DicomUid.ModalityWorklistInformationModelFind);
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), handlers), Wire.Request().Propose(DicomUid.ModalityWorklistInformationModelFind));
        var keys = new DicomDataset().Set(DicomTag.PatientID);
        for (var round = 0; round < 2; round++)
        {
            var found = new List<string?>();
            await foreach (var match in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, keys, Ct))
            {
                found.Add(match.GetString(DicomTag.PatientID));
            }
            Assert.Equal(matches.Select(m => m.GetString(DicomTag.PatientID)), found);
        }
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task Leaving_a_query_cancels_it_and_the_association_lives()
    {
        var wasCancelled = new TaskCompletionSource();
        async IAsyncEnumerable<FindMatch> Endless(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
        {
            yield return new DicomDataset().Set(DicomTag.PatientID, "first");
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                wasCancelled.TrySetResult();
            }
        }

        var notes = new Notes();
        var handlers = new DimseHandlers().AddFind(new FakeFind(Endless), DicomUid.ModalityWorklistInformationModelFind);
        var (client, served) = await Wire.ConnectAsync(
            new DimseServer(new AcceptorPolicy(), handlers, notes),
            Wire.Request().Propose(DicomUid.ModalityWorklistInformationModelFind).Propose(DicomUid.Verification));
        await foreach (var match in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, [], Ct))
        {
            Assert.Equal("first", match.GetString(DicomTag.PatientID));
            break;
        }
        await wasCancelled.Task.WaitAsync(Ct);
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
        Assert.Equal(0xFE00, notes.Answers.First().Status.Code);
    }

    [Fact]
    public async Task A_peer_that_vanishes_during_a_query_cancels_it()
    {
        var wasCancelled = new TaskCompletionSource();
        async IAsyncEnumerable<FindMatch> Endless(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
        {
            yield return new DicomDataset().Set(DicomTag.PatientID, "first");
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                wasCancelled.TrySetResult();
            }
        }

        var notes = new Notes();
        var handlers = new DimseHandlers().AddFind(new FakeFind(Endless), DicomUid.ModalityWorklistInformationModelFind);
        var pair = new PipePair();
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), handlers, notes), Wire.Request().Propose(DicomUid.ModalityWorklistInformationModelFind), pair: pair);
        var context = client.Association.Info.Contexts[0];
        await client.Association.SendAsync(context, DimseCommand.FindRequest(1, context.AbstractSyntax), [], Ct);
        Assert.Equal(0xFF00, (await client.Association.ReceiveAsync(Ct))!.Command.Status.Code);
        await pair.Client.Output.CompleteAsync();
        await wasCancelled.Task.WaitAsync(Ct);
        await served;
        Assert.Equal(AssociationFailure.ConnectionLost, Assert.IsType<AssociationException>(await notes.FirstEnd).Failure);
    }

    [Fact]
    public async Task Unknown_classes_and_operations_have_their_statuses()
    {
        var store = new MemoryStore();
        var (client, served) = await Wire.ConnectAsync(
            new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)),
            Wire.Request().Propose(Wire.Ultrasound).Propose(DicomUid.Verification).Propose(DicomUid.ModalityWorklistInformationModelFind));
        Assert.Null(client.Association.Info.FindContext(DicomUid.ModalityWorklistInformationModelFind));
        var context = client.Association.Info.FindContext(Wire.Ultrasound)!;
        async Task<ushort> AskAsync(DimseCommand command, DicomDataset? data)
        {
            await client.Association.SendAsync(context, command, data, Ct);
            return (await client.Association.ReceiveAsync(Ct))!.Command.Status.Code;
        }

        // a class without a handler on an accepted context
        Assert.Equal(0x0122, await AskAsync(DimseCommand.FindRequest(1, DicomUid.ModalityWorklistInformationModelFind), []));
        // an operation that storage does not have
        Assert.Equal(0x0211, await AskAsync(DimseCommand.FindRequest(2, Wire.Ultrasound), Wire.Instance(10)));
        Assert.Equal(0x0211, await AskAsync(new DimseCommand((DimseCommandField)0x0777) { MessageId = 3 }, null));
        // another class of the same service
        Assert.Equal(0x0000, await AskAsync(DimseCommand.StoreRequest(4, DicomUid.CTImageStorage, "1.2"), Wire.Instance(10)));
        // UIDs that are none
        Assert.Equal(0xC000, await AskAsync(new DimseCommand(DimseCommandField.CStoreRequest) { MessageId = 5, AffectedSopClass = Wire.Ultrasound }, Wire.Instance(10)));
        Assert.Equal(0xC000, await AskAsync(DimseCommand.StoreRequest(6, Wire.Ultrasound, "../../etc"), Wire.Instance(10)));
        Assert.Equal(0xC000, await AskAsync(DimseCommand.StoreRequest(7, Wire.Ultrasound, "1.2.3"), null));
        await client.Association.SendAsync(context, DimseCommand.StoreRequest(8, Wire.Ultrasound, "1." + new string('2', 66)), Wire.Instance(10), Ct);
        Assert.Equal("Affected SOP Instance UID is longer than 64 characters", (await client.Association.ReceiveAsync(Ct))!.Command.Status.Comment);
        Assert.Single(store.Received);
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task Too_many_associations_are_rejected_for_the_moment()
    {
        var notes = new Notes();
        var server = new DimseServer(new AcceptorPolicy { MaxAssociationsPerHost = 2 }, new DimseHandlers(), notes);
        var (first, firstServed) = await Wire.ConnectAsync(server, Wire.Request().Propose(DicomUid.Verification));
        var (second, secondServed) = await Wire.ConnectAsync(server, Wire.Request().Propose(DicomUid.Verification));
        Assert.Equal(2, server.ActiveAssociations);
        var pair = new PipePair();
        var thirdServed = server.RunAsync(pair.Server, "192.0.2.1", CancellationToken.None);
        var e = await Assert.ThrowsAsync<AssociationException>(() => DimseClient.ConnectAsync(pair.Client, Wire.Request().Propose(DicomUid.Verification), Ct));
        Assert.Equal(AssociateRejectPdu.LocalLimitExceeded, e.Rejection);
        await thirdServed;
        // another host has its own count
        var other = new PipePair();
        var otherServed = server.RunAsync(other.Server, "192.0.2.2", CancellationToken.None);
        var otherClient = await DimseClient.ConnectAsync(other.Client, Wire.Request().Propose(DicomUid.Verification), Ct);
        foreach (var client in new[] { first, second, otherClient })
        {
            await client.ReleaseAsync(Ct);
            await client.DisposeAsync();
        }
        await Task.WhenAll(firstServed, secondServed, otherServed);
        Assert.Equal(0, server.ActiveAssociations);
        Assert.Single(notes.RejectedOnes);
    }

    [Fact]
    public async Task A_stop_finishes_the_message_and_aborts()
    {
        using var stop = new CancellationTokenSource();
        var store = new MemoryStore
        {
            Before = async (_, _, _) =>
            {
                await stop.CancelAsync();
                return null;
            },
        };
        var pair = new PipePair();
        var notes = new Notes();
        var served = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store), notes).RunAsync(pair.Server, "", stop.Token);
        var client = await DimseClient.ConnectAsync(pair.Client, Wire.Request().Propose(Wire.Ultrasound), Ct);
        Assert.Equal(DimseStatus.Success, await client.StoreAsync(Wire.Instance(1_000_000), Ct));
        var e = await Assert.ThrowsAsync<AssociationException>(() => client.StoreAsync(Wire.Instance(10), Ct));
        Assert.Equal(AssociationFailure.AbortedByPeer, e.Failure);
        await client.DisposeAsync();
        await served;
        Assert.Null(await notes.FirstEnd);
    }

    [Fact]
    public async Task A_cut_at_any_byte_stores_nothing_and_ends_the_association()
    {
        var random = new Random(5);
        for (var round = 0; round < 40; round++)
        {
            var store = new MemoryStore();
            var notes = new Notes();
            var pair = new PipePair();
            // the request is about 260 bytes, the store 20 kB
            var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store), notes);
            var line = new ChaosPipe(pair.Server, round, maxChunk: 3000, cutAfter: random.Next(1, 20_000));
            var served = server.RunAsync(line, "", CancellationToken.None);
            var e = await Assert.ThrowsAsync<AssociationException>(async () =>
            {
                await using var client = await DimseClient.ConnectAsync(pair.Client, Wire.Request().Propose(Wire.Ultrasound), Ct);
                await client.StoreAsync(Wire.Instance(20_000), Ct);
            });
            Assert.True(e.Failure is AssociationFailure.ConnectionLost or AssociationFailure.AbortedByPeer, e.Failure.ToString());
            await served;
            Assert.Empty(store.Received);
            Assert.Equal(0, server.ActiveAssociations);
        }
    }
}
