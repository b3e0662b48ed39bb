using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Pacs.Storage;

namespace Pacs.Tests.Web;

/// <summary>What a browser loads for a page that is not the viewer: an old computer in a slow network has it at once.</summary>
public sealed partial class PageSizeTests
{
    private const int Limit = 150 * 1024;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_with_all_that_belongs_to_it_is_small()
    {
        await using var server = await TestServer.StartAsync();
        // a full page of the list, a study with many series, a full worklist: names and descriptions that differ, so that they compress as real ones do
        for (var i = 1; i <= 60; i++)
        {
            var text = Convert.ToHexString(BitConverter.GetBytes(i * 2654435761L));
            await PagesKit.StoreAsync(server, PagesKit.Image($"Name{text}^Vorname{i}", patientId: $"P{text}", study: $"1.2.3.{i}", accession: $"R{i:0000000000}")
                .Set(Pacs.Dicom.DicomTag.StudyDescription, "Abdomen " + text));
            await PagesKit.StoreAsync(server, PagesKit.Image("Viel^Serien", patientId: "VIEL", study: "1.2.4", number: i)
                .Set(Pacs.Dicom.DicomTag.SeriesInstanceUID, $"1.2.4.{i}").Set(Pacs.Dicom.DicomTag.SeriesDescription, text));
            using var order = await server.Http.GetAsync($"worklist/add?id={i}&lastname=Name{text}&firstname=Vorname&birthdate=07.03.1958&sex=1&procedure={text}", Ct);
            Assert.Equal(HttpStatusCode.OK, order.StatusCode);
        }
        var study = ResourceId.ForStudy("VIEL", "1.2.4");
        var series = ResourceId.ForSeries("VIEL", "1.2.4", "1.2.4.1");
        var sizes = new Dictionary<string, int>();
        foreach (var path in new[] { "/", $"/studien/{study}", $"/serien/{series}", "/arbeitsliste", "/einstellungen", "/einstellungen/konfiguration", "/gdt", "/geraete", "/status", "/probleme", "/hochladen", "/einrichten" })
        {
            sizes[path] = await WeighAsync(server, path);
        }
        Assert.True(sizes.Values.All(s => s < Limit), string.Join('\n', sizes.OrderByDescending(s => s.Value).Select(s => $"{s.Key}: {s.Value.ToString(CultureInfo.InvariantCulture)} bytes")));
        Assert.All(sizes.Values, s => Assert.True(s > 10_000)); // a page without its style would be no page
    }

    // the bytes that come, compressed where they come compressed: page, styles, scripts with what they import, icons. Pictures of patients are no part of the page
    private static async Task<int> WeighAsync(TestServer server, string path)
    {
        var (page, sum) = await LoadAsync(server, path);
        var waiting = new Queue<string>(Asset().Matches(page).Select(m => WebUtility.HtmlDecode(m.Groups["address"].Value)));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var scripts = 0;
        while (waiting.TryDequeue(out var address))
        {
            if (!seen.Add(address))
            {
                continue;
            }
            var (text, bytes) = await AssetAsync(server, address);
            sum += bytes;
            if (address.EndsWith(".js", StringComparison.Ordinal))
            {
                scripts++;
                foreach (Match import in Import().Matches(text))
                {
                    waiting.Enqueue(new Uri(new Uri(server.Http.BaseAddress!, address), import.Groups["address"].Value).AbsolutePath);
                }
            }
        }
        Assert.True(scripts > 0 && seen.Any(s => s.EndsWith(".css", StringComparison.Ordinal)), $"{path} loads {string.Join(", ", seen)}");
        return sum;
    }

    private static async Task<(string Text, int Bytes)> LoadAsync(TestServer server, string address)
    {
        using var answer = await server.Http.GetAsync(address, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {answer.StatusCode}");
        var bytes = await answer.Content.ReadAsByteArrayAsync(Ct);
        return (Encoding.UTF8.GetString(bytes), bytes.Length);
    }

    // a server that is not published has no files of its own to send: what it would send is the file of that name, as MapStaticAssets keeps it, compressed once by gzip at its best (brotli is smaller still)
    private static async Task<(string Text, int Bytes)> AssetAsync(TestServer server, string address)
    {
        using var answer = await server.Http.GetAsync(address, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {answer.StatusCode}");
        var file = Path.Join(Repository.Root, "src", "Pacs.Web", "wwwroot", Fingerprint().Replace(address, ""));
        var text = await File.ReadAllTextAsync(file, Ct);
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(text), Ct);
        }
        return (text, (int)packed.Length);
    }

    [GeneratedRegex("\\.[a-z0-9]{10}(?=\\.[a-z]+$)")]
    private static partial Regex Fingerprint();

    [GeneratedRegex("<(?:link|script|img)\\b[^>]*?(?:href|src)=\"(?<address>[^\"?]+\\.(?:css|js|svg))\"")]
    private static partial Regex Asset();

    [GeneratedRegex("(?:\\bfrom|\\bimport|\\bimport\\()\\s*['\"](?<address>\\.[^'\"]+)['\"]")]
    private static partial Regex Import();
}
