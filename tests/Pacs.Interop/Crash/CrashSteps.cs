using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// Every <c>CrashPoint.Hit</c> that a stored study passes. Read from the sources, so that a new step cannot be forgotten here.
/// </summary>
public static class CrashSteps
{
    public static IReadOnlyList<string> All { get; } = Find();

    private static List<string> Find()
    {
        return [.. Directory.EnumerateFiles(Path.Join(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Select(line => System.Text.RegularExpressions.Regex.Match(line, "CrashPoint\\.Hit\\(\"([a-z-]+)\"\\)"))
            .Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct().Order()];
    }
}
