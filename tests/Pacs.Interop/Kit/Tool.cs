using System.Diagnostics;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>A program of others: dcmtk, pydicom, Orthanc. Tests skip, with its name, where it is not installed.</summary>
public static class Tool
{
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        public string All => Output + Error;
    }

    /// <summary>Skips the running test unless all of these are on the PATH.</summary>
    public static void Require(params string[] names)
    {
        foreach (var name in names)
        {
            if (Find(name) is null)
            {
                Assert.Skip($"{name} is not installed");
            }
        }
    }

    /// <summary>Skips the running test unless Debian's Python has this module.</summary>
    public static async Task RequirePythonAsync(string module, CancellationToken ct)
    {
        if (!File.Exists("/usr/bin/python3") || (await RunAsync("/usr/bin/python3", ct, "-c", $"import {module}")).ExitCode != 0)
        {
            Assert.Skip($"/usr/bin/python3 has no {module}");
        }
    }

    /// <summary>A file of a package of tests/node; skips the running test where it is missing.</summary>
    public static string NodeModule(string path)
    {
        var file = Path.Join(Repository.Root, "tests", "node", "node_modules", path);
        Assert.SkipUnless(File.Exists(file), $"{path} is not installed: npm ci --prefix tests/node");
        return file;
    }

    public static string? Find(string name) => Path.IsPathRooted(name) ? (File.Exists(name) ? name : null)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin")
            .Select(folder => Path.Join(folder, name)).FirstOrDefault(File.Exists);

    public static async Task<Result> RunAsync(string name, CancellationToken ct, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Find(name) ?? name, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        }) ?? throw new InvalidOperationException($"{name} did not start");
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return new Result(process.ExitCode, await output, await error);
    }
}
