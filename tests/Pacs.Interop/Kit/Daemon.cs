using System.Diagnostics;

namespace Pacs.Interop;

/// <summary>A server of others, killed at the end of the test.</summary>
public sealed class Daemon : IAsyncDisposable
{
    private readonly Process _process;

    private Daemon(Process process) => _process = process;

    public static Daemon Start(string name, params IEnumerable<string> arguments)
    {
        var process = Process.Start(new ProcessStartInfo(Tool.Find(name) ?? name, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        }) ?? throw new InvalidOperationException($"{name} did not start");
        // nobody reads its chatter, but a full pipe would stop it
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new Daemon(process);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

/// <summary>A folder that is gone after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pacs-interop-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
