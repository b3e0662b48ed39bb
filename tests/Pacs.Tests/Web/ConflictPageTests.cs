using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Web;

/// <summary><c>/probleme/vergleich/{id}</c>: two copies of an instance side by side, and the choice between them.</summary>
public sealed class ConflictPageTests
{
    private static readonly ResourceId Study = ResourceId.ForStudy("4711", "1.2.3.1");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_copies_are_compared_and_the_other_one_is_put_in_use_without_telling_anybody_of_a_new_study()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:IncomingDir"] = "gdt", ["StableAge"] = "1" });
        Directory.CreateDirectory(server.GdtFolder);
        await PagesKit.StoreAsync(server, Image("Müller^Jörg", "Abdomen", 10));
        await PagesKit.StoreAsync(server, Image("Müller^Georg", "Schilddrüse", 200));
        var index = server.Services.GetRequiredService<IndexReader>();
        var conflict = Assert.Single(await index.ConflictsAsync(10, Ct));
        await WrittenAsync(server, 1);

        var address = $"/probleme/vergleich/{conflict.Id}";
        Assert.Contains($"href=\"{address}\"", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        var page = await GetAsync(server, address);
        Assert.Matches(Row("(0010,0010)", "Müller\\^Jörg", "Müller\\^Georg"), page);
        Assert.Matches(Row("(0008,1030)", "Abdomen", "Schilddrüse"), page);
        Assert.Matches(Row("(0008,1140)[001](0008,1155)", "1.2.9.10", "1.2.9.200"), page);
        Assert.DoesNotContain("(0008,0018)", page, StringComparison.Ordinal); // what is the same is not listed
        // both are pictures, and they are two
        var (first, second) = (await PixelAsync(server, $"/bilder/{conflict.Resource}/1"), await PixelAsync(server, $"/bilder/konflikt/{conflict.Id}/1"));
        Assert.NotEqual(first, second);

        using (var answer = await PostAsync(server, address + "?handler=Exchange"))
        {
            page = await answer.Content.ReadAsStringAsync(Ct);
        }
        Assert.Contains("Die andere Fassung gilt jetzt.", page, StringComparison.Ordinal);
        Assert.Matches(Row("(0010,0010)", "Müller\\^Georg", "Müller\\^Jörg"), page);
        Assert.Equal((second, first), (await PixelAsync(server, $"/bilder/{conflict.Resource}/1"), await PixelAsync(server, $"/bilder/konflikt/{conflict.Id}/1")));
        Assert.Contains("Müller, Georg", await GetAsync(server, "/"), StringComparison.Ordinal);
        Assert.Contains("Zweite Fassung eines Bildes übernommen, von 127.0.0.1", await GetAsync(server, $"/studien/{Study}?tab=verlauf"), StringComparison.Ordinal);
        // Orthanc's clients see what they know
        Assert.DoesNotContain("1000", await GetAsync(server, $"/studies/{Study}/metadata"), StringComparison.Ordinal);

        // the study is stable again, and the practice software hears nothing of it
        await StableAsync(server);
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync((_, _) => Task.CompletedTask, Ct);
        await WrittenAsync(server, 1);

        using (await PostAsync(server, address + "?handler=Settle"))
        {
        }
        Assert.Contains("Alles in Ordnung", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        Assert.Contains("die andere Fassung eines Bildes entfernt", await GetAsync(server, $"/studien/{Study}?tab=verlauf"), StringComparison.Ordinal);
        using var gone = await server.Http.GetAsync($"/bilder/konflikt/{conflict.Id}/1", Ct);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Contains("Alles in Ordnung", await GetAsync(server, address), StringComparison.Ordinal); // leads to the list
    }

    [Fact]
    public async Task A_copy_that_cannot_be_read_is_said_and_changes_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Image("Müller^Jörg", "Abdomen", 10));
        await PagesKit.StoreAsync(server, Image("Müller^Jörg", "Abdomen", 200));
        var conflict = Assert.Single(await server.Services.GetRequiredService<IndexReader>().ConflictsAsync(10, Ct));
        var address = $"/probleme/vergleich/{conflict.Id}";
        var path = server.Services.GetRequiredService<Archive>().TryGetPath(conflict.Key!)!;
        File.Delete(path);
        Assert.Contains("fehlt oder ist beschädigt", await GetAsync(server, address), StringComparison.Ordinal);
        using var refused = await PostAsync(server, address + "?handler=Exchange");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("Es bleibt, wie es ist", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_study_of_somebody_else_leads_to_the_correction_of_the_patient()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Schmidt^Eva", study: "1.2.3.2", born: "19900101"));
        var conflict = Assert.Single(await server.Services.GetRequiredService<IndexReader>().ConflictsAsync(10, Ct));
        Assert.Equal(ConflictKind.OtherPerson, conflict.Kind);
        var page = await GetAsync(server, "/probleme");
        Assert.Contains($"href=\"/studien/{conflict.Resource}/korrigieren\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/probleme/vergleich/", page, StringComparison.Ordinal);
        Assert.Contains("Alles", await GetAsync(server, $"/probleme/vergleich/{conflict.Id + 99}") + "Alles", StringComparison.Ordinal);
        using (await PostAsync(server, "/probleme?handler=Settle", ("id", $"{conflict.Id}")))
        {
        }
        Assert.Contains("Widerspruch angesehen und erledigt, von 127.0.0.1", await GetAsync(server, $"/studien/{conflict.Resource}?tab=verlauf"), StringComparison.Ordinal);
    }

