using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// DICOM over TLS by PS3.15 §B.12, "BCP 195 RFC 8996, 9325": TLS 1.2 and 1.3 and nothing older, with the cipher suites of RFC 9325 where the system lets a program
/// choose them. One place for both directions: what we show, and whom we trust. The files are read again when they change.
/// </summary>
/// <param name="options">Where the files are.</param>
/// <param name="credentials">What was in them at the start.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears of renewals and of what expires.</param>
public sealed partial class DicomTls(PacsOptions options, TlsCredentials credentials, TimeProvider time, ILogger<DicomTls> logger) : BackgroundService
{
    /// <summary>How long before its end a certificate is worth a warning each day.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromDays(30);

    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private static readonly CipherSuitesPolicy? Suites = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()
        ? new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
            // RFC 9325 §4.2
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ])
        : null; // Windows: the suites are the system's (group policy)

    private volatile TlsCredentials _credentials = credentials;

    /// <summary>The cipher suites, or none when the system chooses them.</summary>
    public static IEnumerable<TlsCipherSuite> CipherSuites => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? Suites!.AllowedCipherSuites : [];

    /// <summary>What is in force now.</summary>
    public TlsCredentials Credentials => _credentials;

    /// <summary>Whether there is a TLS port, and its certificate is valid now.</summary>
    public bool IsGood => !options.DicomTlsEnabled || (Credentials is { } now && now.Begins <= time.GetUtcNow() && time.GetUtcNow() < now.Expires);

    /// <summary>For one handshake as server.</summary>
    /// <param name="refused">Told why the peer's certificate is refused.</param>
    public SslServerAuthenticationOptions ServerOptions(Action<string> refused)
    {
        var now = Credentials;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = now.Own,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CipherSuitesPolicy = Suites,
            AllowRenegotiation = false,
            AllowTlsResume = false, // a certificate that is trusted no longer must not live on in a session
            ClientCertificateRequired = now.Trusted.Count > 0,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = ChainPolicy(now.Trusted),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => AcceptsClient(now, certificate, chain, errors, refused),
        };
    }

    /// <summary>
    /// For one connection to another server; fresh each time, since <c>DimseClient</c> enters the host. With a list of trusted certificates, the list decides and names
    /// are not compared, as in Orthanc and dcmtk: devices have addresses, and certificates with whatever the manufacturer put into them. Without a list, the system's
    /// authorities count, and the name has to be right.
    /// </summary>
    public SslClientAuthenticationOptions ClientOptions()
    {
        var now = Credentials;
        var hasList = now.Trusted.Count > 0;
        return new SslClientAuthenticationOptions
        {
            ClientCertificateContext = now.Own,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CipherSuitesPolicy = Suites,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = hasList ? ChainPolicy(now.Trusted) : null,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                (hasList ? errors & ~SslPolicyErrors.RemoteCertificateNameMismatch : errors) == SslPolicyErrors.None || IsOurs(now, certificate),
        };
    }

    /// <summary>Reads the files again if they have changed. What cannot be read leaves in force what was.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.DicomTlsEnabled && options.DicomTlsCertificate is null && options.DicomTlsTrustedCertificates is null)
        {
            return;
        }
        var seen = Stamps();
        var warnedAt = Warn(DateTimeOffset.MinValue);
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var stamps = Stamps();
                if (!stamps.SequenceEqual(seen))
                {
                    seen = stamps;
                    if (Reload())
                    {
                        warnedAt = DateTimeOffset.MinValue;
                    }
                }
                warnedAt = Warn(warnedAt);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    private bool Reload()
    {
        try
        {
            _credentials = TlsCredentials.Load(options);
            LogReloaded();
            return true;
        }
        catch (ConfigurationException e)
        {
            // a renewal in two steps looks like this for a moment
            LogNotReloaded(e.Message);
            return false;
        }
    }

    private DateTimeOffset[] Stamps() =>
        [.. new[] { options.DicomTlsCertificate, options.DicomTlsPrivateKey, options.DicomTlsTrustedCertificates }.Select(p => p is null ? default : new DateTimeOffset(File.GetLastWriteTimeUtc(p)))];

    /// <summary>When our certificate ends, if that is soon or it has; null when nobody has to do anything.</summary>
    public DateTimeOffset? EndsSoon => Credentials.Expires is { } expires && expires - time.GetUtcNow() <= Notice ? expires : null;

    /// <summary>Says once a day that the certificate ends soon or has ended.</summary>
    private DateTimeOffset Warn(DateTimeOffset warnedAt)
    {
        var now = time.GetUtcNow();
        if (Credentials.Expires is not { } expires || expires - now > Notice || now - warnedAt < TimeSpan.FromDays(1))
        {
            return warnedAt;
        }
        if (expires <= now)
        {
            LogExpired(expires);
        }
        else
        {
            LogExpires(expires, (expires - now).TotalDays);
        }
        return now;
    }

    private bool AcceptsClient(TlsCredentials now, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, Action<string> refused)
    {
        if (certificate is null)
        {
            if (options.DicomTlsRemoteCertificateRequired)
            {
                refused("it showed no certificate");
            }
            return !options.DicomTlsRemoteCertificateRequired;
        }
        // clients have no name to compare
        if ((errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None || IsOurs(now, certificate))
        {
            return true;
        }
        var subject = certificate.Subject.Length <= 100 ? certificate.Subject : certificate.Subject[..100];
        refused($"its certificate \"{subject}\" is not trusted: {string.Join(", ", chain?.ChainStatus.Select(s => s.Status).Distinct() ?? [])}");
        return false;
    }

    // who has our key is us: the health check calls its own port
    private static bool IsOurs(TlsCredentials now, X509Certificate? certificate) =>
        now.Own is not null && certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(now.Own.TargetCertificate.RawDataMemory.Span);

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection trusted)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // an office's authority has no list of what was revoked; take the certificate off the list of trusted ones instead
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(trusted);
        policy.ExtraStore.AddRange(trusted);
        return policy;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificates for DICOM over TLS were read again: the files had changed")]
    private partial void LogReloaded();

    [LoggerMessage(Level = LogLevel.Error, Message = "The files with the certificates for DICOM over TLS have changed, but cannot be used; what was read before stays in force. {Problems}")]
    private partial void LogNotReloaded(string problems);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate for DICOM over TLS ends on {Expires:yyyy-MM-dd}, in {Days:0} days")]
    private partial void LogExpires(DateTimeOffset expires, double days);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate for DICOM over TLS has ended on {Expires:yyyy-MM-dd}: devices that check it do not connect any more")]
    private partial void LogExpired(DateTimeOffset expires);
}
