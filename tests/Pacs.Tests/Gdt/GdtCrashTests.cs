using System.Diagnostics;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Kills a process that hands files over at every step of it, and at random times, while practice software fetches what it sees.</summary>
public sealed class GdtCrashTests
{
    private const string FolderVariable = "PACS_TEST_GDT_FOLDER";
    private const string StudiesVariable = "PACS_TEST_GDT_STUDIES";

    public static readonly TheoryData<string> Steps =
        ["gdt-queued", "gdt-attached", "gdt-witness", "gdt-prepared", "gdt-ready", "gdt-renamed", "gdt-published", "gdt-written", "gdt-renamed:2"];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Killed_at_any_step_every_study_is_announced_exactly_once(string step)
    {
        Assert.SkipUnless(CrashPoint.IsAvailable, "this build has no crash points");
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-crash-").FullName;
        try
        {
            var fetched = new List<string>();
            Assert.NotEqual(0, await RunChildAsync(folder, studies: 3, step, fetched));
            Assert.Equal(0, await RunChildAsync(folder, studies: 3, null, fetched));
            Assert.Equal(["P1", "P2", "P3"], fetched.Order(StringComparer.Ordinal));
            Assert.Empty(Directory.GetFileSystemEntries(Path.Join(folder, "incoming")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Killed_at_random_times_every_study_is_announced_exactly_once()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("PACS_TEST_CRASH_ROUNDS") ?? "2");
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-crash-").FullName;
        try
        {
            var random = new Random(6310);
            var fetched = new List<string>();
            for (var round = 1; round <= rounds; round++)
            {
                await RunChildAsync(folder, studies: round * 40, null, fetched, killAfter: TimeSpan.FromMilliseconds(random.Next(50, 900)));
            }
            Assert.Equal(0, await RunChildAsync(folder, studies: rounds * 40, null, fetched));
            Assert.Equal(Enumerable.Range(1, rounds * 40).Select(i => $"P{i}").Order(StringComparer.Ordinal), fetched.Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The child process: stores the studies that are not there, waits until all is handed over. Skipped but when the tests above start it.</summary>
    [Fact]
    public async Task Child_process_of_these_tests()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(folder is null, "only as a child process");
        await using var host = await GdtHost.StartAsync(folder: folder);
        await File.WriteAllTextAsync(Path.Join(folder, "started"), "", TestContext.Current.CancellationToken);
        for (var study = 1; study <= int.Parse(Environment.GetEnvironmentVariable(StudiesVariable)!); study++)
        {
            await host.StoreAsync(Studies.Image(study, study % 3 == 0 ? "" : $"R{study / 2}")); // two studies share a number
        }
        await host.SettleAsync();
    }

    // the parent is the practice software: it deletes what it has read, as soon as it sees it
    private static async Task<int> RunChildAsync(string folder, int studies, string? step, List<string> fetched, TimeSpan? killAfter = null)
    {
        var ct = TestContext.Current.CancellationToken;
        var started = Path.Join(folder, "started");
        File.Delete(started);
        var start = new ProcessStartInfo(Path.Join(AppContext.BaseDirectory, "Pacs.Tests"), ["-method", "Pacs.Tests.GdtCrashTests.Child_process_of_these_tests"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[FolderVariable] = folder;
        start.Environment[StudiesVariable] = studies.ToString();
        start.Environment["PACS_CRASHPOINT"] = step ?? "";
        using var child = Process.Start(start)!;
        var output = Task.WhenAll(child.StandardOutput.ReadToEndAsync(ct), child.StandardError.ReadToEndAsync(ct));
        Stopwatch? running = null;
        try
        {
            while (!child.HasExited)
            {
                Fetch(folder, fetched);
                running ??= File.Exists(started) ? Stopwatch.StartNew() : null;
                if (killAfter is { } limit && running?.Elapsed > limit)
                {
                    child.Kill();
                    break;
                }
                await Task.Delay(2, ct);
            }
            await child.WaitForExitAsync(ct);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }
        }
        var text = await output;
        Fetch(folder, fetched);
        if (step is null && killAfter is null)
        {
            Assert.True(child.ExitCode == 0, text[0] + text[1]);
        }
        return child.ExitCode;
    }

    private static void Fetch(string folder, List<string> fetched)
    {
        var incoming = Path.Join(folder, "incoming");
        if (!Directory.Exists(incoming))
        {
            return;
        }
        foreach (var file in Directory.GetFiles(incoming, "*.gdt"))
        {
            var fields = GoldenFile.Fields(File.ReadAllBytes(file)); // fails at half a file
            Assert.Equal(19, fields.Count);
            fetched.Add(fields.Single(f => f.Id == "3000").Value);
            File.Delete(file);
        }
    }
}
