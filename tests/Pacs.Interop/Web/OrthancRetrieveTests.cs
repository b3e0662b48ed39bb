using System.Net.Http.Json;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Interop;

/// <summary>Debian's Orthanc retrieves from us, and we from it.</summary>
public sealed class OrthancRetrieveTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Orthanc_queries_us_and_retrieves_what_it_found()
    {
        Tool.Require("Orthanc");
        await Tool.RequirePythonAsync("pydicom", Ct);
        await using var server = ServerProcess.Create(("DicomAet", "PRAXIS"));
        await server.StartAsync(Ct);
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomModalities", new Dictionary<string, object> { ["praxis"] = new object[] { "PRAXIS", "127.0.0.1", server.DicomPort } }));
        await KnowAsync(server, orthanc);
        using var files = Files();
        await RetrieveTests.StoreAsync(server, files.Paths);

        var query = await PostAsync(orthanc.Http, "modalities/praxis/query", new { Level = "Study", Query = new Dictionary<string, string> { ["PatientID"] = "P1" } });
        var answers = await orthanc.Http.GetFromJsonAsync<string[]>($"{query.GetProperty("Path").GetString()}/answers", Ct);
        await PostAsync(orthanc.Http, $"{query.GetProperty("Path").GetString()}/retrieve", new { TargetAet = "ORTHANC", Synchronous = true });

        Assert.Equal(2, answers!.Length);
        using var received = new TemporaryFolder();
        var instances = await orthanc.Http.GetFromJsonAsync<string[]>("instances", Ct);
        foreach (var id in instances!)
        {
            await File.WriteAllBytesAsync(Path.Join(received.Path, id), await orthanc.Http.GetByteArrayAsync(new Uri($"instances/{id}/file", UriKind.Relative), Ct), Ct);
        }
        await RetrieveTests.AssertSameAsync(received.Path, [.. files.Paths.Take(5)]);
    }

    [Fact]
    public async Task We_move_and_get_from_Orthanc()
    {
        Tool.Require("Orthanc");
        await Tool.RequirePythonAsync("pydicom", Ct);
        await using var server = ServerProcess.Create(("DicomAet", "PRAXIS"));
        await server.StartAsync(Ct);
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomModalities", new Dictionary<string, object> { ["praxis"] = new object[] { "PRAXIS", "127.0.0.1", server.DicomPort } }),
            ("DicomAlwaysAllowGet", true), ("DicomAlwaysAllowMove", true));
        using var files = Files();
        foreach (var path in files.Paths)
        {
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
            using var stored = await orthanc.Http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct);
            stored.EnsureSuccessStatusCode();
        }
        var request = new AssociationRequest { CallingAe = "PRAXIS", CalledAe = "ORTHANC" }
            .Propose(DicomUid.StudyRootQueryRetrieveInformationModelMove).Propose(DicomUid.StudyRootQueryRetrieveInformationModelGet)
            .ProposeAsScp(DicomUid.UltrasoundImageStorage);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", orthanc.DicomPort, request, tls: null, Ct);
        var keys = new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").Set(DicomTag.StudyInstanceUID, "1.2.1");
        using var received = new TemporaryFolder();

        var unknown = await client.MoveAsync(DicomUid.StudyRootQueryRetrieveInformationModelMove, keys, "NOBODY", progress: null, Ct);
        var moved = await client.MoveAsync(DicomUid.StudyRootQueryRetrieveInformationModelMove, keys, "PRAXIS", progress: null, Ct);
        var got = await client.GetAsync(DicomUid.StudyRootQueryRetrieveInformationModelGet, keys, new FolderStore(received.Path), progress: null, Ct);
        await client.ReleaseAsync(Ct);

        Assert.Equal(DimseStatusKind.Failure, unknown.Status.Kind);
        Assert.Equal((0x0000, 3, 0), (moved.Status.Code, moved.Completed, moved.Failed));
        Assert.Equal((0x0000, 3, 0), (got.Status.Code, got.Completed, got.Failed));
        await RetrieveTests.AssertSameAsync(received.Path, [.. files.Paths.Take(3)]);
        using var http = new HttpClient { BaseAddress = server.Address };
        var statistics = await http.GetFromJsonAsync<JsonElement>("statistics", Ct);
        Assert.Equal(3, statistics.GetProperty("CountInstances").GetInt32());
    }

    private static SampleFiles Files()
    {
        var files = new SampleFiles();
        foreach (var (patient, study, number) in new[] { ("P1", "1.2.1", 1), ("P1", "1.2.1", 2), ("P1", "1.2.1", 3), ("P1", "1.2.2", 1), ("P1", "1.2.2", 2), ("P2", "1.2.3", 1) })
        {
            files.Add("Müller^Jürgen", patient, study, number);
        }
        return files;
    }

    /// <summary>Makes Orthanc a node of ours: only now its port is known.</summary>
    private static async Task KnowAsync(ServerProcess server, OrthancProcess orthanc)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        using var put = await http.PutAsJsonAsync("modalities/orthanc", new object[] { "ORTHANC", "127.0.0.1", orthanc.DicomPort }, Ct);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, object body)
    {
        using var json = new StringContent(JsonSerializer.Serialize(body)); // Orthanc's keys are capitalized
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), json, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonDocument.Parse(text.Length == 0 ? "{}" : text).RootElement;
    }

    /// <summary>Writes what comes into a folder.</summary>
    private sealed class FolderStore(string folder) : IStoreHandler
    {
        public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
        {
            var dataset = await data.ReadDatasetAsync(int.MaxValue, ct);
            new DicomFile(dataset, request.Context.TransferSyntax).Save(Path.Join(folder, request.SopInstance));
            return DimseStatus.Success;
        }
    }
}
