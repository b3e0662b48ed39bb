using System.Text.Json;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>pydicom reads our JSON of every sample and finds in it what it finds in the file.</summary>
public sealed class JsonInteropTests
{
    [Fact]
    public async Task Pydicom_finds_every_value_of_every_sample()
    {
        var ct = TestContext.Current.CancellationToken;
        await Tool.RequirePythonAsync("pydicom", ct);
        using var folder = new TemporaryFolder();
        var jobs = new List<object>();
        // of damaged and hostile files every reader makes something else
        foreach (var sample in SharedSamples.Readable.Where(s => !s.Path.Contains("/E_hostile/", StringComparison.Ordinal) && !s.Path.Contains("/C_nonconf/", StringComparison.Ordinal)))
        {
            var file = await DicomFile.OpenAsync(sample.FullPath, null, ct);
            var json = Path.Join(folder.Path, $"{jobs.Count}.json");
            await using var stream = File.Create(json);
            await using var writer = new Utf8JsonWriter(stream, DicomJsonWriter.Options);
            new DicomJsonWriter(writer, (element, _) => element.Tag.Group == 0x7FE0 ? "pixels" : null, numericPalettes: true).Write(file.Dataset);
            jobs.Add(new { file = sample.FullPath, json });
        }
        var list = Path.Join(folder.Path, "jobs.json");
        await File.WriteAllBytesAsync(list, JsonSerializer.SerializeToUtf8Bytes(jobs), ct);
        var result = await Tool.RunAsync("/usr/bin/python3", ct, Path.Join(AppContext.BaseDirectory, "Scripts", "compare_json.py"), list);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.True(result.Output.Trim() == "[]", result.Output);
        Assert.True(jobs.Count > 200, $"only {jobs.Count} samples were compared");
    }
}
