using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Conformance;

/// <summary>
/// docs/conformance.md says what the code does. <c>PACS_CONFORMANCE=write</c> writes its tables anew:
/// <c>PACS_CONFORMANCE=write artifacts/bin/Pacs.Tests/debug/Pacs.Tests -class Pacs.Tests.Conformance.ConformanceTests</c>.
/// </summary>
public sealed partial class ConformanceTests
{
    private static string StatementPath => Path.Join(Repository.Root, "docs", "conformance.md");

    [Fact]
    public async Task The_tables_of_the_statement_are_those_of_the_code()
    {
        await using var server = await TestServer.StartAsync();
        var handlers = server.Services.GetRequiredService<DimseHandlers>();
        var statement = (await File.ReadAllTextAsync(StatementPath, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        var seen = new List<string>();

        var fresh = Block().Replace(statement, block =>
        {
            var name = block.Groups["name"].Value;
            seen.Add(name);
            Assert.True(ConformanceTables.All.ContainsKey(name), $"docs/conformance.md asks for a table \"{name}\", which does not exist");
            return $"<!-- generated: {name} -->\n{ConformanceTables.All[name](handlers)}\n<!-- end -->";
        });

        if (Environment.GetEnvironmentVariable("PACS_CONFORMANCE") == "write")
        {
            await File.WriteAllTextAsync(StatementPath, fresh, TestContext.Current.CancellationToken);
            return;
        }
        Assert.Equal(ConformanceTables.All.Keys.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        var (old, now) = (statement.Split('\n'), fresh.Split('\n'));
        var difference = Enumerable.Range(0, Math.Max(old.Length, now.Length)).FirstOrDefault(i => old.ElementAtOrDefault(i) != now.ElementAtOrDefault(i), -1);
        Assert.True(
            difference < 0,
            $"docs/conformance.md is stale from line {difference + 1}: \"{old.ElementAtOrDefault(difference)}\" has become \"{now.ElementAtOrDefault(difference)}\". "
            + "Run PACS_CONFORMANCE=write artifacts/bin/Pacs.Tests/debug/Pacs.Tests -class Pacs.Tests.Conformance.ConformanceTests and read what has changed.");
    }

    [Fact]
    public void Every_status_that_is_answered_has_its_cause_in_the_statement() => Assert.Empty(ConformanceStatuses.Differences());

    [GeneratedRegex("<!-- generated: (?<name>[a-z-]+) -->\n.*?<!-- end -->", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();
}
