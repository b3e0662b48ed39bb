using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Pacs.Dicom.Network;

namespace Pacs.Interop;

/// <summary>A DIMSE server on an ephemeral port of 127.0.0.1, without anything else of the product.</summary>
public sealed class DimseListener : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _connections;

    public DimseListener(DimseHandlers handlers)
    {
        _listener.Start();
        _accepting = AcceptAsync(new DimseServer(new AcceptorPolicy(), handlers));
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections there were.</summary>
    public int Connections => _connections;

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
                _connections++;
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
            await server.RunAsync(
                new StreamPipe(PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 65536)), PipeWriter.Create(stream)), "127.0.0.1", _stop.Token);
        }
    }

    private sealed record StreamPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
