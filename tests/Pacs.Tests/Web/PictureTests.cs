using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Pictures on the pages: thumbnails, their addresses, and how long a browser keeps them.</summary>
public sealed partial class PictureTests(RenderedTests.Archive archive) : IClassFixture<RenderedTests.Archive>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private HttpClient Http => archive.Server.Http;

    [Fact]
    public async Task A_study_shows_its_images_as_thumbnails_and_says_what_has_none()
    {
        var page = await Http.GetStringAsync(new Uri($"studien/{await StudyAsync()}", UriKind.Relative), Ct);
        var pictures = ImageTag().Matches(page).Select(m => m.Value).Where(t => t.Contains("/bilder/", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, pictures.Count); // the grey cine and the JPEG
        Assert.All(pictures, p =>
        {
            Assert.Contains("alt=\"Ultraschallbild\"", p, StringComparison.Ordinal);
            Assert.Contains("loading=\"lazy\"", p, StringComparison.Ordinal);
            Assert.Matches("width=\"\\d+\" height=\"\\d+\"", p);
        });
        Assert.Contains("PDF-Dokument", page, StringComparison.Ordinal);
        Assert.Contains("sign-report", page, StringComparison.Ordinal);
        Assert.Contains("sign-video", page, StringComparison.Ordinal);
        foreach (var address in Addresses(page))
        {
            using var picture = await Http.GetAsync(new Uri(address, UriKind.Relative), Ct);
            Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (picture.StatusCode, picture.Content.Headers.ContentType!.MediaType));
        }
    }

    [Fact]
    public async Task Series_and_instance_show_the_image_too()
    {
        var study = await Http.GetStringAsync(new Uri($"studien/{await StudyAsync()}", UriKind.Relative), Ct);
        var series = await Http.GetStringAsync(new Uri(SeriesLink().Match(study).Groups[1].Value, UriKind.Relative), Ct);
        Assert.Equal(2, Addresses(series).Count);
        var instance = await Http.GetStringAsync(new Uri(InstanceLink().Match(series).Groups[1].Value, UriKind.Relative), Ct);
        Assert.Single(Addresses(instance));
        Assert.Contains("alt=\"Ultraschallbild, Objekt 1\"", instance, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_of_a_version_is_kept_and_one_without_is_asked_for()
    {
        var id = await InstanceAsync("1.2.1.1.1");
        var address = Addresses(await Http.GetStringAsync(new Uri($"instanzen/{id}", UriKind.Relative), Ct)).Single();
        using var kept = await Http.GetAsync(new Uri(address, UriKind.Relative), Ct);
        Assert.Equal("max-age=3600, private, immutable", kept.Headers.CacheControl!.ToString());
        foreach (var other in new[] { $"bilder/{id}/1", $"bilder/{id}/1?v=other" })
        {
            using var asked = await Http.GetAsync(new Uri(other, UriKind.Relative), Ct);
            Assert.True(asked.Headers.CacheControl!.NoCache);
            Assert.NotNull(asked.Headers.ETag);
        }
        // an error is not a picture of any version
        using var missing = await Http.GetAsync(new Uri(address.Replace("/2?", "/3?", StringComparison.Ordinal), UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.NotEqual(true, missing.Headers.CacheControl?.MaxAge.HasValue);
    }

    [Theory]
    [InlineData("bilder/no-id/1", 404)]
    [InlineData("bilder/00000000-00000000-00000000-00000000-00000000/1", 404)]
    [InlineData("bilder/{0}/0", 400)]
    [InlineData("bilder/{0}/99", 404)]
    [InlineData("bilder/{0}/1?window=1", 400)]
    [InlineData("bilder/{0}/1?accept=image/tiff", 406)]
    [InlineData("bilder/{0}/1?accept=image/png&window=5,9", 200)]
    public async Task What_cannot_be_shown_is_said(string path, int status)
    {
        using var answer = await Http.GetAsync(new Uri(string.Format(null, path, await InstanceAsync("1.2.1.1.1")), UriKind.Relative), Ct);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    private async Task<ResourceId> StudyAsync() => (await Index.StudiesByUidAsync("1.2.1", Ct)).Single().Study.PublicId;

    private async Task<ResourceId> InstanceAsync(string uid) => (await Index.LocateAsync(uid, Ct)).Single().Id;

    private IndexReader Index => archive.Server.Services.GetRequiredService<IndexReader>();

    private static List<string> Addresses(string page) =>
        [.. ImageTag().Matches(page).Select(m => Source().Match(m.Value).Groups[1].Value).Where(s => s.StartsWith("/bilder/", StringComparison.Ordinal)).Select(s => WebUtility.HtmlDecode(s))];

    [GeneratedRegex("<img [^>]*>")]
    private static partial Regex ImageTag();

    [GeneratedRegex("src=\"([^\"]*)\"")]
    private static partial Regex Source();

    [GeneratedRegex("href=\"(/serien/[^\"]*)\"")]
    private static partial Regex SeriesLink();

    [GeneratedRegex("<th scope=\"row\"><a href=\"(/instanzen/[^\"]*)\"")]
    private static partial Regex InstanceLink();
}
