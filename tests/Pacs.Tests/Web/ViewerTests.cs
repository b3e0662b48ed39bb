using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>What the viewer is told, where it is found, and the print page.</summary>
public sealed partial class ViewerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_study_and_its_series_are_told_with_what_the_headers_say()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 1, frames: 3).Set(DicomTag.FrameTime, "33.3").Set(Regions()));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 2).Set(DicomTag.PixelSpacing, "0.5", "0.25").Set(DicomTag.WindowCenter, "40").Set(DicomTag.WindowWidth, "400"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");

        var told = await JsonAsync(server, $"viewer/studien/{study}.json");
        Assert.Equal(("Müller, Jörg", "4711"), (told.GetProperty("patient").GetString(), told.GetProperty("patientId").GetString()));
        var series = told.GetProperty("series").EnumerateArray().Single();
        Assert.Equal(2, series.GetProperty("count").GetInt32());
        Assert.Equal("image", series.GetProperty("first").GetProperty("kind").GetString());

        var instances = (await JsonAsync(server, $"viewer/serien/{series.GetProperty("id").GetString()}.json")).GetProperty("instances").EnumerateArray().ToList();
        var cine = instances[0].GetProperty("details");
        Assert.Equal((3, 33.3), (instances[0].GetProperty("frames").GetInt32(), cine.GetProperty("frameTime").GetDouble()));
        var region = cine.GetProperty("regions").EnumerateArray().Single();
        Assert.Equal((3, 0.0625), (region.GetProperty("unitX").GetInt32(), region.GetProperty("deltaX").GetDouble()));
        var slice = instances[1].GetProperty("details");
        Assert.Equal((0.5, 0.25, "patient"), (slice.GetProperty("spacing").GetProperty("row").GetDouble(), slice.GetProperty("spacing").GetProperty("column").GetDouble(),
            slice.GetProperty("spacing").GetProperty("plane").GetString()));
        Assert.Equal(40, slice.GetProperty("windows").EnumerateArray().Single().GetProperty("center").GetDouble());
        Assert.False(slice.TryGetProperty("frameTime", out _));

        var rest = await JsonAsync(server, $"viewer/serien/{series.GetProperty("id").GetString()}.json?nach=1");
        Assert.Equal(2, rest.GetProperty("instances").EnumerateArray().Single().GetProperty("number").GetInt32());
    }

    [Fact]
    public async Task The_viewer_is_found_by_every_number_of_the_office()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", study: "1.2.3.1", date: "20230101"));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", study: "1.2.3.2", date: "20240101").Set(DicomTag.AccessionNumber, "R7"));
        var (older, newer) = (ResourceId.ForStudy("4711", "1.2.3.1"), ResourceId.ForStudy("4711", "1.2.3.2"));
        foreach (var (path, study) in new[]
        {
            ($"viewer?study={older}", older), ("viewer?study=1.2.3.1", older), ("viewer?accession=R7", newer), ("viewer?patient=4711", newer),
            ("IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3.1", older), ("IHEInvokeImageDisplay?requestType=STUDY&accessionNumber=R7", newer),
            ("IHEInvokeImageDisplay?requestType=PATIENT&patientID=4711%5E%5E%5EPraxis&mostRecentResults=1", newer),
        })
        {
            var page = await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.Contains($"data-study=\"{study}\"", page, StringComparison.Ordinal);
            Assert.Equal(path.Contains("mostRecentResults", StringComparison.Ordinal) ? 1 : 2, StudyOption().Count(page));
            Assert.Contains("<noscript>", page, StringComparison.Ordinal);
        }
        foreach (var (path, status) in new[]
        {
            ("viewer", 400), ("viewer?study=1.9", 404), ("viewer?accession=x", 404), ("viewer?patient=x", 404), ("viewer/studien/x.json", 404), ("viewer/serien/x.json", 404),
            ("IHEInvokeImageDisplay", 400), ("IHEInvokeImageDisplay?requestType=STUDY", 400), ("IHEInvokeImageDisplay?requestType=PATIENT", 400),
        })
        {
            using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
        }
    }

    [Fact]
    public async Task Hostile_values_stay_text_in_the_viewer()
    {
        await using var server = await TestServer.StartAsync();
        const string Attack = "<script>alert(1)</script>\"'^<img src=x>";
        await PagesKit.StoreAsync(server, Picture(Attack).Set(new DicomElement(DicomTag.StudyDescription, DicomVr.LO, Encoding.UTF8.GetBytes("</script><i>"))));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        foreach (var path in new[] { $"viewer?study={study}", $"viewer/studien/{study}.json" })
        {
            var text = await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.DoesNotContain("<script>alert", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<img src=x", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<i>", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_print_has_the_images_of_one_patient_with_their_window()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 1));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 2));
        await PagesKit.StoreAsync(server, Picture("Schmidt^Hans", patientId: "4712", study: "1.2.3.9"));
        string Image(string patient, string study, int number) => ResourceId.ForInstance(patient, study, study + ".1", $"{study}.1.{number}").ToString();
        var (one, two, other) = (Image("4711", "1.2.3.1", 1), Image("4711", "1.2.3.1", 2), Image("4712", "1.2.3.9", 1));

        var page = await server.Http.GetStringAsync(new Uri($"drucken?bild={one},1&bild={two},1,40,400", UriKind.Relative), Ct);
        Assert.Contains("Müller, Jörg", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("<figure>").Length - 1);
        Assert.Contains("window=40,400", page, StringComparison.Ordinal);
        foreach (var (query, status) in new[] { ("", 400), ($"?bild={one}", 400), ($"?bild={one},0", 400), ($"?bild={one},1,x,y", 400), ($"?bild={one},1&bild={other},1", 400), ($"?bild={NoSuchId},1", 404) })
        {
            using var answer = await server.Http.GetAsync(new Uri("drucken" + query, UriKind.Relative), Ct);
            Assert.Equal((query, status), (query, (int)answer.StatusCode));
        }
    }

    private const string NoSuchId = "00000000-00000000-00000000-00000000-00000000";

    private static async Task<JsonElement> JsonAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).RootElement;
    }

    private static DicomDataset Picture(string name, string patientId = "4711", string study = "1.2.3.1", string date = "20240312", int number = 1, int frames = 1) =>
        PagesKit.Image(name, patientId, study, date, number: number).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTag.NumberOfFrames, frames).Set(DicomTag.Rows, 4).Set(DicomTag.Columns, 4).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[16 * frames]));

    private static DicomElement Regions() => new(DicomTag.SequenceOfUltrasoundRegions,
    [
        new DicomDataset().Set(DicomTag.RegionLocationMinX0, 0).Set(DicomTag.RegionLocationMinY0, 0).Set(DicomTag.RegionLocationMaxX1, 3).Set(DicomTag.RegionLocationMaxY1, 3)
            .Set(DicomTag.PhysicalUnitsXDirection, 3).Set(DicomTag.PhysicalUnitsYDirection, 3).Set(DicomTag.PhysicalDeltaX, 0.0625).Set(DicomTag.PhysicalDeltaY, 0.0625),
        new DicomDataset().Set(DicomTag.RegionLocationMinX0, 0), // without a scale: left out
    ]);

    // studies to choose from; layouts are the other options
    [GeneratedRegex("<option value=\"[0-9a-f-]{44}\"")]
    private static partial Regex StudyOption();
}
