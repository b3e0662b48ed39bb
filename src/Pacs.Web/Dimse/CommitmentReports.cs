using System.Collections.Concurrent;
using System.Security.Authentication;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Brings devices the reports of storage commitment (PS3.4 §J.3.3): on the association of the request where the device keeps it open, else on one of our own to the node with its AE
/// title, where we are SCP by role selection. Until a device has its report, it is tried again, across restarts. One courier for each AE title: a device that does not answer holds
/// up no other.
/// </summary>
public sealed partial class CommitmentReports(
    Commitments commitments, CommitmentRequests requests, Modalities modalities, ModalityConnections connections, PacsOptions options, TimeProvider time, ILogger<CommitmentReports> logger) : BackgroundService
{
    /// <summary>
    /// How long to wait whether a device releases the association after its request, which most do at once, before it is taken for one that waits there for the report.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private const ushort AllKept = 1;
    private const ushort FailuresExist = 2;

    private const int MaxCouriers = 8;
    private const int Batch = 50;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CleanUp = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string CallingAe, string Transaction), EventChannel> _channels = new();
    private readonly ConcurrentDictionary<string, Task> _couriers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>A request is about to be stored, whose report may be given back on that association. <see cref="Begin"/> must follow.</summary>
    public void Expect(string callingAe, string transaction, EventChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        _channels[(callingAe, transaction)] = channel;
    }

    /// <summary>It is stored, and its report due; or it was refused.</summary>
    public void Begin(string callingAe, string transaction, bool isAccepted)
    {
        if (isAccepted)
        {
            Wake();
        }
        else
        {
            _channels.TryRemove((callingAe, transaction), out _);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var cleaned = DateTimeOffset.MinValue;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    foreach (var callingAe in await commitments.DueAsync(stoppingToken))
                    {
                        if (_couriers.Count < MaxCouriers && !_couriers.ContainsKey(callingAe))
                        {
                            // registered before it can end
                            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                            _couriers[callingAe] = CarryAsync(callingAe, start.Task, stoppingToken);
                            start.SetResult();
                        }
                    }
                    if (time.GetUtcNow() - cleaned > CleanUp)
                    {
                        cleaned = time.GetUtcNow();
                        await commitments.CleanUpAsync(stoppingToken);
                        await requests.CleanUpAsync(stoppingToken);
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailed(e); // the index may be unavailable for a while; what is due stays due
                }
                await WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops; what is due is in the index
        }
        await Task.WhenAll(_couriers.Values);
    }

    private async Task WaitAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await Task.WhenAny(_wake.WaitAsync(either.Token), Task.Delay(Look, time, either.Token));
        await either.CancelAsync();
        ct.ThrowIfCancellationRequested();
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // it is awake already
        }
    }

    /// <summary>Delivers what is due for one AE title.</summary>
    private async Task CarryAsync(string callingAe, Task start, CancellationToken ct)
    {
        await start;
        try
        {
            while (await commitments.DueAsync(callingAe, Batch, ct) is { Count: > 0 } due)
            {
                var rest = new List<Commitment>(due.Count);
                foreach (var one in due)
                {
                    if (!_channels.TryRemove((callingAe, one.TransactionUid), out var channel) || !await TryReturnAsync(one, channel, ct))
                    {
                        rest.Add(one);
                    }
                }
                // a device that calls us by another title than our own knows us by that one only
                foreach (var sameTitle in rest.GroupBy(c => c.CalledAe, StringComparer.Ordinal))
                {
                    await CallAsync(callingAe, sameTitle.Key, sameTitle, ct);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // goes on after the next start
        }
        catch (Exception e)
        {
            LogFailed(e);
        }
        finally
        {
            _couriers.TryRemove(callingAe, out _);
            Wake();
        }
    }

    /// <summary>On the association of the request, if the device keeps it open.</summary>
    private async Task<bool> TryReturnAsync(Commitment commitment, EventChannel channel, CancellationToken ct)
    {
        // the instances are looked at meanwhile
        var report = commitments.ReportAsync(commitment.Id, options.StorageCommitmentReadsFiles, ct);
        for (var begin = time.GetTimestamp(); channel.IsOpen && time.GetElapsedTime(begin) < Grace;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct);
        }
        if (await report is not { } found || !channel.IsAtRest)
        {
            return false;
        }
        var status = await channel.TryReportAsync(
            DicomUid.StorageCommitmentPushModel, DicomUid.StorageCommitmentPushModelInstance, TypeOf(found.Failed), found.Information, Patience, ct);
        if (status is not { Kind: DimseStatusKind.Success or DimseStatusKind.Warning })
        {
            LogNotThere(commitment.TransactionUid, commitment.CallingAe, status?.Code);
            return false;
        }
        await commitments.ReportedAsync(commitment, ct);
        return true;
    }

    /// <summary>On an association of our own.</summary>
    private async Task CallAsync(string callingAe, string calledAe, IEnumerable<Commitment> due, CancellationToken ct)
    {
        var open = new Queue<Commitment>(due);
        var error = "No node with this AE title is known";
        foreach (var node in modalities.WithAeTitle(callingAe).ToList())
        {
            if (open.Count == 0)
            {
                return;
            }
            try
            {
                await using var client = await connections.ConnectAsync(
                    node, r => r.ProposeAsScp(DicomUid.StorageCommitmentPushModel) with { CallingAe = node.LocalAeTitle ?? calledAe }, ct);
                if (client.Association.Info.FindContext(DicomUid.StorageCommitmentPushModel) is null)
                {
                    error = "The node does not accept storage commitment on an association of ours";
                    continue;
                }
                while (open.TryPeek(out var next))
                {
                    await ReportAsync(client, next, ct);
                    open.Dequeue();
                }
                await client.ReleaseAsync(ct);
            }
            catch (Exception e) when (e is AssociationException or AuthenticationException or IOException)
            {
                // names hosts and ports, nobody's data
                error = e.Message;
            }
        }
        foreach (var one in open)
        {
            await commitments.FailedAsync(one, error, isFinal: false, ct);
        }
    }

    private async Task ReportAsync(DimseClient client, Commitment commitment, CancellationToken ct)
    {
        if (await commitments.ReportAsync(commitment.Id, options.StorageCommitmentReadsFiles, ct) is not { } found)
        {
            return;
        }
        var response = await client.NEventReportAsync(
            DicomUid.StorageCommitmentPushModel, DicomUid.StorageCommitmentPushModelInstance, TypeOf(found.Failed), found.Information, ct);
        if (response.Status.Kind is DimseStatusKind.Success or DimseStatusKind.Warning)
        {
            await commitments.ReportedAsync(commitment, ct);
            return;
        }
        // PS3.7 §10.1.1.1.8: these say that the node knows no such transaction or report, now or later; the others that it could not just now
        var isFinal = response.Status.Code is 0x0112 or 0x0113 or 0x0114 or 0x0115 or 0x0117 or 0x0118 or 0x0119 or 0x0211 or 0x0212;
        await commitments.FailedAsync(commitment, $"The node answered {response.Status.Code:X4}H", isFinal, ct);
    }

    private TimeSpan Patience => TimeSpan.FromSeconds(options.DicomScuTimeout);

    private static ushort TypeOf(int failed) => failed == 0 ? AllKept : FailuresExist;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Storage commitment reports were interrupted; they are tried again")]
    private partial void LogFailed(Exception e);

    [LoggerMessage(Level = LogLevel.Information, Message = "{CallingAe} did not take the report of {Transaction} on its own association (status {Status}); it is called")]
    private partial void LogNotThere(string transaction, string callingAe, ushort? status);
}
