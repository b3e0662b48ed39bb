using System.Globalization;
using System.Text;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The scripts of <c>deploy/ais</c>, run by PHP as Medical Office does it: variables filled in, the text between the marks executed.</summary>
public sealed class PracticeScriptTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("CallWorklist.php")]
    [InlineData("CallWorklist-oneline.php")]
    public async Task An_order_becomes_a_worklist_entry(string script)
    {
        Tool.Require("php");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        var output = await RunAsync(server, script, text => text.Replace("{Patient.PatID}", "4711", StringComparison.Ordinal).Replace("{Patient.Stammdaten.Nachname}", "Müller", StringComparison.Ordinal)
            .Replace("{Patient.Stammdaten.Vorname}", "Jörg", StringComparison.Ordinal).Replace("{Patient.Stammdaten.Geburtsdatum}", "07.03.1958", StringComparison.Ordinal)
            .Replace("{Patient.Geschlecht}", "1", StringComparison.Ordinal).Replace("{AArzt.Nachname}", "Hoffmann", StringComparison.Ordinal).Replace("{AArzt.Vorname}", "Eva", StringComparison.Ordinal));
        Assert.Equal("", output);
        using var http = new HttpClient { BaseAddress = server.Address };
        var list = await http.GetStringAsync(new Uri("worklists", UriKind.Relative), Ct);
        Assert.Contains("4711", list, StringComparison.Ordinal);
        Assert.Contains("Abdomen", list, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CallViewer.php", "/viewer?study=1.2.276.0.9")]
    [InlineData("CallViewer-oneline.php", "/viewer?study=1.2.276.0.9")]
    [InlineData("CallWeasis.php", "studyUID=1.2.276.0.9")]
    [InlineData("CallWeasis-oneline.php", "studyUID=1.2.276.0.9")]
    public async Task An_entry_of_the_record_opens_its_images(string script, string expected)
    {
        Tool.Require("php");
        Tool.Require("storescu");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.276.0.9");
        await samples.SendAsync(server.DicomPort, Ct);
        var (called, export) = (Path.Join(server.Folder, "called"), Path.Join(server.Folder, "export.gdt"));
        var program = Path.Join(server.Folder, "program.sh");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nprintf '%s ' \"$@\" > {called}\n", Ct);
        Assert.Equal(0, (await Tool.RunAsync("chmod", Ct, ["+x", program])).ExitCode);
        await File.WriteAllTextAsync(export, "01380006311\r\n0133000" + "4711\r\n017843212032024\r\n0158439083107\r\n", Ct);
        Assert.Equal("", await RunAsync(server, script, text => text.Replace(@"'C:\\GDT\\export.gdt'", $"'{export}'", StringComparison.Ordinal)
            .Replace(@"'C:\\GDT\\runweasis.bat'", $"'{program}'", StringComparison.Ordinal).Replace("'rundll32 url.dll,FileProtocolHandler'", $"'{program}'", StringComparison.Ordinal)));
        Assert.Contains(expected, await File.ReadAllTextAsync(called, Ct), StringComparison.Ordinal);

        await File.WriteAllTextAsync(export, "01380006311\r\n0133000" + "4712\r\n017843212032024\r\n0158439083107\r\n", Ct);
        Assert.Equal("Zu diesem Eintrag sind im PACS keine Bilder.", await RunAsync(server, script, text => text.Replace(@"'C:\\GDT\\export.gdt'", $"'{export}'", StringComparison.Ordinal)));
    }

    private static async Task<string> RunAsync(ServerProcess server, string script, Func<string, string> fill)
    {
        var text = fill(await File.ReadAllTextAsync(Path.Join(Repository.Root, "deploy", "ais", "medical-office", script), Ct))
            .Replace("'192.168.1.122'", "'127.0.0.1'", StringComparison.Ordinal).Replace("8090", server.HttpPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{PHP}", "<?php", StringComparison.Ordinal).Replace("{/PHP}", "", StringComparison.Ordinal);
        var file = Path.Join(server.Folder, "script.php");
        await File.WriteAllTextAsync(file, text, new UTF8Encoding(false), Ct);
        var result = await Tool.RunAsync("php", Ct, [file]);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output.Trim();
    }
}
