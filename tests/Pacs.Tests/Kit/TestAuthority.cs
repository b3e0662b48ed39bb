using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pacs.Tests;

/// <summary>A certificate authority of one test, and the files that it hands out.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _own;
    private readonly string _folder;
    private int _serial;

    public TestAuthority(string folder, string name = "Test authority")
    {
        _folder = folder;
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _own = request.CreateSelfSigned(Start, Start.AddYears(40));
        File = Write($"{name}.pem", _own.ExportCertificatePem());
    }

    /// <summary>Long ago: no test depends on the day it runs on.</summary>
    public static DateTimeOffset Start { get; } = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Its certificate, as PEM.</summary>
    public string File { get; }

    /// <summary>Makes a certificate and its key, for both sides of a connection.</summary>
    /// <param name="name">Common name, and name of the files.</param>
    /// <param name="notAfter">Its end; by default far away.</param>
    public (string Certificate, string Key) Issue(string name, DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.Create(_own, Start, notAfter ?? Start.AddYears(39), [1, .. BitConverter.GetBytes(++_serial)]);
        return (Write($"{name}.crt", made.ExportCertificatePem()), Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }

    public void Dispose()
    {
        _own.Dispose();
        _key.Dispose();
    }

    private string Write(string name, string text)
    {
        var path = Path.Join(_folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}
