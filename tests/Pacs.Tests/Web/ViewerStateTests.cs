using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Presentation states in the viewer's routes, the pictures seen through them, and why a picture cannot be shown, in one word.</summary>
public sealed partial class ViewerStateTests
{
    private const string Study = "1.2.3.1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_states_of_a_study_are_told_with_what_they_are_about()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Image(1));
        await PagesKit.StoreAsync(server, Image(2));
        await PagesKit.StoreAsync(server, State(1, "1.2.3.1.1.2").Set(DicomTag.ImageRotation, 90).Set(DicomTag.ContentDescription, "Befund <b>").Set(DicomTag.ContentCreatorName, "Radiologe^Rudi"));
        await PagesKit.StoreAsync(server, State(2, "1.9.9"));
        var study = ResourceId.ForStudy("4711", Study);
        var told = await JsonAsync(server, $"viewer/studien/{study}.json");
        Assert.True(told.GetProperty("hasStates").GetBoolean());
        Assert.Equal(["image", "state"], told.GetProperty("series").EnumerateArray().Select(s => s.GetProperty("first").GetProperty("kind").GetString()));
        Assert.Equal("1.2.3.1.1.1", told.GetProperty("series")[0].GetProperty("first").GetProperty("uid").GetString());

        var states = (await JsonAsync(server, $"viewer/ansichten/{study}.json?lang=de")).GetProperty("states").EnumerateArray().ToList();
        Assert.Equal(2, states.Count);
        Assert.Equal(("Befund <b>", "Radiologe, Rudi", "01.01.2026", 1, false),
            (states[0].GetProperty("label").GetString(), states[0].GetProperty("by").GetString(), states[0].GetProperty("date").GetString(), states[0].GetProperty("turns").GetInt32(), states[0].GetProperty("isFlipped").GetBoolean()));
        Assert.Equal((ResourceId.ForSeries("4711", Study, Study + ".1").ToString(), 1, 1),
            (states[0].GetProperty("first").GetProperty("series").GetString(), states[0].GetProperty("first").GetProperty("at").GetInt32(), states[0].GetProperty("first").GetProperty("frame").GetInt32()));
        var image = states[0].GetProperty("images").EnumerateArray().Single();
        Assert.Equal(("1.2.3.1.1.2", 40.0), (image.GetProperty("uid").GetString(), image.GetProperty("window").GetProperty("center").GetDouble()));
        Assert.Equal(("TEST", false), (states[1].GetProperty("label").GetString(), states[1].TryGetProperty("first", out _))); // of an image that is not here
        using var unknown = await server.Http.GetAsync(new Uri("viewer/ansichten/x.json", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);

        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", study: "1.2.3.2"));
        Assert.False((await JsonAsync(server, $"viewer/studien/{ResourceId.ForStudy("4711", "1.2.3.2")}.json")).TryGetProperty("hasStates", out _));
    }

