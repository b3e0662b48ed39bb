using System.Collections.Concurrent;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// Asks nodes whether they keep instances for good (PS3.4 §J.3.2), and takes their reports (§J.3.3): on the association of the question, which stays open for a while, or on one of theirs to our
/// port, where <see cref="CommitmentScp"/> passes them on.
/// </summary>
public sealed partial class CommitmentScu(CommitmentRequests requests, ModalityConnections connections, TimeProvider time, ILogger<CommitmentScu> logger) : IHostedService, IDisposable
{
    // PS3.4 §J.3.2.1.1, §J.3.3.1.1
    private const ushort RequestCommitment = 1;
    private const ushort AllKept = 1;
    private const ushort FailuresExist = 2;

    /// <summary>
    /// How long the association of the question stays open for the report: those that report there do it as soon as they have looked. Who reports on an association of his own does not wait for our release.
    /// </summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _listening = new();

    /// <summary>Nothing to do.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends the associations that wait for reports; those come on others then.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_listening.Keys);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    /// <summary>Asks a node; its report may come at any time from now on.</summary>
    /// <param name="node">Whom.</param>
    /// <param name="request">What; it is in the index already.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The status of its answer; null when it has no storage commitment.</returns>
    /// <exception cref="AssociationException">Not reachable, rejected, no answer in time, or broken off.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async Task<DimseStatus?> AskAsync(Modality node, CommitmentRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(node);
        var client = await connections.ConnectAsync(node, r => r.Propose(DicomUid.StorageCommitmentPushModel), ct);
        var isListening = false;
        try
        {
            if (client.Association.Info.FindContext(DicomUid.StorageCommitmentPushModel) is null)
            {
                await client.ReleaseAsync(ct);
                return null;
            }
            client.AnswerEvent = (report, token) => TakeAsync(report, request.RemoteAe, token);
            var response = await client.NActionAsync(
                DicomUid.StorageCommitmentPushModel, DicomUid.StorageCommitmentPushModelInstance, RequestCommitment, CommitmentRequests.ActionOf(request), ct);
            if (response.Status.Kind is not (DimseStatusKind.Success or DimseStatusKind.Warning))
            {
                await client.ReleaseAsync(ct);
                return response.Status;
            }
            isListening = true;
            var listening = ListenAsync(client, request);
            _listening[listening] = true;
            _ = listening.ContinueWith(t => _listening.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return response.Status;
        }
        finally
        {
            if (!isListening)
            {
                await client.DisposeAsync();
            }
        }
    }

    /// <summary>Takes a report.</summary>
    /// <param name="report">The N-EVENT-REPORT-RQ.</param>
    /// <param name="remoteAe">Who sends it, by its AE title.</param>
    /// <param name="ct">Cancelled when the association is gone.</param>
    public async ValueTask<NResult> TakeAsync(NRequest report, string remoteAe, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.TypeId is not (AllKept or FailuresExist))
        {
            return DimseStatus.NoSuchEventType;
        }
        if (report.Dataset?.GetString(DicomTag.TransactionUID) is not { } transaction)
        {
            return DimseStatus.InvalidArgumentValue.With("The Transaction UID is missing", DicomTag.TransactionUID);
        }
        try
        {
            return await requests.ReportAsync(transaction, remoteAe, report.Dataset, CancellationToken.None)
                ? DimseStatus.Success
                : DimseStatus.InvalidArgumentValue.With("This AE title was asked no such question", DicomTag.TransactionUID);
        }
        catch (IndexUnavailableException e)
        {
            LogUnavailable(e);
            return DimseStatus.ResourceLimitation.With("The report could not be stored");
        }
    }

    private async Task ListenAsync(DimseClient client, CommitmentRequest request)
    {
        await Task.Yield();
        await using var _ = client;
        using var limit = new CancellationTokenSource(Linger, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            if (await client.ReceiveEventAsync(either.Token))
            {
                await client.ReleaseAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            try
            {
                await client.ReleaseAsync(CancellationToken.None); // it reports on an association of its own, or later
            }
            catch (AssociationException)
            {
                // some peers just close
            }
        }
        catch (AssociationException e)
        {
            LogEnded(request.TransactionUid, e.Failure);
        }
        catch (Exception e) when (e is DicomException or IndexUnavailableException)
        {
            LogUnavailable(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The association of storage commitment {Transaction} ended: {Failure}")]
    private partial void LogEnded(string transaction, AssociationFailure failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A report of storage commitment could not be stored")]
    private partial void LogUnavailable(Exception e);
}
