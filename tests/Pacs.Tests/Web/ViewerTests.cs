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
    public async Task Places_letters_and_windows_of_frames_are_told()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 1, frames: 2).Set(DicomTag.FrameOfReferenceUID, "1.2.9")
            .Set(DicomTag.SharedFunctionalGroupsSequence, new DicomDataset()
                .Set(DicomTag.PlaneOrientationSequence, new DicomDataset().Set(DicomTag.ImageOrientationPatient, "1", "0", "0", "0", "1", "0")))
            .Set(DicomTag.PerFrameFunctionalGroupsSequence, Enumerable.Range(1, 2).Select(i => new DicomDataset()
                .Set(DicomTag.PlanePositionSequence, new DicomDataset().Set(DicomTag.ImagePositionPatient, "0", "0", $"{i * 5}"))
                .Set(DicomTag.FrameVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, $"{i * 40}").Set(DicomTag.WindowWidth, "400")))));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 2).Set(DicomTag.PatientOrientation, "L", "FA").Set(DicomTag.WindowCenter, "40").Set(DicomTag.WindowWidth, "400"));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 3).Set(DicomTag.PatientOrientation, "CR", "LE"));
        var series = (await JsonAsync(server, $"viewer/studien/{ResourceId.ForStudy("4711", "1.2.3.1")}.json")).GetProperty("series").EnumerateArray().Single();
        var told = (await JsonAsync(server, $"viewer/serien/{series.GetProperty("id").GetString()}.json")).GetProperty("instances").EnumerateArray().Select(i => i.GetProperty("details")).ToList();
        Assert.Equal([5.0, 10.0], told[0].GetProperty("planes").EnumerateArray().Select(p => p.GetProperty("position")[2].GetDouble()));
        Assert.Equal("1.2.9", told[0].GetProperty("planes")[0].GetProperty("frame").GetString());
        Assert.Equal([40.0, 80.0], told[0].GetProperty("frameWindows").EnumerateArray().Select(w => w.GetProperty("center").GetDouble()));
        Assert.Equal(["L", "FA"], told[1].GetProperty("letters").EnumerateArray().Select(l => l.GetString()));
        Assert.False(told[1].TryGetProperty("planes", out _));
        Assert.False(told[1].TryGetProperty("frameWindows", out _)); // one window is said once
        Assert.False(told[2].TryGetProperty("letters", out _)); // no directions of people
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
    public async Task Practice_software_chooses_studies_by_time_modality_and_number()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", study: "1.2.3.1", date: "20230101").Set(DicomTag.PatientBirthDate, "19580307").Set(DicomTag.AccessionNumber, "R1"));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", study: "1.2.3.2", date: "20240101").Set(DicomTag.StudyTime, "143000").Set(DicomTag.Modality, "CT").Set(DicomTag.AccessionNumber, "R2"));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", study: "1.2.3.3", date: "20250101").Set(DicomTag.AccessionNumber, "R3"));
        ResourceId[] studies = [ResourceId.ForStudy("4711", "1.2.3.1"), ResourceId.ForStudy("4711", "1.2.3.2"), ResourceId.ForStudy("4711", "1.2.3.3")];
        const string Patient = "requestType=PATIENT&patientID=4711";
        foreach (var (query, expected) in new (string, int[])[]
        {
            (Patient, [3, 2, 1]), (Patient + "&mostRecentResults=2", [3, 2]), (Patient + "&modalitiesInStudy=MR,ct", [2]),
            (Patient + "&lowerDateTime=2024-01-01T14:30:00", [3, 2]), (Patient + "&lowerDateTime=2024-01-01T14:30:01", [3]), (Patient + "&upperDateTime=20240101", [2, 1]),
            (Patient + "&upperDateTime=2024-01-01T14:29:59", [1]), (Patient + "&lowerDateTime=2023-06-01&upperDateTime=2024-06-01&mostRecentResults=5", [2]),
            (Patient + "&patientBirthDate=19580307&viewerType=IHE_BIR", [3, 2, 1]), (Patient + "&patientBirthDate=1958-03-07", [3, 2, 1]),
            // of a list the first is opened, then the others, then what else there is
            ("requestType=STUDY&accessionNumber=R2,R1", [2, 1, 3]), ("requestType=STUDY&studyUID=1.2.3.1,1.2.3.3", [1, 3, 2]), ("requestType=STUDY&accessionNumber=R9,R3", [3, 2, 1]),
        })
        {
            var page = await server.Http.GetStringAsync(new Uri("IHEInvokeImageDisplay?" + query, UriKind.Relative), Ct);
            var offered = StudyOption().Matches(page).Select(m => Array.FindIndex(studies, s => m.Value.Contains(s.ToString(), StringComparison.Ordinal)) + 1).ToArray();
            Assert.Equal((query, string.Join(',', expected)), (query, string.Join(',', offered)));
            Assert.Contains($"data-study=\"{studies[expected[0] - 1]}\"", page, StringComparison.Ordinal);
        }
        foreach (var (query, status, words) in new[]
        {
            ("", 400, "requestType"), ("requestType=study&studyUID=1.2.3.1", 400, "requestType"), ("requestType=STUDY", 400, "accessionNumber"), ("requestType=PATIENT&patientID=%5E%5EA", 400, "patientID"),
            (Patient + "&lowerDateTime=gestern", 400, "2026-11-23"), (Patient + "&mostRecentResults=0", 400, "mostRecentResults"), (Patient + "&mostRecentResults=-1", 400, "mostRecentResults"),
            ("requestType=STUDY&studyUID=1.9", 404, "noch nicht angekommen"), (Patient + "&modalitiesInStudy=XA", 404, "Zeitraum"), (Patient + "&patientBirthDate=19580308", 404, "anderes Geburtsdatum"),
        })
        {
            using var answer = await server.Http.GetAsync(new Uri("IHEInvokeImageDisplay?lang=de&" + query, UriKind.Relative), Ct);
            Assert.Equal((query, status), (query, (int)answer.StatusCode));
            Assert.Contains(words, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Marked_images_alone_and_pictures_without_loss_are_shown_where_they_are_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var number in new[] { 1, 2, 3 })
        {
            await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: number).Set(DicomTag.AccessionNumber, "R1"));
        }
        var series = ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.1");
        string Instance(int number) => ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{number}").ToString();
        const string Call = "IHEInvokeImageDisplay?requestType=STUDY&accessionNumber=R1&keyImagesOnly=true&diagnosticQuality=true";
        var page = await server.Http.GetStringAsync(new Uri(Call, UriKind.Relative), Ct);
        Assert.Contains("data-marked-only=\"\"", page, StringComparison.Ordinal); // there are none: all are better than nothing
        Assert.Contains("data-lossless=\"1\"", page, StringComparison.Ordinal);
        Assert.Matches("rel=\"preload\"[^>]*&amp;accept=image/png", page);
        (await server.Http.PutAsync(new Uri($"viewer/gemerkt/{Instance(2)}/1", UriKind.Relative), null, Ct)).EnsureSuccessStatusCode();
        page = await server.Http.GetStringAsync(new Uri(Call, UriKind.Relative), Ct);
        Assert.Contains("data-marked-only=\"1\"", page, StringComparison.Ordinal);
        var told = await JsonAsync(server, $"viewer/studien/{ResourceId.ForStudy("4711", "1.2.3.1")}.json?nur=gemerkt");
        var only = told.GetProperty("series").EnumerateArray().Single();
        Assert.Equal((1, Instance(2)), (only.GetProperty("count").GetInt32(), only.GetProperty("first").GetProperty("id").GetString()));
        var instances = await JsonAsync(server, $"viewer/serien/{series}.json?nach=0&nur=gemerkt");
        Assert.Equal(Instance(2), instances.GetProperty("instances").EnumerateArray().Single().GetProperty("id").GetString());
    }

    [Fact]
    public async Task Hostile_values_stay_text_in_the_viewer()
    {
        await using var server = await TestServer.StartAsync();
        const string Attack = "<script>alert(1)</script>\"'^<img src=x>";
        await PagesKit.StoreAsync(server, Picture(Attack).Set(new DicomElement(DicomTag.StudyDescription, DicomVr.LO, Encoding.UTF8.GetBytes("</script><i>"))));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        foreach (var path in new[] { $"viewer?study={study}", $"viewer/studien/{study}.json", $"drucken?studie={study}" })
        {
            var text = await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.DoesNotContain("<script>alert", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<img src=x", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<i>", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Values_of_pixels_are_told_in_the_images_unit()
    {
        await using var server = await TestServer.StartAsync();
        var pixels = new byte[32];
        for (var i = 0; i < 16; i++)
        {
            BitConverter.TryWriteBytes(pixels.AsSpan(i * 2), (short)(i * 10));
        }
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg").Set(DicomTag.Modality, "CT").Set(DicomTag.BitsAllocated, 16).Set(DicomTag.BitsStored, 12).Set(DicomTag.HighBit, 11)
            .Set(DicomTag.RescaleIntercept, "-1000").Set(DicomTag.RescaleSlope, "1").Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels)));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 2).Set(DicomTag.SamplesPerPixel, 3).Set(DicomTag.PhotometricInterpretation, "RGB")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Enumerable.Range(0, 48).Select(i => (byte)i).ToArray())));
        string Address(int number) => $"viewer/werte/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{number}")}/1.json";

        var point = await JsonAsync(server, Address(1) + "?punkt=1.9,2.1");
        Assert.Equal((-910, "HU", true), (point.GetProperty("value").GetDouble(), point.GetProperty("unit").GetString(), point.GetProperty("isWhole").GetBoolean()));
        var all = await JsonAsync(server, Address(1));
        Assert.Equal((16, -1000, -850, -925), (all.GetProperty("count").GetInt32(), all.GetProperty("least").GetDouble(), all.GetProperty("largest").GetDouble(), all.GetProperty("mean").GetDouble()));
        var area = await JsonAsync(server, Address(1) + "?ellipse=1,1,3,3");
        Assert.Equal((4, -925), (area.GetProperty("count").GetInt32(), area.GetProperty("mean").GetDouble()));
        // a triangle: of 4 by 4 pixels those whose centre lies in or below the diagonal; the right edge belongs to it, as to ellipses
        var outline = await JsonAsync(server, Address(1) + "?umriss=0,0,4,4,0,4");
        Assert.Equal((10, -1000, -850), (outline.GetProperty("count").GetInt32(), outline.GetProperty("least").GetDouble(), outline.GetProperty("largest").GetDouble()));
        // a U: its gap is outside
        var gap = await JsonAsync(server, Address(1) + "?umriss=0,0,1,0,1,3,3,3,3,0,4,0,4,4,0,4");
        Assert.Equal(10, gap.GetProperty("count").GetInt32());
        Assert.Equal([15, 16, 17], (await JsonAsync(server, Address(2) + "?punkt=1,1")).GetProperty("color").EnumerateArray().Select(v => v.GetInt32()));
        Assert.Empty((await JsonAsync(server, Address(1) + "?punkt=4,0")).EnumerateObject()); // beside the image
        Assert.Empty((await JsonAsync(server, Address(2) + "?ellipse=0,0,2,2")).EnumerateObject()); // colour has no mean
        foreach (var (query, status) in new[] { ("?punkt=1", 400), ("?punkt=a,b", 400), ("?ellipse=1,2,3", 400), ("?punkt=NaN,1", 400), ("?umriss=1,2,3,4", 400),
            ("?umriss=1,2,3,4,5,6,7", 400), ("?umriss=" + string.Join(',', Enumerable.Repeat("1", 600)), 400) })
        {
            using var answer = await server.Http.GetAsync(new Uri(Address(1) + query, UriKind.Relative), Ct);
            Assert.Equal((query, status), (query, (int)answer.StatusCode));
        }
        foreach (var missing in new[] { Address(1).Replace("/1.json", "/2.json", StringComparison.Ordinal), $"viewer/werte/{NoSuchId}/1.json", "viewer/werte/x/1.json" })
        {
            using var answer = await server.Http.GetAsync(new Uri(missing, UriKind.Relative), Ct);
            Assert.Equal((missing, 404), (missing, (int)answer.StatusCode));
        }
    }

    [Fact]
    public async Task Marked_frames_are_kept_shown_on_the_pages_and_printed()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 1, frames: 3));
        await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: 2));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        var image = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1");
        var print = new Uri($"drucken?studie={study}", UriKind.Relative);
        Assert.Equal(2, (await server.Http.GetStringAsync(print, Ct)).Split("<figure>").Length - 1); // nothing is marked: all

        foreach (var (frame, status) in new[] { (3, 204), (3, 204), (4, 404), (0, 404) })
        {
            using var answer = await server.Http.PutAsync(new Uri($"viewer/gemerkt/{image}/{frame}", UriKind.Relative), null, Ct);
            Assert.Equal((frame, status), (frame, (int)answer.StatusCode));
        }
        var marked = (await JsonAsync(server, $"viewer/studien/{study}.json")).GetProperty("marked").EnumerateArray().Single();
        Assert.Equal((image.ToString(), 3), (marked.GetProperty("image").GetString(), marked.GetProperty("frame").GetInt32()));
        Assert.Equal(1, (await server.Http.GetStringAsync(new Uri($"studien/{study}", UriKind.Relative), Ct)).Split("★").Length - 1);
        var page = await server.Http.GetStringAsync(print, Ct);
        Assert.Equal(1, page.Split("<figure>").Length - 1);
        Assert.Contains($"/bilder/{image}/3?", page, StringComparison.Ordinal);

        using var removed = await server.Http.DeleteAsync(new Uri($"viewer/gemerkt/{image}/3", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var unknown = await server.Http.DeleteAsync(new Uri($"viewer/gemerkt/{NoSuchId}/3", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Empty((await JsonAsync(server, $"viewer/studien/{study}.json")).GetProperty("marked").EnumerateArray());

        // a mark goes with its image, and another web site sets none
        (await server.Http.PutAsync(new Uri($"viewer/gemerkt/{image}/1", UriKind.Relative), null, Ct)).Dispose();
        (await server.Http.DeleteAsync(new Uri($"instances/{image}", UriKind.Relative), Ct)).EnsureSuccessStatusCode();
        Assert.Empty((await JsonAsync(server, $"viewer/studien/{study}.json")).GetProperty("marked").EnumerateArray());
        using var foreign = new HttpRequestMessage(HttpMethod.Put, new Uri($"viewer/gemerkt/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.2")}/1", UriKind.Relative));
        foreign.Headers.Add("Origin", "https://elsewhere.example");
        using var refused = await server.Http.SendAsync(foreign, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task The_viewer_begins_with_the_image_that_was_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        for (var number = 1; number <= 3; number++)
        {
            await PagesKit.StoreAsync(server, Picture("Müller^Jörg", number: number));
        }
        var (study, series) = (ResourceId.ForStudy("4711", "1.2.3.1"), ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.1"));
        var third = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.3");
        foreach (var (query, at) in new[] { ($"&image={third}", "2"), ($"&series={series}", "0") })
        {
            Assert.Contains($"data-series=\"{series}\" data-at=\"{at}\"", await server.Http.GetStringAsync(new Uri($"viewer?study={study}{query}", UriKind.Relative), Ct), StringComparison.Ordinal);
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
        foreach (var (query, status) in new[] { ("", 400), ($"?bild={one}", 400), ($"?bild={one},0", 400), ($"?bild={one},1,x,y", 400), ($"?bild={one},1&bild={other},1", 400), ($"?bild={NoSuchId},1", 404), ($"?studie={NoSuchId}", 404), ("?studie=x", 404) })
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
