namespace Pacs.Storage;

/// <summary>
/// A queue whose consumers sleep while it is empty. <c>BlockingCollection</c> spins before it sleeps: on a small machine those turns are taken
/// from the thread that is about to add the next item. Measured with one sender on two cores: a quarter of the processor.
/// </summary>
internal sealed class WaitingQueue<T>
{
    private readonly Queue<T> _items = new();
    private bool _completed;

    /// <summary>Whether nothing will come any more.</summary>
    public bool IsCompleted
    {
        get
        {
            lock (_items)
            {
                return _completed && _items.Count == 0;
            }
        }
    }

    /// <summary>Adds an item and wakes one consumer.</summary>
    /// <returns>False when the queue is completed.</returns>
    public bool TryAdd(T item)
    {
        lock (_items)
        {
            if (_completed)
            {
                return false;
            }
            _items.Enqueue(item);
            Monitor.Pulse(_items);
            return true;
        }
    }

    /// <summary>Takes the next item, waiting for one when there is none.</summary>
    /// <param name="item">The item.</param>
    /// <param name="patience">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> waits until the queue is completed.</param>
    public bool TryTake(out T item, TimeSpan patience)
    {
        lock (_items)
        {
            while (_items.Count == 0)
            {
                if (_completed || patience == TimeSpan.Zero || !Monitor.Wait(_items, patience))
                {
                    // the last item may have come while the time ran out
                    return _items.TryDequeue(out item!);
                }
            }
            return _items.TryDequeue(out item!);
        }
    }

    /// <summary>Lets consumers finish what is there.</summary>
    public void Complete()
    {
        lock (_items)
        {
            _completed = true;
            Monitor.PulseAll(_items);
        }
    }
}
