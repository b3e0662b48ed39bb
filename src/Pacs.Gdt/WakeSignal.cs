namespace Pacs.Gdt;

/// <summary>A semaphore as a signal that there is something to do.</summary>
internal static class WakeSignal
{
    /// <summary>Signals. One signal that nobody has waited for yet is enough, and one to somebody who is gone is none.</summary>
    public static void Signal(this SemaphoreSlim wake)
    {
        try
        {
            if (wake.CurrentCount == 0)
            {
                wake.Release();
            }
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            return; // somebody else has just done it, or it is over
        }
    }

    /// <summary>Waits until somebody signals, or for a while. Ends quietly when it is cancelled: the caller looks at the token.</summary>
    /// <param name="wake">The signal.</param>
    /// <param name="atMost">Without a signal it ends after so long.</param>
    /// <param name="time">The clock for that.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Whether somebody has signalled.</returns>
    public static async Task<bool> WokenAsync(this SemaphoreSlim wake, TimeSpan atMost, TimeProvider time, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var woken = wake.WaitAsync(either.Token);
        await Task.WhenAny(woken, Task.Delay(atMost, time, either.Token));
        // a wait that nobody is left for would swallow the next signal
        await either.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return woken.IsCompletedSuccessfully;
    }
}
