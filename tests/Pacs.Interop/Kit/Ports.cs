using System.Net;
using System.Net.Sockets;

namespace Pacs.Interop;

/// <summary>Free ports of the loopback interface for programs that cannot choose one themselves. None is given twice: tests run side by side.</summary>
public static class Ports
{
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that nobody listens on, and nobody else was told.</summary>
    public static int Free()
    {
        lock (Given)
        {
            while (true)
            {
                using var probe = new TcpListener(IPAddress.Loopback, 0);
                probe.Start();
                var port = ((IPEndPoint)probe.LocalEndpoint).Port;
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }
}
