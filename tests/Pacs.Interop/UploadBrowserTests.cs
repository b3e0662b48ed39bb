using System.IO.Compression;
using System.Text;
using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>A CD of another hospital in the browser: what is on it by its DICOMDIR, whose it shall be, and what happens when the connection breaks.</summary>
public sealed class UploadBrowserTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_CD_is_shown_assigned_to_our_patient_and_not_sent_twice()
    {
        Tool.Require("dcmmkdir");
        await using var office = await BrowserOffice.OpenAsync(Ct);
        using var cd = new Medium();
        await cd.WriteDirectoryAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = office.Server.Address.ToString(), Locale = "de-DE" });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/hochladen");
        await page.Locator("#folder").SetInputFilesAsync(cd.Folder);
        var found = page.Locator("#upload-found");
        await found.GetByText("Nach dem Verzeichnis des Datenträgers").WaitForAsync();
        Assert.Contains("Patienten: 2, Studien: 3, Dateien: 6 · 1 übergangen", await found.Locator(".found-sum").InnerTextAsync(), StringComparison.Ordinal);
        var foreign = found.Locator(".find").Filter(new() { HasText = "Mueller, Joerg" });
        Assert.Contains("*07.03.1958", await foreign.InnerTextAsync(), StringComparison.Ordinal); // dcmmkdir writes no birth date: the file says it
        Assert.Equal(2, await foreign.GetByRole(AriaRole.Checkbox).CountAsync());
        Assert.True(await found.GetByText("<i>Fremd</i>").IsVisibleAsync(), "markup is shown as it is");
        // the second patient stays out; the first one is ours, under another number and with an umlaut
        await found.Locator(".find").Filter(new() { HasText = "Fremd" }).GetByRole(AriaRole.Checkbox).UncheckAsync();
        await foreign.GetByLabel("Einem Patienten der Praxis").CheckAsync();
        await foreign.GetByRole(AriaRole.Button, new() { Name = "Müller, Jörg · *07.03.1958 · m · Nr. 4711" }).ClickAsync();
        Assert.Equal("4711", await foreign.GetByLabel("Patientennummer").InputValueAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 5)" }).ClickAsync();
        await page.Locator(".upload-sum").GetByText("Fertig · 5 gespeichert").WaitForAsync();
        var lines = page.Locator(".upload-list li");
        Assert.Equal(["2 von 2 · 2 gespeichert", "3 von 3 · 3 gespeichert"], (await lines.Locator(".aside").AllInnerTextsAsync()).Order(StringComparer.Ordinal));
        await lines.First.GetByRole(AriaRole.Link).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Müller, Jörg" }).WaitForAsync();
        await page.GetByText("Weitere Untersuchungen").WaitForAsync();

        // the same CD once more, as a ZIP: nothing is sent
        await page.GotoAsync("/hochladen");
        var sent = 0;
        page.Request += (_, r) => sent += r.Url.Contains("handler=File", StringComparison.Ordinal) ? 1 : 0;
        await page.Locator("#files").SetInputFilesAsync(cd.Zip());
        await found.GetByText("Nach dem Verzeichnis des Datenträgers").WaitForAsync();
        await found.Locator(".find").Filter(new() { HasText = "Fremd" }).GetByRole(AriaRole.Checkbox).UncheckAsync();
        await foreign.GetByLabel("Einem Patienten der Praxis").CheckAsync();
        await foreign.GetByRole(AriaRole.Button, new() { Name = "Nr. 4711" }).ClickAsync();
        await foreign.GetByText("3 schon vorhanden").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 5)" }).ClickAsync();
        await page.Locator(".upload-sum").GetByText("Fertig · 5 schon vorhanden").WaitForAsync();
        Assert.Equal(0, sent);
    }

    [Fact]
    public async Task An_upload_goes_on_after_a_broken_connection_and_after_a_reload()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        using var folder = new Medium(); // without a DICOMDIR: the files say what they are
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = office.Server.Address.ToString(), Locale = "de-DE" });
        var page = await context.NewPageAsync();
        var (sent, isBroken) = (0, true);
        await page.RouteAsync("**/hochladen?*handler=File*", async route =>
        {
            // two get through
            if (Interlocked.Increment(ref sent) > 2 && isBroken)
            {
                await route.AbortAsync("connectionreset");
            }
            else
            {
                await route.ContinueAsync();
            }
        });
        await page.RouteAsync("**/hochladen?handler=Known", route => isBroken && sent > 2 ? route.AbortAsync("connectionreset") : route.ContinueAsync());
        await page.GotoAsync("/hochladen");
        await page.Locator("#folder").SetInputFilesAsync(folder.Folder);
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 6)" }).ClickAsync();
        await page.GetByText("Die Verbindung ist unterbrochen").WaitForAsync();
        isBroken = false;
        await page.Locator(".upload-sum").GetByText("Fertig · 6 gespeichert").WaitForAsync(); // nobody touches the page

        // a page that is loaded anew in the middle of it says so, and sends what is missing
        using var second = new Medium("9");
        (sent, isBroken) = (0, true);
        await page.GotoAsync("/hochladen");
        await page.Locator("#folder").SetInputFilesAsync(second.Folder);
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 6)" }).ClickAsync();
        await page.GetByText("Die Verbindung ist unterbrochen").WaitForAsync();
        isBroken = false;
        page.Dialog += async (_, dialog) => await dialog.AcceptAsync(); // the warning on leaving
        await page.ReloadAsync();
        await page.GetByText("Zuletzt wurde ein Hochladen unterbrochen: 4 von 6 Dateien fehlten noch").WaitForAsync();
        sent = 0;
        await page.Locator("#folder").SetInputFilesAsync(second.Folder);
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 6)" }).ClickAsync();
        await page.Locator(".upload-sum").GetByText("Fertig · 4 gespeichert · 2 schon vorhanden").WaitForAsync();
        Assert.Equal(4, sent);
        await page.ReloadAsync();
        Assert.False(await page.GetByText("Zuletzt wurde ein Hochladen unterbrochen").IsVisibleAsync());
    }

    /// <summary>The folder of a CD: two patients, three studies, six images and a readme.</summary>
    private sealed class Medium : IDisposable
    {
        private readonly string _above = Directory.CreateTempSubdirectory("pacs-cd-").FullName;

        public Medium(string root = "8")
        {
            Folder = Path.Join(_above, "CD");
            Directory.CreateDirectory(Path.Join(Folder, "IMG"));
            var number = 0;
            foreach (var (name, id, study, images) in new[] { ("Mueller^Joerg", "KH-99", "1", 3), ("Mueller^Joerg", "KH-99", "2", 2), ("<i>Fremd</i>", "KH-100", "3", 1) })
            {
                for (var i = 1; i <= images; i++)
                {
                    var header = SampleFiles.Header(name, id, $"1.2.276.{root}.{study}", "", "CT", DicomUid.CTImageStorage, i, "CT Thorax")
                        .Set(DicomTag.FrameOfReferenceUID, "1.2.276.9").Set(DicomTag.ReferencedStudySequence, new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, "1.2.3"))
                        .Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
                        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64]));
                    using var file = File.Create(Path.Join(Folder, "IMG", $"IM{number++}"));
                    // sequences without a length, as many devices write them
                    var bytes = new System.Buffers.ArrayBufferWriter<byte>();
                    FileMetaInformation.Write(bytes, DicomUid.CTImageStorage, header.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian);
                    DicomWriter.Write(header, TransferSyntax.ExplicitVRLittleEndian, bytes, new DicomWriteOptions { UndefinedLengths = true });
                    file.Write(bytes.WrittenSpan);
                }
            }
            File.WriteAllText(Path.Join(Folder, "README.TXT"), "A viewer for Windows");
        }

        public string Folder { get; }

        public async Task WriteDirectoryAsync(CancellationToken ct)
        {
            var made = await Tool.RunAsync("dcmmkdir", ct, "--general-purpose", "--recurse", "--invent", "--no-xfer-check", "--input-directory", Folder, "--output-file", Path.Join(Folder, "DICOMDIR"), "IMG");
            Assert.True(File.Exists(Path.Join(Folder, "DICOMDIR")), made.All);
        }

        public string Zip()
        {
            var path = Path.Join(_above, "CD.zip");
            ZipFile.CreateFromDirectory(Folder, path, CompressionLevel.Fastest, includeBaseDirectory: true, Encoding.UTF8);
            return path;
        }

        public void Dispose() => Directory.Delete(_above, recursive: true);
    }
}
