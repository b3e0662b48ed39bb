using System.Net.Sockets;
using System.Text;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The server as a service manager, a container engine and an administrator see it.</summary>
public sealed class ServiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SIGTERM_ends_it_with_exit_code_0()
    {
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);

        Assert.Equal(0, await server.StopAsync(Ct));
    }

    [Fact]
    public async Task SIGTERM_ends_it_with_exit_code_0_also_while_it_starts()
    {
        await using var server = ServerProcess.Create();
        // files without an index, so many that they cannot all have been read before the signal comes
        var day = Directory.CreateDirectory(Path.Join(server.StorageDirectory, "2026", "11", "22")).FullName;
        for (var i = 1; i <= 3000; i++)
        {
            var dataset = new DicomDataset().Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, $"1.2.3.{i}")
                .Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.SeriesInstanceUID, "1.2.3.1");
            new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(day, $"{Guid.CreateVersion7():N}.dcm"));
        }
        await server.StartUntilAsync("The index is made again", Ct);

        Assert.Equal(0, await server.StopAsync(Ct));
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_one_sentence_and_exit_code_3()
    {
        await using var first = ServerProcess.Create();
        await first.StartAsync(Ct);
        await using var second = ServerProcess.Create(("DicomPort", first.DicomPort));

        var result = await second.RunCommandAsync(Ct);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains($":{first.DicomPort}: address already in use", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_are_one_report_and_exit_code_2()
    {
        await using var server = ServerProcess.Create(("DicomAet", "SEVENTEEN_LETTERS"), ("StableAge", -1));

        var result = await server.RunCommandAsync(Ct);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("2 settings are wrong:", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_used_is_one_sentence_and_exit_code_1()
    {
        await using var server = ServerProcess.Create(("StorageDirectory", "/dev/null/dicom"));

        var result = await server.RunCommandAsync(Ct);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("/dev/null", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_health_command_knows_whether_the_server_is_ready()
    {
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);

        var running = await server.RunCommandAsync(Ct, "health");
        await server.StopAsync(Ct);
        var stopped = await server.RunCommandAsync(Ct, "health");

        Assert.True(0 == running.ExitCode, running.All);
        Assert.Contains("\"status\":\"ready\"", running.Output, StringComparison.Ordinal);
        Assert.Equal(1, stopped.ExitCode);
    }

    [Fact]
    public async Task Config_check_says_what_has_no_effect()
    {
        await using var server = ServerProcess.Create(("PythonScript", "x.py"));

        var result = await server.RunCommandAsync(Ct, "config", "check");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("PythonScript", result.Output, StringComparison.Ordinal);
        Assert.Contains("The configuration is good.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_is_told_when_it_is_ready_and_when_it_stops()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's");
        await using var server = ServerProcess.Create();
        var path = Path.Join(server.Folder, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));

        await server.StartAsync(Ct, ("NOTIFY_SOCKET", path));
        var ready = await ReceiveAsync(socket);
        await server.StopAsync(Ct);
        var stopping = await ReceiveAsync(socket);

        Assert.Equal("READY=1", ready);
        Assert.Equal("STOPPING=1", stopping);
    }

    [Fact]
    public async Task Traces_metrics_and_logs_reach_a_collector_without_patient_data()
    {
        using var collector = new Collector();
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address));
        using var http = new HttpClient();
        (await http.GetAsync(new Uri(server.Address, "worklist/add?id=4711&lastname=Geheim&firstname=Gerda&birthdate=01.02.1960&sex=2&procedure=Abdomen"), Ct)).EnsureSuccessStatusCode();
        (await http.GetAsync(new Uri(server.Address, "worklist/add?id=4711&lastname=Geheim&firstname=Gerda&birthdate=nonsense&sex=2"), Ct)).Dispose();

        await server.StopAsync(Ct); // sends what is left

        var received = collector.Received;
        Assert.Contains(received, r => r.Path == "/v1/traces" && r.Text.Contains("GET /worklist/add", StringComparison.Ordinal));
        Assert.Contains(received, r => r.Path == "/v1/metrics" && r.Text.Contains("http.server.request.duration", StringComparison.Ordinal));
        Assert.Contains(received, r => r.Path == "/v1/logs" && r.Text.Contains("answers DICOM on port", StringComparison.Ordinal));
        Assert.DoesNotContain(received, r => r.Text.Contains("Geheim", StringComparison.OrdinalIgnoreCase) || r.Text.Contains("Gerda", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("Geheim", server.Output, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        var buffer = new byte[256];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
    }

    /// <summary>An OTLP collector that keeps what it gets. Protobuf holds texts as they are, so that looking for them needs no parser.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly System.Net.HttpListener _listener = new();
        private readonly List<(string Path, string Text)> _received = [];

        public Collector()
        {
            Address = $"http://127.0.0.1:{Ports.Free()}/";
            _listener.Prefixes.Add(Address);
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public IReadOnlyList<(string Path, string Text)> Received
        {
            get
            {
                lock (_received)
                {
                    return [.. _received];
                }
            }
        }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    lock (_received)
                    {
                        _received.Add((context.Request.Url!.AbsolutePath, Encoding.UTF8.GetString(body.ToArray())));
                    }
                    context.Response.Close();
                }
                catch (Exception e) when (e is System.Net.HttpListenerException or ObjectDisposedException)
                {
                    return; // closed
                }
            }
        }
    }
}
