using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>dcmtk asks for the worklist; dcmtk's own worklist server says what the answers should be.</summary>
public sealed class WorklistTests
{
    // answers as JSON, sorted, without their character set: what a device shows
    private const string ReadAnswers = """
        import glob, json, sys, pydicom
        answers = []
        for path in glob.glob(sys.argv[1] + '/rsp*.dcm'):
            ds = pydicom.dcmread(path)
            ds.decode()
            if 'SpecificCharacterSet' in ds: del ds.SpecificCharacterSet
            answers.append(json.dumps(ds.to_json_dict(), sort_keys=True, ensure_ascii=False))
        print('\n'.join(sorted(answers)))
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_queries_of_dcmtk_get_the_answers_of_dcmtk()
    {
        Tool.Require("findscu");
        var samples = SharedSamples.Require("samples", "D_worklist");
        await using var server = await StartAsync(Path.Join(samples, "dcmtk_wlistdb_wl"));

        foreach (var line in File.ReadLines(Path.Join(samples, "dcmtk_expected_answers.tsv")).Skip(1).Select(l => l.Split('\t')))
        {
            using var answers = new TemporaryFolder();
            await FindAsync(server.DicomPort, "ANY", answers.Path, Path.Join(samples, "dcmtk_wlistqry_dcm", line[0]));

            Assert.True(int.Parse(line[1], CultureInfo.InvariantCulture) == Directory.GetFiles(answers.Path).Length, line[0]);
            if (line[2].Length > 0)
            {
                Assert.Equal(line[2].Trim().Split(' '), await AccessionsAsync(answers.Path));
            }
        }
    }

    [Fact]
    public async Task A_German_offices_queries_get_the_expected_entries()
    {
        Tool.Require("findscu");
        var samples = SharedSamples.Require("samples", "D_worklist");
        await using var server = await StartAsync(Path.Join(samples, "synthetic_de"));

        foreach (var line in File.ReadLines(Path.Join(samples, "synthetic_de_expected_answers.tsv")).Skip(1).Select(l => l.Split('\t')))
        {
            using var answers = new TemporaryFolder();
            await FindAsync(server.DicomPort, "ANY", answers.Path, [.. Keys(line[0])]);

            Assert.True(line[1].Trim() == string.Join(' ', await AccessionsAsync(answers.Path)), line[0]);
        }
    }

    [Fact]
    public async Task Both_servers_give_the_same_answers_to_the_same_queries()
    {
        Tool.Require("findscu", "wlmscpfs");
        await Tool.RequirePythonAsync("pydicom", Ct);
        var samples = SharedSamples.Require("samples", "D_worklist");
        await using var server = await StartAsync(Path.Join(samples, "dcmtk_wlistdb_wl"), Path.Join(samples, "synthetic_de"));
        using var database = new TemporaryFolder();
        var office = Directory.CreateDirectory(Path.Join(database.Path, "OFFICE")).FullName;
        await File.WriteAllTextAsync(Path.Join(office, "lockfile"), "", Ct);
        foreach (var file in Directory.GetFiles(server.WorklistDirectory))
        {
            File.Copy(file, Path.Join(office, Path.GetFileName(file)));
        }
        var port = Ports.Free();
        await using var oracle = Daemon.Start("wlmscpfs", "-q", "-dfr", "-csk", "-dfp", database.Path, port.ToString(CultureInfo.InvariantCulture));
        await ListeningAsync(port);

        // names and every attribute of a step, in the character set of the entries
        string[] returned = ["AccessionNumber", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "RequestedProcedureID",
            "RequestedProcedureDescription", "MedicalAlerts", .. Step("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate",
            "ScheduledProcedureStepStartTime", "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription", "ScheduledProcedureStepID")];
        // no wild cards in ids: table K.6-1 asks for single values only and dcmtk does no more, we do
        string[][] queries =
        [
            [], ["PatientName=M*"], ["PatientName=*IVALD*"], ["PatientName=V?VALDI^ANTONIO"], ["PatientName=VIVALDI^ANTONIO"], ["PatientName=VIVALDI"],
            ["PatientID=HF"], ["AccessionNumber=00003"], ["RequestedProcedureID=RP0001"],
            ["PatientName=H*", "PatientID=HF"],
            [.. Step("ScheduledProcedureStepStartDate=19951015-")], [.. Step("ScheduledProcedureStepStartDate=-19961231")],
            [.. Step("ScheduledProcedureStepStartDate=20240312")], [.. Step("ScheduledProcedureStepStartTime=0900-0930")],
            [.. Step("ScheduledProcedureStepStartDate=20240312-20240320", "ScheduledProcedureStepStartTime=0900-0930")],
            [.. Step("Modality=US")], [.. Step("Modality=MR", "ScheduledStationAETitle=AA32")], [.. Step("ScheduledStationAETitle=US01")],
            [.. Step("Modality=US", "ScheduledStationAETitle=US01", "ScheduledProcedureStepStartDate=20240301-20240331"), "PatientName=M*"],
        ];
        var (found, differences) = (0, new List<string>());
        foreach (var query in queries)
        {
            var names = query.Select(k => k.Split('=')[0]).ToHashSet();
            string[] keys = [.. query, .. returned.Where(k => !names.Contains(k))];
            var (ours, theirs) = (await AnswersAsync(server.DicomPort, keys), await AnswersAsync(port, keys));
            if (theirs != ours)
            {
                differences.Add($"{string.Join(' ', query)}\n--- dcmtk\n{theirs}\n--- ours\n{ours}");
            }
            found += theirs.Split('\n').Count(l => l.Length > 0);
        }
        Assert.Empty(differences);
        Assert.True(found > 50); // the queries are not just all empty
    }

    [Theory]
    [InlineData("ISO_IR 192", new byte[] { 0xC3, 0xBC })]
    [InlineData("ISO_IR 100", new byte[] { 0xFC })]
    public async Task What_is_ordered_is_found_with_its_umlauts_in_the_character_set_asked_for(string characterSet, byte[] umlaut)
    {
        Tool.Require("findscu");
        await using var server = await StartAsync();
        using var http = new HttpClient();
        var ordered = await http.GetAsync(new Uri(server.Address, "worklist/add?id=4711&lastname=M%C3%BCller&firstname=J%C3%B6rg&birthdate=07.03.1958&sex=1&procedure=Schilddr%C3%BCse"), Ct);
        Assert.Equal(HttpStatusCode.OK, ordered.StatusCode);
        using var answers = new TemporaryFolder();

        await FindAsync(server.DicomPort, "ANY", answers.Path, [.. new[] { $"SpecificCharacterSet={characterSet}", "PatientName=MULLER*", "PatientID", "AccessionNumber" }
            .Concat(Step("ScheduledProcedureStepDescription", "Modality=US")).SelectMany(k => new[] { "-k", k })]);

        var answer = await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(answers.Path)), Ct);
        Assert.True(answer.AsSpan().IndexOf((byte[])[.. "M"u8, .. umlaut, .. "ller^J"u8]) > 0);
        Assert.True(answer.AsSpan().IndexOf((byte[])[.. "Schilddr"u8, .. umlaut, .. "se"u8]) > 0);
        Assert.True(answer.AsSpan().IndexOf(Encoding.ASCII.GetBytes(characterSet)) > 0);
        Assert.Equal(["R0000000001"], await AccessionsAsync(answers.Path));
    }

    private static async Task<ServerProcess> StartAsync(params string[] folders)
    {
        var server = ServerProcess.Create();
        foreach (var file in folders.SelectMany(Directory.GetFiles))
        {
            File.Copy(file, Path.Join(server.WorklistDirectory, Path.GetFileName(file)));
        }
        await server.StartAsync(Ct);
        return server;
    }

    private static IEnumerable<string> Step(params string[] keys) => keys.Select(k => "ScheduledProcedureStepSequence[0]." + k);

    private static IEnumerable<string> Keys(string keys)
    {
        var given = keys.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return given.Concat(given.Any(k => k.StartsWith("AccessionNumber", StringComparison.Ordinal)) ? [] : ["AccessionNumber"]).SelectMany(k => new[] { "-k", k });
    }

    private static async Task<string> AnswersAsync(int port, string[] keys)
    {
        using var answers = new TemporaryFolder();
        await FindAsync(port, "OFFICE", answers.Path, [.. keys.SelectMany(k => new[] { "-k", k })]);
        var read = await Tool.RunAsync("/usr/bin/python3", Ct, "-c", ReadAnswers, answers.Path);
        Assert.True(read.ExitCode == 0, read.All);
        return read.Output;
    }

    private static async Task FindAsync(int port, string calledAe, string folder, params string[] keys)
    {
        var result = await Tool.RunAsync("findscu", Ct, [.. new[] { "-W", "-X", "-od", folder, "-aec", calledAe, "127.0.0.1", port.ToString(CultureInfo.InvariantCulture) }, .. keys]);
        Assert.True(result.ExitCode == 0 && !result.All.Contains("E:", StringComparison.Ordinal), result.All);
    }

    private static async Task<string[]> AccessionsAsync(string folder)
    {
        var accessions = new List<string>();
        foreach (var file in Directory.GetFiles(folder))
        {
            var dump = await Tool.RunAsync("dcmdump", Ct, "-q", "+P", "0008,0050", file);
            accessions.Add(dump.Output.Split('[', ']') is [_, var value, ..] ? value : "");
        }
        return [.. accessions.Order(StringComparer.Ordinal)];
    }

    private static async Task ListeningAsync(int port)
    {
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, Ct);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, Ct);
            }
        }
    }
}
