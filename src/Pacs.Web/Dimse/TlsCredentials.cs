using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>What the files of the settings <c>DicomTls…</c> hold.</summary>
/// <param name="Own">Our certificate with its key and the certificates between it and its root; null when none is configured.</param>
/// <param name="Trusted">The authorities, or self-signed certificates, of those we talk to; empty when none are configured.</param>
public sealed record TlsCredentials(SslStreamCertificateContext? Own, X509Certificate2Collection Trusted)
{
    /// <summary>Until when our certificate is valid.</summary>
    public DateTimeOffset? Expires => Own is null ? null : new DateTimeOffset(Own.TargetCertificate.NotAfter.ToUniversalTime());

    /// <summary>Since when our certificate is valid.</summary>
    public DateTimeOffset? Begins => Own is null ? null : new DateTimeOffset(Own.TargetCertificate.NotBefore.ToUniversalTime());

    /// <summary>Reads the files. A certificate that has expired is read all the same: the server has other work to do, and says it loudly.</summary>
    /// <exception cref="ConfigurationException">Files cannot be read or do not fit; the message lists all problems.</exception>
    public static TlsCredentials Load(PacsOptions options)
    {
        var problems = new List<string>();
        SslStreamCertificateContext? own = null;
        X509Certificate2Collection trusted = [];
        if (options.DicomTlsCertificate is { } path)
        {
            own = Try(() => ReadOwn(path, options.DicomTlsPrivateKey), problems);
        }
        else if (options.DicomTlsEnabled)
        {
            problems.Add("DicomTlsEnabled is true, but DicomTlsCertificate is not set. It must be our certificate (PEM or PFX), with DicomTlsPrivateKey for the key of a PEM.");
        }
        if (options.DicomTlsTrustedCertificates is { } list)
        {
            trusted = Try(() => ReadTrusted(list), problems) ?? trusted;
        }
        else if (options is { DicomTlsEnabled: true, DicomTlsRemoteCertificateRequired: true })
        {
            problems.Add("DicomTlsRemoteCertificateRequired is true, but DicomTlsTrustedCertificates is not set, so that nobody could be let in. "
                + "It must be a PEM file of the authorities or self-signed certificates of the devices; or set DicomTlsRemoteCertificateRequired to false.");
        }
        return problems.Count == 0 ? new TlsCredentials(own, trusted) : throw new ConfigurationException(problems);
    }

    private static T? Try<T>(Func<T> read, List<string> problems)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or FormatException or ArgumentException)
        {
            problems.Add(e.Message);
            return null;
        }
    }

    private static SslStreamCertificateContext ReadOwn(string path, string? keyPath)
    {
        var bytes = File.ReadAllBytes(path);
        X509Certificate2Collection all = [];
        X509Certificate2 own;
        if (IsPem(bytes))
        {
            var text = Encoding.UTF8.GetString(bytes);
            var key = keyPath is null ? text : File.ReadAllText(keyPath);
            if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            {
                // a password would have to lie in the configuration beside the key, and protect nothing
                throw new FormatException($"DicomTlsPrivateKey: the key in {keyPath ?? path} has a password. Take it off (openssl pkey), and let only the server read the file.");
            }
            all.ImportFromPem(text);
            own = ReadPem(text, key, path, keyPath);
        }
        else
        {
            all = ReadPfx(bytes, path);
            own = all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new FormatException($"DicomTlsCertificate: {path} holds no private key.");
        }
        // for the chain: the root is the peers' business
        X509Certificate2Collection between = [.. all.Where(c => c.Thumbprint != own.Thumbprint && c.Subject != c.Issuer)];
        return SslStreamCertificateContext.Create(own, between, offline: true);
    }

    private static X509Certificate2 ReadPem(string certificates, string key, string path, string? keyPath)
    {
        X509Certificate2 own;
        try
        {
            own = X509Certificate2.CreateFromPem(certificates, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException($"DicomTlsCertificate: {path} and {(keyPath is null ? "itself, as DicomTlsPrivateKey is not set," : keyPath)} are not a PEM certificate and its key.", e);
        }
        if (!OperatingSystem.IsWindows())
        {
            return own;
        }
        // Schannel does not take a key that exists in memory only
        using (own)
        {
            return X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), password: null);
        }
    }

    private static X509Certificate2Collection ReadPfx(byte[] bytes, string path)
    {
        try
        {
            return X509CertificateLoader.LoadPkcs12Collection(bytes, password: null);
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"DicomTlsCertificate: {path} is neither a PEM file nor a PFX file without a password.", e);
        }
    }

    private static X509Certificate2Collection ReadTrusted(string path)
    {
        var bytes = File.ReadAllBytes(path);
        X509Certificate2Collection trusted = [];
        try
        {
            if (IsPem(bytes))
            {
                trusted.ImportFromPem(Encoding.UTF8.GetString(bytes));
            }
            else
            {
                trusted.Add(X509CertificateLoader.LoadCertificate(bytes));
            }
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"DicomTlsTrustedCertificates: {path} cannot be read as certificates.", e);
        }
        return trusted.Count > 0 ? trusted : throw new FormatException($"DicomTlsTrustedCertificates: there is no certificate in {path}.");
    }

    private static bool IsPem(ReadOnlySpan<byte> bytes) => bytes.IndexOf("-----BEGIN "u8) >= 0;
}
