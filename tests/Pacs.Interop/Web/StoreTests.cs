using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Pacs.Interop;

/// <summary>dcmtk sends, and what a device relies on is true.</summary>
public sealed partial class StoreTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Echoscu_is_answered_by_whatever_name_it_calls()
    {
        Tool.Require("echoscu");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);

        var result = await Tool.RunAsync("echoscu", Ct, "-v", "-aet", "ANYBODY", "-aec", "SOMEBODY_ELSE", "127.0.0.1", server.DicomPort.ToString());

        Assert.True(0 == result.ExitCode, result.All);
        Assert.Contains("Received Echo Response (Success)", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_called_AE_title_is_checked_when_it_is_configured()
    {
        Tool.Require("echoscu");
        await using var server = ServerProcess.Create(("DicomCheckCalledAet", true), ("DicomAet", "PRAXIS"));
        await server.StartAsync(Ct);

        var wrong = await Tool.RunAsync("echoscu", Ct, "-v", "-aec", "OTHER", "127.0.0.1", server.DicomPort.ToString());
        var right = await Tool.RunAsync("echoscu", Ct, "-v", "-aec", "PRAXIS", "127.0.0.1", server.DicomPort.ToString());

        Assert.Contains("Called AE Title Not Recognized", wrong.All, StringComparison.Ordinal);
        Assert.True(0 == right.ExitCode, right.All);
    }

    [Fact]
    public async Task A_stored_study_has_its_GDT_file_and_outlives_a_restart()
    {
        Tool.Require("storescu", "dump2dcm");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        var file = await MakeAsync(server.Folder, "a", accession: "R0000000042");

        var stored = await Tool.RunAsync("storescu", Ct, "-v", "127.0.0.1", server.DicomPort.ToString(), file);
        Assert.Contains("Received Store Response (Success)", stored.All, StringComparison.Ordinal);
        var gdt = Path.Join(server.GdtDirectory, "R0000000042.gdt");
        await UntilAsync(() => File.Exists(gdt), server);
        var body = await File.ReadAllBytesAsync(gdt, Ct);
        File.Delete(gdt); // the practice software has read it

        await server.KillAsync(Ct);
        await server.StartAsync(Ct);
        var again = await Tool.RunAsync("storescu", Ct, "-v", "127.0.0.1", server.DicomPort.ToString(), file);

        Assert.Contains("8413R0000000042", System.Text.Encoding.Latin1.GetString(body), StringComparison.Ordinal);
        Assert.Contains("Received Store Response (Success)", again.All, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFiles(server.StorageDirectory, "*.dcm", SearchOption.AllDirectories));
        // the feed has come to its end when the file of a further study is there
        var next = await MakeAsync(server.Folder, "b", accession: "R0000000043");
        await Tool.RunAsync("storescu", Ct, "127.0.0.1", server.DicomPort.ToString(), next);
        await UntilAsync(() => File.Exists(Path.Join(server.GdtDirectory, "R0000000043.gdt")), server);
        Assert.False(File.Exists(gdt), "the study was announced twice");
    }

    [Fact]
    public async Task What_does_not_fit_its_announcement_is_refused_with_a_comment_and_not_stored()
    {
        Tool.Require("storescu", "dump2dcm");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        var file = await MakeAsync(server.Folder, "a", accession: "1", study: "");

        var result = await Tool.RunAsync("storescu", Ct, "-d", "127.0.0.1", server.DicomPort.ToString(), file);

        Assert.Matches("(?i)0xC000|0xA900", result.All);
        Assert.Contains("ErrorComment", result.All, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(server.StorageDirectory, "*.dcm", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_answer_comes_after_the_journal_and_of_a_large_instance_file_and_folder_are_on_the_disk(bool large)
    {
        Tool.Require("storescu", "dump2dcm", "strace");
        await using var server = ServerProcess.Create(("GdtGenerator", new Dictionary<string, object> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        var file = large ? Path.Join(server.Folder, "a.dcm") : await MakeAsync(server.Folder, "a", accession: "1");
        if (large)
        {
            await BigInstance.WriteAsync(file, 1 << 20, Ct);
        }
        var trace = Path.Join(server.Folder, "trace");
        using var strace = Process.Start(new ProcessStartInfo("strace",
            ["-f", "-yy", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,sendto,sendmsg,write", "-p", server.ProcessId.ToString()])
        { RedirectStandardError = true, UseShellExecute = false })!;
        if (await strace.StandardError.ReadLineAsync(Ct) is not { } first || !first.Contains("attached", StringComparison.Ordinal))
        {
            Assert.Skip("strace may not attach to processes here");
        }
        _ = strace.StandardError.ReadToEndAsync(Ct);

        var stored = await Tool.RunAsync("storescu", Ct, "-v", "127.0.0.1", server.DicomPort.ToString(), file);
        await server.StopAsync(Ct);
        await strace.WaitForExitAsync(Ct);

        Assert.Contains("Received Store Response (Success)", stored.All, StringComparison.Ordinal);
        var calls = (await File.ReadAllLinesAsync(trace, Ct)).Select(Whole).OfType<string>().ToList();
        // on the connection of the device we send A-ASSOCIATE-AC, C-STORE-RSP and A-RELEASE-RP
        var sends = Indexes(calls, c => c.StartsWith("send", StringComparison.Ordinal) && c.Contains($":{server.DicomPort}->", StringComparison.Ordinal));
        Assert.True(sends.Count >= 3, string.Join('\n', calls));
        var answer = sends[1];
        var folder = server.StorageDirectory;
        // what the index has to know, and a small instance itself
        var journalSynced = Indexes(calls, c => IsSync(c) && c.Contains(".journal", StringComparison.Ordinal));
        Assert.Contains(journalSynced, i => i > sends[0] && i < answer);
        if (!large)
        {
            return;
        }
        var fileSynced = Indexes(calls, c => IsSync(c) && c.Contains(folder, StringComparison.Ordinal) && !c.Contains(".journal", StringComparison.Ordinal) && !c.Contains(".db", StringComparison.Ordinal));
        var published = Indexes(calls, c => (c.StartsWith("rename", StringComparison.Ordinal) || c.StartsWith("link", StringComparison.Ordinal)) && c.Contains(".dcm", StringComparison.Ordinal));
        var rename = Assert.Single(published);
        Assert.True(sends[0] < rename && rename < answer, string.Join('\n', calls));
        Assert.Contains(fileSynced, i => i < rename); // the bytes
        Assert.Contains(fileSynced, i => i > rename && i < answer); // the name
        Assert.Contains(journalSynced, i => i > rename && i < answer); // what the index has to know
    }

    /// <summary>Long run only (PACS_BIG=1): a gigabyte through one association must not need memory for it.</summary>
    [Fact]
    public async Task A_gigabyte_is_stored_in_less_than_200_MB_of_memory()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PACS_BIG") == "1", "PACS_BIG is not set to 1");
        Tool.Require("storescu");
        await using var server = ServerProcess.Create(("MinimumFreeDiskSpace", 0));
        await server.StartAsync(Ct);
        var file = Path.Join(server.Folder, "big.dcm");
        await BigInstance.WriteAsync(file, 1L << 30, Ct);
        var watch = Stopwatch.StartNew();

        var stored = await Tool.RunAsync("storescu", Ct, "-v", "--max-send-pdu", "131072", "127.0.0.1", server.DicomPort.ToString(), file);

        var peak = PeakMegaBytes(server.ProcessId);
        TestContext.Current.TestOutputHelper?.WriteLine($"{watch.Elapsed.TotalSeconds:0.0} s, peak {peak} MB");
        Assert.Contains("Received Store Response (Success)", stored.All, StringComparison.Ordinal);
        Assert.InRange(peak, 1, 199);
        Assert.True(new FileInfo(Assert.Single(Directory.EnumerateFiles(server.StorageDirectory, "*.dcm", SearchOption.AllDirectories))).Length > 1L << 30);
    }

    // VmHWM: the most resident memory the process ever had (proc(5))
    private static int PeakMegaBytes(int processId) => int.Parse(
        PeakLine().Match(File.ReadAllText($"/proc/{processId}/status")).Groups["kilobytes"].Value, CultureInfo.InvariantCulture) / 1024;

    [GeneratedRegex(@"VmHWM:\s+(?<kilobytes>\d+) kB", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PeakLine();

    private static bool IsSync(string call) => call.StartsWith("fsync(", StringComparison.Ordinal) || call.StartsWith("fdatasync(", StringComparison.Ordinal);

    private static List<int> Indexes(List<string> calls, Predicate<string> which) => [.. Enumerable.Range(0, calls.Count).Where(i => which(calls[i]))];

    // a line is "PID call(...) = result"; of a call that another thread interrupted the end of the work counts: for a send its begin
    private static string? Whole(string line)
    {
        var call = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].TrimStart();
        return call.StartsWith("<... f", StringComparison.Ordinal) || call.StartsWith("+++", StringComparison.Ordinal) || call.StartsWith("---", StringComparison.Ordinal) ? null : call;
    }

    private static async Task UntilAsync(Func<bool> condition, ServerProcess server)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), server.Output);
            await Task.Delay(20, Ct);
        }
    }

    // an ultrasound image of 2 x 2 pixels, made by dcmtk
    private static async Task<string> MakeAsync(string folder, string name, string accession, string study = "1.2.826.0.1.3680043.10.1.2")
    {
        var dump = Path.Join(folder, name + ".dump");
        var file = Path.Join(folder, name + ".dcm");
        study = study.Length == 0 ? "" : $"{study}.{name[0] - 'a' + 1}";
        await File.WriteAllTextAsync(dump, $"""
            (0008,0005) CS [ISO_IR 100]
            (0008,0008) CS [ORIGINAL\PRIMARY]
            (0008,0016) UI =UltrasoundImageStorage
            (0008,0018) UI [1.2.826.0.1.3680043.10.1.1.{name[0] - 'a' + 1}]
            (0008,0020) DA [20261122]
            (0008,0030) TM [101500]
            (0008,0050) SH [{accession}]
            (0008,0060) CS [US]
            (0008,1030) LO [Abdomen]
            (0010,0010) PN [Test^Person]
            (0010,0020) LO [4711]
            (0020,000d) UI [{study}]
            (0020,000e) UI [1.2.826.0.1.3680043.10.1.3.{name[0] - 'a' + 1}]
            (0028,0002) US 1
            (0028,0004) CS [MONOCHROME2]
            (0028,0010) US 2
            (0028,0011) US 2
            (0028,0100) US 8
            (0028,0101) US 8
            (0028,0102) US 7
            (0028,0103) US 0
            (7fe0,0010) OB 01\02\03\04
            """, Ct);
        var made = await Tool.RunAsync("dump2dcm", Ct, dump, file);
        Assert.True(0 == made.ExitCode, made.All);
        return file;
    }
}
