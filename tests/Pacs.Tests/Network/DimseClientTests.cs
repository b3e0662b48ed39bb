using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>The client over real sockets, plain and with TLS.</summary>
public sealed class DimseClientTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_goes_over_TCP_and_TLS_as_it_is(bool isTls)
    {
        var path = Path.Join(Path.GetTempPath(), $"{Guid.NewGuid():N}.dcm");
        try
        {
            new DicomFile(Wire.Instance(3_000_000), TransferSyntax.ExplicitVRLittleEndian).Save(path);
            var store = new MemoryStore();
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var serving = ServeAsync(listener, new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(store)), isTls);
            var tls = isTls ? new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=pacs" } : null;
            var client = await DimseClient.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, Wire.Request().ProposeFiles([path]), tls, Ct);
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(path, Ct));
            await client.ReleaseAsync(Ct);
            await client.DisposeAsync();
            await serving;
            var file = await File.ReadAllBytesAsync(path, Ct);
            Assert.True(file.AsSpan().EndsWith(Assert.Single(store.Received).Bytes));
            Assert.True(store.Received.First().Bytes.Length > 3_000_000);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Nobody_listening_is_a_lost_connection()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var e = await Assert.ThrowsAsync<AssociationException>(() => DimseClient.ConnectAsync("127.0.0.1", port, Wire.Request().Propose(DicomUid.Verification), tls: null, Ct));
        Assert.Equal(AssociationFailure.ConnectionLost, e.Failure);
    }

    [Fact]
    public async Task A_service_that_was_not_accepted_is_not_asked_for()
    {
        var (client, served) = await Wire.ConnectAsync(new DimseServer(new AcceptorPolicy(), new DimseHandlers()), Wire.Request().Propose(Wire.Ultrasound));
        Assert.Empty(client.Association.Info.Contexts);
        await Assert.ThrowsAsync<DicomException>(() => client.EchoAsync(Ct));
        await Assert.ThrowsAsync<DicomException>(() => client.StoreAsync(Wire.Instance(10), Ct));
        await client.ReleaseAsync(Ct);
        await client.DisposeAsync();
        await served;
    }

    [Fact]
    public void Files_get_a_context_for_each_syntax_and_one_to_fall_back_on()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-");
        try
        {
            var files = new[] { TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian, TransferSyntax.ExplicitVRLittleEndian }.Select((syntax, i) =>
            {
                var path = Path.Join(folder.FullName, $"{i}");
                new DicomFile(Wire.Instance(10), syntax).Save(path);
                return path;
            }).ToList();
            var contexts = Wire.Request().ProposeFiles(files).Contexts;
            Assert.Equal(
                [DicomUid.ExplicitVRLittleEndian, DicomUid.ExplicitVRBigEndian, DicomUid.ImplicitVRLittleEndian],
                contexts.Select(c => string.Join(' ', c.TransferSyntaxes)));
            Assert.Equal([1, 3, 5], contexts.Select(c => (int)c.Id));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task ServeAsync(TcpListener listener, DimseServer server, bool isTls)
    {
        using var peer = await listener.AcceptTcpClientAsync(Ct);
        Stream stream = peer.GetStream();
        if (isTls)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var now = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using var made = new CertificateRequest("CN=pacs", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddYears(50));
            var secure = new SslStream(stream);
            await secure.AuthenticateAsServerAsync(made, clientCertificateRequired: false, checkCertificateRevocation: false);
            stream = secure;
        }
        await server.RunAsync(new PipePair.End(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", CancellationToken.None);
    }
}
