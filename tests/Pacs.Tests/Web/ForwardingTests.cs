using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Jobs;

namespace Pacs.Tests;

/// <summary>What comes in is sent on by rules.</summary>
public sealed class ForwardingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{"Modality":"US"}""", true)]
    [InlineData("""{"Modality":["CT","us"]}""", true)]
    [InlineData("""{"Modality":["CT"]}""", false)]
    [InlineData("""{"CallingAet":"DEV*"}""", true)]
    [InlineData("""{"CallingAet":"DEV"}""", false)]
    [InlineData("""{"StudyDescription":"*DRUSE"}""", true)]
    [InlineData("""{"StudyDescription":"schilddrüse","Modality":"SR"}""", false)]
    [InlineData("""{"InstitutionName":"Praxis*"}""", true)]
    [InlineData("""{"InstitutionName":"Klinik*"}""", false)]
    [InlineData("""{"StationName":"?"}""", false)]
    [InlineData("""{"SeriesDescription":"*"}""", true)]
    public void A_rule_fits_when_all_its_conditions_do(string conditions, bool expected)
    {
        var rule = Assert.Single((IReadOnlyList<ForwardingRule>)StructuredSettings.Read(typeof(IReadOnlyList<ForwardingRule>), $$"""[{"Name":"r","To":"n",{{conditions[1..]}}]""".Replace(",}", "}", StringComparison.Ordinal)));
        var entry = new InstanceEntry(
            new Patient(),
            new Study { Description = "Schilddrüse", Tags = """{"00080080":"Praxis Müller"}""" },
            new Series { Modality = "US" },
            new Instance { CallingAe = "DEVICE" });
        Assert.Equal(expected, rule.Fits(entry));
    }

    [Theory]
    [InlineData("""[{"To":"n"}]""", "rule 1: Name must have")]
    [InlineData("""[{"Name":"a"}]""", "rule 1: To must list")]
    [InlineData("""[{"Name":"a","To":"n"},{"Name":"a","To":"m"}]""", "rule 2: another one has the same name")]
    [InlineData("""[{"Name":"a","To":"n","Delay":-1}]""", "rule 1: Delay")]
    [InlineData("""[{"Name":"a","To":"n","Modalty":"US"}]""", "Modalty")]
    [InlineData("""[{"Name":"a","To":5}]""", "at $[0].To")]
    [InlineData("""[null]""", "rule 1: it is null")]
    [InlineData("""{"Name":"a"}""", "not JSON of the right form")]
    public void A_rule_that_cannot_be_is_reported(string rules, string expected)
    {
        var e = Assert.Throws<ConfigurationException>(() => PacsConfiguration.Bind([SettingSources.FromText("Forwarding", rules, "the test", "/")]));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("Forwarding in the test: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fits_arrives_once_in_one_job_for_a_study_and_nothing_else_does()
    {
        await using var peer = await TestServer.StartAsync();
        await using var server = await StartAsync(peer.DicomPort, """{"Name":"images","To":["peer"],"Modality":"US","Delay":1}""");
        await StoreAsync(server, "DEVICE", [.. Enumerable.Range(1, 5).Select(i => TestArchive.Image(instance: i)), TestArchive.Image(study: 2, modality: "CT")]);
        await StoreAsync(server, "PEER", TestArchive.Image(study: 3)); // came from there
        await StoreAsync(server, "DEVICE", TestArchive.Image(study: 4));
        await UntilAsync(async () => (await JobsAsync(server)).Count(j => j.State == JobState.Success) == 2);
        Assert.Equal([5, 1], (await JobsAsync(server)).OrderBy(j => j.Id).Select(j => j.Sent));
        Assert.All(await JobsAsync(server), j => Assert.Equal("images", StoreJob.Of(j).Description));
        var arrived = await peer.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct);
        Assert.Equal((2, 6), (arrived.Studies, arrived.Instances));
    }

    [Fact]
    public async Task A_node_that_is_down_gets_everything_when_it_is_up_also_after_a_restart()
    {
        var port = Ports.Free();
        await using var server = await StartAsync(port, """{"Name":"all","To":"peer","Delay":0}""");
        await StoreAsync(server, "DEVICE", [.. Enumerable.Range(1, 3).Select(i => TestArchive.Image(instance: i))]);
        await UntilAsync(async () => (await JobsAsync(server)) is [{ State: JobState.Retry, Total: 3 }]);
        await server.RestartAsync();
        await StoreAsync(server, "DEVICE", TestArchive.Image(instance: 4));
        await using var peer = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomPort"] = $"{port}" });
        await UntilAsync(async () => (await peer.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct)).Instances == 4);
        await UntilAsync(async () => (await JobsAsync(server)).All(j => j.State == JobState.Success));
    }

    [Fact]
    public async Task The_first_rule_does_not_send_what_was_there_before()
    {
        await using var peer = await TestServer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        var settings = new Dictionary<string, string> { ["DicomModalities"] = $$"""{"peer":["PEER","127.0.0.1",{{peer.DicomPort}}]}""", ["StorageDirectory"] = Path.Join(folder, "d"), ["IndexDirectory"] = Path.Join(folder, "i") };
        await using (var before = await TestServer.StartAsync(settings))
        {
            await StoreAsync(before, "DEVICE", TestArchive.Image(study: 1));
        }
        await using (var server = await TestServer.StartAsync(new Dictionary<string, string>(settings) { ["Forwarding"] = """[{"Name":"all","To":"peer","Delay":0}]""" }))
        {
            await StoreAsync(server, "DEVICE", TestArchive.Image(study: 2));
            await UntilAsync(async () => (await JobsAsync(server)).Any(j => j.State == JobState.Success));
            Assert.Single(await JobsAsync(server));
        }
        Assert.Equal(1, (await peer.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct)).Instances);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_page_shows_transfers_and_lets_people_try_again()
    {
        var port = Ports.Free();
        await using var server = await StartAsync(port, """{"Name":"Archiv <Herz>","To":"peer","Delay":0}""");
        await StoreAsync(server, "DEVICE", TestArchive.Image());
        await UntilAsync(async () => (await JobsAsync(server)) is [{ State: JobState.Retry }]);
        var id = (await JobsAsync(server))[0].PublicId;
        // between two tries it is running for a moment
        var page = "";
        await UntilAsync(async () => (page = await server.Http.GetStringAsync(new Uri("/auftraege", UriKind.Relative), Ct)).Contains("Wird wiederholt", StringComparison.Ordinal));
        Assert.Contains("Archiv &lt;Herz&gt;", page, StringComparison.Ordinal);
        Assert.Contains("0 von 1", page, StringComparison.Ordinal);

        using (var cancelled = await PostAsync(server, "/auftraege?handler=Cancel", id))
        {
            Assert.Contains("Noch einmal versuchen", await cancelled.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        // what somebody has cancelled waits for nobody; what failed by itself does
        const string Problem = "Aufträge <span class=\"badge\">1</span>";
        Assert.DoesNotContain(Problem, await server.Http.GetStringAsync(new Uri("/probleme", UriKind.Relative), Ct), StringComparison.Ordinal);
        using var resource = new StringContent($"\"{ResourceId.ForStudy("P1", TestArchive.Uid(1))}\"");
        using (await server.Http.PostAsync(new Uri("/modalities/peer/store", UriKind.Relative), resource, Ct))
        {
            Assert.Contains(Problem, await server.Http.GetStringAsync(new Uri("/probleme", UriKind.Relative), Ct), StringComparison.Ordinal);
        }
        // nobody wants the second one any more: it is named, taken off the list, and no problem
        var other = (await JobsAsync(server)).Single(j => j.PublicId != id).PublicId;
        using (var forgotten = await PostAsync(server, "/auftraege?handler=Forget", other))
        {
            Assert.Contains("Auftrag „peer“ (", await forgotten.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.Equal(id, Assert.Single(await JobsAsync(server)).PublicId);
        Assert.Contains("Alles in Ordnung", await server.Http.GetStringAsync(new Uri("/probleme", UriKind.Relative), Ct), StringComparison.Ordinal);
        await using var peer = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomPort"] = $"{port}" });
        using var again = await PostAsync(server, "/auftraege?handler=Resubmit", id);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        await UntilAsync(async () => (await JobsAsync(server)).Single(j => j.PublicId == id).State == JobState.Success);
        // what has not failed is not taken off the list
        using var done = await PostAsync(server, "/auftraege?handler=Forget", id);
        Assert.Single(await JobsAsync(server));
    }

    private static Task<TestServer> StartAsync(int peerPort, string rule) => TestServer.StartAsync(new Dictionary<string, string>
    {
        ["DicomModalities"] = $$"""{"peer":["PEER","127.0.0.1",{{peerPort}}]}""",
        ["Forwarding"] = $"[{rule}]",
    });

    private static async Task StoreAsync(TestServer server, string callingAe, params DicomDataset[] images)
    {
        var request = new AssociationRequest { CallingAe = callingAe, CalledAe = "PACS" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        foreach (var image in images)
        {
            Assert.Equal(DimseStatus.Success, await device.StoreAsync(image, Ct));
        }
        await device.ReleaseAsync(Ct);
    }

    private static Task<HttpResponseMessage> PostAsync(TestServer server, string path, string id) =>
        server.Http.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent([new("id", id)]), Ct);

    private static Task<List<Job>> JobsAsync(TestServer server) => server.Services.GetRequiredService<JobQueue>().ListAsync(99, Ct);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(20, Ct);
        }
    }
}
