using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web;

/// <summary>The ports of the server, side by side in Kestrel. After the start it knows their numbers, also when the configuration left them open with 0.</summary>
/// <param name="options">Addresses and ports.</param>
public sealed class Listener(PacsOptions options)
{
    private ListenOptions? _http;
    private ListenOptions? _dicom;
    private ListenOptions? _tls;

    /// <summary>The port of the pages and the REST API.</summary>
    public int HttpPort => PortOf(_http);

    /// <summary>The DICOM port.</summary>
    public int DicomPort => PortOf(_dicom);

    /// <summary>The port for DICOM over TLS: the DICOM port itself, or one of its own; null without TLS.</summary>
    public int? DicomTlsPort => !options.DicomTlsEnabled ? null : PortOf(options.DicomTlsPort is null ? _dicom : _tls);

    /// <summary>Opens the ports and sets the limits of HTTP requests; those of associations are the DIMSE server's.</summary>
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 1024 * 1024; // queries at most: nothing is uploaded over HTTP
        Listen(kestrel, options.RemoteAccessAllowed ? options.BindAddress : IPAddress.Loopback.ToString(), options.HttpPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1; // HTTP/2 needs TLS in browsers
            _http = listen;
        });
        Listen(kestrel, options.BindAddress, options.DicomPort, listen => _dicom = Dicom(listen, options.DicomTlsEnabled && options.DicomTlsPort is null));
        if (options is { DicomTlsEnabled: true, DicomTlsPort: { } port })
        {
            Listen(kestrel, options.BindAddress, port, listen => _tls = Dicom(listen, isTls: true));
        }
    }

    private static ListenOptions Dicom(ListenOptions listen, bool isTls)
    {
        var door = listen.ApplicationServices.GetRequiredService<DicomDoor>();
        listen.Use(next => door.Before(next, isTls));
        listen.UseConnectionHandler<DicomConnectionHandler>();
        return listen;
    }

    /// <summary>Why a port could not be opened, in one sentence; null when that is not what the exception is about.</summary>
    public static string? Explain(IOException exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                return $"{exception.Message.TrimEnd('.')}. Stop the other program, or set another DicomPort, DicomTlsPort or HttpPort.";
            }
        }
        return null;
    }

    private static void Listen(KestrelServerOptions kestrel, string address, int port, Action<ListenOptions> configure)
    {
        if (address == "*")
        {
            kestrel.ListenAnyIP(port, configure);
        }
        else
        {
            kestrel.Listen(IPAddress.Parse(address), port, configure);
        }
    }

    // Kestrel replaces the end point by the one it has bound
    private static int PortOf(ListenOptions? listen) => listen?.IPEndPoint?.Port ?? throw new InvalidOperationException("The server does not listen yet.");
}
