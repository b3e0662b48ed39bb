namespace Pacs.Storage;

/// <summary>
/// Threads that wait for the disk. An fsync takes milliseconds; on the thread pool a handful of them would stop the network for everybody, and the pool
/// adds threads far too slowly.
/// </summary>
internal sealed class DiskThreads : IDisposable
{
    private readonly WaitingQueue<Action> _work = new();
    private readonly Thread[] _threads;

    public DiskThreads(int count)
    {
        _threads = new Thread[count];
        for (var i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = "disk" };
            _threads[i].Start();
        }
    }

    /// <summary>Runs work on one of the threads. Its exceptions come out of the task.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _work.TryAdd(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        ObjectDisposedException.ThrowIf(!accepted, this);
        return done.Task;
    }

    /// <summary>Waits for what is queued.</summary>
    public void Dispose()
    {
        _work.Complete();
        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void Run()
    {
        while (_work.TryTake(out var work, Timeout.InfiniteTimeSpan))
        {
            work();
        }
    }
}
