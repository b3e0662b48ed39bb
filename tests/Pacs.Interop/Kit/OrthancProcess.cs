using System.Diagnostics;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>Debian's Orthanc on free ports of the loopback interface with an empty folder: the reference for what Orthanc answers.</summary>
public sealed class OrthancProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private OrthancProcess(Process process, string folder, int dicomPort, int httpPort)
    {
        (_process, _folder, DicomPort) = (process, folder, dicomPort);
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}/") };
        HttpPort = httpPort;
    }

    public int DicomPort { get; }

    public int HttpPort { get; }

    public HttpClient Http { get; }

    /// <summary>Its storage folder, with the index.</summary>
    public string Folder => _folder;

    /// <summary>SIGTERM: it closes its index as at the end of a service. The folder stays until it is disposed.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(ct);
        }
        await _process.WaitForExitAsync(ct).WaitAsync(TimeSpan.FromSeconds(60), ct);
    }

    public static async Task<OrthancProcess> StartAsync(CancellationToken ct, params (string Key, object Value)[] more)
    {
        Tool.Require("Orthanc");
        var folder = Directory.CreateTempSubdirectory("pacs-orthanc-").FullName;
        var (dicom, http) = (Ports.Free(), Ports.Free());
        var settings = new Dictionary<string, object?>
        {
            ["Name"] = "Pacs",
            ["StorageDirectory"] = folder,
            ["IndexDirectory"] = folder,
            ["DicomPort"] = dicom,
            ["HttpPort"] = http,
            ["RemoteAccessAllowed"] = false,
            ["DicomAlwaysAllowFind"] = true,
            ["StableAge"] = 86400, // no Stable… changes while a test looks
            ["Plugins"] = Array.Empty<string>(),
        };
        foreach (var (key, value) in more)
        {
            settings[key] = value;
        }
        var file = Path.Join(folder, "orthanc.json");
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(settings), ct);
        var process = Process.Start(new ProcessStartInfo(Tool.Find("Orthanc")!, [file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var orthanc = new OrthancProcess(process, folder, dicom, http);
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var answer = await orthanc.Http.GetAsync(new Uri("system", UriKind.Relative), ct);
                return orthanc;
            }
            catch (HttpRequestException) when (waited.Elapsed < TimeSpan.FromSeconds(60) && !process.HasExited)
            {
                await Task.Delay(50, ct); // not listening yet
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
