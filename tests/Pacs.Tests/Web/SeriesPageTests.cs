using System.Globalization;
using System.Net;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Pages;
using Pacs.Web.Viewer;

namespace Pacs.Tests.Web;

/// <summary><c>/serien/{id}</c>: small pictures that move, and images chosen for paper.</summary>
public sealed class SeriesPageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, "")]
    [InlineData(2, "1 2")]
    [InlineData(5, "1 2 3 4 5")]
    [InlineData(12, "1 2 3 4 5 6 7 8 9 10 11 12")]
    [InlineData(100, "1 10 19 28 37 46 55 64 73 82 91 100")]
    [InlineData(int.MaxValue, "1 195225787 390451573 585677359 780903145 976128931 1171354717 1366580503 1561806289 1757032075 1952257861 2147483647")]
    public void A_preview_has_a_dozen_frames_at_most_from_the_first_to_the_last(int frames, string expected) =>
        Assert.Equal(expected, string.Join(' ', Picture.Preview(new Instance { Frames = frames }).Select(f => f.ToString(CultureInfo.InvariantCulture))));

    [Fact]
    public async Task Images_are_chosen_for_paper_without_script()
    {
        await using var server = await TestServer.StartAsync();
        await StoreAsync(server, number: 1);
        await StoreAsync(server, number: 2, frames: 4);
        var series = ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.1");
        var (one, two) = (ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"), ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.2"));
        var page = await GetAsync(server, $"/serien/{series}");
        Assert.Contains($"name=\"bild\" value=\"{one},1\" form=\"druck\"", page, StringComparison.Ordinal);
        Assert.Contains($"name=\"bild\" value=\"{two},3\" form=\"druck\"", page, StringComparison.Ordinal);
        Assert.Contains("<form id=\"druck\" class=\"print-form\" action=\"/drucken\" method=\"get\">", page, StringComparison.Ordinal);
        Assert.Contains("data-frames=\"1 2 3 4\"", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("class=\"thumb cine\"").Length); // a single image has none

        // what a browser sends for that form
        var print = await GetAsync(server, $"/drucken?bild={two},3&serie={series}");
        Assert.Equal(2, print.Split("<figure>").Length);
        Assert.Contains($"/bilder/{two}/3?", print, StringComparison.Ordinal);
        print = await GetAsync(server, $"/drucken?serie={series}");
        Assert.Equal(3, print.Split("<figure>").Length);
        Assert.Contains($"serie={series}&amp;spalten=3", print, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"cut\"", print, StringComparison.Ordinal);
        using var nothing = await server.Http.GetAsync("/drucken?serie=00000000-00000000-00000000-00000000-00000000", Ct);
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
    }

    [Fact]
    public async Task A_print_takes_what_fits_and_says_what_it_left_out()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 1; i <= PrintModel.MaxImages + 1; i++)
        {
            await StoreAsync(server, i);
        }
        var series = ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.1");
        var all = string.Join('&', Enumerable.Range(1, PrintModel.MaxImages + 1).Select(i => $"bild={ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{i}")},1"));
        foreach (var query in new[] { all, $"serie={series}", $"studie={ResourceId.ForStudy("4711", "1.2.3.1")}" })
        {
            var print = await GetAsync(server, "/drucken?" + query);
            Assert.Equal(PrintModel.MaxImages + 1, print.Split("<figure>").Length);
            Assert.Contains("Die ersten 24 von 25 Bildern", print, StringComparison.Ordinal);
        }
    }

    private static Task<byte[]> StoreAsync(TestServer server, int number, int frames = 1)
    {
        var image = PagesKit.Image("Müller^Jörg", number: number).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64 * frames]));
        return PagesKit.StoreAsync(server, frames > 1 ? image.Set(DicomTag.NumberOfFrames, frames) : image);
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(Ct);
    }
}
