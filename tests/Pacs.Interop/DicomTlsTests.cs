using Pacs.Dicom;
using Pacs.Tests;
using Pacs.Web.Dimse;

namespace Pacs.Interop;

/// <summary>DICOM over TLS and user identities against dcmtk, OpenSSL and Orthanc.</summary>
public sealed class DicomTlsTests(DicomTlsTests.Shared shared) : IClassFixture<DicomTlsTests.Shared>
{
    private TestAuthority Authority => shared.Authority;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>An authority, and a server with a port for TLS that most of the tests talk to.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        public TemporaryFolder Folder { get; } = new();

        public TestAuthority Authority { get; private set; } = null!;

        public ServerProcess Server { get; private set; } = null!;

        public int TlsPort { get; } = Ports.Free();

        public async ValueTask InitializeAsync()
        {
            Authority = new TestAuthority(Folder.Path);
            Server = Create(TlsPort);
            await Server.StartAsync(CancellationToken.None);
        }

        /// <summary>A server of the same authority with other settings.</summary>
        public ServerProcess Create(int tlsPort, params (string Key, object? Value)[] settings)
        {
            var (certificate, key) = Authority.Issue("pacs");
            return ServerProcess.Create(
            [
                ("DicomTlsEnabled", true), ("DicomTlsPort", tlsPort), ("DicomTlsCertificate", certificate), ("DicomTlsPrivateKey", key),
                ("DicomTlsTrustedCertificates", Authority.File), .. settings,
            ]);
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Authority.Dispose();
            Folder.Dispose();
        }
    }

    [Fact]
    public async Task Dcmtk_echoes_and_stores_with_each_of_its_current_profiles()
    {
        Tool.Require("echoscu", "storescu");
        foreach (var profile in new[] { "+py", "+px", "+pz" })
        {
            var echo = await EchoAsync(shared.TlsPort, [profile, .. Device("device")]);
            Assert.True(echo.ExitCode == 0, $"{profile}: {echo.All}");
        }
        var file = MakeFile();
        var store = await Tool.RunAsync("storescu", Ct, ["-v", .. Device("device"), "127.0.0.1", $"{shared.TlsPort}", file]);
        Assert.True(store.ExitCode == 0 && store.All.Contains("Received Store Response (Success)", StringComparison.Ordinal), store.All);
        var kept = Directory.GetFiles(shared.Server.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Single(); // all tests store the same
        Assert.Equal(DicomFile.Open(file).Dataset.Get(DicomTag.PixelData)!.Value.ToArray(), DicomFile.Open(kept).Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
        // the other port is as it was, and takes no TLS; this one takes nothing else
        Assert.Equal(0, (await EchoAsync(shared.Server.DicomPort)).ExitCode);
        Assert.NotEqual(0, (await EchoAsync(shared.Server.DicomPort, Device("device"))).ExitCode);
        Assert.NotEqual(0, (await EchoAsync(shared.TlsPort)).ExitCode);
        await UntilLoggedAsync("the peer speaks TLS on a port without");
    }

    [Fact]
    public async Task Dcmtk_without_or_with_a_foreign_certificate_stays_outside()
    {
        Tool.Require("echoscu");
        using var other = new TestAuthority(shared.Folder.Path, "Other authority");
        Assert.NotEqual(0, (await EchoAsync(shared.TlsPort, ["+tla", "+cf", Authority.File])).ExitCode);
        await UntilLoggedAsync("No TLS with 127.0.0.1: it showed no certificate");
        Assert.NotEqual(0, (await EchoAsync(shared.TlsPort, Device("stranger", other))).ExitCode);
        await UntilLoggedAsync("\"CN=stranger\" is not trusted");
        var (certificate, key) = Authority.Issue("old", notAfter: TestAuthority.Start.AddDays(1));
        Assert.NotEqual(0, (await EchoAsync(shared.TlsPort, ["+tls", key, certificate, "+cf", Authority.File])).ExitCode);
        await UntilLoggedAsync("\"CN=old\" is not trusted: NotTimeValid");
        Assert.Equal(0, (await EchoAsync(shared.TlsPort, Device("device"))).ExitCode);
    }

    [Fact]
    public async Task Dcmtk_needs_no_certificate_where_none_is_required()
    {
        Tool.Require("echoscu");
        var port = Ports.Free();
        await using var server = shared.Create(port, ("DicomTlsRemoteCertificateRequired", false));
        await server.StartAsync(Ct);
        var anonymous = await EchoAsync(port, ["+tla", "+cf", Authority.File]);
        Assert.True(anonymous.ExitCode == 0, anonymous.All);
    }

    [Theory]
    [InlineData("-tls1_3", "DEFAULT", true)]
    [InlineData("-tls1_2", "DEFAULT", true)]
    [InlineData("-tls1_1", "DEFAULT:@SECLEVEL=0", false)]
    [InlineData("-tls1", "DEFAULT:@SECLEVEL=0", false)]
    [InlineData("-tls1_2", "ECDHE-ECDSA-AES128-SHA256", false)] // CBC
    [InlineData("-tls1_2", "aNULL:@SECLEVEL=0", false)] // nobody shows a certificate
    [InlineData("-tls1_2", "ECDHE-ECDSA-AES256-GCM-SHA384", true)]
    public async Task OpenSSL_gets_the_protocols_and_suites_of_the_profile_and_no_others(string protocol, string suites, bool isGood)
    {
        Tool.Require("openssl");
        var (certificate, key) = Authority.Issue("device");
        var result = await Tool.RunAsync(
            "sh",
            Ct,
            "-c",
            $"openssl s_client -connect 127.0.0.1:{shared.TlsPort} {protocol} -cipher '{suites}' -cert '{certificate}' -key '{key}' -CAfile '{Authority.File}' -verify_return_error </dev/null");
        Assert.True(isGood != result.All.Contains("Cipher is (NONE)", StringComparison.Ordinal), result.All);
    }

    [Fact]
    public async Task Orthanc_and_we_reach_each_other()
    {
        Tool.Require("Orthanc");
        var (certificate, key) = Authority.Issue("orthanc");
        await using var orthanc = await OrthancProcess.StartAsync(
            Ct,
            ("DicomTlsEnabled", true),
            ("DicomTlsCertificate", certificate),
            ("DicomTlsPrivateKey", key),
            ("DicomTlsTrustedCertificates", Authority.File),
            ("DicomModalities", new Dictionary<string, object> { ["pacs"] = new { AET = "PACS", Host = "127.0.0.1", Port = shared.TlsPort, UseDicomTls = true } }));
        using var echo = await orthanc.Http.PostAsync(new Uri("modalities/pacs/echo", UriKind.Relative), new StringContent("{}"), Ct);
        Assert.True(echo.IsSuccessStatusCode, await echo.Content.ReadAsStringAsync(Ct) + shared.Server.Output);

        // and back: a node with UseDicomTls, called by our own REST API
        await using var server = shared.Create(
            Ports.Free(), ("DicomModalities", new Dictionary<string, object> { ["orthanc"] = new { AET = "ORTHANC", Host = "127.0.0.1", Port = orthanc.DicomPort, UseDicomTls = true } }));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var back = await http.PostAsync(new Uri("modalities/orthanc/echo", UriKind.Relative), new StringContent("{}"), Ct);
        Assert.True(back.IsSuccessStatusCode, await back.Content.ReadAsStringAsync(Ct) + server.Output);
    }

    [Fact]
    public async Task Wrong_files_stop_the_start_with_one_report()
    {
        await using var server = ServerProcess.Create(("DicomTlsEnabled", true), ("DicomTlsCertificate", Path.Join(shared.Folder.Path, "missing.crt")));
        foreach (var command in new string[][] { ["config", "check"], [] })
        {
            var result = await server.RunCommandAsync(Ct, command);
            Assert.Equal(2, result.ExitCode);
            Assert.Contains("missing.crt", result.Error, StringComparison.Ordinal);
            Assert.Contains("DicomTlsTrustedCertificates", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Storescu_shows_every_kind_of_user_identity_and_only_names_are_logged()
    {
        Tool.Require("storescu");
        var file = MakeFile();
        var secret = Path.Join(shared.Folder.Path, "ticket");
        await File.WriteAllTextAsync(secret, "TOPSECRET", Ct);
        string[][] accepted =
        [
            ["-usr", "Dr. Müller", "-rsp"],
            ["-usr", "mueller", "-pwd", "TOPSECRET", "-rsp"],
            ["-usr", "mueller", "-epw"],
            ["-kt", secret],
            ["--saml", secret],
            ["--jwt", secret],
        ];
        foreach (var identity in accepted)
        {
            var result = await Tool.RunAsync("storescu", Ct, [.. identity, "127.0.0.1", $"{shared.Server.DicomPort}", file]);
            Assert.True(result.ExitCode == 0, $"{string.Join(' ', identity)}: {result.All}");
        }
        foreach (var line in new[] { "(Username): user Dr. Müller, not checked", "(UsernameAndPasscode): user mueller, not checked", "(Kerberos): user ?", "(Saml): user ?", "(JsonWebToken): user ?" })
        {
            await UntilLoggedAsync(line);
        }
        Assert.DoesNotContain("TOPSECRET", shared.Server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storescu_is_rejected_without_the_passcode_of_a_user()
    {
        Tool.Require("storescu");
        await using var server = shared.Create(Ports.Free(), ("DicomUsers", new[] { $"mueller:{Passcode.Of("geheim"u8)}" }));
        await server.StartAsync(Ct);
        var file = MakeFile();
        Task<Tool.Result> StoreAsync(params string[] identity) => Tool.RunAsync("storescu", Ct, [.. identity, "127.0.0.1", $"{server.DicomPort}", file]);

        Assert.Equal(0, (await StoreAsync("-usr", "mueller", "-pwd", "geheim", "-rsp")).ExitCode);
        foreach (var result in new[] { await StoreAsync(), await StoreAsync("-usr", "mueller"), await StoreAsync("-usr", "mueller", "-pwd", "falsch"), await StoreAsync("-usr", "niemand", "-pwd", "geheim") })
        {
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("Association Rejected", result.All, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("falsch", server.Output, StringComparison.Ordinal);
    }

    private string[] Device(string name, TestAuthority? authority = null)
    {
        var (certificate, key) = (authority ?? Authority).Issue(name);
        return ["+tls", key, certificate, "+cf", Authority.File];
    }

    private static Task<Tool.Result> EchoAsync(int port, params string[] options) => Tool.RunAsync("echoscu", Ct, ["-to", "10", "-ta", "10", .. options, "127.0.0.1", $"{port}"]);

    private async Task UntilLoggedAsync(string part)
    {
        for (var i = 0; !shared.Server.Output.Contains(part, StringComparison.Ordinal); i++)
        {
            Assert.True(i < 100, $"\"{part}\" is not in the log:\n{shared.Server.Output}");
            await Task.Delay(50, Ct);
        }
    }

    private string MakeFile()
    {
        var pixels = new byte[300_000];
        new Random(1).NextBytes(pixels);
        var dataset = new DicomDataset().Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, "1.2.3.4").Set(DicomTag.PatientID, "P")
            .Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.SeriesInstanceUID, "1.2.3.1").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
        var path = Path.Join(shared.Folder.Path, "image.dcm");
        new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(path);
        return path;
    }
}
