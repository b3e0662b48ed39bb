using System.Text.Json.Nodes;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>A client of others, orthanc-client for Node.js, unchanged: each of its calls gives the same from a real Orthanc and from us.</summary>
public sealed class OrthancClientTests
{
    /// <summary>What differs, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["FileUuid"] = "a name made up by each server",
        ["LastUpdate"] = "the time of the upload",
        ["Labels"] = "since Orthanc 1.12.0",
        ["FileSize"] = "the file meta group is written anew, and names the writer",
        ["DiskSize"] = "as FileSize",
        ["DicomDiskSize"] = "as FileSize",
        ["UncompressedSize"] = "as FileSize",
        ["DicomUncompressedSize"] = "as FileSize",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_of_others_gets_the_same_from_both()
    {
        Tool.Require("node", "Orthanc");
        Tool.NodeModule("orthanc-client/client.js");
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var samples = new SampleFiles().Add("Mueller^Joerg", "4711", "1.2.276.0.1");
        var (there, here) = (await RunAsync(orthanc.Http.BaseAddress!, samples.Paths[0]), await RunAsync(server.Address, samples.Paths[0]));
        Assert.True(there.Count > 60, there.ToJsonString());
        var problems = there.Select(m => m.Key).Union(here.Select(m => m.Key)).Where(name => !JsonNode.DeepEquals(Without(there[name]), Without(here[name])))
            .Select(name => $"{name}: {there[name]?.ToJsonString()} there, {here[name]?.ToJsonString()} here").ToList();
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private static async Task<JsonObject> RunAsync(Uri address, string file)
    {
        var result = await Tool.RunAsync("node", Ct, Path.Join(Repository.Root, "tests", "node", "orthanc.js"), address.ToString(), file);
        Assert.True(result.ExitCode == 0, result.All);
        return JsonNode.Parse(result.Output)!.AsObject();
    }

    private static JsonNode? Without(JsonNode? value) => value switch
    {
        JsonObject members => new JsonObject(members.Where(m => !Differences.ContainsKey(m.Key)).Select(m => KeyValuePair.Create(m.Key, Without(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Without)]),
        _ => value?.DeepClone(),
    };
}
