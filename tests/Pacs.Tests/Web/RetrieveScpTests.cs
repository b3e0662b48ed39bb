using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests.Network;

namespace Pacs.Tests;

/// <summary>Retrieving from the whole server with our own client: what dcmtk cannot show.</summary>
public sealed class RetrieveScpTests
{
    private const string Get = DicomUid.StudyRootQueryRetrieveInformationModelGet;
    private const string Move = DicomUid.StudyRootQueryRetrieveInformationModelMove;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Series_come_one_after_the_other_and_each_by_its_numbers()
    {
        await using var server = await StartAsync();
        await StoreAsync(server, [Image(2, 10), Image(1, 2), Image(2, 9), Image(1, 10), Image(1, 1), Image(null, null)]);
        var store = new MemoryStore();

        var result = await GetAsync(server, store, DicomUid.ExplicitVRLittleEndian);

        Assert.Equal((0x0000, 6), (result.Status.Code, result.Completed));
        Assert.Equal(["1.2.1.1", "1.2.1.2", "1.2.1.10", "1.2.2.9", "1.2.2.10", "1.2.0.0"], store.Received.Select(r => r.Request.SopInstance));
    }

    [Fact]
    public async Task Of_several_syntaxes_the_one_most_instances_have_is_taken()
    {
        await using var server = await StartAsync();
        await StoreAsync(server, [Image(1, 1), Image(1, 2), Image(1, 3)], DicomUid.ImplicitVRLittleEndian);
        await StoreAsync(server, [Image(2, 1)], DicomUid.ExplicitVRBigEndian);
        var store = new MemoryStore();

        var result = await GetAsync(server, store, DicomUid.JPEGBaseline8Bit, DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian);

        // the fourth one is written anew
        Assert.Equal((0x0000, 4), (result.Status.Code, result.Completed));
        Assert.All(store.Received, r => Assert.Equal(DicomUid.ImplicitVRLittleEndian, r.Request.Context.TransferSyntax.Uid));
    }

    [Theory]
    [InlineData("", "1.2", 0x0052)]
    [InlineData("FRAME", "1.2", 0x0052)]
    [InlineData("STUDY", "", 0x000D)]
    [InlineData("STUDY", "../../etc/passwd", 0x000D)]
    [InlineData("IMAGE", "1.2", 0x0018)]
    public async Task An_identifier_that_does_not_fit_is_A900_and_says_which_key(string level, string study, int offending)
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, DicomUid.ExplicitVRLittleEndian);

        var result = await client.GetAsync(
            Get, new DicomDataset().Set(DicomTag.QueryRetrieveLevel, level)
                .Set(new DicomElement(DicomTag.StudyInstanceUID, DicomVr.UI, System.Text.Encoding.ASCII.GetBytes(study))), new MemoryStore(), progress: null, Ct);

        Assert.Equal(0xA900, result.Status.Code);
        Assert.Equal(offending, Assert.Single(result.Status.OffendingElements!).Element);
        Assert.DoesNotContain("passwd", result.Status.Comment ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Moves_to_one_destination_wait_for_their_turn()
    {
        var (active, most) = (0, 0);
        var store = new MemoryStore
        {
            Before = async (_, _, ct) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref active));
                await Task.Delay(100, ct);
                Interlocked.Decrement(ref active);
                return null;
            },
        };
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)));
        await using var server = await StartAsync(((IPEndPoint)listener.LocalEndpoint).Port);
        await StoreAsync(server, [Image(1, 1), Image(1, 2)]);

        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            await using var client = await ConnectAsync(server, DicomUid.ExplicitVRLittleEndian);
            return await client.MoveAsync(Move, Study(), "DEST", progress: null, Ct);
        }));
        listener.Stop();
        await serving;

        Assert.All(results, r => Assert.Equal((0x0000, 2), (r.Status.Code, r.Completed)));
        Assert.Equal((8, 2), (store.Received.Count, most));
    }

    private static Task<TestServer> StartAsync(int port = 1) => TestServer.StartAsync(new Dictionary<string, string>
    {
        ["DicomAlwaysAllowGet"] = "true",
        ["DicomAlwaysAllowMove"] = "true",
        ["MaximumMovesPerDestination"] = "2",
        ["DicomModalities"] = $$"""{"dest": ["DEST", "127.0.0.1", {{port}}]}""",
    });

    private static async Task ServeAsync(TcpListener listener, DimseServer server)
    {
        var connections = new ConcurrentBag<Task>();
        try
        {
            while (true)
            {
                var stream = (await listener.AcceptTcpClientAsync(Ct)).GetStream();
                connections.Add(server.RunAsync(new PipePair.End(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", CancellationToken.None));
            }
        }
        catch (SocketException)
        {
            // the test is over
        }
        await Task.WhenAll(connections);
    }

    private static DicomDataset Study() => new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").Set(DicomTag.StudyInstanceUID, "1.2");

    private static async Task<RetrieveResult> GetAsync(TestServer server, MemoryStore store, params string[] syntaxes)
    {
        await using var client = await ConnectAsync(server, syntaxes);
        return await client.GetAsync(Get, Study(), store, progress: null, Ct);
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, params string[] syntaxes) => DimseClient.ConnectAsync(
        "127.0.0.1", server.DicomPort, Wire.Request().Propose(Get).Propose(Move).ProposeAsScp(Wire.Ultrasound, syntaxes), tls: null, Ct);

    private static async Task StoreAsync(TestServer server, IEnumerable<DicomDataset> images, string syntax = DicomUid.ExplicitVRLittleEndian)
    {
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, Wire.Request().Propose(Wire.Ultrasound, syntax), tls: null, Ct);
        foreach (var image in images)
        {
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(image, Ct));
        }
        await client.ReleaseAsync(Ct);
    }

    private static DicomDataset Image(int? series, int? number)
    {
        var image = Wire.Instance(64, $"1.2.{series ?? 0}.{number ?? 0}").Set(DicomTag.StudyInstanceUID, "1.2").Set(DicomTag.SeriesInstanceUID, $"1.2.{series ?? 0}").Set(DicomTag.Modality, "US");
        if (series is { } s)
        {
            image.Set(DicomTag.SeriesNumber, $"{s}");
        }
        return number is { } n ? image.Set(DicomTag.InstanceNumber, $"{n}") : image;
    }
}
