using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class ServerToolTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_log_says_more_while_somebody_wants_it_of_a_part_or_of_all()
    {
        await using var server = await TestServer.StartAsync();
        var logs = server.Services.GetRequiredService<ILoggerFactory>();
        var (dimse, jobs, framework) = (logs.CreateLogger("Pacs.Web.Dimse.AssociationLog"), logs.CreateLogger("Pacs.Web.Jobs.JobRunner"), logs.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics"));
        Assert.False(dimse.IsEnabled(LogLevel.Debug));
        await PutAsync(server, "/tools/log-level-dicom", "verbose");
        Assert.True(dimse.IsEnabled(LogLevel.Debug));
        Assert.False(dimse.IsEnabled(LogLevel.Trace));
        Assert.False(jobs.IsEnabled(LogLevel.Debug));
        Assert.Equal("verbose", await server.Http.GetStringAsync(new Uri("/tools/log-level-dicom", UriKind.Relative), Ct));
        Assert.Equal("default", await server.Http.GetStringAsync(new Uri("/tools/log-level", UriKind.Relative), Ct));
        await PutAsync(server, "/tools/log-level", "trace");
        Assert.True(dimse.IsEnabled(LogLevel.Trace));
        Assert.True(jobs.IsEnabled(LogLevel.Trace));
        Assert.False(framework.IsEnabled(LogLevel.Information)); // it logs addresses with their query
        await PutAsync(server, "/tools/log-level", "default");
        Assert.False(dimse.IsEnabled(LogLevel.Debug));
        using var wrong = await server.Http.PutAsync(new Uri("/tools/log-level", UriKind.Relative), new StringContent("loud"), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task The_conformance_statement_is_there_and_what_is_fixed_cannot_be_set()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains("1.2.840.10008.5.1.4.1.1.3.1", await server.Http.GetStringAsync(new Uri("/tools/dicom-conformance", UriKind.Relative), Ct), StringComparison.Ordinal);
        Assert.Contains(DicomUid.ImplicitVRLittleEndian, await server.Http.GetStringAsync(new Uri("/tools/accepted-transfer-syntaxes", UriKind.Relative), Ct), StringComparison.Ordinal);
        using var refused = await server.Http.PutAsync(new Uri("/tools/default-encoding", UriKind.Relative), new StringContent("Utf8"), Ct);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Theory]
    [InlineData("modify", "1.2.840.10008.1.2.5")]
    [InlineData("modify", "1.2.840.10008.1.2")]
    [InlineData("anonymize", "1.2.840.10008.1.2.4.80")]
    public async Task Changed_instances_come_in_the_wanted_transfer_syntax_with_the_same_pixels(string verb, string syntax)
    {
        await using var server = await TestServer.StartAsync();
        byte[] pixels = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 3))];
        var dataset = TestArchive.Image(change: d => d.Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels)));
        using var stream = new MemoryStream();
        new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        var stored = (await PostAsync(server, "/instances", new ByteArrayContent(stream.ToArray()))).Json!;
        var body = $$$"""{"Replace":{"StudyDescription":"Neu"},"Transcode":"{{{syntax}}}"}""";

        var (status, _, bytes) = await PostAsync(server, $"/instances/{stored["ID"]}/{verb}", new StringContent(body));
        Assert.Equal(HttpStatusCode.OK, status);
        Check(DicomFile.Parse(bytes));
        var made = (await PostAsync(server, $"/studies/{stored["ParentStudy"]}/{verb}", new StringContent(body))).Json!;
        var instance = JsonNode.Parse(await server.Http.GetStringAsync(new Uri($"/studies/{made["ID"]}/instances", UriKind.Relative), Ct))![0]!["ID"];
        Check(DicomFile.Parse(await server.Http.GetByteArrayAsync(new Uri($"/instances/{instance}/file", UriKind.Relative), Ct)));

        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(server, $"/studies/{stored["ParentStudy"]}/{verb}", new StringContent("""{"Transcode":"1.2.3"}"""))).Status);
        // there is no encoder for it
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(server, $"/instances/{stored["ID"]}/{verb}", new StringContent("""{"Transcode":"1.2.840.10008.1.2.4.90"}"""))).Status);

        void Check(DicomFile file)
        {
            Assert.Equal(syntax, file.Syntax.Uid);
            Assert.Equal("Neu", file.Dataset.GetString(DicomTag.StudyDescription));
            using var image = Pacs.Dicom.Imaging.InstancePixels.Of(file.Dataset, file.Syntax);
            using var frame = image.Decode(1);
            Assert.Equal(pixels, frame.Data.ToArray());
        }
    }

    private static async Task PutAsync(TestServer server, string path, string text)
    {
        using var answer = await server.Http.PutAsync(new Uri(path, UriKind.Relative), new StringContent(text), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Json, byte[] Bytes)> PostAsync(TestServer server, string path, HttpContent content)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), content, Ct);
        var bytes = await answer.Content.ReadAsByteArrayAsync(Ct);
        return (answer.StatusCode, bytes is [(byte)'{', ..] ? JsonNode.Parse(Encoding.UTF8.GetString(bytes)) : null, bytes);
    }
}
