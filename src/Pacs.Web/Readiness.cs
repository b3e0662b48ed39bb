using System.Net;
using System.Security.Authentication;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web;

/// <summary>Whether the server can do its job now: every check does the thing itself, small.</summary>
public sealed partial class Readiness(
    PacsOptions options, Listener listener, DicomTls tls, IndexWriter writer, StorageOptions storage, TimeProvider time, ILogger<Readiness> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3); // HEALTHCHECK waits 5 s

    /// <summary>The answer of <c>/health/ready</c>: names of checks, and whether each is good. No details: they are in the log.</summary>
    public async Task<IResult> AnswerAsync(CancellationToken ct)
    {
        var checks = await CheckAsync(ct);
        var ready = checks.Values.All(good => good);
        return Results.Json(
            new { status = ready ? "ready" : "not ready", checks }, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>The checks by name, <c>index</c>, <c>storage</c>, <c>disk</c>, <c>dicom</c> and with TLS <c>certificate</c>, and whether each is good.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> CheckAsync(CancellationToken ct)
    {
        var checks = new Dictionary<string, bool>
        {
            ["index"] = await SucceedsAsync("index", IndexIsWritableAsync, ct),
            ["storage"] = await SucceedsAsync("storage", StorageIsWritableAsync, ct),
            ["disk"] = await SucceedsAsync("disk", DiskHasSpaceAsync, ct),
            ["dicom"] = await SucceedsAsync("dicom", DicomAnswersAsync, ct),
        };
        if (options.DicomTlsEnabled)
        {
            checks["certificate"] = await SucceedsAsync("certificate", _ => Task.FromResult(tls.IsGood), ct);
        }
        return checks;
    }

    private async Task<bool> SucceedsAsync(string name, Func<CancellationToken, Task<bool>> check, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            var good = await check(either.Token).WaitAsync(either.Token);
            if (!good)
            {
                LogNotReady(name, name == "disk" ? "below the limit" : "not good");
            }
            return good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException or AssociationException or AuthenticationException && !ct.IsCancellationRequested)
        {
            LogNotReady(name, e.Message);
            return false;
        }
    }

    // an empty transaction of the writer: proves that its thread lives and the database is not locked
    private async Task<bool> IndexIsWritableAsync(CancellationToken ct)
    {
        await writer.WriteAsync((_, _) => Task.CompletedTask, ct);
        return true;
    }

    private async Task<bool> StorageIsWritableAsync(CancellationToken ct)
    {
        await using var file = new FileStream(
            Path.Join(options.StorageDirectory, $".ready-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        await file.WriteAsync(new byte[1], ct);
        return true;
    }

    private Task<bool> DiskHasSpaceAsync(CancellationToken ct) =>
        Task.FromResult(new DriveInfo(options.StorageDirectory).AvailableFreeSpace > (storage.MinimumFreeSpace ?? 0));

    // a C-ECHO (PS3.4 annex A) as any device sends it
    private async Task<bool> DicomAnswersAsync(CancellationToken ct)
    {
        var host = IPAddress.TryParse(options.BindAddress, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? address : IPAddress.Loopback;
        var request = new AssociationRequest { CallingAe = options.DicomAet, CalledAe = options.DicomAet, TimeProvider = time }
            .Propose(Dicom.DicomUid.Verification);
        // who holds our key is trusted by us, on both sides
        var isTls = listener.DicomTlsPort == listener.DicomPort;
        try
        {
            await using var client = await DimseClient.ConnectAsync(host.ToString(), listener.DicomPort, request, isTls ? tls.ClientOptions() : null, ct);
            var status = await client.EchoAsync(ct);
            await client.ReleaseAsync(ct);
            return status.Code == DimseStatus.Success.Code;
        }
        catch (AssociationException e) when (e.Rejection is not null)
        {
            return true; // it answers; it is only full, or particular about who calls
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready: {Check}: {Reason}")]
    private partial void LogNotReady(string check, string reason);
}
