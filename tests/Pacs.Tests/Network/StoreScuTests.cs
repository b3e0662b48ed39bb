using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>Many instances over few associations, as they are or written anew.</summary>
public sealed class StoreScuTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Instances_arrive_byte_for_byte_and_in_order()
    {
        var store = new MemoryStore();
        var sizes = new[] { 10, 100_000, ReadAhead.PieceLength, (3 * ReadAhead.PieceLength) + 2, 0, 4 };
        var instances = sizes.Select((size, i) => Raw(Bytes(size, i), $"1.2.{i + 1}")).ToList();

        var sent = await SendAsync(store, instances, new MoveOriginator("VIEWER", 77));

        Assert.All(sent, s => Assert.True(s is { IsStored: true, WasSent: true }));
        Assert.Equal(instances, sent.Select(s => s.Instance));
        Assert.Equal(sizes.Select(s => (long)s), sent.Select(s => s.Bytes));
        Assert.Equal(sizes.Select((size, i) => Convert.ToHexString(Bytes(size, i))), store.Received.Select(r => Convert.ToHexString(r.Bytes)));
        Assert.All(store.Received, r => Assert.Equal("VIEWER", r.Request.MoveOriginator));
    }

    [Fact]
    public async Task What_cannot_be_had_is_a_result_and_stops_nothing()
    {
        var store = new MemoryStore();
        var missing = new OutgoingInstance(Wire.Ultrasound, "1.2.2", TransferSyntax.ExplicitVRLittleEndian, _ => new((Stream?)null));
        var broken = new OutgoingInstance(Wire.Ultrasound, "1.2.3", TransferSyntax.ExplicitVRLittleEndian, _ => throw new IOException("disk"));

        var sent = await SendAsync(store, [Raw(Bytes(10, 1), "1.2.1"), missing, broken, Raw(Bytes(12, 4), "1.2.4")]);

        Assert.Equal([0x0000, 0x0112, 0x0110, 0x0000], sent.Select(s => s.Status.Code));
        Assert.Equal([true, false, false, true], sent.Select(s => s.IsStored));
        Assert.Equal(["1.2.1", "1.2.4"], store.Received.Select(r => r.Request.SopInstance));
    }

    [Fact]
    public async Task A_file_that_ends_too_early_costs_its_association_and_no_other_instance()
    {
        var store = new MemoryStore();
        var liar = new OutgoingInstance(Wire.Ultrasound, "1.2.2", TransferSyntax.ExplicitVRLittleEndian, _ => new(new Shrinking(Bytes((2 * ReadAhead.PieceLength) + 10, 2))));
        var connections = 0;

        var sent = await SendAsync(store, [Raw(Bytes(10, 1), "1.2.1"), liar, Raw(Bytes(12, 3), "1.2.3")], connected: () => connections++);

        Assert.Equal([true, false, true], sent.Select(s => s.IsStored));
        Assert.Equal(["1.2.1", "1.2.3"], store.Received.Select(r => r.Request.SopInstance));
        Assert.Equal(2, connections);
    }

    [Fact]
    public async Task A_peers_status_is_the_result()
    {
        var store = new MemoryStore
        {
            Before = (request, _, _) => new(request.SopInstance switch
            {
                "1.2.1" => DimseStatus.OutOfResources,
                "1.2.2" => DimseStatus.CoercionOfDataElements,
                _ => null,
            }),
        };

        var sent = await SendAsync(store, [Raw(Bytes(10, 1), "1.2.1"), Raw(Bytes(10, 1), "1.2.2"), Raw(Bytes(10, 1), "1.2.3")]);

        Assert.Equal([0xA700, 0xB000, 0x0000], sent.Select(s => s.Status.Code));
        Assert.Equal([false, true, true], sent.Select(s => s.IsStored));
    }

    [Theory]
    [InlineData(DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, 100)]
    [InlineData(DicomUid.ImplicitVRLittleEndian, DicomUid.ExplicitVRLittleEndian, 100)]
    [InlineData(DicomUid.ExplicitVRBigEndian, DicomUid.ExplicitVRLittleEndian, 100)]
    [InlineData(DicomUid.DeflatedExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, 100)]
    [InlineData(DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, 9_000_001)]
    [InlineData(DicomUid.ImplicitVRLittleEndian, DicomUid.ExplicitVRLittleEndian, 9_000_000)]
    [InlineData(DicomUid.ExplicitVRBigEndian, DicomUid.ImplicitVRLittleEndian, 9_000_001)]
    [InlineData(DicomUid.DeflatedExplicitVRLittleEndian, DicomUid.ExplicitVRLittleEndian, 9_000_000)]
    public async Task What_the_peer_does_not_take_as_it_is_is_written_anew(string stored, string taken, int pixels)
    {
        var store = new MemoryStore();
        var from = TransferSyntax.Get(stored);
        var to = TransferSyntax.Get(taken);
        var words = new byte[pixels];
        new Random(5).NextBytes(words);
        words.AsSpan(pixels / 8).Clear(); // so that deflating is quick
        var dataset = Wire.Instance(0).Set(DicomTag.BitsAllocated, 16).Set(DicomTag.Rows, 7)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, words))
            .Set(new DicomElement(DicomTag.DataSetTrailingPadding, DicomVr.OB, new byte[20]));
        var policy = new AcceptorPolicy { ChooseTransferSyntax = (_, proposed) => proposed.Contains(taken) ? taken : "" };

        var sent = await SendAsync(store, [Raw(DicomWriter.ToBytes(dataset, from), "1.2.3.4", from)], policy: policy);

        Assert.True(Assert.Single(sent).IsStored);
        var (request, bytes) = Assert.Single(store.Received);
        Assert.Equal(taken, request.Context.TransferSyntax.Uid);
        Assert.Equal(Convert.ToHexString(DicomWriter.ToBytes(dataset, to)), Convert.ToHexString(bytes));
    }

    [Fact]
    public async Task A_compressed_instance_is_not_sent_to_a_peer_that_cannot_read_it()
    {
        var store = new MemoryStore();
        var policy = new AcceptorPolicy { ChooseTransferSyntax = (_, proposed) => proposed.FirstOrDefault(p => !TransferSyntax.Get(p).IsEncapsulated) ?? "" };
        var video = Raw(Bytes(100, 1), "1.2.1", TransferSyntax.Get(DicomUid.MPEG2MPML));
        var plain = Raw(Bytes(100, 1), "1.2.2");

        var sent = await SendAsync(store, [video, plain], policy: policy);

        Assert.Equal([0x0122, 0x0000], sent.Select(s => s.Status.Code));
        Assert.Contains(DicomUid.MPEG2MPML, sent[0].Status.Comment, StringComparison.Ordinal);
        Assert.Equal("1.2.2", Assert.Single(store.Received).Request.SopInstance);
    }

    [Theory]
    [InlineData("rle_cine.dcm", "RGB")]
    [InlineData("jpeg70_s16.dcm", "MONOCHROME2")]
    [InlineData("jls80_rgb.dcm", "RGB")]
    [InlineData("jpeg50_rgb_ybr422.dcm", "RGB")]
    public async Task A_compressed_instance_is_decoded_for_a_peer_that_takes_no_compression(string name, string photometric)
    {
        var store = new MemoryStore();
        var policy = new AcceptorPolicy { ChooseTransferSyntax = (_, proposed) => proposed.FirstOrDefault(p => !TransferSyntax.Get(p).IsEncapsulated) ?? "" };
        var path = Path.Join(AppContext.BaseDirectory, "Golden", "images", "synthetic", name);

        var sent = await SendAsync(store, [OutgoingInstance.OfFile(path) with { SopClass = Wire.Ultrasound }], policy: policy);

        Assert.True(Assert.Single(sent).IsStored);
        var (request, bytes) = Assert.Single(store.Received);
        Assert.Equal(DicomUid.ExplicitVRLittleEndian, request.Context.TransferSyntax.Uid);
        var received = DicomReader.Read(bytes, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal(photometric, received.GetString(DicomTag.PhotometricInterpretation));
        using var original = InstancePixels.Open(path);
        using var plain = InstancePixels.Of(received, TransferSyntax.ExplicitVRLittleEndian);
        for (var frame = 1; frame <= original.Count; frame++)
        {
            using var expected = original.Render(new RenderOptions { Frame = frame });
            using var actual = plain.Render(new RenderOptions { Frame = frame });
            Assert.Equal(expected.Data.ToArray(), actual.Data.ToArray());
        }
    }

    [Fact]
    public async Task A_damaged_frame_fails_its_instance_and_no_other()
    {
        var policy = new AcceptorPolicy { ChooseTransferSyntax = (_, proposed) => proposed.FirstOrDefault(p => !TransferSyntax.Get(p).IsEncapsulated) ?? "" };

        var sent = await SendAsync(new MemoryStore(), [Raw(Bytes(100, 1), "1.2.1", TransferSyntax.JpegBaseline), Raw(Bytes(100, 1), "1.2.2")], policy: policy);

        Assert.Equal([0x0110, 0x0000], sent.Select(s => s.Status.Code));
    }

    [Fact]
    public async Task More_than_128_contexts_are_divided_over_associations()
    {
        var store = new MemoryStore();
        var instances = Enumerable.Range(1, 150).Select(i => Raw(Bytes(4, i), $"1.2.{i}") with { SopClass = $"1.2.826.0.1.{i}" }).ToList();
        var connections = 0;

        var sent = await SendAsync(store, instances, connected: () => connections++);

        Assert.All(sent, s => Assert.True(s.IsStored));
        Assert.Equal(150, store.Received.Count);
        Assert.Equal(3, connections);
        Assert.All(store.Received, r => Assert.InRange(r.Request.Peer.Contexts.Count, 1, 128));
    }

    [Fact]
    public async Task A_data_set_of_odd_length_gets_a_byte_more()
    {
        var store = new MemoryStore();

        await SendAsync(store, [Raw(Bytes(7, 1), "1.2.1", TransferSyntax.DeflatedExplicitVRLittleEndian), Raw(Bytes(ReadAhead.PieceLength + 1, 2), "1.2.2")]);

        Assert.Equal([8, ReadAhead.PieceLength + 2], store.Received.Select(r => r.Bytes.Length));
        Assert.All(store.Received, r => Assert.Equal(0, r.Bytes[^1]));
    }

    [Theory]
    [InlineData("1.2.3", 2, 0x0110)] // in the middle
    [InlineData("1.2.1", 2, 0x0110)] // the first one
    [InlineData("all", 2, -1)]
    public async Task A_peer_that_dies_of_one_instance_gets_the_others(string poison, int connectionsMade, int status)
    {
        var store = new MemoryStore
        {
            Before = (request, _, _) => request.SopInstance == poison || poison == "all" ? throw new InvalidOperationException("dies") : new((DimseStatus?)null),
        };
        var connections = 0;
        var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store));
        var instances = Enumerable.Range(1, 5).Select(i => Raw(Bytes(10, i), $"1.2.{i}")).ToList();
        var sent = new List<SentInstance>();

        async Task SendAllAsync()
        {
            await foreach (var one in Scu(server, () => connections++, goesOn: true).SendAsync(instances, originator: null, Ct))
            {
                sent.Add(one);
            }
        }

        if (status < 0)
        {
            await Assert.ThrowsAsync<AssociationException>(SendAllAsync);
            Assert.Single(sent);
        }
        else
        {
            await SendAllAsync();
            Assert.Equal(instances, sent.Select(s => s.Instance));
            Assert.Equal(status, Assert.Single(sent, s => !s.IsStored).Status.Code);
            Assert.Equal(poison, Assert.Single(sent, s => !s.IsStored).Instance.SopInstance);
        }
        Assert.Equal(connectionsMade, connections);
    }

    [Fact]
    public async Task Leaving_the_enumeration_releases_the_association()
    {
        var store = new MemoryStore();
        var notes = new Notes();
        var server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store), notes);
        await foreach (var sent in Scu(server).SendAsync([Raw(Bytes(10, 1), "1.2.1"), Raw(Bytes(10, 1), "1.2.2")], originator: null, Ct))
        {
            break;
        }
        Assert.Null(await notes.FirstEnd.WaitAsync(TimeSpan.FromSeconds(10), Ct));
        Assert.Single(store.Received);
    }

    private static async Task<List<SentInstance>> SendAsync(
        MemoryStore store, IReadOnlyList<OutgoingInstance> instances, MoveOriginator? originator = null, AcceptorPolicy? policy = null, Action? connected = null)
    {
        var server = new DimseServer(policy ?? new AcceptorPolicy(), new DimseHandlers().AddStorage(store));
        var sent = new List<SentInstance>();
        await foreach (var one in Scu(server, connected).SendAsync(instances, originator, Ct))
        {
            sent.Add(one);
        }
        return sent;
    }

    private static StoreScu Scu(DimseServer server, Action? connected = null, bool goesOn = false) => new(Wire.Request(), async (request, ct) =>
    {
        connected?.Invoke();
        var pair = new PipePair();
        _ = server.RunAsync(pair.Server, "192.0.2.1", CancellationToken.None);
        return await DimseClient.ConnectAsync(pair.Client, request, ct);
    })
    {
        GoesOnAfterAbort = goesOn,
    };

    private static OutgoingInstance Raw(byte[] dataset, string sopInstance, TransferSyntax? syntax = null) =>
        new(Wire.Ultrasound, sopInstance, syntax ?? TransferSyntax.ExplicitVRLittleEndian, _ => new(new MemoryStream(dataset)));

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Has less than it says, as a file that somebody truncates.</summary>
    private sealed class Shrinking(byte[] bytes) : MemoryStream(bytes)
    {
        public override long Length => base.Length + 100;
    }
}
