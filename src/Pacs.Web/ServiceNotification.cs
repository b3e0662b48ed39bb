using System.Net.Sockets;
using System.Text;

namespace Pacs.Web;

/// <summary>
/// Tells systemd when the server is ready and when it stops (sd_notify(3)), so that a unit of <c>Type=notify</c> starts what depends on it at the right moment.
/// Without systemd it does nothing.
/// </summary>
public sealed partial class ServiceNotification(IHostApplicationLifetime lifetime, ILogger<ServiceNotification> logger) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 1 } path)
        {
            lifetime.ApplicationStarted.Register(() => Send(path, "READY=1"));
            lifetime.ApplicationStopping.Register(() => Send(path, "STOPPING=1"));
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Send(string path, string state)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path)); // @ stands for the abstract name space, unix(7)
            socket.Send(Encoding.ASCII.GetBytes(state));
        }
        catch (SocketException e)
        {
            LogFailed(e.SocketErrorCode, state);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "systemd was not told {State}: {Error}")]
    private partial void LogFailed(SocketError error, string state);
}
