using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Lets connections in before anybody reads a byte of DICOM: from which networks, how many at once, and through TLS where the port is one with TLS. Nobody waits
/// here for anybody else.
/// </summary>
public sealed partial class DicomDoor(PacsOptions options, DicomTls tls, TimeProvider time, ILogger<DicomDoor> logger)
{
    // as many again may be about to ask, about to be told no, or about to close
    private const int ConnectionsPerAssociation = 4;

    private readonly Dictionary<string, int> _perHost = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _open;
    private DateTimeOffset _warnedAt;
    private int _turnedAway;

    /// <summary>Puts the door before a port.</summary>
    /// <param name="next">Who serves the connections.</param>
    /// <param name="isTls">Whether they begin with a TLS handshake.</param>
    public ConnectionDelegate Before(ConnectionDelegate next, bool isTls) => async connection =>
    {
        var address = AddressOf(connection);
        var host = address?.ToString() ?? "";
        if (!IsWelcome(address, connection.LocalEndPoint as IPEndPoint))
        {
            TurnAway(connection, host, "it is in none of the DicomAllowedNetworks");
            return;
        }
        if (!TryEnter(host))
        {
            TurnAway(connection, host, "there are too many connections already");
            return;
        }
        try
        {
            if (isTls)
            {
                await SecureAsync(connection, host, next);
            }
            else
            {
                await next(connection);
            }
        }
        finally
        {
            Leave(host);
        }
    };

    /// <summary>The peer's address: the same device comes as 192.168.1.5 and as ::ffff:192.168.1.5, depending on the socket.</summary>
    public static IPAddress? AddressOf(BaseConnectionContext connection) =>
        connection.RemoteEndPoint is IPEndPoint { Address: var address } ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) : null;

    // our own health check comes from this machine
    private bool IsWelcome(IPAddress? address, IPEndPoint? local) =>
        options.DicomAllowedNetworks is not { Count: > 0 } networks || address is null || IPAddress.IsLoopback(address) || address.Equals(local?.Address)
        || networks.Any(n => NetworksAttribute.Parse(n).Contains(address));

    private bool TryEnter(string host)
    {
        lock (_lock)
        {
            var ofHost = _perHost.GetValueOrDefault(host);
            if (_open >= options.MaximumAssociations * ConnectionsPerAssociation || ofHost >= options.MaximumAssociationsPerHost * ConnectionsPerAssociation)
            {
                return false;
            }
            _open++;
            _perHost[host] = ofHost + 1;
            return true;
        }
    }

    private void Leave(string host)
    {
        lock (_lock)
        {
            _open--;
            if (--_perHost[host] == 0)
            {
                _perHost.Remove(host);
            }
        }
    }

    /// <summary>Cuts the connection. A line a minute is enough: whoever is turned away tries again at once.</summary>
    private void TurnAway(ConnectionContext connection, string host, string why)
    {
        var turnedAway = Interlocked.Increment(ref _turnedAway);
        var isWorthALine = false;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now - _warnedAt >= TimeSpan.FromMinutes(1))
            {
                isWorthALine = true;
                _warnedAt = now;
            }
        }
        if (isWorthALine)
        {
            LogTurnedAway(host, why, turnedAway);
        }
        connection.Abort(new ConnectionAbortedException(why));
    }

    private async Task SecureAsync(ConnectionContext connection, string host, ConnectionDelegate next)
    {
        var raw = connection.Transport;
        await using var stream = new SslStream(new TransportStream(raw), leaveInnerStreamOpen: true);
        if (!await ShakeHandsAsync(connection, stream, host))
        {
            return;
        }
        // the owner of the pipe completes it; the stream below is ours
        connection.Transport = new StreamPipe(
            PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 64 * 1024, leaveOpen: true)));
        try
        {
            await next(connection);
            // a peer has to be able to tell an end from a cut (RFC 8446 §6.1); one that reads no more is not waited for
            await stream.ShutdownAsync().WaitAsync(TimeSpan.FromSeconds(1), time);
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException or InvalidOperationException)
        {
            // the connection is gone already
        }
        finally
        {
            connection.Transport = raw;
        }
    }

    private async Task<bool> ShakeHandsAsync(ConnectionContext connection, SslStream stream, string host)
    {
        string? refusal = null;
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(options.DicomScpTimeout), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            await stream.AuthenticateAsServerAsync(tls.ServerOptions(why => refusal = why), either.Token);
            LogSecured(host, stream.SslProtocol, stream.NegotiatedCipherSuite, stream.RemoteCertificate?.Subject ?? "none");
            return true;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            LogNothingSecured(host, "it was silent for too long");
        }
        catch (OperationCanceledException)
        {
            // the server stops, or the connection broke
        }
        catch (AuthenticationException e)
        {
            LogNoHandshake(host, refusal ?? Innermost(e));
        }
        catch (IOException e)
        {
            LogNothingSecured(host, e.Message); // port scans, and whoever closes without a word
        }
        return false;
    }

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
        {
            e = inner;
        }
        return e.Message;
    }

    private sealed record StreamPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection from {RemoteHost} was cut: {Why} ({Number} cut since the start; at most one line a minute)")]
    private partial void LogTurnedAway(string remoteHost, string why, int number);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{RemoteHost} connected with {Protocol}, {CipherSuite}, certificate {Subject}")]
    private partial void LogSecured(string remoteHost, SslProtocols protocol, TlsCipherSuite cipherSuite, string subject);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No TLS with {RemoteHost}: {Reason}")]
    private partial void LogNoHandshake(string remoteHost, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No TLS with {RemoteHost}: {Reason}")]
    private partial void LogNothingSecured(string remoteHost, string reason);
}
