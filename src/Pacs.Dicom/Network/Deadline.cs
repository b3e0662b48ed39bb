namespace Pacs.Dicom.Network;

/// <summary>
/// A time limit that is set anew for every wait, thousands of times a second. Setting it costs a clock reading and an exchange: the one timer
/// behind it is touched only when it would ring too late, and looks when it rings whether the limit has moved on.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly TimeProvider _time;
    private readonly Action _expired;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _due = Never;
    private long _timerDue = Never;
    private bool _disposed;

    public Deadline(TimeProvider time, Action expired) => (_time, _expired) = (time, expired);

    public void Set(TimeSpan after)
    {
        if (after == Timeout.InfiniteTimeSpan)
        {
            Clear();
            return;
        }
        var due = _time.GetTimestamp() + (long)(after.TotalSeconds * _time.TimestampFrequency);
        Interlocked.Exchange(ref _due, due);
        if (due < Volatile.Read(ref _timerDue))
        {
            Arm(due, after);
        }
    }

    public void Clear() => Interlocked.Exchange(ref _due, Never);

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Arm(long due, TimeSpan after)
    {
        lock (_lock)
        {
            if (_disposed || due >= _timerDue)
            {
                return;
            }
            _timerDue = due;
            if (_timer is null)
            {
                _timer = _time.CreateTimer(static state => ((Deadline)state!).Ring(), this, after, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _timer.Change(after, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Ring()
    {
        // first "no timer", then look: a Set in between sees one of the two and arms
        Interlocked.Exchange(ref _timerDue, Never);
        var due = Interlocked.Read(ref _due);
        if (due == Never)
        {
            return;
        }
        var left = due - _time.GetTimestamp();
        if (left > 0)
        {
            // timers have a resolution of milliseconds: rounding down would ring again and again
            Arm(due, TimeSpan.FromMilliseconds(Math.Ceiling(left * 1000.0 / _time.TimestampFrequency)));
        }
        else if (Interlocked.CompareExchange(ref _due, Never, due) == due)
        {
            _expired();
        }
        else
        {
            Arm(Interlocked.Read(ref _due), TimeSpan.Zero);
        }
    }
}
