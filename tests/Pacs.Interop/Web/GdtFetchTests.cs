using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pacs.Interop;

/// <summary><c>gdt fetch</c> as a program that somebody breaks off.</summary>
public sealed class GdtFetchTests
{
    [Fact]
    public async Task Ctrl_C_ends_the_waiting_with_exit_code_4()
    {
        var ct = TestContext.Current.CancellationToken;
        Tool.Require("env", "kill");
        await using var settings = ServerProcess.Create();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var target = Path.Join(settings.Folder, "answer.gdt");
        // a shell starts what runs in the background with SIGINT ignored, and that is inherited
        using var fetch = Process.Start(new ProcessStartInfo("env", [
            "--default-signal=INT", "dotnet", ServerProcess.ProgramPath(), "gdt", "fetch", "desk", target, "--wait", "60",
            "--server", $"http://{listener.LocalEndpoint}", "--config", Path.Join(settings.Folder, "orthanc.json")])
        {
            UseShellExecute = false,
        })!;
        try
        {
            // it has asked and got nothing: now it waits
            using (var asked = await listener.AcceptTcpClientAsync(ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), ct))
            {
                var stream = asked.GetStream();
                Assert.StartsWith("GET /gdt/receivers/desk/next ", await new StreamReader(stream).ReadLineAsync(ct), StringComparison.Ordinal);
                await stream.WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray(), ct);
            }
            using (var kill = Process.Start("kill", ["-INT", $"{fetch.Id}"]))
            {
                await kill.WaitForExitAsync(ct);
            }
            await fetch.WaitForExitAsync(ct).WaitAsync(TimeSpan.FromSeconds(30), ct);
        }
        finally
        {
            if (!fetch.HasExited)
            {
                fetch.Kill();
            }
        }
        Assert.Equal(4, fetch.ExitCode);
        Assert.False(File.Exists(target));
    }
}
