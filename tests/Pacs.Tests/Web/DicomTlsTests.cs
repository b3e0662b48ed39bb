using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Web;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

/// <summary>DICOM over TLS with our own client; dcmtk, OpenSSL and Orthanc are peers in Pacs.Interop.</summary>
public sealed class DicomTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-tls-").FullName;
    private readonly TestAuthority _authority;

    public DicomTlsTests() => _authority = new TestAuthority(_folder);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_port_of_its_own_leaves_the_plain_one_as_it_is()
    {
        await using var server = await TestServer.StartAsync(Settings(("DicomTlsPort", "0")));
        var port = server.Services.GetRequiredService<Listener>().DicomTlsPort!.Value;
        Assert.NotEqual(server.DicomPort, port);

        await EchoAsync(port, Client("device"));
        await EchoAsync(server.DicomPort, tls: null);
    }

    [Fact]
    public async Task Without_a_port_of_its_own_the_DICOM_port_takes_TLS_only_and_the_server_knows_that_it_is_ready()
    {
        await using var server = await TestServer.StartAsync(Settings());

        await EchoAsync(server.DicomPort, Client("device"));
        await Assert.ThrowsAnyAsync<AssociationException>(() => EchoAsync(server.DicomPort, tls: null));
        using var ready = await server.Http.GetAsync(new Uri("health/ready", UriKind.Relative), Ct);
        var checks = await ready.Content.ReadAsStringAsync(Ct);
        Assert.True(ready.IsSuccessStatusCode, checks);
        Assert.Contains("\"certificate\":true", checks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_instance_arrives_unchanged()
    {
        await using var server = await TestServer.StartAsync(Settings());
        var pixels = new byte[9_000_000];
        new Random(1).NextBytes(pixels);
        var dataset = new DicomDataset().Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, "1.2.3.4").Set(DicomTag.PatientID, "P")
            .Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.SeriesInstanceUID, "1.2.3.1").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "PACS" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, Client("device"), Ct);

        var status = await client.StoreAsync(dataset, Ct);
        await client.ReleaseAsync(Ct);

        Assert.Equal(DimseStatus.Success, status);
        var file = Directory.GetFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Single();
        Assert.Equal(pixels, (await DicomFile.OpenAsync(file, options: null, Ct)).Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
    }

    [Fact]
    public async Task Strangers_and_peers_without_a_certificate_are_refused_until_certificates_are_optional()
    {
        using var other = new TestAuthority(_folder, "Other authority");
        await using (var server = await TestServer.StartAsync(Settings()))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => EchoAsync(server.DicomPort, Client(null)));
            await Assert.ThrowsAnyAsync<Exception>(() => EchoAsync(server.DicomPort, Client("stranger", other)));
        }
        await using (var server = await TestServer.StartAsync(Settings(("DicomTlsRemoteCertificateRequired", "false"))))
        {
            await EchoAsync(server.DicomPort, Client(null));
            await EchoAsync(server.DicomPort, Client("device"));
            // one that is shown has to be good all the same
            await Assert.ThrowsAnyAsync<Exception>(() => EchoAsync(server.DicomPort, Client("stranger", other)));
        }
    }

    [Fact]
    public async Task The_client_side_trusts_the_list_and_nobody_else()
    {
        using var other = new TestAuthority(_folder, "Other authority");
        await using var server = await TestServer.StartAsync(Settings(("DicomTlsRemoteCertificateRequired", "false")));

        await EchoAsync(server.DicomPort, ClientOf(new PacsOptions { DicomTlsTrustedCertificates = _authority.File }));
        var (certificate, key) = _authority.Issue("workstation");
        await EchoAsync(server.DicomPort, ClientOf(new PacsOptions { DicomTlsTrustedCertificates = _authority.File, DicomTlsCertificate = certificate, DicomTlsPrivateKey = key }));
        await Assert.ThrowsAsync<AuthenticationException>(() => EchoAsync(server.DicomPort, ClientOf(new PacsOptions { DicomTlsTrustedCertificates = other.File })));
        await Assert.ThrowsAsync<AuthenticationException>(() => EchoAsync(server.DicomPort, ClientOf(new PacsOptions())));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Both_protocols_of_the_profile_work(SslProtocols protocol)
    {
        await using var server = await TestServer.StartAsync(Settings());
        var options = Client("device");
        options.EnabledSslProtocols = protocol;
        await EchoAsync(server.DicomPort, options);
    }

    [Fact]
    public async Task Silent_handshakes_delay_nobody_and_are_cut()
    {
        await using var server = await TestServer.StartAsync(Settings(("DicomScpTimeout", "2")));
        var silent = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                silent.Add(await OpenAsync(server.DicomPort));
            }
            // and some that say half of something
            foreach (var client in silent.Take(20))
            {
                await client.GetStream().WriteAsync(new byte[] { 0x16, 3, 1, 0x02, 0x00, 1 }, Ct);
            }
            var waited = Stopwatch.StartNew();
            await EchoAsync(server.DicomPort, Client("device"));
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(2), $"{waited.Elapsed}");
            foreach (var client in silent)
            {
                Assert.True(await IsCutAsync(client), "a silent handshake is still open after 2 s");
            }
        }
        finally
        {
            silent.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task A_renewed_certificate_is_taken_without_a_restart_and_half_a_renewal_changes_nothing()
    {
        var (certificate, key) = _authority.Issue("pacs", notAfter: TestAuthority.Start.AddYears(6).AddDays(20));
        var options = new PacsOptions { DicomTlsEnabled = true, DicomTlsCertificate = certificate, DicomTlsPrivateKey = key, DicomTlsTrustedCertificates = _authority.File };
        var time = new FakeTimeProvider(TestAuthority.Start.AddYears(6));
        var log = new Lines();
        using var tls = new DicomTls(options, TlsCredentials.Load(options), time, log);
        await tls.StartAsync(Ct);
        Assert.True(tls.IsGood);
        var before = tls.Credentials;
        Assert.Equal(before.Expires, tls.EndsSoon); // what the page Probleme shows
        await UntilAsync(() => log.Count("ends on") == 1 && time.ArmedTimers == 1);

        time.Advance(TimeSpan.FromDays(21));
        await UntilAsync(() => log.Count("has ended") > 0);
        Assert.False(tls.IsGood);

        await File.WriteAllTextAsync(key, "half a key", Ct);
        time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => log.Count("cannot be used") == 1);
        Assert.Same(before, tls.Credentials);

        _authority.Issue("pacs");
        time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => log.Count("read again") == 1);
        Assert.NotEqual(before.Expires, tls.Credentials.Expires);
        Assert.Null(tls.EndsSoon);
        Assert.True(tls.IsGood);
        await tls.StopAsync(Ct);
    }

    [Fact]
    public void What_is_wrong_with_the_files_is_one_readable_report()
    {
        var (certificate, _) = _authority.Issue("pacs");
        var (_, foreign) = _authority.Issue("other");
        var text = Path.Join(_folder, "text.pem");
        File.WriteAllText(text, "no certificate");

        AssertProblems(new PacsOptions { DicomTlsEnabled = true }, "DicomTlsCertificate is not set", "nobody could be let in");
        AssertProblems(new PacsOptions { DicomTlsCertificate = Path.Join(_folder, "nothing"), DicomTlsTrustedCertificates = text }, "nothing", "text.pem");
        AssertProblems(new PacsOptions { DicomTlsCertificate = certificate, DicomTlsPrivateKey = foreign }, "are not a PEM certificate and its key");
        AssertProblems(new PacsOptions { DicomTlsCertificate = text }, "neither a PEM file nor a PFX");
        Assert.Null(TlsCredentials.Load(new PacsOptions()).Own);
    }

    [Fact]
    public void A_PFX_and_a_PEM_with_its_chain_are_read()
    {
        var (certificate, key) = _authority.Issue("pacs");
        using var own = X509Certificate2.CreateFromPemFile(certificate, key);
        var pfx = Path.Join(_folder, "pacs.pfx");
        File.WriteAllBytes(pfx, own.Export(X509ContentType.Pfx));
        var both = Path.Join(_folder, "both.pem");
        File.WriteAllText(both, string.Join('\n', File.ReadAllText(certificate), File.ReadAllText(_authority.File), File.ReadAllText(key)));

        foreach (var path in new[] { pfx, both })
        {
            var read = TlsCredentials.Load(new PacsOptions { DicomTlsCertificate = path }).Own!.TargetCertificate;
            Assert.Equal(own.Thumbprint, read.Thumbprint);
            Assert.True(read.HasPrivateKey);
        }
    }

    [Theory]
    [InlineData("""{ "DicomTlsPort": 2762 }""", "DicomTlsEnabled is false")]
    [InlineData("""{ "DicomTlsPort": 4242, "DicomTlsEnabled": true }""", "must differ")]
    [InlineData("""{ "DicomUsers": [ "us1:secret" ] }""", "hash passcode")]
    [InlineData("""{ "DicomAllowedNetworks": [ "192.168.1.0/33" ] }""", "192.168.1.0/24")]
    [InlineData("""{ "DicomCalledAets": [ "A_TITLE_THAT_IS_TOO_LONG" ] }""", "AE titles")]
    public void Settings_that_cannot_work_are_refused(string json, string expected)
    {
        var file = Path.Join(_folder, "orthanc.json");
        File.WriteAllText(file, json);
        var e = Assert.Throws<ConfigurationException>(() => PacsConfiguration.Load(CommandLine.Parse(["--config", file]), new System.Collections.Hashtable(), _folder));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    private static void AssertProblems(PacsOptions options, params string[] expected)
    {
        var e = Assert.Throws<ConfigurationException>(() => TlsCredentials.Load(options));
        Assert.All(expected, part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
    }

    private Dictionary<string, string> Settings(params (string Key, string Value)[] more)
    {
        var (certificate, key) = _authority.Issue("pacs");
        var settings = new Dictionary<string, string>
        {
            ["DicomTlsEnabled"] = "true",
            ["DicomTlsCertificate"] = certificate,
            ["DicomTlsPrivateKey"] = key,
            ["DicomTlsTrustedCertificates"] = _authority.File,
        };
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }
        return settings;
    }

    /// <summary>A device that accepts our certificate and shows one of its own, or none.</summary>
    private SslClientAuthenticationOptions Client(string? name, TestAuthority? authority = null)
    {
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=pacs",
        };
        if (name is not null)
        {
            var (certificate, key) = (authority ?? _authority).Issue(name);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate, key), null, offline: true);
        }
        return options;
    }

    private static SslClientAuthenticationOptions ClientOf(PacsOptions options) =>
        new DicomTls(options, TlsCredentials.Load(options), TimeProvider.System, new Lines()).ClientOptions();

    private static async Task EchoAsync(int port, SslClientAuthenticationOptions? tls)
    {
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "PACS" }.Propose(DicomUid.Verification);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", port, request, tls, Ct);
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        await client.ReleaseAsync(Ct);
    }

    private static async Task<TcpClient> OpenAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Ct);
        return client;
    }

    private static async Task<bool> IsCutAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            var buffer = new byte[100];
            while (await client.GetStream().ReadAsync(buffer, patience.Token) > 0)
            {
                // an alert
            }
            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (var waited = Stopwatch.StartNew(); !condition(); await Task.Delay(10, Ct))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), what);
        }
    }

    private sealed class Lines : ILogger<DicomTls>
    {
        private readonly List<string> _lines = [];

        public int Count(string part)
        {
            lock (_lines)
            {
                return _lines.Count(l => l.Contains(part, StringComparison.Ordinal));
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add(formatter(state, exception));
            }
        }
    }
}
