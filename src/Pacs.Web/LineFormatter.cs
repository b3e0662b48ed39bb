using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Pacs.Web;

/// <summary>
/// One line per log entry: time, level, part, text, and the exception below it. Control characters are shown as <c>·</c>: what a peer sends cannot
/// forge a line or steer a terminal. In the journal of systemd the level is a prefix (sd-daemon(3)) and the time is the journal's.
/// </summary>
public sealed class LineFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>The name under which the console finds it.</summary>
    public const string FormatterName = "line";

    private readonly bool _journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        // LoggerEventIds.HostedServiceStartupFaulted: the host logs why it cannot start, with the stack, and throws it as well; PacsServer says it readably
        if (logEntry.EventId.Id == 11 && logEntry.Category == "Microsoft.Extensions.Hosting.Internal.Host")
        {
            return;
        }
        var (priority, level) = logEntry.LogLevel switch
        {
            LogLevel.Critical => ("<2>", "CRIT "),
            LogLevel.Error => ("<3>", "ERROR"),
            LogLevel.Warning => ("<4>", "WARN "),
            LogLevel.Information => ("<6>", "info "),
            _ => ("<7>", "debug"),
        };
        if (_journal)
        {
            textWriter.Write(priority);
        }
        else
        {
            textWriter.Write(time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss.fff ", CultureInfo.InvariantCulture));
            textWriter.Write(level);
            textWriter.Write(' ');
        }
        textWriter.Write(logEntry.Category.AsSpan(logEntry.Category.LastIndexOf('.') + 1));
        textWriter.Write(": ");
        WritePlain(textWriter, logEntry.Formatter(logEntry.State, logEntry.Exception), keepLines: false);
        textWriter.WriteLine();
        if (logEntry.Exception is not null)
        {
            WritePlain(textWriter, logEntry.Exception.ToString(), keepLines: true);
            textWriter.WriteLine();
        }
    }

    private static void WritePlain(TextWriter writer, string text, bool keepLines)
    {
        foreach (var c in text)
        {
            writer.Write(char.IsControl(c) && !(keepLines && (c is '\n' or '\r')) ? '·' : c);
        }
    }
}
