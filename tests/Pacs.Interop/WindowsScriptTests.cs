using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The batch files of <c>deploy/ais/windows</c>. There is no Windows here: what they call is taken from them, with the parameters put in as cmd does it, and done by curl.</summary>
public sealed partial class WindowsScriptTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_becomes_a_worklist_entry_and_a_refused_one_is_a_failure()
    {
        Tool.Require("curl");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        var call = Arguments(Line("Auftrag.bat", "curl "), server, "4711", "Müller & Söhne", "Jörg", "07.03.1958", "1", "Abdomen 100%", "Hoffmann^Eva");
        var done = await Tool.RunAsync("curl", Ct, call);
        Assert.True(done.ExitCode == 0, done.All);
        using var http = new HttpClient { BaseAddress = server.Address };
        var list = await http.GetStringAsync(new Uri("worklists?format=Simplify", UriKind.Relative), Ct);
        foreach (var text in new[] { "\"4711\"", "Müller & Söhne^Jörg", "19580307", "Abdomen 100%", "Hoffmann^Eva" })
        {
            Assert.Contains(text, list, StringComparison.Ordinal);
        }
        var refused = await Tool.RunAsync("curl", Ct, Arguments(Line("Auftrag.bat", "curl "), server, "", "", "", "", "", "", ""));
        Assert.NotEqual(0, refused.ExitCode); // "if errorlevel 1"
    }

    [Fact]
    public async Task A_patient_number_opens_the_viewer_and_weasis()
    {
        Tool.Require("storescu");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.276.0.9");
        await samples.SendAsync(server.DicomPort, Ct);
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };

        using var page = await http.GetAsync(new Uri(Arguments(Line("Bilder.bat", "start "), server, "4711")[1]), Ct);
        Assert.True(page.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, page.StatusCode.ToString());

        var address = Arguments(Line("Weasis.bat", "start "), server, "4711")[1];
        Assert.StartsWith("weasis://?", address, StringComparison.Ordinal);
        var command = Command().Match(Uri.UnescapeDataString(address["weasis://?".Length..]));
        Assert.True(command.Success, address);
        // what Weasis asks first
        var studies = await http.GetStringAsync(new Uri($"{command.Groups["url"].Value}/studies?PatientID={command.Groups["patient"].Value}"), Ct);
        Assert.Contains("1.2.276.0.9", studies, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_what_cmd_reads()
    {
        foreach (var file in Directory.EnumerateFiles(Folder, "*.bat"))
        {
            var text = File.ReadAllText(file);
            Assert.True(text.All(char.IsAscii), file); // the code page of a workplace is anybody's guess
            Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
            Assert.Contains("if not defined PACS", text, StringComparison.Ordinal);
        }
    }

    private static string Folder => Path.Join(Repository.Root, "deploy", "ais", "windows");

    private static string Line(string file, string begin) => Assert.Single(File.ReadLines(Path.Join(Folder, file)), l => l.StartsWith(begin, StringComparison.Ordinal));

    // as cmd: %~1 without its quotes, %% one percent sign; then words with quotes around them
    private static List<string> Arguments(string line, ServerProcess server, params string[] parameters)
    {
        var words = Word().Matches(line).Skip(1).Select(w => w.Value.Trim('"'));
        return [.. words.Select(word => Variable().Replace(word, m => m.Value switch
        {
            "%%" => "%",
            "%PACS%" => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{server.HttpPort}"),
            _ => parameters[m.Value[^1] - '1'],
        }) is var text && text == "nul" ? "/dev/null" : text)];
    }

    [GeneratedRegex("\"[^\"]*\"|[^\\s\"]+")]
    private static partial Regex Word();

    [GeneratedRegex("%%|%PACS%|%~[1-9]")]
    private static partial Regex Variable();

    [GeneratedRegex("^\\$dicom:rs --url \"(?<url>http://[^\"]+)\" -r \"patientID=(?<patient>[^\"]+)\"$")]
    private static partial Regex Command();
}
