using System.Net;
using System.Net.Sockets;

namespace Pacs.Tests;

/// <summary>
/// Free ports of the loopback interface for programs that cannot choose one themselves. None is given twice: tests run side by side. They lie below those that the system gives to
/// outgoing connections and to whoever asks for any (32768 and more): a server that is killed finds its port free when it starts again, and nobody else answers there meanwhile.
/// </summary>
internal static class Ports
{
    private const int First = 10_000;
    private const int Count = 22_768;

    // two runs of tests at once begin at different places
    private static int _last = Random.Shared.Next(Count);

    /// <summary>A port that nobody listens on, and nobody else was told.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref _last) % Count);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken
            }
        }
    }
}
