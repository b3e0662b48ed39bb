using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Web;
using Pacs.Web.Configuration;

namespace Pacs.Tests;

/// <summary>
/// The whole server, as <c>Program.cs</c> puts it together, in this process: in a temporary folder, on free ports of the loopback interface. The folder goes when it
/// is disposed; <see cref="RestartAsync"/> keeps it.
/// </summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings;
    private readonly Action<IServiceCollection>? _replace;
    private WebApplication _app;

    private TestServer(string folder, Dictionary<string, string> settings, Action<IServiceCollection>? replace)
    {
        Folder = folder;
        _settings = settings;
        _replace = replace;
        _app = Build();
        Http = new HttpClient();
    }

    /// <summary>The data directory.</summary>
    public string Folder { get; }

    /// <summary>The settings in force.</summary>
    public PacsOptions Options => Services.GetRequiredService<PacsOptions>();

    /// <summary>The services of the running server.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>The DICOM port on 127.0.0.1.</summary>
    public int DicomPort => Services.GetRequiredService<Listener>().DicomPort;

    /// <summary>The HTTP port on 127.0.0.1.</summary>
    public int HttpPort => Services.GetRequiredService<Listener>().HttpPort;

    /// <summary>A client with the server's address as its base; redirects are followed.</summary>
    public HttpClient Http { get; private set; }

    /// <summary>Where the GDT files appear.</summary>
    public string GdtFolder => Path.Join(Folder, "gdt");

    /// <summary>Starts a server.</summary>
    /// <param name="settings">Settings beside the ports and the folder, e.g. <c>["Worklists:LimitAnswers"] = "5"</c>.</param>
    /// <param name="replace">Replaces services, e.g. the <see cref="TimeProvider"/>.</param>
    public static async Task<TestServer> StartAsync(IReadOnlyDictionary<string, string>? settings = null, Action<IServiceCollection>? replace = null)
    {
        var folder = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        var all = new Dictionary<string, string>
        {
            ["BindAddress"] = "127.0.0.1",
            ["DicomPort"] = "0",
            ["HttpPort"] = "0",
            ["DataDirectory"] = folder,
            ["MinimumFreeDiskSpace"] = "0",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            all[key] = value;
        }
        var server = new TestServer(folder, all, replace);
        await server.StartAsync();
        return server;
    }

    /// <summary>Stops the server as a service manager does and starts it again on the same folder; the ports change.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        _app = Build();
        Http = new HttpClient();
        await StartAsync();
    }

    /// <summary>Stops it.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartAsync()
    {
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Http.BaseAddress = new Uri($"http://127.0.0.1:{HttpPort}/");
    }

    private async Task StopAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None); // the test's token may be cancelled already
        await _app.DisposeAsync();
    }

    private WebApplication Build() =>
        PacsServer.Build(
            PacsConfiguration.Bind(_settings.Select(s => SettingSources.FromText(s.Key, s.Value, "the test", Folder))),
            _replace);
}
