using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Pacs.Dicom.Network;

namespace Pacs.Interop;

/// <summary>A storage SCP that counts how often each SOP instance came, and may take its time: to break off what it receives at a known point.</summary>
public sealed class CountingScp : IStoreHandler, IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeSpan _pause;
    private readonly Task _accepting;
    private int _associations;

    public CountingScp(TimeSpan pause)
    {
        _pause = pause;
        _listener.Start();
        _accepting = AcceptAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(this)));
    }

    /// <summary>The SOP instance at which the association is broken off, each time.</summary>
    public string? Poison { get; init; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How often each SOP instance was stored.</summary>
    public ConcurrentDictionary<string, int> Received { get; } = new();

    /// <summary>How many connections there were.</summary>
    public int Associations => _associations;

    public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
    {
        await data.DrainAsync(ct);
        if (request.SopInstance == Poison)
        {
            throw new InvalidOperationException("this server cannot bear the instance"); // the engine aborts
        }
        await Task.Delay(_pause, ct);
        Received.AddOrUpdate(request.SopInstance, 1, (_, n) => n + 1);
        return DimseStatus.Success;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(DimseServer server)
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                running.Add(ServeAsync(server, await _listener.AcceptTcpClientAsync(_stop.Token)));
                _associations++;
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task ServeAsync(DimseServer server, TcpClient peer)
    {
        using (peer)
        {
            peer.NoDelay = true;
            var stream = peer.GetStream();
            await server.RunAsync(new StreamPipe(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", _stop.Token);
        }
    }

    private sealed record StreamPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
