using System.Diagnostics;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The real server as a process of its own, with a temporary folder and free ports: for peers in C, for kill -9 and for restarts.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly List<string> _output = [];
    private Process? _process;

    private ServerProcess(string folder) => Folder = folder;

    public string Folder { get; }

    public string StorageDirectory => Path.Join(Folder, "db");

    public string GdtDirectory => Path.Join(Folder, "gdt");

    public string WorklistDirectory => Path.Join(Folder, "worklist");

    public int DicomPort { get; private set; }

    public int HttpPort { get; private set; }

    public Uri Address => new($"http://127.0.0.1:{HttpPort}/");

    public int ProcessId => _process!.Id;

    /// <summary>Everything the server has printed, for the message of a failed test.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    /// <summary>A folder with settings; <see cref="StartAsync"/> starts the server on it, as often as the test likes.</summary>
    public static ServerProcess Create(params (string Key, object? Value)[] settings) =>
        CreateIn(Directory.CreateTempSubdirectory("pacs-interop-").FullName, settings);

    /// <summary>As <see cref="Create"/>, in a folder of the caller's choice.</summary>
    public static ServerProcess CreateIn(string folder, params (string Key, object? Value)[] settings)
    {
        var server = new ServerProcess(folder);
        Directory.CreateDirectory(server.GdtDirectory);
        Directory.CreateDirectory(server.WorklistDirectory);
        (server.DicomPort, server.HttpPort) = (Ports.Free(), Ports.Free());
        var configuration = new Dictionary<string, object?>
        {
            ["StorageDirectory"] = server.StorageDirectory,
            ["IndexDirectory"] = server.StorageDirectory,
            ["BindAddress"] = "127.0.0.1",
            ["DicomPort"] = server.DicomPort,
            ["HttpPort"] = server.HttpPort,
            ["Worklists"] = new Dictionary<string, object?> { ["Enable"] = true, ["Database"] = server.WorklistDirectory },
            ["GdtGenerator"] = new Dictionary<string, object?> { ["Enable"] = true, ["IncomingDir"] = server.GdtDirectory },
        };
        foreach (var (key, value) in settings)
        {
            configuration[key] = value;
        }
        File.WriteAllBytes(Path.Join(server.Folder, "orthanc.json"), JsonSerializer.SerializeToUtf8Bytes(configuration));
        return server;
    }

    public async Task StartAsync(CancellationToken ct, params (string Name, string Value)[] environment)
    {
        Launch(environment);
        using var http = new HttpClient { BaseAddress = Address };
        await UntilAsync(
            async () =>
            {
                try
                {
                    return (await http.GetAsync(new Uri("health/ready", UriKind.Relative), ct)).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false; // not listening yet
                }
            }, ct);
    }

    /// <summary>Starts it and does not wait until it is ready, but until it has said something.</summary>
    public async Task StartUntilAsync(string said, CancellationToken ct)
    {
        Launch();
        await UntilAsync(() => Task.FromResult(Output.Contains(said, StringComparison.Ordinal)), ct);
    }

    private void Launch(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [ProgramPath(), "--config", Path.Join(Folder, "orthanc.json")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Folder,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        _process = Process.Start(start) ?? throw new InvalidOperationException("the server did not start");
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private async Task UntilAsync(Func<Task<bool>> isSo, CancellationToken ct)
    {
        var waited = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (_process!.HasExited || waited.Elapsed > TimeSpan.FromSeconds(60))
            {
                throw new InvalidOperationException($"the server is not ready (exited: {_process.HasExited}):\n{Output}");
            }
            await Task.Delay(20, ct);
        }
    }

    /// <summary>Runs the program with this server's configuration to its end, e.g. <c>health</c>; without a command it is a server that is expected not to start.</summary>
    public Task<Tool.Result> RunCommandAsync(CancellationToken ct, params string[] command) =>
        Tool.RunAsync("dotnet", ct, [ProgramPath(), .. command, "--config", Path.Join(Folder, "orthanc.json")]);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        _process!.Kill();
        await _process.WaitForExitAsync(ct);
    }

    /// <summary>SIGTERM, and the exit code after it.</summary>
    public async Task<int> StopAsync(CancellationToken ct)
    {
        using (var kill = Process.Start("kill", ["-TERM", ProcessId.ToString()]))
        {
            await kill.WaitForExitAsync(ct);
        }
        await _process!.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    public async Task<int> WaitForExitAsync(CancellationToken ct)
    {
        await _process!.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The program that is started.</summary>
    public static string ProgramPath()
    {
        // a published server, for measurements
        if (Environment.GetEnvironmentVariable("PACS_APP") is { Length: > 0 } folder)
        {
            return Path.Join(folder, "Pacs.Web.dll");
        }
        if (Environment.GetEnvironmentVariable("PACS_SERVER") is { Length: > 0 } published)
        {
            return published; // test.sh has published one: compiled ahead, it starts in half the time
        }
        // artifacts/bin/Pacs.Interop/<configuration>/ beside artifacts/bin/Pacs.Web/<configuration>/
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/', '\\'));
        return Path.Join(own.Parent!.Parent!.FullName, "Pacs.Web", own.Name, "Pacs.Web.dll");
    }

    private void Keep(object sender, DataReceivedEventArgs e)
    {
        lock (_output)
        {
            if (e.Data is not null && _output.Count < 2000)
            {
                _output.Add(e.Data);
            }
        }
    }
}
