using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests;

/// <summary>The DICOM port of the whole server, with our own client: what dcmtk cannot send or show.</summary>
public sealed class DicomPortTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.2.840.10008.5.1.4.1.1.6", "retired ultrasound")]
    [InlineData("1.2.840.10008.5.1.4.1.1.9999.1", "of a later edition")]
    [InlineData("1.3.12.2.1107.5.9.1", "private")]
    public async Task Every_storage_class_is_stored_and_announced(string sopClass, string what)
    {
        await using var server = await TestServer.StartAsync();

        var status = await StoreAsync(server, sopClass, Image(sopClass, "1"));

        Assert.True(status.Code == 0, $"{what}: {status}");
        Assert.Single(Stored(server));
    }

    [Fact]
    public async Task A_disk_below_its_minimum_is_out_of_resources_and_the_association_goes_on()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["MinimumFreeDiskSpace"] = int.MaxValue.ToString() });
        await using var client = await ConnectAsync(server, DicomUid.UltrasoundImageStorage);

        var first = await client.StoreAsync(Image(DicomUid.UltrasoundImageStorage, "1"), Ct);
        var second = await client.EchoAsync(Ct);

        Assert.Equal(DimseStatus.OutOfResources.Code, first.Code);
        Assert.Equal(DimseStatus.Success.Code, second.Code);
        Assert.Empty(Stored(server));
    }

    [Fact]
    public async Task One_association_more_than_the_limit_of_a_host_is_rejected_as_transient()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["MaximumAssociationsPerHost"] = "2" });
        await using var first = await ConnectAsync(server, DicomUid.UltrasoundImageStorage);
        await using var second = await ConnectAsync(server, DicomUid.UltrasoundImageStorage);

        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(server, DicomUid.UltrasoundImageStorage));

        Assert.Equal(RejectResult.Transient, e.Rejection?.Result);
        using var ready = await server.Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Ct);
        Assert.True(ready.IsSuccessStatusCode, "a full server is a ready one");
    }

    [Fact]
    public async Task What_was_stored_is_there_after_a_restart_and_coming_again_is_success()
    {
        await using var server = await TestServer.StartAsync();
        await StoreAsync(server, DicomUid.UltrasoundImageStorage, Image(DicomUid.UltrasoundImageStorage, "1"));
        var file = Assert.Single(Stored(server));

        await server.RestartAsync();
        var again = await StoreAsync(server, DicomUid.UltrasoundImageStorage, Image(DicomUid.UltrasoundImageStorage, "1"));

        Assert.Equal(DimseStatus.Success.Code, again.Code);
        Assert.Equal(file, Assert.Single(Stored(server)));
    }

    [Fact]
    public async Task Without_the_worklist_its_service_is_not_offered()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Worklists:Enable"] = "false" });
        await using var client = await ConnectAsync(server, DicomUid.ModalityWorklistInformationModelFind);

        Assert.Null(client.Association.Info.FindContext(DicomUid.ModalityWorklistInformationModelFind));
        using var add = await server.Http.GetAsync(new Uri("/worklist/add?id=1", UriKind.Relative), Ct);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, add.StatusCode);
    }

    [Fact]
    public async Task Another_site_cannot_make_a_worklist_entry()
    {
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/worklist/add?id=1&lastname=A&firstname=B&birthdate=01.01.1970&sex=1&procedure=x");
        request.Headers.Add("Sec-Fetch-Site", "cross-site");

        using var response = await server.Http.SendAsync(request, Ct);

        Assert.Equal(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
    }

    private static async Task<DimseStatus> StoreAsync(TestServer server, string sopClass, DicomDataset dataset)
    {
        await using var client = await ConnectAsync(server, sopClass);
        var status = await client.StoreAsync(dataset, Ct);
        await client.ReleaseAsync(Ct);
        return status;
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, string sopClass) => DimseClient.ConnectAsync(
        "127.0.0.1", server.DicomPort, new AssociationRequest { CallingAe = "US1", CalledAe = "ANY" }.Propose(DicomUid.Verification).Propose(sopClass), null, Ct);

    private static string[] Stored(TestServer server) => Directory.GetFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories);

    private static DicomDataset Image(string sopClass, string number)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTag.SOPClassUID, sopClass);
        dataset.Set(DicomTag.SOPInstanceUID, "2.25.1." + number);
        dataset.Set(DicomTag.StudyInstanceUID, "2.25.2");
        dataset.Set(DicomTag.SeriesInstanceUID, "2.25.3");
        dataset.Set(DicomTag.PatientID, "4711");
        dataset.Set(DicomTag.Modality, "US");
        return dataset;
    }
}
