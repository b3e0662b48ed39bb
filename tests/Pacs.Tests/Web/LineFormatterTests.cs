using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pacs.Web;

namespace Pacs.Tests;

public sealed class LineFormatterTests
{
    [Fact]
    public void An_entry_is_one_line_whatever_a_peer_sends() =>
        Assert.EndsWith("WARN  StoreScp: AE A·B··[31m" + Environment.NewLine, Format("AE A\nB\r\u001b[31m", null), StringComparison.Ordinal);

    [Fact]
    public void An_exception_follows_on_lines_of_its_own()
    {
        var text = Format("failed", new IOException("disk\u0007 full"));

        Assert.Contains($"failed{Environment.NewLine}System.IO.IOException: disk· full", text, StringComparison.Ordinal);
    }

    private static string Format(string message, Exception? exception)
    {
        var writer = new StringWriter();
        new LineFormatter(TimeProvider.System).Write(
            new LogEntry<string>(LogLevel.Warning, "Pacs.Web.Dimse.StoreScp", default, message, exception, (state, _) => state), null, writer);
        return writer.ToString();
    }
}
