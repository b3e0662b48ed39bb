using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>What users note about resources and put beside them; that the answers are Orthanc's is shown beside a real one (Pacs.Interop).</summary>
public sealed class UserDataRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Study { get; } = $"/studies/{ResourceId.ForStudy("4711", "1.2.3.1")}";

    private static string Instance { get; } = $"/instances/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")}";

    [Fact]
    public async Task Metadata_have_revisions_and_a_client_that_is_late_hears_so()
    {
        await using var server = await FilledAsync();
        var first = await SendAsync(server, HttpMethod.Put, Study + "/metadata/1024", "hello");
        Assert.Equal((HttpStatusCode.OK, "", "\"0-5d41402abc4b2a76b9719d911017c592\""), first);
        var second = await SendAsync(server, HttpMethod.Put, Study + "/metadata/1024", "hello2", ("If-Match", first.ETag!));
        Assert.Equal((HttpStatusCode.OK, "\"1-6e809cbda0732ac4845916a59016f954\""), (second.Status, second.ETag));
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(server, HttpMethod.Put, Study + "/metadata/1024", "x", ("If-Match", first.ETag!))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(server, HttpMethod.Delete, Study + "/metadata/1024", null, ("If-Match", first.ETag!))).Status);
        Assert.Equal((HttpStatusCode.OK, "hello2", second.ETag), await SendAsync(server, HttpMethod.Get, Study + "/metadata/1024"));
        Assert.Equal(HttpStatusCode.NotModified, (await SendAsync(server, HttpMethod.Get, Study + "/metadata/1024", null, ("If-None-Match", second.ETag!))).Status);
        await server.RestartAsync();
        Assert.Equal("hello2", (await SendAsync(server, HttpMethod.Get, Study + "/metadata/1024")).Body);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, HttpMethod.Delete, Study + "/metadata/1024", null, ("If-Match", second.ETag!))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(server, HttpMethod.Get, Study + "/metadata/1024")).Status);
    }

    [Fact]
    public async Task Metadata_have_names_are_found_and_are_changes()
    {
        await using var server = await FilledAsync();
        await SendAsync(server, HttpMethod.Put, Study + "/metadata/Befund", "unauffällig");
        Assert.Equal("unauffällig", (await SendAsync(server, HttpMethod.Get, Study + "/metadata/1500")).Body);
        Assert.Equal("""["LastUpdate","Befund"]""", (await JsonAsync(server, Study + "/metadata")).ToJsonString());
        Assert.Equal("unauffällig", (string?)(await JsonAsync(server, Study + "/metadata?expand"))["Befund"]);
        using var answer = await server.Http.PostAsync(new Uri("/tools/find", UriKind.Relative), new StringContent("""{"Level":"Study","Query":{},"MetadataQuery":{"Befund":"unauf*"}}"""), Ct);
        Assert.Single(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray());
        Assert.Equal("UpdatedMetadata", (string?)(await JsonAsync(server, "/changes?last"))["Changes"]![0]!["ChangeType"]);
        Assert.Equal("""{"Befund":1500}""", (await JsonAsync(server, "/system"))["UserMetadata"]!.ToJsonString());
    }

    [Theory]
    [InlineData("PUT", "/metadata/LastUpdate", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/metadata/1023", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/metadata/65536", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/metadata/Nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/metadata/Nothing", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/metadata/1024", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/metadata/LastUpdate", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/attachments/dicom", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/attachments/dicom", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/attachments/Nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/attachments/1024/data", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/attachments/1024", HttpStatusCode.NotFound)]
    public async Task What_is_the_servers_own_is_not_changed(string method, string path, HttpStatusCode expected)
    {
        await using var server = await FilledAsync();
        Assert.Equal(expected, (await SendAsync(server, new HttpMethod(method), Instance + path, method == "PUT" ? "x" : null)).Status);
    }

    [Fact]
    public async Task Files_beside_resources_are_kept_replaced_and_go_with_them()
    {
        await using var server = await FilledAsync();
        var content = new string('x', 3_000_000);
        var first = await SendAsync(server, HttpMethod.Put, Study + "/attachments/report", "first");
        Assert.Equal("\"0-8b04d5e3775d298e78455efc5ca404d5\"", first.ETag);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, HttpMethod.Put, Study + "/attachments/report", content, ("If-Match", first.ETag!))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(server, HttpMethod.Put, Study + "/attachments/report", "late", ("If-Match", first.ETag!))).Status);
        await server.RestartAsync();
        Assert.Equal("""["report"]""", (await JsonAsync(server, Study + "/attachments")).ToJsonString());
        Assert.Equal("""{"report":2000}""", (await JsonAsync(server, Study + "/attachments?full")).ToJsonString());
        Assert.Equal(content, (await SendAsync(server, HttpMethod.Get, Study + "/attachments/2000/data")).Body);
        Assert.Equal("3000000", (await SendAsync(server, HttpMethod.Get, Study + "/attachments/report/size")).Body);
        Assert.Equal((HttpStatusCode.PartialContent, "xxx"), await RangeAsync(server, Study + "/attachments/report/data", 10, 12));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, HttpMethod.Post, Study + "/attachments/report/verify-md5")).Status);
        var key = await KeyAsync(server);
        await File.WriteAllTextAsync(Path.Join(server.Options.StorageDirectory, key), "damaged", Ct);
        Assert.Equal(HttpStatusCode.InternalServerError, (await SendAsync(server, HttpMethod.Post, Study + "/attachments/report/verify-md5")).Status);
        await SendAsync(server, HttpMethod.Delete, Study);
        Assert.Equal(4, await Trash(server)); // the instance, the file, its predecessor, and the one that came late
    }

    [Fact]
    public async Task The_file_of_an_instance_is_its_attachment()
    {
        await using var server = await FilledAsync();
        var file = await server.Http.GetByteArrayAsync(new Uri(Instance + "/file", UriKind.Relative), Ct);
        Assert.Equal("""["dicom"]""", (await JsonAsync(server, Instance + "/attachments")).ToJsonString());
        Assert.Equal(file, await server.Http.GetByteArrayAsync(new Uri(Instance + "/attachments/dicom/data", UriKind.Relative), Ct));
        Assert.Equal($"{file.Length}", (await SendAsync(server, HttpMethod.Get, Instance + "/attachments/dicom/size")).Body);
        Assert.Equal("0", (await SendAsync(server, HttpMethod.Get, Instance + "/attachments/dicom/is-compressed")).Body);
        Assert.Equal(file.Length, (int)(await JsonAsync(server, Instance + "/attachments/dicom/info"))["UncompressedSize"]!);
        Assert.Equal("{}", (await SendAsync(server, HttpMethod.Post, Instance + "/attachments/dicom/verify-md5")).Body);
        Assert.Equal(HttpStatusCode.NotImplemented, (await SendAsync(server, HttpMethod.Post, Instance + "/attachments/dicom/compress")).Status);
    }

    private static async Task<TestServer> FilledAsync()
    {
        var server = await TestServer.StartAsync(new Dictionary<string, string> { ["UserMetadata"] = """{"Befund":1500}""", ["UserContentType"] = """{"report":2000}""" });
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        return server;
    }

    private static Task<string> KeyAsync(TestServer server) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.Attachments.Select(a => a.Key).SingleAsync(ct), Ct);

    private static Task<int> Trash(TestServer server) => server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.Trash.CountAsync(ct), Ct);

    private static async Task<JsonNode> JsonAsync(TestServer server, string path) => JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!;

    private static async Task<(HttpStatusCode, string)> RangeAsync(TestServer server, string path, long from, long to)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Range = new(from, to);
        using var answer = await server.Http.SendAsync(request, Ct);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<(HttpStatusCode Status, string Body, string? ETag)> SendAsync(
        TestServer server, HttpMethod method, string path, string? body = null, (string Name, string Value)? header = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        }
        if (header is { } more)
        {
            request.Headers.TryAddWithoutValidation(more.Name, more.Value);
        }
        using var answer = await server.Http.SendAsync(request, Ct);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct), answer.Headers.ETag?.ToString());
    }
}
