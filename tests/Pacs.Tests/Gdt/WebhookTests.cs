using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests.Gdt;

public sealed class WebhookTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly HookServer _server = new();
    private readonly FailureLog _log = new();
    private int _pauses;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task An_entry_added_is_a_GET_of_the_address_as_configured()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/light/on?room=1"), _clock, _log);
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        Assert.Equal("GET /light/on?room=1 HTTP/1.1", await _server.AnswerAsync("204 No Content", Ct));
        await called;
    }

    [Fact]
    public async Task A_failing_server_is_called_three_times_with_growing_pauses()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        var start = _clock.GetUtcNow();
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        await _server.AnswerAsync("500 No", Ct);
        await PauseAsync(TimeSpan.FromSeconds(1));
        await _server.AnswerAsync("503 No", Ct);
        await PauseAsync(TimeSpan.FromSeconds(5));
        await _server.AnswerAsync("500 No", Ct);
        await called; // given up, and the feed goes on
        Assert.Equal(TimeSpan.FromSeconds(6), _clock.GetUtcNow() - start);
    }

    [Fact]
    public async Task A_server_that_recovers_is_not_called_again()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        await _server.AnswerAsync("500 No", Ct);
        await PauseAsync(TimeSpan.FromSeconds(1));
        await _server.AnswerAsync("200 OK", Ct);
        await called;
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Fact]
    public async Task A_silent_server_gets_five_seconds_each_time()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        var start = _clock.GetUtcNow();
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        foreach (var pause in new[] { 1, 5, 0 })
        {
            await _server.ReceiveAsync(Ct); // and say nothing
            _clock.Advance(TimeSpan.FromSeconds(5));
            if (pause > 0)
            {
                await PauseAsync(TimeSpan.FromSeconds(pause));
            }
        }
        await called;
        Assert.Equal(TimeSpan.FromSeconds(21), _clock.GetUtcNow() - start);
    }

    [Theory]
    [InlineData("302 Found\r\nLocation: /elsewhere")]
    [InlineData("404 Not Found")]
    [InlineData("401 Unauthorized")]
    public async Task Redirects_and_refusals_are_final(string answer)
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        await _server.AnswerAsync(answer, Ct);
        await called;
        Assert.Equal(1, _server.Requests);
    }

    [Fact]
    public async Task An_address_where_nobody_listens_costs_nobody_anything()
    {
        var address = _server.Address("/");
        _server.Dispose();
        using var hook = Webhook.OnWorklistEntryAdded(address, _clock, _log);
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), Ct).AsTask();
        await PauseAsync(TimeSpan.FromSeconds(1));
        await PauseAsync(TimeSpan.FromSeconds(5));
        await called;
    }

    [Fact]
    public async Task What_happened_before_a_long_stop_is_not_reported()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        var old = Event(EventKind.WorklistAdded, Level.Patient);
        _clock.Advance(Webhook.MaxAge + TimeSpan.FromSeconds(1));
        await hook.HandleAsync(old, Ct);
        Assert.Equal(0, _server.Requests);
    }

    [Fact]
    public async Task GDT_files_of_studies_are_reported_and_those_of_reports_are_not()
    {
        using var hook = Webhook.OnGdtWritten(_server.Address("/gdt"), _clock, _log);
        Assert.True(hook.Wants(EventKind.GdtWritten));
        Assert.False(hook.Wants(EventKind.WorklistAdded));
        await hook.HandleAsync(Event(EventKind.GdtWritten, Level.Instance), Ct);
        Assert.Equal(0, _server.Requests);
        var called = hook.HandleAsync(Event(EventKind.GdtWritten, Level.Study), Ct).AsTask();
        Assert.Equal("GET /gdt HTTP/1.1", await _server.AnswerAsync("200 OK", Ct));
        await called;
    }

    [Fact]
    public async Task Stopping_the_server_ends_a_call()
    {
        using var hook = Webhook.OnWorklistEntryAdded(_server.Address("/"), _clock, _log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var called = hook.HandleAsync(Event(EventKind.WorklistAdded, Level.Patient), stop.Token).AsTask();
        await _server.ReceiveAsync(Ct);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => called);
    }

    [Theory]
    [InlineData("ftp://example.org/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("relative")]
    public void Other_addresses_than_http_are_no_webhook(string address) =>
        Assert.Throws<ArgumentException>(() => Webhook.OnGdtWritten(new Uri(address, UriKind.RelativeOrAbsolute), _clock, _log));

    private PacsEvent Event(EventKind kind, Level level) => new(1, kind, level, ResourceId.ForPatient("1"), _clock.GetUtcNow());

    // after a failure is logged the only timer left to be armed is that of the pause
    private async Task PauseAsync(TimeSpan pause)
    {
        _pauses++;
        while (_log.Failures < _pauses || _clock.ArmedTimers != 1)
        {
            await Task.Delay(1, Ct);
        }
        _clock.Advance(pause);
    }

    private sealed class FailureLog : ILogger<Webhook>
    {
        private int _failures;

        public int Failures => Volatile.Read(ref _failures);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "LogFailed")
            {
                Interlocked.Increment(ref _failures);
            }
        }
    }

    /// <summary>One request per connection, read whole and answered when the test says so.</summary>
    private sealed class HookServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Channel<(TcpClient Client, string Line)> _received = Channel.CreateUnbounded<(TcpClient, string)>();
        private readonly List<TcpClient> _clients = [];
        private int _requests;

        public HookServer()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Requests => Volatile.Read(ref _requests);

        public Uri Address(string path) => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{path}");

        public async Task<string> ReceiveAsync(CancellationToken ct)
        {
            var (_, line) = await _received.Reader.ReadAsync(ct);
            return line;
        }

        public async Task<string> AnswerAsync(string status, CancellationToken ct)
        {
            var (client, line) = await _received.Reader.ReadAsync(ct);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), ct);
            return line;
        }

        public void Dispose()
        {
            _listener.Stop();
            foreach (var client in _clients)
            {
                client.Dispose();
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    _clients.Add(client);
                    using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
                    var line = await reader.ReadLineAsync() ?? "";
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                        // the header fields are not looked at
                    }
                    Interlocked.Increment(ref _requests);
                    _received.Writer.TryWrite((client, line));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // stopped
            }
        }
    }
}
