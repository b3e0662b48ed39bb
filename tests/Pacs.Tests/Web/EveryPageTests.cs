using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Tests;

/// <summary>
/// Goes through all pages by their links, with markup in everything that comes from outside: names, numbers, descriptions, stations, reports, AE titles, orders, GDT files, rules, jobs, errors.
/// No link leads nowhere, no text is missing, and all of it stays text.
/// </summary>
public sealed partial class EveryPageTests
{
    // as an element, as the end of an attribute, and as a character reference
    private const string Attack = "<xss a=\"b\">'&lt;";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("de")]
    [InlineData("en")]
    public async Task Every_link_leads_somewhere_and_markup_stays_text(string language)
    {
        await using var server = await FillAsync();
        var waiting = new Queue<string>(["/?lang=" + language, "/einrichten", "/probleme", "/hochladen", "/papierkorb", "/gdt?pruefen=default", "/drucken", "/?q=" + Uri.EscapeDataString(Attack)]);
        var seen = new HashSet<string>(waiting, StringComparer.Ordinal);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        var wrong = new List<string>();
        var marked = new HashSet<string>(StringComparer.Ordinal);
        while (waiting.TryDequeue(out var path))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            request.Headers.Accept.ParseAdd("text/html,*/*");
            using var answer = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
            if (!answer.IsSuccessStatusCode && path != "/drucken")
            {
                wrong.Add($"{path}: {(int)answer.StatusCode}");
            }
            if (answer.Content.Headers.ContentType?.MediaType != "text/html")
            {
                continue;
            }
            var page = await answer.Content.ReadAsStringAsync(Ct);
            kinds.Add(Kind(path));
            if (page.Contains("<xss", StringComparison.OrdinalIgnoreCase) || page.Contains("<yss", StringComparison.OrdinalIgnoreCase) || page.Contains("a=\"b\"", StringComparison.Ordinal))
            {
                wrong.Add($"{path}: markup of a value is markup of the page");
            }
            if (page.Contains("&lt;xss", StringComparison.OrdinalIgnoreCase))
            {
                marked.Add(Kind(path));
            }
            // the keys of the configuration look like those of texts
            wrong.AddRange(MissingText().Matches(path == "/einstellungen/konfiguration" ? "" : page).Select(m => $"{path}: the text {m.Groups[1].Value} is missing"));
            wrong.AddRange(page.Contains("::ffff:", StringComparison.Ordinal) ? [$"{path}: an address of IPv4 in the form of IPv6"] : []);
            foreach (var link in Link().Matches(page).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value).Split('#')[0]))
            {
                var address = link.StartsWith('?') ? path.Split('?')[0] + link : link;
                // other languages and looks of the same page, and whole archives
                if (address.Length > 1 && address[0] == '/' && !address.Contains("lang=", StringComparison.Ordinal) && !address.Contains("look=", StringComparison.Ordinal)
                    && !address.EndsWith("/media", StringComparison.Ordinal) && seen.Add(address) && seen.Count < 1500)
                {
                    waiting.Enqueue(address);
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct().Take(30)));
        string[] pages =
        [
            "/", "/studien/*", "/serien/*", "/instanzen/*", "/viewer", "/drucken", "/hochladen", "/probleme", "/auftraege", "/papierkorb", "/arbeitsliste", "/arbeitsliste/neu", "/gdt", "/gdt/aus", "/gdt/ein", "/gdt/vorschau",
            "/gdt/profile", "/gdt/empfaenger", "/geraete", "/geraete/bearbeiten", "/geraete/blatt", "/status", "/einstellungen", "/einrichten", "/studien/loeschen", "/studien/senden", "/api",
        ];
        Assert.Equal([], pages.Except(kinds));
        // where values of others are shown, they are there: what is not shown cannot be wrong
        Assert.Equal([], new[]
        {
            "/", "/studien/*", "/serien/*", "/instanzen/*", "/probleme", "/auftraege", "/papierkorb", "/arbeitsliste", "/gdt", "/gdt/aus", "/gdt/ein", "/gdt/vorschau", "/geraete", "/status", "/einstellungen", "/studien/loeschen",
            "/studien/senden", "/drucken", "/hochladen",
        }.Except(marked));
    }

    private static async Task<TestServer> FillAsync()
    {
        var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["Name"] = "<yss a=\"b\">",
            ["GdtGenerator:IncomingDir"] = "gdt",
            ["DicomModalities"] = """{"peer":["PEER","127.0.0.1",1]}""",
            ["Forwarding"] = """[{"Name":"<xss a=\"b\">","To":"peer","Delay":0}]""",
        });
        // the second image of the first one's UID is a conflict, the third study goes to the bin
        await StoreAsync(server, Image("1.2.3.1"));
        await StoreAsync(server, Image("1.2.3.1").Set(DicomTag.StudyDescription, "other"));
        await StoreAsync(server, Image("1.2.3.2"));
        await StoreAsync(server, Image("1.2.3.3"));
        var report = Image("1.2.3.1").Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage).Set(DicomTag.SOPInstanceUID, "1.2.3.1.9").Set(DicomTag.SeriesInstanceUID, "1.2.3.1.8").Set(DicomTag.Modality, "SR");
        foreach (var element in SrBuilder.Report("5200", SrBuilder.Group("2D mode", SrBuilder.Num("1", "<xss>", "70"))))
        {
            if (!report.Contains(element.Tag))
            {
                report.Set(element);
            }
        }
        await StoreAsync(server, report);
        Assert.True(await server.Services.GetRequiredService<Bin>().PutAsync(ResourceId.ForStudy(Attack, "1.2.3.3"), Ct));

        await server.Http.GetStringAsync(new Uri($"worklist/add?id=1&lastname={Uri.EscapeDataString("<xss>")}&firstname=x&birthdate=07.03.1958&sex=1&procedure={Uri.EscapeDataString("<xss>")}", UriKind.Relative), Ct);
        var receiver = server.Services.GetRequiredService<GdtReceivers>().All[0];
        var orders = server.Services.GetRequiredService<GdtOrders>();
        await orders.TakeAsync(receiver, "<xss>.gdt", "<xss a=\"b\">"u8.ToArray(), Ct);
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync(async (db, ct) =>
        {
            db.GdtFiles.Add(new GdtFile { Receiver = "desk", Kind = GdtKind.Study, Resource = ResourceId.ForStudy(Attack, "1.2.3.1"), Path = "/gdt/" + Attack, State = GdtState.Failed, Error = Attack, At = DateTimeOffset.UnixEpoch });
            db.ParkedEvents.Add(new ParkedEvent { Consumer = "test", Seq = 1, Attempts = 3, DueAt = DateTimeOffset.MaxValue.AddYears(-1), Error = Attack });
            await Task.CompletedTask;
        }, Ct);
        server.Services.GetRequiredService<Callers>().Note("<xss>", "::ffff:192.0.2.7");
        // nobody listens to what the rule sends: one of its jobs is open, one has failed
        List<Job> jobs;
        while ((jobs = await server.Services.GetRequiredService<JobQueue>().ListAsync(99, Ct)).Count < 2)
        {
            await Task.Delay(20, Ct);
        }
        await server.Services.GetRequiredService<JobRunner>().CancelAsync(jobs[0].PublicId, Ct);
        while (!await server.Services.GetRequiredService<IndexReader>().ReadAsync((db, _) => Task.FromResult(db.GdtFiles.Any(g => g.State == GdtState.Written)), Ct))
        {
            await Task.Delay(20, Ct);
        }
        return server;
    }

    private static DicomDataset Image(string study)
    {
        var image = PagesKit.Image(Attack, patientId: Attack, study: study, accession: "<xss>1");
        foreach (var tag in new[] { DicomTag.StudyDescription, DicomTag.SeriesDescription, DicomTag.StationName, DicomTag.ReferringPhysicianName })
        {
            image.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.UTF8.GetBytes(tag == DicomTag.StationName ? "<xss>" : Attack)));
        }
        return image.Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64]));
    }

    private static async Task StoreAsync(TestServer server, DicomDataset dataset)
    {
        var archive = server.Services.GetRequiredService<Archive>();
        await using var staged = archive.Stage(dataset.GetString(DicomTag.SOPClassUID)!, dataset.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian, "<xss>");
        await staged.AppendAsync(new System.Buffers.ReadOnlySequence<byte>(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian)));
        var result = await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "<xss>", "PACS", "::ffff:127.0.0.1"), Ct);
        Assert.True(result.IsSafe, result.Reason);
    }

    // the address without what differs from one study to the next
    private static string Kind(string path)
    {
        var parts = path.Split('?')[0].Split('/');
        return parts switch
        {
            [_, "gdt", "aus" or "ein" or "vorschau" or "profile" or "empfaenger", ..] => "/gdt/" + parts[2],
            [_, "studien", "loeschen" or "senden" or "kennzeichen"] => path.Split('?')[0],
            [_, "studien" or "serien" or "instanzen", ..] => $"/{parts[1]}/*",
            [_, "einstellungen" or "einrichten", ..] => "/" + parts[1],
            _ => path.Split('?')[0],
        };
    }

    [GeneratedRegex("(?:href|src|formaction)=\"([^\"]+)\"")]
    private static partial Regex Link();

    // a localizer shows the key where there is no text
    [GeneratedRegex(@"(?:>|(?:aria-label|title|placeholder|alt|data-label|data-drop)="")\s*([A-Z][A-Za-z]+\.[A-Z][A-Za-z.]+)\s*[<""]")]
    private static partial Regex MissingText();
}