    [Fact]
    public async Task A_picture_is_seen_through_a_state_that_is_about_it()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Image(1));
        await PagesKit.StoreAsync(server, Image(2));
        await PagesKit.StoreAsync(server, State(1, "1.2.3.1.1.1").Set(DicomTag.ImageRotation, 90));
        var (one, two, state) = (Instance(1), Instance(2), ResourceId.ForInstance("4711", Study, Study + ".9", Study + ".9.1"));
        Assert.Equal((8, 4), await SizeAsync(server, $"bilder/{one}/1"));
        Assert.Equal((4, 8), await SizeAsync(server, $"bilder/{one}/1?state={state}")); // as it wants it: on paper
        Assert.Equal((8, 4), await SizeAsync(server, $"bilder/{one}/1?state={state}&geometry=image")); // where somebody measures
        foreach (var wrong in new[] { $"bilder/{two}/1?state={state}", $"bilder/{one}/1?state={two}", $"bilder/{one}/1?state=x" })
        {
            using var refused = await server.Http.GetAsync(new Uri(wrong, UriKind.Relative), Ct);
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, refused.StatusCode));
        }
        // the same bytes only as long as both files are the same
        var page = await server.Http.GetStringAsync(new Uri($"instanzen/{one}", UriKind.Relative), Ct);
        var version = Version().Match(page).Groups[1].Value;
        var told = await JsonAsync(server, $"viewer/ansichten/{ResourceId.ForStudy("4711", Study)}.json");
        var stateVersion = told.GetProperty("states")[0].GetProperty("version").GetString();
        foreach (var (query, isKept) in new[] { ($"v={version}", true), ($"v={version}&state={state}", false), ($"v={version}&state={state}&sv=other", false), ($"v={version}&state={state}&sv={stateVersion}", true) })
        {
            using var answer = await server.Http.GetAsync(new Uri($"bilder/{one}/1?{query}", UriKind.Relative), Ct);
            Assert.Equal((query, isKept), (query, answer.Headers.CacheControl?.MaxAge is not null));
        }
        using var turned = await server.Http.GetAsync(new Uri($"bilder/{one}/1?state={state}", UriKind.Relative), Ct);
        using var inPlace = await server.Http.GetAsync(new Uri($"bilder/{one}/1?state={state}&geometry=image", UriKind.Relative), Ct);
        Assert.NotEqual(turned.Headers.ETag, inPlace.Headers.ETag);

        // the print shows what was seen
        var print = await server.Http.GetStringAsync(new Uri($"drucken?bild={one},1,{state}&bild={one},1,40,400,{state}", UriKind.Relative), Ct);
        Assert.Contains($"&amp;state={state}", print, StringComparison.Ordinal);
        Assert.Contains($"&amp;window=40,400&amp;state={state}", print, StringComparison.Ordinal);
        using var bad = await server.Http.GetAsync(new Uri($"drucken?bild={one},1,40,400,x", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        // and the study leads to the viewer, not to a page of tags
        Assert.Contains($"image={state}", await server.Http.GetStringAsync(new Uri($"studien/{ResourceId.ForStudy("4711", Study)}", UriKind.Relative), Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thumbnails_of_pixels_that_are_not_square_have_the_patients_form()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Image(1).Set(DicomTag.PixelSpacing, "1", "0.5"));
        await PagesKit.StoreAsync(server, Image(2).Set(DicomTag.PixelAspectRatio, "4", "1"));
        Assert.Equal((100, 100), await SizeAsync(server, $"bilder/{Instance(1)}/1?viewport=100,100"));
        Assert.Equal((50, 100), await SizeAsync(server, $"bilder/{Instance(2)}/1?viewport=100,100"));
        Assert.Equal((8, 4), await SizeAsync(server, $"bilder/{Instance(1)}/1")); // the viewer stretches it itself, and measures in its pixels
        var rendered = $"dicom-web/studies/{Study}/series/{Study}.1/instances/{Study}.1.1/rendered?viewport=100,100";
        Assert.Equal((100, 50), await SizeAsync(server, rendered)); // other viewers know the spacing, too
    }

    [Fact]
    public async Task Why_there_is_no_picture_is_said_in_one_word()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a file that cannot be read is a socket here");
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Image(1));
        await PagesKit.StoreAsync(server, Image(2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[64]])), TransferSyntax.JpegBaseline);
        await PagesKit.StoreAsync(server, Image(3).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[64]])), TransferSyntax.Get("1.2.840.10008.1.2.4.110"));
        await PagesKit.StoreAsync(server, Image(4));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: 5));
        await PagesKit.StoreAsync(server, State(1, "1.9.9"));
        await PagesKit.StoreAsync(server, Image(6));
        File.Delete(await FileOfAsync(server, 4));
        var unreadable = await FileOfAsync(server, 6);
        File.Delete(unreadable);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(unreadable)); // which nobody can open as a file
        foreach (var (path, status, reason) in new[]
        {
            ($"{Instance(1)}/2", 404, "frame"), ($"{Instance(2)}/1", 500, "damaged"), ($"{Instance(3)}/1", 406, "codec"), ($"{Instance(4)}/1", 404, "file"), ($"{Instance(5)}/1", 404, "pixels"),
            ($"{ResourceId.ForInstance("4711", Study, Study + ".9", Study + ".9.1")}/1", 404, "state"), ($"{Instance(6)}/1", 500, "unreadable"), ($"{Instance(9)}/1", 404, null),
        })
        {
            using var answer = await server.Http.GetAsync(new Uri($"bilder/{path}", UriKind.Relative), Ct);
            var problem = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).RootElement;
            Assert.Equal((path, status, reason), (path, (int)answer.StatusCode, problem.TryGetProperty("reason", out var said) ? said.GetString() : null));
        }
        var told = await JsonAsync(server, $"viewer/serien/{ResourceId.ForSeries("4711", Study, Study + ".1")}.json");
        Assert.Equal([null, null, "JPEG XL Lossless", null, null, null], told.GetProperty("instances").EnumerateArray().Select(i => i.TryGetProperty("codec", out var codec) ? codec.GetString() : null));
    }

    private static async Task<string> FileOfAsync(TestServer server, int number)
    {
        var index = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<IndexReader>(server.Services);
        var archive = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Archive>(server.Services);
        return archive.TryGetPath((await index.LocateAsync(Instance(number), Ct))!.Key)!;
    }

    private static ResourceId Instance(int number) => ResourceId.ForInstance("4711", Study, Study + ".1", $"{Study}.1.{number}");

    private static async Task<(int Width, int Height)> SizeAsync(TestServer server, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Add("Accept", "image/png");
        using var answer = await server.Http.SendAsync(request, Ct);
        Assert.Equal((path, HttpStatusCode.OK), (path, answer.StatusCode));
        var png = await answer.Content.ReadAsByteArrayAsync(Ct);
        return (png[19], png[23]); // IHDR
    }

    private static async Task<JsonElement> JsonAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal((path, HttpStatusCode.OK), (path, answer.StatusCode));
        return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).RootElement;
    }

    /// <summary>8 × 4 pixels.</summary>
    private static DicomDataset Image(int number) => PagesKit.Image("Müller^Jörg", number: number).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
        .Set(DicomTag.Rows, 4).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Enumerable.Range(0, 32).Select(i => (byte)(i * 8)).ToArray()));

    private static DicomDataset State(int number, string about) => PagesKit.Image("Müller^Jörg", number: number).Set(DicomTag.SOPClassUID, DicomUid.GrayscaleSoftcopyPresentationStateStorage)
        .Set(DicomTag.Modality, "PR").Set(DicomTag.SeriesInstanceUID, Study + ".9").Set(DicomTag.SeriesNumber, 9).Set(DicomTag.SOPInstanceUID, $"{Study}.9.{number}")
        .Set(DicomTag.ContentLabel, "TEST").Set(DicomTag.PresentationCreationDate, "20260101").Set(DicomTag.PresentationLUTShape, "IDENTITY")
        .Set(DicomTag.SoftcopyVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, "40").Set(DicomTag.WindowWidth, "400"))
        .Set(DicomTag.ReferencedSeriesSequence, new DicomDataset().Set(DicomTag.SeriesInstanceUID, Study + ".1")
            .Set(DicomTag.ReferencedImageSequence, new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, about)));

    [GeneratedRegex("/bilder/[0-9a-f-]+/1\\?v=([^&\"]+)")]
    private static partial Regex Version();
}
