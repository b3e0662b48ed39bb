using System.Text;
using Pacs.Gdt;

namespace Pacs.Interop;

/// <summary>What we write, checked by a checker that shares no code with us (<c>gdt_check.py</c>): line lengths, line ends, field ids, first field.</summary>
public sealed class GdtCheckTests
{
    // the old plugin's records have no 8100, 8402 and 9206, and practice software is set up for that
    private static readonly string[] Known = ["no 8100", "no 8402", "non-ASCII bytes but no 9206"];

    [Fact]
    public async Task Records_pass_the_checker_whatever_the_values_are()
    {
        Tool.Require("/usr/bin/python3");
        var ct = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-check-").FullName;
        try
        {
            string[] values =
            [
                "", "R0000000007", "Schilddrüse € groß", "Łódź Михаил 検査 😀", "a\r\n0098000b", "tab\tnul\0esc\u001B", new string('x', 990), new string('ü', 991),
                string.Join(' ', Enumerable.Range(0, 2000)), "\u2028\u2029\u0085", "0138000",
            ];
            var files = new List<string>();
            foreach (var value in values)
            {
                await WriteAsync(StudyRecord.Create(value, value, value, value, new DateOnly(2026, 11, 22), new TimeOnly(8, 4, 41), value));
                await WriteAsync(ReportRecord.Create(value, new DateOnly(2026, 11, 22), default, [new Measurement(value, value, "1.0", value, value, value, "1.1")]));
            }
            var checker = Path.Join(AppContext.BaseDirectory, "gdt_check.py");
            var result = await Tool.RunAsync("/usr/bin/python3", ct, [checker, .. files]);
            Assert.Equal(0, result.ExitCode);
            Assert.Equal(files.Count, result.Output.Split('\n').Count(l => l.Contains(" lines - ", StringComparison.Ordinal)));
            var findings = result.Output.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l.Trim());
            Assert.DoesNotContain(findings, f => !Known.Any(k => f.StartsWith(k, StringComparison.Ordinal)));

            async Task WriteAsync(GdtRecord record)
            {
                files.Add(Path.Join(folder, $"{files.Count}.gdt"));
                await File.WriteAllBytesAsync(files[^1], GdtWriter.ToBytes(record), ct);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_checker_finds_what_is_wrong()
    {
        Tool.Require("/usr/bin/python3");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, Encoding.ASCII.GetBytes("01380006310\r\n0128413x\n"), TestContext.Current.CancellationToken);
            var result = await Tool.RunAsync("/usr/bin/python3", TestContext.Current.CancellationToken, Path.Join(AppContext.BaseDirectory, "gdt_check.py"), file);
            Assert.Contains("LF only", result.Output);
            Assert.Contains("LLL=12, expected 10", result.Output);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
