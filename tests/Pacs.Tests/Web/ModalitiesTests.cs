using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

/// <summary>The nodes: where they are kept, and who may ask what of us.</summary>
public sealed class ModalitiesTests
{
    private const string Closed = """{"known":["KNOWN","127.0.0.1",104],"elsewhere":["FAR","192.0.2.9",104],"silent":{"AET":"SILENT","Host":"localhost","Port":104,"AllowStore":false}}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task By_default_strangers_store_echo_and_ask_the_worklist_and_nothing_else()
    {
        await using var server = await TestServer.StartAsync();
        var modalities = server.Services.GetRequiredService<Modalities>();
        var stranger = Peer("STRANGER", "192.0.2.1");
        Assert.True(modalities.AcceptsCaller("STRANGER", "192.0.2.1"));
        Assert.Null(modalities.Authorize(stranger, DimseCommandField.CEchoRequest, DicomUid.Verification));
        Assert.Null(modalities.Authorize(stranger, DimseCommandField.CStoreRequest, DicomUid.UltrasoundImageStorage));
        Assert.Null(modalities.Authorize(stranger, DimseCommandField.CFindRequest, DicomUid.ModalityWorklistInformationModelFind));
        Assert.Null(modalities.Authorize(stranger, DimseCommandField.NCreateRequest, DicomUid.ModalityPerformedProcedureStep));
        Assert.Null(modalities.Authorize(stranger, DimseCommandField.NActionRequest, DicomUid.StorageCommitmentPushModel));
        Assert.Equal(DimseStatus.NotAuthorized.Code, modalities.Authorize(stranger, DimseCommandField.CFindRequest, DicomUid.StudyRootQueryRetrieveInformationModelFind)?.Code);
        Assert.Equal(DimseStatus.NotAuthorized.Code, modalities.Authorize(stranger, DimseCommandField.CMoveRequest, DicomUid.StudyRootQueryRetrieveInformationModelMove)?.Code);
        Assert.Equal(DimseStatus.NotAuthorized.Code, modalities.Authorize(stranger, DimseCommandField.CGetRequest, DicomUid.StudyRootQueryRetrieveInformationModelGet)?.Code);
    }

    [Fact]
    public async Task A_known_node_may_what_its_entry_allows()
    {
        await using var server = await TestServer.StartAsync();
        var modalities = server.Services.GetRequiredService<Modalities>();
        var node = new Modality { Name = "n", AeTitle = "NODE", Host = "192.0.2.1", Port = 104, Permissions = ModalityPermissions.Find | ModalityPermissions.Move };
        Assert.Equal(ModalityChange.Done, await modalities.PutAsync(node, Ct));
        var peer = Peer("node", "198.51.100.1"); // case and, by default, the host do not matter
        Assert.Null(modalities.Authorize(peer, DimseCommandField.CFindRequest, DicomUid.PatientRootQueryRetrieveInformationModelFind));
        Assert.Null(modalities.Authorize(peer, DimseCommandField.CMoveRequest, DicomUid.PatientRootQueryRetrieveInformationModelMove));
        Assert.NotNull(modalities.Authorize(peer, DimseCommandField.CGetRequest, DicomUid.PatientRootQueryRetrieveInformationModelGet));
        Assert.Null(modalities.Authorize(peer, DimseCommandField.CStoreRequest, DicomUid.UltrasoundImageStorage)); // as everybody
    }

    [Theory]
    [InlineData("KNOWN", 0x0000)]
    [InlineData("SILENT", 0x0124)]
    [InlineData("STRANGER", 0x0124)]
    public async Task What_is_not_allowed_is_answered_and_the_association_goes_on(string callingAe, int expected)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAlwaysAllowStore"] = "false", ["DicomModalities"] = Closed });
        await using var client = await ConnectAsync(server, callingAe);
        var status = await client.StoreAsync(Archived(), Ct);
        Assert.Equal(expected, status.Code);
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        await client.ReleaseAsync(Ct);
        var statistics = await server.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct);
        Assert.Equal(expected == 0 ? 1 : 0, statistics.Instances);
    }

    [Fact]
    public async Task Who_may_do_nothing_at_all_is_rejected_and_the_host_can_belong_to_the_check()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["DicomModalities"] = Closed,
            ["DicomCheckModalityHost"] = "true",
            ["DicomAlwaysAllowEcho"] = "false",
            ["DicomAlwaysAllowStore"] = "false",
            ["DicomAlwaysAllowFindWorklist"] = "false",
            ["DicomAlwaysAllowMpps"] = "false",
            ["DicomAlwaysAllowStorageCommitment"] = "false",
        });
        foreach (var callingAe in new[] { "STRANGER", "FAR" })
        {
            var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(server, callingAe));
            Assert.Equal(AssociateRejectPdu.CallingAeNotRecognized, e.Rejection);
        }
        await using var known = await ConnectAsync(server, "KNOWN");
        Assert.Equal(DimseStatus.Success, await known.StoreAsync(Archived(), Ct));
        await using var byName = await ConnectAsync(server, "SILENT"); // its host is a name
        Assert.Equal(DimseStatus.Success, await byName.EchoAsync(Ct));
    }

    [Fact]
    public async Task Nodes_survive_a_restart_and_those_of_the_configuration_come_first()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = """{"a":["FILE","h",104]}""" });
        var modalities = server.Services.GetRequiredService<Modalities>();
        var node = new Modality { Name = "b", AeTitle = "REST", Host = "h", Port = 105, Permissions = ModalityPermissions.Echo, UseTls = true, LocalAeTitle = "ME", Timeout = 7 };
        Assert.Equal(ModalityChange.Configured, await modalities.PutAsync(node with { Name = "a" }, Ct));
        Assert.Equal(ModalityChange.Configured, await modalities.DeleteAsync("a", Ct));
        Assert.Equal(ModalityChange.Done, await modalities.PutAsync(node with { Port = 1 }, Ct));
        Assert.Equal(ModalityChange.Done, await modalities.PutAsync(node, Ct));

        await server.RestartAsync();

        modalities = server.Services.GetRequiredService<Modalities>();
        Assert.Equal("FILE", modalities.Find("a")?.AeTitle);
        Assert.Equal(node, modalities.Find("b"));
        Assert.Equal(["a", "b"], modalities.All.Select(m => m.Name));
        Assert.Equal(ModalityChange.Done, await modalities.DeleteAsync("b", Ct));
        Assert.Equal(ModalityChange.Unknown, await modalities.DeleteAsync("b", Ct));
        Assert.Null(modalities.Find("b"));
    }

    [Fact]
    public async Task With_DicomModalitiesInDatabase_the_configuration_has_none()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["DicomModalities"] = """{"a":["FILE","h",104]}""",
            ["DicomModalitiesInDatabase"] = "true",
        });
        var modalities = server.Services.GetRequiredService<Modalities>();
        Assert.Empty(modalities.All);
        Assert.Equal(ModalityChange.Done, await modalities.PutAsync(new Modality { Name = "a", AeTitle = "REST", Host = "h", Port = 1 }, Ct));
    }

    private static DicomDataset Archived() => TestArchive.Image();

    private static Task<DimseClient> ConnectAsync(TestServer server, string callingAe)
    {
        var request = new AssociationRequest { CallingAe = callingAe, CalledAe = "PACS" }.Propose(DicomUid.Verification).Propose(DicomUid.UltrasoundImageStorage);
        return DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
    }

    private static AssociationInfo Peer(string callingAe, string host) =>
        new() { CallingAe = callingAe, CalledAe = "ORTHANC", RemoteHost = host, Contexts = [], SendMaxPdu = 16384 };
}
