using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web;

namespace Pacs.Tests;

/// <summary>What the server asks itself for after the start.</summary>
public sealed class WarmUpTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_viewer_and_the_first_image_of_the_newest_study_are_answered_also_behind_a_login()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["AuthenticationEnabled"] = "true", ["RegisteredUsers"] = """{"praxis":"geheim-genug"}""" });
        var warmUp = server.Services.GetRequiredService<WarmUp>();
        Assert.Empty(await warmUp.PathsAsync(Ct)); // an empty archive
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg").Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 4).Set(DicomTag.Columns, 4)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[16])));
        var paths = await warmUp.PathsAsync(Ct);
        Assert.Contains(paths, p => p.StartsWith("/bilder/", StringComparison.Ordinal));
        Assert.Contains(paths, p => p.StartsWith("/viewer?study=", StringComparison.Ordinal));
        foreach (var path in paths)
        {
            Assert.Equal((path, 200), (path, await warmUp.AskAsync(path, Ct)));
        }
        Assert.Equal(404, await warmUp.AskAsync($"/viewer/studien/{ResourceId.ForStudy("0", "1")}.json", Ct));
    }
}
