using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Pacs.Web.Configuration;

namespace Pacs.Web;

/// <summary>The two ports of the server. After the start it knows their numbers, also when the configuration left them open with 0.</summary>
public sealed class Listener
{
    private ListenOptions? _http;
    private ListenOptions? _dicom;

    /// <summary>The port of the pages and the REST API.</summary>
    public int HttpPort => PortOf(_http);

    /// <summary>The DICOM port.</summary>
    public int DicomPort => PortOf(_dicom);

    /// <summary>Opens the ports of <paramref name="options"/> on <paramref name="kestrel"/>.</summary>
    public void Listen(KestrelServerOptions kestrel, PacsOptions options)
    {
        kestrel.AddServerHeader = false;
        Bind(kestrel, options.RemoteAccessAllowed ? options.BindAddress : IPAddress.Loopback.ToString(), options.HttpPort, l => _http = l);
        Bind(kestrel, options.BindAddress, options.DicomPort, l => _dicom = l);
    }

    private static void Bind(KestrelServerOptions kestrel, string address, int port, Action<ListenOptions> configure)
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
