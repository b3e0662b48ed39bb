namespace Pacs.Web;

/// <summary>
/// The errors of today, for the page of the status: the console has them all, and nobody in a practice reads it; and the last lines of today, for who helps from afar. As everywhere in the log there is
/// nothing about patients in them, and exceptions are left out.
/// </summary>
[ProviderAlias("Today")]
public sealed class LogOfToday(TimeProvider time) : ILoggerProvider
{
    /// <summary>So many of them are kept; all are counted.</summary>
    public const int MaxEntries = 20;

    /// <summary>So many lines of all kinds are kept.</summary>
    public const int MaxLines = 2000;

    private const int MaxLength = 500;

    // users, and what one object is called by: who helps from afar needs to see that something was refused, not whom it is about
    private static readonly string[] Named = ["User", "Instance", "SopInstance", "Resource", "Study", "Series", "Patient", "Transaction", "Report", "Name", "File"];

    private readonly Lock _lock = new();
    private readonly Queue<Line> _lines = new();
    private readonly Queue<Entry> _entries = new();
    private DateOnly _day;
    private int _count;

    /// <summary>A line of the log.</summary>
    /// <param name="At">When.</param>
    /// <param name="Part">The part of the program.</param>
    /// <param name="Text">What it says.</param>
    public sealed record Entry(DateTimeOffset At, string Part, string Text);

    /// <summary>A line of the log as somebody else may read it.</summary>
    /// <param name="At">When.</param>
    /// <param name="Level">How bad.</param>
    /// <param name="Part">The part of the program.</param>
    /// <param name="Text">What it says, without names of users and objects.</param>
    public sealed record Line(DateTimeOffset At, LogLevel Level, string Part, string Text);

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

    /// <summary>The last lines of today, oldest first.</summary>
    public IReadOnlyList<Line> Lines()
    {
        lock (_lock)
        {
            Turn();
            return [.. _lines];
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Part(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <inheritdoc/>
    public void Dispose()
    {
        // there is nothing to be closed
    }

    private void Add(LogLevel level, string part, string text, string masked)
    {
        lock (_lock)
        {
            Turn();
            _lines.Enqueue(new Line(time.GetUtcNow(), level, part, masked.Length > MaxLength ? masked[..MaxLength] + "…" : masked));
            if (_lines.Count > MaxLines)
            {
                _lines.Dequeue();
            }
            if (level is not (LogLevel.Error or LogLevel.Critical))
            {
                return;
            }
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
            _lines.Clear();
        }
    }

    private static string Masked<TState>(TState state, string text)
    {
        foreach (var (name, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            if (Array.IndexOf(Named, name) >= 0 && value?.ToString() is { Length: > 0 } word)
            {
                text = text.Replace(word, "…", StringComparison.Ordinal);
            }
        }
        return text;
    }

    private sealed class Part(LogOfToday log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var text = formatter(state, null);
                log.Add(logLevel, name, text, Masked(state, text));
            }
        }
    }
}
