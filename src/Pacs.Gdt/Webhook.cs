using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Calls an address when something has happened: a light goes on, the practice software imports. The address is the configuration's and nothing is added to it, so no
/// value of a patient or a device leaves the office. It is a consumer of the feed and can delay nobody but itself.
/// </summary>
/// <remarks>
/// A GET with 5 s for each of at most three attempts, with a growing pause between them. Redirects are not followed: they would lead to addresses that
/// nobody configured. An answer below 500 is final whatever it says. After a restart an event may be reported once more; one that is older
/// than <see cref="MaxAge"/> is not reported at all, because after a night without power the lights of yesterday's patients are of no use.
/// </remarks>
public sealed partial class Webhook : IEventConsumer, IDisposable
{
    /// <summary>Events older than this are passed over.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    private readonly Func<PacsEvent, bool> _wants;
    private readonly EventKind _kind;
    private readonly Uri _address;
    private readonly TimeProvider _time;
    private readonly ILogger<Webhook> _logger;
    private readonly HttpMessageInvoker _http;

    private Webhook(string name, EventKind kind, Func<PacsEvent, bool> wants, Uri address, TimeProvider time, ILogger<Webhook> logger)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException("A webhook has an http or https address", nameof(address));
        }
        (Name, _kind, _wants, _address, _time, _logger) = (name, kind, wants, address, time, logger);
        _http = new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = Timeout, PooledConnectionLifetime = TimeSpan.FromMinutes(1) });
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary><c>UrlOnWorklistEntryAdded</c>: after each entry that was ordered here.</summary>
    public static Webhook OnWorklistEntryAdded(Uri address, TimeProvider time, ILogger<Webhook> logger) =>
        new("webhook-worklist", EventKind.WorklistAdded, _ => true, address, time, logger);

    /// <summary><c>UrlOnGdtWritten</c>: after the GDT file of each new study; not after those of reports, as the old plugin.</summary>
    public static Webhook OnGdtWritten(Uri address, TimeProvider time, ILogger<Webhook> logger) =>
        new("webhook-gdt", EventKind.GdtWritten, e => e.Level == Level.Study, address, time, logger);

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == _kind;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (!_wants(e))
        {
            return;
        }
        if (_time.GetUtcNow() - e.At > MaxAge)
        {
            LogOld(Name, e.Seq);
            return;
        }
        for (var attempt = 0; ; attempt++)
        {
            var (done, outcome) = await CallAsync(ct);
            if (done)
            {
                return;
            }
            if (attempt == Pauses.Length)
            {
                LogGaveUp(Name, outcome);
                return;
            }
            LogFailed(Name, outcome, Pauses[attempt]);
            await Task.Delay(Pauses[attempt], _time, ct);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<(bool Done, string Outcome)> CallAsync(CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _address);
            // the invoker returns at the end of the headers; the body is nobody's concern
            using var response = await _http.SendAsync(request, either.Token);
            var status = (int)response.StatusCode;
            if (status is >= 200 and <= 299)
            {
                LogCalled(Name, status);
                return (true, "");
            }
            if (status < 500)
            {
                LogAnswered(Name, status);
                return (true, "");
            }
            return (false, $"status {status}");
        }
        catch (HttpRequestException e)
        {
            return (false, e.HttpRequestError.ToString());
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (false, "no answer in time");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Webhook} called: status {Status}")]
    private partial void LogCalled(string webhook, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Webhook} was called and answered {Status}; redirects are not followed")]
    private partial void LogAnswered(string webhook, int status);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Webhook} could not be called: {Outcome}; tried again in {Pause}")]
    private partial void LogFailed(string webhook, string outcome, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Webhook} could not be called: {Outcome}; given up")]
    private partial void LogGaveUp(string webhook, string outcome);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Webhook} passes over event {Seq}: too old")]
    private partial void LogOld(string webhook, long seq);
}
