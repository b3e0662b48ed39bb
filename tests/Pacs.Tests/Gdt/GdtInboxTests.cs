using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Files that practice software puts into the inbox of the whole server.</summary>
public sealed class GdtInboxTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_becomes_a_worklist_entry_and_its_numbers_come_back_in_the_answer()
    {
        await using var server = await StartAsync();
        Put(server, "AUFTRAG.GDT", Order("A17"));
        await ArrivedAsync(server, "erledigt", 1);

        var entry = Assert.Single(await EntriesAsync(server));
        Assert.Equal(("4711", "von Müller^Jörg^^Dr.", "19801231", "M"),
            (entry.GetString(DicomTag.PatientID), entry.GetString(DicomTag.PatientName), entry.GetString(DicomTag.PatientBirthDate), entry.GetString(DicomTag.PatientSex)));
        Assert.Equal("Herzecho", entry.GetString(DicomTag.RequestedProcedureDescription));
        var step = entry.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0];
        Assert.Equal(("US", "VIVID"), (step.GetString(DicomTag.Modality), step.GetString(DicomTag.ScheduledStationAETitle)));

        // the device sends under that accession number; the answer has the order's numbers
        var accession = entry.GetString(DicomTag.AccessionNumber)!;
        await StoreAsync(server, Studies.Image(1, accession).Set(DicomTag.PatientID, "4711"));
        var answer = await AnswerAsync(server);
        Assert.Equal(("4711", "A17", "ECHO01"), (answer["3000"], answer["8310"], answer["8402"]));
    }

    [Fact]
    public async Task The_same_order_again_makes_no_second_entry_and_another_one_does()
    {
        await using var server = await StartAsync();
        Put(server, "1.gdt", Order(null));
        Put(server, "2.gdt", Order(null)); // the same words
        Put(server, "3.gdt", Order("A17"));
        Put(server, "4.gdt", Order("A17", "0133101Mueller")); // the same number, another spelling
        Put(server, "5.gdt", Order("A18"));
        await ArrivedAsync(server, "erledigt", 5);
        Assert.Equal(3, (await EntriesAsync(server)).Count);
        Assert.Equal(["done", "duplicate", "done", "duplicate", "done"], (await MessagesAsync(server)).OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.State));
    }

    [Fact]
    public async Task An_order_is_cancelled_by_its_number()
    {
        await using var server = await StartAsync();
        Put(server, "1.gdt", Order("A17"));
        Put(server, "2.gdt", Order("A18"));
        await ArrivedAsync(server, "erledigt", 2);
        Put(server, "3.gdt", Record("6303", "01330004711", "0128310A17"));
        await ArrivedAsync(server, "erledigt", 3);
        Assert.Single(await EntriesAsync(server));
        Put(server, "4.gdt", Record("6303", "01330004711", "0128310A17")); // there is none any more
        await ArrivedAsync(server, "abgelehnt", 2);
        Assert.Contains("keinen offenen Auftrag", await File.ReadAllTextAsync(Path.Join(Inbox(server), "abgelehnt", "4.gdt.grund.txt"), Ct), StringComparison.Ordinal);
        Assert.Equal("cancelled", (await MessagesAsync(server)).Single(m => m.Name == "1.gdt").State);
    }

    [Fact]
    public async Task Changed_data_of_a_patient_get_into_his_open_entries()
    {
        await using var server = await StartAsync();
        Put(server, "1.gdt", Order("A17"));
        await ArrivedAsync(server, "erledigt", 1);
        Put(server, "2.gdt", Record("6301", "01330004711", "0153101Schulz", "0143102Erika", "017310301021990", "01031102"));
        await ArrivedAsync(server, "erledigt", 2);
        var entry = Assert.Single(await EntriesAsync(server));
        Assert.Equal(("Schulz^Erika", "19900201", "F"), (entry.GetString(DicomTag.PatientName), entry.GetString(DicomTag.PatientBirthDate), entry.GetString(DicomTag.PatientSex)));
    }

    [Fact]
    public async Task To_show_a_study_its_record_comes_again_with_a_link()
    {
        await using var server = await StartAsync();
        await StoreAsync(server, Studies.Image(1, "R1"));
        _ = await AnswerAsync(server);
        Put(server, "1.gdt", Record("6311", "0113000P1", "017843222112026", "0158439080441"));
        await ArrivedAsync(server, "erledigt", 1);
        var answer = await AnswerAsync(server);
        Assert.Equal("http://pacs:8042/gdt/R1", answer["6305"]);
        // a program that answers every record with a 6311 gets no answer to that: it would go on for ever
        Put(server, "again.gdt", Record("6311", "0113000P1"));
        await ArrivedAsync(server, "erledigt", 2);
        var files = await server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.GdtFiles.CountAsync(ct), Ct);
        Assert.Equal(2, files);
        Put(server, "2.gdt", Record("6311", "0113000P9"));
        await ArrivedAsync(server, "abgelehnt", 2);
    }

    [Theory]
    [InlineData("kein GDT", "NoGdt")]
    [InlineData("01380006310\r\n01330004711\r\n", "RecordType")]
    [InlineData("01330004711\r\n", "RecordType")]
    [InlineData("01380006302\r\n0133101Muelle\r\n", "PatientId")]
    [InlineData("01380006302\r\n01330004711\r\n", "PatientName")]
    [InlineData("01380006302\r\n01330004711\r\n0123101Mul\r\n017310399999999\r\n", "BirthDate")]
    public async Task What_cannot_be_taken_is_put_aside_with_a_reason(string text, string reason)
    {
        await using var server = await StartAsync();
        Put(server, "x.gdt", Encoding.Latin1.GetBytes(text));
        await ArrivedAsync(server, "abgelehnt", 2);
        Assert.Equal(["x.gdt", "x.gdt.grund.txt"], Directory.GetFiles(Path.Join(Inbox(server), "abgelehnt")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.Equal(("refused", reason), Assert.Single((await MessagesAsync(server)).Select(m => (m.State, m.Reason))));
        Assert.Empty(await EntriesAsync(server));
    }

    [Fact]
    public async Task Orders_of_other_vendors_become_entries()
    {
        var samples = new[] { "medistar_6302_phoropter.xdt", "oscilla_6302_request.gdt", "qms35_starter_EKG_AIS_6302.gdt", "redmedical_6302.gdt" };
        var files = samples.Select(s => SharedSamples.Require("gdt", "samples", s)).ToList();
        await using var server = await StartAsync();
        foreach (var file in files)
        {
            Put(server, Path.GetFileName(file), await File.ReadAllBytesAsync(file, Ct));
        }
        await ArrivedAsync(server, "erledigt", 4);
        Assert.Equal(
            ["02345 Mustermann^Franz 19451001 M", "4701-1 Testfrau^Anna 19550612 F", "6060 Fuerst^Stephanie 19761228 F", "Abc123 Boll^Joachim 19770809 M"],
            (await EntriesAsync(server)).Select(e => $"{e.GetString(DicomTag.PatientID)} {e.GetString(DicomTag.PatientName)} {e.GetString(DicomTag.PatientBirthDate)} {e.GetString(DicomTag.PatientSex)}")
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_file_claimed_before_a_crash_is_taken_after_it_once()
    {
        await using var server = await StartAsync();
        Put(server, "1.gdt", Order(null));
        await ArrivedAsync(server, "erledigt", 1);
        // killed after the transaction and before the file was moved
        File.Move(Path.Join(Inbox(server), "erledigt", "1.gdt"), Path.Join(Inbox(server), ".in-arbeit", "1.gdt"));
        await server.RestartAsync();
        await ArrivedAsync(server, "erledigt", 1);
        Assert.Single(await EntriesAsync(server));
    }

    [Fact]
    public async Task A_file_is_not_read_while_it_grows()
    {
        await using var server = await StartAsync();
        var order = Order("A17");
        var path = Path.Join(Directory.CreateDirectory(Inbox(server)).FullName, "slow.gdt");
        for (var i = 1; i <= 5; i++)
        {
            await File.WriteAllBytesAsync(path, order[..(order.Length * i / 6)], Ct);
            await Task.Delay(400, Ct); // below the time that a file must rest
        }
        await File.WriteAllBytesAsync(path, order, Ct);
        await ArrivedAsync(server, "erledigt", 1);
        Assert.Single(await EntriesAsync(server));
        Assert.False(Directory.Exists(Path.Join(Inbox(server), "abgelehnt")));
    }

    private static byte[] Order(string? number, string name = "0153101Müller") => Record("6302",
        "01330004711", "0123100von", name, "0133102Jörg", "017310331121980", "0123104Dr.", "01031101", "0158402ECHO01", number is null ? null : $"0128310{number}");

    // lengths are put right here
    private static byte[] Record(string type, params string?[] lines)
    {
        var record = new GdtRecord { { "8000", type }, { "8100", null }, { "9206", "3" }, { "9218", "02.10" } };
        foreach (var line in lines.Where(l => l is not null))
        {
            record.Add(line!.Substring(3, 4), line[7..]);
        }
        return GdtWriter.ToBytes(record, GdtCharacterSet.Windows1252, GdtVersion.Gdt21);
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string>
    {
        ["GdtGenerator:IncomingDir"] = "gdt",
        ["GdtGenerator:Profile"] = "gdt-2.1",
        ["GdtGenerator:InboxDirectory"] = "inbox",
        ["GdtGenerator:LinkAddress"] = "http://pacs:8042/",
        ["GdtGenerator:Orders"] = """[ { "TestType": "ECHO*", "Modality": "US", "Station": "VIVID", "Procedure": "Herzecho" } ]""",
    });

    private static string Inbox(TestServer server) => Path.Join(server.Folder, "inbox");

    private static void Put(TestServer server, string name, byte[] bytes)
    {
        Directory.CreateDirectory(Inbox(server)); // the server makes it too, perhaps a moment later
        File.WriteAllBytes(Path.Join(Inbox(server), name), bytes);
    }

    private static async Task ArrivedAsync(TestServer server, string folder, int count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var path = Path.Join(Inbox(server), folder);
        while (!Directory.Exists(path) || Directory.GetFiles(path).Length < count)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private static async Task<GdtRecord> AnswerAsync(TestServer server)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var file = Directory.Exists(server.GdtFolder) ? Directory.GetFiles(server.GdtFolder).FirstOrDefault(f => !Path.GetFileName(f).StartsWith('.')) : null;
            if (file is not null)
            {
                var record = GdtReader.Read(await File.ReadAllBytesAsync(file, Ct)).Records[0];
                File.Delete(file);
                return record;
            }
            await Task.Delay(20, limit.Token);
        }
    }

    private static Task<IReadOnlyList<DicomDataset>> EntriesAsync(TestServer server) => server.Services.GetRequiredService<Worklist>().FindAsync([], Ct);

    private static Task<List<GdtIncoming>> MessagesAsync(TestServer server) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.GdtIncoming.OrderBy(g => g.Id).ToListAsync(ct), Ct);

    private static async Task StoreAsync(TestServer server, DicomDataset dataset)
    {
        var archive = server.Services.GetRequiredService<Archive>();
        await using var staged = archive.Stage(dataset.GetString(DicomTag.SOPClassUID)!, dataset.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian, "VIVID");
        await staged.AppendAsync(new System.Buffers.ReadOnlySequence<byte>(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian)));
        Assert.True((await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "VIVID", "PACS", "127.0.0.1"), Ct)).IsSafe);
    }
}
