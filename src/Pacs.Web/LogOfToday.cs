namespace Pacs.Web;

/// <summary>
/// The errors of today, for the page of the status: the console has them all, and nobody in a practice reads it. As everywhere in the log there is nothing about patients in them, and
/// exceptions are left out.
/// </summary>
[ProviderAlias("Today")]
public sealed class LogOfToday(TimeProvider time) : ILoggerProvider
{
    /// <summary>So many of them are kept; all are counted.</summary>
    public const int MaxEntries = 20;

    private readonly Lock _lock = new();
    private readonly Queue<Entry> _entries = new();
    private DateOnly _day;
    private int _count;

    /// <summary>A line of the log.</summary>
    /// <param name="At">When.</param>
    /// <param name="Part">The part of the program.</param>
    /// <param name="Text">What it says.</param>
    public sealed record Entry(DateTimeOffset At, string Part, string Text);

    private DateOnly Today => DateOnly.FromDateTime(time.GetLocalNow().DateTime);

    /// <summary>How many there were today, and the last of them, newest first.</summary>
    public (int Count, IReadOnlyList<Entry> Last) Errors()
    {
        lock (_lock)
        {
            Turn();
            return (_count, [.. _entries.Reverse()]);
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Part(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <inheritdoc/>
    public void Dispose()
    {
        // there is nothing to be closed
    }

    private void Add(string part, string text)
    {
        lock (_lock)
        {
            Turn();
            _count++;
            _entries.Enqueue(new Entry(time.GetUtcNow(), part, text));
            if (_entries.Count > MaxEntries)
            {
                _entries.Dequeue();
            }
        }
    }

    // a new day begins without errors
    private void Turn()
    {
        if (_day != Today)
        {
            (_day, _count) = (Today, 0);
            _entries.Clear();
        }
    }

    private sealed class Part(LogOfToday log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Error or LogLevel.Critical;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Add(name, formatter(state, null));
            }
        }
    }
}
