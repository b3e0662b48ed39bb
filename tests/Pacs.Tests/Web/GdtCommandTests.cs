using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Gdt;

namespace Pacs.Tests;

/// <summary><c>Pacs.Web gdt …</c> against a running server.</summary>
public sealed class GdtCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fetching_writes_the_next_file_once_and_keeps_one_that_is_there()
    {
        await using var server = await StartAsync();
        var file = Path.Join(server.Folder, "PACS.GDT");
        Assert.Equal((GdtCommand.NothingReady, ""), await RunAsync(server, "gdt", "fetch", "desk", file));
        Assert.Equal((GdtCommand.Timeout, ""), await RunAsync(server, "gdt", "fetch", "desk", file, "--wait", "1"));
        await StoreAsync(server, 1);
        await StoreAsync(server, 2);
        Assert.Equal((GdtCommand.Taken, ""), await RunAsync(server, "gdt", "fetch", "desk", file, "--wait", "30"));
        Assert.Equal("P1", GdtReader.Read(await File.ReadAllBytesAsync(file, Ct)).Records[0]["3000"]);
        // the practice software has not read it yet
        Assert.Equal(GdtCommand.Error, (await RunAsync(server, "gdt", "fetch", "desk", file, "--wait", "30")).Code);
        Assert.Equal("P1", GdtReader.Read(await File.ReadAllBytesAsync(file, Ct)).Records[0]["3000"]);
        File.Delete(file);
        Assert.Equal(GdtCommand.Taken, (await RunAsync(server, "gdt", "fetch", "desk", file)).Code);
        Assert.Equal("P2", GdtReader.Read(await File.ReadAllBytesAsync(file, Ct)).Records[0]["3000"]);
        Assert.Equal([file], Directory.GetFiles(server.Folder, "PACS*"));
    }

    [Fact]
    public async Task The_link_of_a_6311_is_printed()
    {
        await using var server = await StartAsync();
        var study = await StoreAsync(server, 1);
        var file = Path.Join(server.Folder, "EXPORT.GDT");
        await File.WriteAllTextAsync(file, "01380006311\r\n0113000P1\r\n017843222112026\r\n0158439080441\r\n", Ct);
        Assert.Equal((GdtCommand.Taken, $"http://127.0.0.1:{server.HttpPort}/studien/{study}"), await RunAsync(server, "gdt", "link", file));
        await File.WriteAllTextAsync(file, "01380006311\r\n0113000P9\r\n", Ct);
        Assert.Equal(GdtCommand.NothingReady, (await RunAsync(server, "gdt", "link", file)).Code);
        await File.WriteAllTextAsync(file, "no GDT", Ct);
        Assert.Equal(GdtCommand.Error, (await RunAsync(server, "gdt", "link", file)).Code);
        Assert.Equal(GdtCommand.Error, (await RunAsync(server, "gdt", "link", file + "x")).Code);
    }

    [Fact]
    public async Task What_cannot_be_done_has_an_exit_code_of_its_own()
    {
        Assert.Equal(GdtCommand.ServiceAway, await GdtCommand.RunAsync(
            CommandLine.Parse(["gdt", "fetch", "desk", "/tmp/x", "--server", "http://127.0.0.1:1"]), new PacsOptions(), TextWriter.Null, TextWriter.Null));
        Assert.Equal(GdtCommand.Error, await GdtCommand.RunAsync(CommandLine.Parse(["gdt", "fetch", "desk"]), new PacsOptions(), TextWriter.Null, TextWriter.Null));
        Assert.Equal(GdtCommand.Error, await GdtCommand.RunAsync(CommandLine.Parse(["gdt", "fetch", "desk", "x", "--wait", "-1"]), new PacsOptions(), TextWriter.Null, TextWriter.Null));
        Assert.Equal(GdtCommand.Error, await GdtCommand.RunAsync(CommandLine.Parse(["gdt", "open", "x", "--server", "ftp://x"]), new PacsOptions(), TextWriter.Null, TextWriter.Null));
    }

    private static async Task<(int Code, string Output)> RunAsync(TestServer server, params string[] arguments)
    {
        var output = new StringWriter();
        var code = await GdtCommand.RunAsync(CommandLine.Parse([.. arguments, "--server", $"http://127.0.0.1:{server.HttpPort}"]), new PacsOptions(), output, TextWriter.Null);
        return (code, output.ToString().Trim());
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string>
    {
        ["GdtGenerator:Receivers"] = """[ { "Name": "desk", "Folder": "/tmp/pacs-no-such-folder/desk", "Profile": "gdt-2.1", "Delivery": "OnDemand" } ]""",
    });

    private static async Task<ResourceId> StoreAsync(TestServer server, int study)
    {
        var archive = server.Services.GetRequiredService<Archive>();
        var image = Studies.Image(study, $"R{study}");
        await using var staged = archive.Stage(image.GetString(DicomTag.SOPClassUID)!, image.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian, "VIVID");
        await staged.AppendAsync(new ReadOnlySequence<byte>(DicomWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian)));
        return (await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "VIVID", "PACS", "127.0.0.1"), Ct)).Study;
    }
}
