using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web;

/// <summary>Says at the start what runs, where its data are, and what of the configuration has no effect.</summary>
public sealed partial class Announcement(
    PacsConfiguration configuration, Listener listener, DicomTls tls, IHostApplicationLifetime lifetime, ILogger<Announcement> logger) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var notice in configuration.Notices)
        {
            LogNotice(notice);
        }
        lifetime.ApplicationStarted.Register(() =>
        {
            var options = configuration.Options;
            LogListening(PacsServer.Version, options.DicomAet, listener.DicomPort, listener.HttpPort);
            if (listener.DicomTlsPort is { } tlsPort)
            {
                LogTls(tlsPort, tls.Credentials.Own!.TargetCertificate.Subject, tls.Credentials.Expires!.Value, options.DicomTlsRemoteCertificateRequired ? "with a trusted certificate only" : "also without a certificate");
            }
            LogFolders(options.StorageDirectory, options.IndexDirectory);
            if (options.AuthenticationEnabled)
            {
                LogLogin(options.RegisteredUsers.Count);
            }
            else if (options.RemoteAccessAllowed)
            {
                LogOpen();
            }
            lifetime.ApplicationStopping.Register(LogStopping);
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Configuration: {Notice}")]
    private partial void LogNotice(string notice);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pacs {Version}: {Aet} answers DICOM on port {DicomPort} and HTTP on port {HttpPort}")]
    private partial void LogListening(string version, string aet, int dicomPort, int httpPort);

    [LoggerMessage(Level = LogLevel.Information, Message = "DICOM over TLS on port {Port}: our certificate {Subject} ends on {Expires:yyyy-MM-dd}; devices are let in {Condition}")]
    private partial void LogTls(int port, string subject, DateTimeOffset expires, string condition);

    [LoggerMessage(Level = LogLevel.Information, Message = "Instances in {StorageDirectory}, index in {IndexDirectory}")]
    private partial void LogFolders(string storageDirectory, string indexDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "There is no log-in: whoever reaches these ports reads and stores. RemoteAccessAllowed=false closes the HTTP port to other machines")]
    private partial void LogOpen();

    [LoggerMessage(Level = LogLevel.Information, Message = "The HTTP port asks for one of {Count} users and passwords, which it does not encrypt; the DICOM port has rules of its own")]
    private partial void LogLogin(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping; messages in flight are finished")]
    private partial void LogStopping();
}
