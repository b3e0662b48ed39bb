using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests.Network;

namespace Pacs.Tests.Fuzz;

/// <summary>
/// A server with every kind of handler against requestors that lie: in the items of the A-ASSOCIATE-RQ, in command sets, in identifiers. Whatever comes, it answers
/// with PDUs that can be read, ends the association for a reason that is the peer's, and keeps no slot. <c>PACS_FUZZ_SECONDS</c> and <c>PACS_FUZZ_ROUND</c> as in
/// <see cref="DatasetFuzzTests"/>.
/// </summary>
public sealed class ServerFuzz
{
    private static readonly string[] Classes =
    [
        DicomUid.Verification, DicomUid.UltrasoundImageStorage, DicomUid.CTImageStorage, DicomUid.ModalityWorklistInformationModelFind,
        DicomUid.StudyRootQueryRetrieveInformationModelMove, DicomUid.StudyRootQueryRetrieveInformationModelGet, DicomUid.ModalityPerformedProcedureStep,
        DicomUid.StorageCommitmentPushModel, "1.2.3.4.5", "", "..", new string('1', 64), new string('2', 65), "1.2.840.10008.5.1.4.1.1.\n",
    ];

    private static readonly string[] Syntaxes =
        [DicomUid.ImplicitVRLittleEndian, DicomUid.ExplicitVRLittleEndian, DicomUid.DeflatedExplicitVRLittleEndian, DicomUid.ExplicitVRBigEndian, "1.2.840.10008.1.2.4.50", "1.9", ""];

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 2);

    private static int FirstRound => int.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_ROUND"), out var round) ? round : 0;

    [Fact]
    public async Task Any_association_request_is_answered_or_aborted()
    {
        var begin = TimeProvider.System.GetTimestamp();
        for (var round = FirstRound; TimeProvider.System.GetElapsedTime(begin) < Duration; round++)
        {
            var random = new Random(round);
            var request = Request(random);
            var damaged = random.Next(3) == 0 ? request : Damage(request, random);
            var answer = await ConverseAsync(damaged, round);
            if (answer is [(PduType.AssociateAccept, var body), ..])
            {
                var accept = PduReader.ReadAssociateAccept(new ReadOnlySequence<byte>(body));
                Assert.True(accept.Contexts.Count <= PduReader.MaxContexts, $"round {round}");
                Assert.All(accept.UserInformation.Roles, role => Assert.True(DicomUid.IsTolerable(role.SopClass), $"round {round}"));
            }
            else
            {
                Assert.True(answer is [] or [(PduType.AssociateReject or PduType.Abort, _), ..], $"round {round}: {answer.FirstOrDefault().Type}");
            }
        }
    }

    [Fact]
    public async Task Any_messages_are_answered_or_end_the_association()
    {
        var begin = TimeProvider.System.GetTimestamp();
        for (var round = FirstRound; TimeProvider.System.GetElapsedTime(begin) < Duration; round++)
        {
            var random = new Random(round);
            var messages = Messages(random);
            if (random.Next(4) > 0)
            {
                messages = Damage(messages, random);
            }
            await ConverseAsync([.. Wire.RequestBytes([.. Services.Select((s, i) => ((byte)((2 * i) + 1), s, DicomUid.ExplicitVRLittleEndian))]), .. messages], round);
        }
    }

    [Fact]
    public async Task A_request_full_of_roles_is_accepted_with_the_roles_of_its_contexts()
    {
        var roles = new ArrayBufferWriter<byte>();
        for (var i = 0; roles.WrittenCount < 65_400; i++)
        {
            Item(roles, 0x54, Long($"1.2.840.10008.5.1.4.1.1.{i}"), [0, 1]);
        }
        var body = Body([Context(1, DicomUid.Verification, [DicomUid.ImplicitVRLittleEndian])], roles.WrittenSpan.ToArray());
        var answer = await ConverseAsync(body, 0);
        Assert.Equal(PduType.AssociateAccept, answer[0].Type);
        Assert.Empty(PduReader.ReadAssociateAccept(new ReadOnlySequence<byte>(answer[0].Body)).UserInformation.Roles);
    }

    [Theory]
    [InlineData(1, 2000)]
    [InlineData(65_300, 1)]
    public async Task A_request_full_of_extended_negotiation_is_accepted_with_one_answer_for_a_class(int information, int times)
    {
        var wishes = new ArrayBufferWriter<byte>();
        for (var i = 0; i < times && wishes.WrittenCount < 65_300; i++)
        {
            Item(wishes, 0x56, Long(DicomUid.ModalityWorklistInformationModelFind), [.. Enumerable.Repeat((byte)1, information)]);
        }
        var body = Body([Context(1, DicomUid.ModalityWorklistInformationModelFind, [DicomUid.ImplicitVRLittleEndian])], wishes.WrittenSpan.ToArray());
        var answer = await ConverseAsync(body, 0);
        Assert.Equal(PduType.AssociateAccept, answer[0].Type);
        Assert.InRange(Assert.Single(PduReader.ReadAssociateAccept(new ReadOnlySequence<byte>(answer[0].Body)).UserInformation.ExtendedNegotiations).Information.Length, 1, 5);
    }

    [Fact]
    public async Task A_small_identifier_does_not_become_a_large_one()
    {
        var store = new DimseHandlers().AddFind(FakeFind.Of(), DicomUid.ModalityWorklistInformationModelFind);
        var request = Wire.Request().Propose(DicomUid.ModalityWorklistInformationModelFind, DicomUid.DeflatedExplicitVRLittleEndian);
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), store), request);
        // 60 MB of blanks shrink to 60 kB; 100,000 elements of 8 bytes are 7 MB of memory
        var bomb = new DicomDataset().Set(new DicomElement(DicomTag.PatientComments, DicomVr.LT, Encoding.ASCII.GetBytes(new string(' ', 60_000_000))));
        var many = new DicomDataset();
        for (uint i = 0; i < 100_000; i++)
        {
            many.Set(new DicomElement(new DicomTag(0x0011_1000 + i), DicomVr.CS, ReadOnlyMemory<byte>.Empty));
        }
        foreach (var identifier in new[] { bomb, many })
        {
            var e = await Assert.ThrowsAsync<DimseStatusException>(async () =>
            {
                await foreach (var match in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, identifier, TestContext.Current.CancellationToken))
                {
                    Assert.Fail("a match");
                }
            });
            Assert.Equal(DimseStatus.CannotUnderstand.Code, e.Status.Code);
        }
        await client.ReleaseAsync(TestContext.Current.CancellationToken);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public async Task A_flood_of_cancels_ends_the_query_it_means_and_nothing_else()
    {
        var began = new TaskCompletionSource();
        async IAsyncEnumerable<FindMatch> Endless(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
        {
            yield return new DicomDataset().Set(DicomTag.PatientID, "1");
            began.TrySetResult();
            await Task.Delay(Timeout.Infinite, ct);
        }

        var handlers = new DimseHandlers().AddFind(new FakeFind(Endless), DicomUid.ModalityWorklistInformationModelFind);
        var (client, served) = await Wire.ConnectAsync(
            new DimseServer(new AcceptorPolicy(), handlers), Wire.Request().Propose(DicomUid.ModalityWorklistInformationModelFind).Propose(DicomUid.Verification));
        var association = client.Association;
        var context = association.Info.Contexts[0];
        var ct = TestContext.Current.CancellationToken;
        await association.SendAsync(context, DimseCommand.FindRequest(7, context.AbstractSyntax), [], ct);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(20), ct);
        for (var i = 0; i < 20_000; i++)
        {
            await association.SendAsync(context, DimseCommand.CancelRequest((ushort)(i % 2 == 0 ? 8 : 65_535)), dataset: null, flush: false, ct);
        }
        await association.SendAsync(context, DimseCommand.CancelRequest(7), dataset: null, ct);
        Assert.Equal(0xFF00, (await association.ReceiveAsync(ct))!.Command.Status.Code);
        Assert.Equal(0xFE00, (await association.ReceiveAsync(ct))!.Command.Status.Code);
        for (var i = 0; i < 1000; i++)
        {
            await association.SendAsync(context, DimseCommand.CancelRequest(7), dataset: null, flush: false, ct);
        }
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(ct));
        await client.ReleaseAsync(ct);
        await client.DisposeAsync();
        await served;
    }

    private static readonly string[] Services =
    [
        DicomUid.Verification, DicomUid.UltrasoundImageStorage, DicomUid.ModalityWorklistInformationModelFind, DicomUid.StudyRootQueryRetrieveInformationModelMove,
        DicomUid.StudyRootQueryRetrieveInformationModelGet, DicomUid.ModalityPerformedProcedureStep,
    ];

    /// <summary>Runs a connection to its end and gives what was answered.</summary>
    private static async Task<List<(PduType Type, byte[] Body)>> ConverseAsync(byte[] bytes, int round)
    {
        var notes = new Notes();
        var handlers = new DimseHandlers()
            .AddStorage(new MemoryStore())
            .AddFind(FakeFind.Of(new DicomDataset().Set(DicomTag.PatientID, "1")), DicomUid.ModalityWorklistInformationModelFind)
            .AddMove(new NothingToRetrieve(), DicomUid.StudyRootQueryRetrieveInformationModelMove)
            .AddGet(new NothingToRetrieve(), DicomUid.StudyRootQueryRetrieveInformationModelGet)
            .AddN(new AnyN(), DicomUid.ModalityPerformedProcedureStep);
        var policy = new AcceptorPolicy
        {
            AnswersExtended = proposed => QueryNegotiation.Answer(proposed.Information),
            AcceptsUser = (user, _, _) => ValueTask.FromResult(user?.Username != "nobody"),
            Limits = AssociationLimits.Default with { Artim = TimeSpan.FromSeconds(2), Idle = TimeSpan.FromSeconds(2), MidPdu = TimeSpan.FromSeconds(2) },
        };
        var server = new DimseServer(policy, handlers, notes);
        var input = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var output = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await input.Writer.WriteAsync(bytes);
        await input.Writer.CompleteAsync();
        await server.RunAsync(new PipePair.End(input.Reader, output.Writer), "192.0.2.1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));

        var cause = notes.FirstEnd.IsCompleted ? await notes.FirstEnd : null;
        Assert.True(cause is null or AssociationException, $"round {round}: {cause}");
        Assert.Equal(0, server.ActiveAssociations);
        var answers = new List<(PduType, byte[])>();
        var all = await output.Reader.ReadAtLeastAsync(int.MaxValue);
        var rest = all.Buffer;
        while (PduReader.TryRead(ref rest, uint.MaxValue - 6, out var type, out var body))
        {
            answers.Add((type, body.ToArray()));
        }
        Assert.True(rest.IsEmpty, $"round {round}: half a PDU at the end");
        return answers;
    }

    private static byte[] Request(Random random)
    {
        var contexts = new List<byte[]>();
        for (var (id, count) = (1, random.Next(8) == 0 ? 128 : random.Next(1, 6)); count > 0; count--, id += 2)
        {
            contexts.Add(Context((byte)(random.Next(200) == 0 ? random.Next(256) : id), Pick(Classes, random), [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Pick(Syntaxes, random))]));
        }
        var user = new ArrayBufferWriter<byte>();
        for (var i = random.Next(12); i > 0; i--)
        {
            switch (random.Next(10))
            {
                case 0:
                    Item(user, 0x51, Number(Pick<uint>([0, 15, 128, 16384, uint.MaxValue], random)));
                    break;
                case 1:
                    Item(user, 0x52, Text(Pick(Classes, random)));
                    break;
                case 2:
                    Item(user, 0x53, Number((uint)random.Next()));
                    break;
                case 3:
                    Item(user, 0x54, Long(Pick(Classes, random)), [(byte)random.Next(3), (byte)random.Next(3)]);
                    break;
                case 4:
                    Item(user, 0x55, Text(Pick(["PACS", "", "\0\0\0", "A_NAME_THAT_IS_LONGER_THAN_16\n"], random)));
                    break;
                case 5:
                    Item(user, 0x56, Long(Pick(Classes, random)), Bytes(random, 10));
                    break;
                case 6:
                    Item(user, 0x57, Long(Pick(Classes, random)), Long("1.2.840.10008.4.2"), Long([.. Long("1.2"), .. Long("")]));
                    break;
                case 7:
                    Item(user, 0x58, [(byte)random.Next(8), (byte)random.Next(2)], Long(Pick(["user", "nobody", "", "\u00fc\ud800"], random)), Long(Bytes(random, 2000)));
                    break;
                case 8:
                    Item(user, 0x59, Long("response"));
                    break;
                default:
                    Item(user, (byte)random.Next(256), Bytes(random, 20));
                    break;
            }
        }
        return Body(contexts, user.WrittenSpan);
    }

    private static byte[] Messages(Random random)
    {
        var bytes = new ArrayBufferWriter<byte>();
        for (ushort id = 1; id <= random.Next(1, 6); id++)
        {
            var service = random.Next(Services.Length);
            var context = (byte)((2 * service) + 1);
            DimseCommand[] commands =
            [
                DimseCommand.EchoRequest(id), DimseCommand.StoreRequest(id, Services[service], "1.2.3"), DimseCommand.FindRequest(id, Services[service]), DimseCommand.CancelRequest(id),
                DimseCommand.CreateRequest(id, Services[service], random.Next(2) == 0 ? null : "1.2.3"), DimseCommand.SetRequest(id, Services[service], "1.2.3"),
                DimseCommand.GetAttributesRequest(id, Services[service], "1.2.3", [DicomTag.PatientID]), DimseCommand.ActionRequest(id, Services[service], "1.2.3", 1),
                DimseCommand.EventReportRequest(id, Services[service], "1.2.3", 1), DimseCommand.DeleteRequest(id, Services[service], "1.2.3"),
                new DimseCommand(DimseCommandField.CMoveRequest) { MessageId = id, AffectedSopClass = Services[service], MoveDestination = "WS" },
                new DimseCommand(DimseCommandField.CGetRequest) { MessageId = id, AffectedSopClass = Services[service] },
                DimseCommand.ResponseTo(DimseCommand.StoreRequest(id, Services[service], "1.2.3"), DimseStatus.Success),
            ];
            var command = commands[random.Next(commands.Length)];
            var hasDataset = random.Next(3) > 0;
            bytes.Write(Wire.Data(context, true, true, Wire.Bytes(command, hasDataset)));
            if (hasDataset)
            {
                var dataset = new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.PatientName, "*");
                var data = random.Next(4) == 0 ? Bytes(random, 200) : DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
                bytes.Write(Wire.Data(context, false, true, data));
            }
        }
        bytes.Write<byte>([5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        return bytes.WrittenSpan.ToArray();
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
        }
        return random.Next(5) == 0 ? bytes[..random.Next(1, bytes.Length)] : bytes;
    }

    private static byte[] Body(IEnumerable<byte[]> contexts, ReadOnlySpan<byte> user)
    {
        var body = new ArrayBufferWriter<byte>();
        body.Write<byte>([0, 1, 0, 0, .. "PACS            DEVICE          "u8, .. new byte[32]]);
        Item(body, 0x10, Text(DicomUid.DICOMApplicationContext));
        foreach (var context in contexts)
        {
            Item(body, 0x20, context);
        }
        Item(body, 0x50, user.ToArray());
        return [1, 0, .. Number((uint)body.WrittenCount), .. body.WrittenSpan];
    }

    private static byte[] Context(byte id, string sopClass, string[] syntaxes)
    {
        var context = new ArrayBufferWriter<byte>();
        context.Write<byte>([id, 0, 0, 0]);
        Item(context, 0x30, Text(sopClass));
        foreach (var syntax in syntaxes)
        {
            Item(context, 0x40, Text(syntax));
        }
        return context.WrittenSpan.ToArray();
    }

    private static void Item(ArrayBufferWriter<byte> output, byte type, params byte[][] parts)
    {
        byte[] value = [.. parts.SelectMany(p => p)];
        output.Write<byte>([type, 0, (byte)(value.Length >> 8), (byte)value.Length, .. value]);
    }

    private static byte[] Long(string text) => Long(Text(text));

    private static byte[] Long(byte[] value) => [(byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Bytes(Random random, int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static T Pick<T>(T[] choices, Random random) => choices[random.Next(choices.Length)];

    private sealed class NothingToRetrieve : IRetrieveHandler
    {
        public ValueTask<RetrievePlan> PlanAsync(RetrieveRequest request, CancellationToken ct) => new(new RetrievePlan([]));

        public string ChooseTransferSyntax(string sopClass, IReadOnlyList<string> proposed) => proposed[0];
    }

    private sealed class AnyN : INHandler
    {
        public ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct) => new(new NResult(DimseStatus.Success) { Dataset = request.Dataset });
    }
}
