namespace Pacs.Web.Instances;

/// <summary>As many frames are decoded at the same time as there are processors: more would not be faster, and each may take the memory of several frames.</summary>
internal sealed class DecodingSlots : IDisposable
{
    private readonly SemaphoreSlim _free = new(Environment.ProcessorCount);

    /// <summary>Waits for a slot; it is free again when what is returned is disposed.</summary>
    public async ValueTask<IDisposable> TakeAsync(CancellationToken ct)
    {
        await _free.WaitAsync(ct);
        return new Slot(_free);
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();

    private sealed class Slot(SemaphoreSlim free) : IDisposable
    {
        private SemaphoreSlim? _free = free;

        public void Dispose() => Interlocked.Exchange(ref _free, null)?.Release();
    }
}