    private static string Row(string tag, string first, string second) =>
        $"(?s){System.Text.RegularExpressions.Regex.Escape(tag)}</span></th>\\s*<td[^>]*><bdi>[^<]*{first}[^<]*</bdi></td>\\s*<td[^>]*><bdi>[^<]*{second}[^<]*</bdi></td>";

    private static DicomDataset Image(string name, string description, int level)
    {
        var pixels = new byte[64];
        Array.Fill(pixels, (byte)level);
        var image = PagesKit.Image(name, accession: "R1").Set(DicomTag.StudyDescription, description).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(DicomTag.WindowCenter, "128").Set(DicomTag.WindowWidth, "256").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
        return image.Set(DicomTag.ReferencedImageSequence, new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, $"1.2.9.{level}"));
    }

    private static async Task<string> PixelAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path + "?accept=image/png", Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await answer.Content.ReadAsByteArrayAsync(Ct)));
    }

    private static async Task WrittenAsync(TestServer server, int expected)
    {
        Task<int> CountAsync() => server.Services.GetRequiredService<IndexReader>().ReadAsync((db, _) => Task.FromResult(db.GdtFiles.Count(g => g.Resource == Study)), Ct);
        while (await CountAsync() < expected || Directory.GetFiles(server.GdtFolder, "*.gdt").Length < expected)
        {
            await Task.Delay(20, Ct);
        }
        Assert.Equal(expected, await CountAsync());
        Assert.Equal(expected, Directory.GetFiles(server.GdtFolder, "*.gdt").Length);
    }

    // until the study was found to be stable after the exchange, and those who listen have heard of it
    private static async Task StableAsync(TestServer server)
    {
        var index = server.Services.GetRequiredService<IndexReader>();
        while (true)
        {
            var events = await index.ChangesAsync(0, int.MaxValue, Ct);
            var exchanged = events.Last(e => e.Kind == EventKind.UpdatedAttachment).Seq;
            if (events.FirstOrDefault(e => e.Kind == EventKind.StableStudy && e.Seq > exchanged) is { } stable
                && await index.ReadAsync((db, _) => Task.FromResult(db.Consumers.Where(c => c.Name.StartsWith("gdt")).All(c => c.Seq >= stable.Seq) && db.Consumers.Any(c => c.Name.StartsWith("gdt"))), Ct))
            {
                return;
            }
            await Task.Delay(50, Ct);
        }
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Name, string Value)[] fields) =>
        server.Http.PostAsync(path, new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))), Ct);
}
