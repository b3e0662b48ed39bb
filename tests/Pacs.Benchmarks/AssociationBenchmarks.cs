using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Benchmarks;

/// <summary>
/// C-STORE of 64 MiB to a handler that reads and forgets: what the upper layer itself costs, in memory and over the loopback interface.
/// Divide 64 MiB by the mean for the throughput.
/// </summary>
[MemoryDiagnoser]
#pragma warning disable CA1001 // CleanUp is what disposes here
public class AssociationBenchmarks
#pragma warning restore CA1001
{
    private const int Size = 64 * 1024 * 1024;

    private readonly MemoryStream _data = new(new byte[Size]);
    private TcpListener? _listener;
    private DimseClient? _client;
    private Task _served = Task.CompletedTask;

    /// <summary>The maximum PDU length in both directions.</summary>
    [Params(16 * 1024, 256 * 1024)]
    public uint MaxPdu { get; set; }

    /// <summary>Sockets instead of pipes in memory.</summary>
    [Params(false, true)]
    public bool Loopback { get; set; }

    // the in-process toolchain does not wait for an asynchronous set-up
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        var limits = new AssociationLimits { MaxPdu = MaxPdu, MaxPeerPdu = MaxPdu };
        var server = new DimseServer(new AcceptorPolicy { Limits = limits }, new DimseHandlers().AddStorage(new Forgetful()));
        var request = new AssociationRequest { CallingAe = "BENCH", CalledAe = "PACS", Limits = limits }.Propose(DicomUid.UltrasoundImageStorage);
        if (Loopback)
        {
            _listener = new TcpListener(IPAddress.Loopback, 0);
            _listener.Start();
            var accepting = _listener.AcceptTcpClientAsync();
            var connecting = DimseClient.ConnectAsync("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, request, tls: null, CancellationToken.None);
            var stream = (await accepting).GetStream();
            _served = server.RunAsync(
                new End(PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 256 * 1024)), PipeWriter.Create(stream)), "127.0.0.1", CancellationToken.None);
            _client = await connecting;
        }
        else
        {
            // thresholds as Kestrel has them
            var options = new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, minimumSegmentSize: 64 * 1024);
            var up = new Pipe(options);
            var down = new Pipe(options);
            _served = server.RunAsync(new End(up.Reader, down.Writer), "", CancellationToken.None);
            _client = await DimseClient.ConnectAsync(new End(down.Reader, up.Writer), request, CancellationToken.None);
        }
    }

    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    private async Task CleanUpAsync()
    {
        await _client!.ReleaseAsync(CancellationToken.None);
        await _client.DisposeAsync();
        await _served;
        _listener?.Dispose();
        await _data.DisposeAsync();
    }

    [Benchmark]
    public async Task Store()
    {
        _data.Position = 0;
        var association = _client!.Association;
        await association.SendAsync(
            association.Info.Contexts[0], DimseCommand.StoreRequest(1, DicomUid.UltrasoundImageStorage, "1.2.3"), _data, CancellationToken.None);
        _ = await association.ReceiveAsync(CancellationToken.None);
    }

    private sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Forgetful : IStoreHandler
    {
        public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
        {
            await data.DrainAsync(ct);
            return DimseStatus.Success;
        }
    }
}
