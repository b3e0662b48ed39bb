using System.Collections.Concurrent;
using Pacs.Dicom.Network;

namespace Pacs.Interop;

/// <summary>A storage SCP that counts how often each SOP instance came, and may take its time: to break off what it receives at a known point.</summary>
public sealed class CountingScp : IStoreHandler, IAsyncDisposable
{
    private readonly TimeSpan _pause;
    private readonly DimseListener _listener;

    public CountingScp(TimeSpan pause)
    {
        _pause = pause;
        _listener = new DimseListener(new DimseHandlers().AddStorage(this));
    }

    /// <summary>The SOP instance at which the association is broken off, each time.</summary>
    public string? Poison { get; init; }

    public int Port => _listener.Port;

    /// <summary>How often each SOP instance was stored.</summary>
    public ConcurrentDictionary<string, int> Received { get; } = new();

    /// <summary>How many connections there were.</summary>
    public int Associations => _listener.Connections;

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

    public ValueTask DisposeAsync() => _listener.DisposeAsync();
}
