namespace Pacs.Storage;

/// <summary>
/// A queue whose consumers sleep while it is empty. <c>BlockingCollection</c> spins before it sleeps: on a small machine those turns are taken
/// from the thread that is about to add the next item. Measured with one sender on two cores: a quarter of the processor.
/// </summary>
internal sealed class WaitingQueue<T>
{
    private readonly Queue<(T Item, bool Wakes)> _items = new();
    private int _urgent;
    private int _enough = 1;
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
    /// <param name="item">The item.</param>
    /// <param name="wakes">False lets a consumer sleep on that gathers items, see <see cref="Gather"/>.</param>
    /// <returns>False when the queue is completed.</returns>
    public bool TryAdd(T item, bool wakes = true)
    {
        lock (_items)
        {
            if (_completed)
            {
                return false;
            }
            _items.Enqueue((item, wakes));
            _urgent += wakes ? 1 : 0;
            if (wakes || _items.Count >= _enough)
            {
                Monitor.Pulse(_items);
            }
            return true;
        }
    }

    /// <summary>Lets items come, without being woken by each, until one is there that wakes, or enough of them, or for so long. For a queue with one consumer.</summary>
    /// <param name="enough">So many.</param>
    /// <param name="patience">So long.</param>
    public void Gather(int enough, TimeSpan patience)
    {
        lock (_items)
        {
            if (_urgent == 0 && !_completed && _items.Count < enough)
            {
                _enough = enough;
                Monitor.Wait(_items, patience);
                _enough = 1;
            }
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
                    return TryDequeue(out item);
                }
            }
            return TryDequeue(out item);
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

    private bool TryDequeue(out T item)
    {
        var any = _items.TryDequeue(out var next);
        _urgent -= next.Wakes ? 1 : 0;
        item = next.Item;
        return any;
    }
}
