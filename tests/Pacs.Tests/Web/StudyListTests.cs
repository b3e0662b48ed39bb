using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class StudyListTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_address_says_what_is_shown_and_in_which_order()
    {
        await using var server = await TestServer.StartAsync();
        var today = DateTime.Now.ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture);
        await PagesKit.StoreAsync(server, PagesKit.Image("Anders^Anna", patientId: "2", study: "1.2.3.1", date: today, accession: "A1"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Bauer^Bernd", patientId: "1", study: "1.2.3.2", date: "20200101"));
        Assert.Equal(["Anders, Anna", "Bauer, Bernd"], Names(await GetAsync(server, "/?teil=liste")));
        Assert.Equal(["Anders, Anna"], Names(await GetAsync(server, "/?zeige=heute")));
        Assert.Empty(Names(await GetAsync(server, "/?zeige=gestern")));
        Assert.Equal(["Anders, Anna"], Names(await GetAsync(server, "/?zeige=woche")));
        Assert.Equal(["Bauer, Bernd"], Names(await GetAsync(server, "/?zeige=ohne-auftrag")));
        Assert.Empty(Names(await GetAsync(server, "/?zeige=problem")));
        Assert.Equal(["Bauer, Bernd", "Anders, Anna"], Names(await GetAsync(server, "/?sort=nummer")));
        var byName = await GetAsync(server, "/?sort=-name&zeige=woche");
        Assert.Contains("aria-sort=\"descending\"><a class=\"sort\" href=\"/?zeige=woche&amp;sort=name\"", byName, StringComparison.Ordinal);
        foreach (var wrong in new[] { "/?zeige=x", "/?sort=x", "/?sort=name&vor=x", "/?nach=-1" })
        {
            using var answer = await server.Http.GetAsync(new Uri(wrong, UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_study_with_a_problem_is_found()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Gut^Gerda", patientId: "1", study: "1.2.3.1"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Streit^Stefan", patientId: "2", study: "1.2.3.2"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Streit^Stefan", patientId: "2", study: "1.2.3.2", accession: "ANDERS"));
        Assert.Equal(["Streit, Stefan"], Names(await GetAsync(server, "/?zeige=problem")));
    }

    [Fact]
    public async Task Series_are_shown_in_place()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg").Set(DicomTag.Rows, 1).Set(DicomTag.Columns, 2).Set(DicomTag.SamplesPerPixel, 1)
            .Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[2])));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        var part = await GetAsync(server, $"/studien/{study}?teil=serien");
        Assert.DoesNotContain("<html", part, StringComparison.Ordinal);
        Assert.Contains("Serie 1", part, StringComparison.Ordinal);
        Assert.Contains("1 Bild", part, StringComparison.Ordinal);
        // what has no pixels is none
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", study: "1.2.3.2"));
        Assert.Contains("1 Objekt", await GetAsync(server, $"/studien/{ResourceId.ForStudy("4711", "1.2.3.2")}?teil=serien"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_are_told_of_what_is_new_over_one_reader_of_the_feed()
    {
        await using var server = await TestServer.StartAsync();
        var streams = new List<StreamReader>();
        for (var i = 0; i < 8; i++)
        {
            var answer = await server.Http.GetAsync(new Uri("/ereignisse", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
            var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Ct), Encoding.UTF8);
            Assert.Equal("retry: 5000", await reader.ReadLineAsync(Ct));
            streams.Add(reader);
        }
        await PagesKit.StoreAsync(server, PagesKit.Image("Neu^Nina"));
        foreach (var reader in streams)
        {
            string? line;
            do
            {
                line = await reader.ReadLineAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Ct);
            }
            while (line != "event: studien");
            // a number, and nothing about anybody
            Assert.Matches("^data: [0-9]+$", await reader.ReadLineAsync(Ct));
            reader.Dispose();
        }
    }

    [Fact]
    public async Task Ticked_studies_are_downloaded_sent_and_deleted()
    {
        await using var server = await TestServer.StartAsync();
        using (var node = new StringContent("""["ARCHIV", "127.0.0.1", 1]"""))
        {
            (await server.Http.PutAsync(new Uri("/modalities/archiv", UriKind.Relative), node, Ct)).EnsureSuccessStatusCode().Dispose();
        }
        await PagesKit.StoreAsync(server, PagesKit.Image("Eins^Eva<i>", patientId: "1", study: "1.2.3.1"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Zwei^Zoe", patientId: "2", study: "1.2.3.2"));
        var query = $"id={ResourceId.ForStudy("1", "1.2.3.1")}&id={ResourceId.ForStudy("2", "1.2.3.2")}&id=unsinn";

        using (var zip = await server.Http.GetAsync(new Uri("/studien/zip?" + query, UriKind.Relative), Ct))
        {
            Assert.Equal("application/zip", zip.Content.Headers.ContentType?.MediaType);
            using var archive = new System.IO.Compression.ZipArchive(await zip.Content.ReadAsStreamAsync(Ct));
            Assert.Equal(2, archive.Entries.Count);
        }

        Assert.Contains("Eins, Eva&lt;i&gt;", await GetAsync(server, "/studien/senden?" + query), StringComparison.Ordinal);
        using (var nowhere = await PostAsync(server, "/studien/senden", query))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, nowhere.StatusCode);
        }
        using (var sent = await PostAsync(server, "/studien/senden", query + "&node=archiv"))
        {
            Assert.EndsWith("/auftraege", sent.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
        }
        Assert.Equal(2, (await server.Services.GetRequiredService<JobQueue>().ListAsync(10, Ct)).Count);

        var question = await GetAsync(server, "/studien/loeschen?" + query);
        Assert.Contains("2 Studien, zusammen 2 Bilder", question, StringComparison.Ordinal);
        using (var deleted = await PostAsync(server, "/studien/loeschen", query))
        {
            var bin = await deleted.Content.ReadAsStringAsync(Ct);
            Assert.Contains("Zwei, Zoe", bin, StringComparison.Ordinal);
            Assert.Contains("Eins, Eva&lt;i&gt;", bin, StringComparison.Ordinal);
        }
        Assert.Empty(Names(await GetAsync(server, "/")));
        using (var answer = await server.Http.GetAsync(new Uri($"/studies/{ResourceId.ForStudy("1", "1.2.3.1")}", UriKind.Relative), Ct))
        {
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
        var row = (await server.Services.GetRequiredService<Bin>().ListAsync(10, Ct)).Single(b => b.PatientId == "1");
        using (var restored = await PostAsync(server, "/papierkorb?handler=Restore", $"id={row.Id}"))
        {
            Assert.Contains("Eins, Eva&lt;i&gt;", await restored.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.Equal(["Eins, Eva&lt;i&gt;"], Names(await GetAsync(server, "/")));
    }

    private static string[] Names(string page) => [.. System.Text.RegularExpressions.Regex.Matches(page, "<bdi class=\"name\">([^<]*)</bdi>").Select(m => m.Groups[1].Value)];

    private static async Task<string> GetAsync(TestServer server, string path) => await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, string form)
    {
        using var content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        return await server.Http.PostAsync(new Uri(path, UriKind.Relative), content, Ct);
    }
}
