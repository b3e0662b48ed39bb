using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Logs associations: one line at the end that says what was done, one for each refused message, rejection or broken association. AE titles, addresses, UIDs of
/// SOP classes and instances, and statuses; no patient data. <see cref="Callers"/> is told who it was.
/// </summary>
public sealed partial class AssociationLog(PacsOptions options, Callers callers, TimeProvider time, ILogger<AssociationLog> logger) : IAssociationObserver
{
    private readonly ConcurrentDictionary<string, Tally> _tallies = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Accepted(AssociationInfo association)
    {
        _tallies[association.Id] = new Tally(time.GetTimestamp());
        if (!IsOwnCheck(association.CallingAe, association.RemoteHost))
        {
            callers.Note(association.CallingAe, association.RemoteHost); // now, for there are devices that hold their association all day
        }
        LogAccepted(association.Id, association.CallingAe, association.RemoteHost, association.CalledAe, association.Contexts.Count);
        if (association.UserIdentity is { } user)
        {
            // who used the device belongs into the log (PS3.7 §D.3.3.7); the passcode, ticket, assertion or token does not
            LogUser(association.CallingAe, association.RemoteHost, user.Type, user.Username is { } name ? Short(name) : "?", options.DicomUsers.Count > 0 ? "checked" : "not checked");
        }
    }

    /// <inheritdoc/>
    public void Rejected(string remoteHost, string callingAe, string calledAe, AssociateRejectPdu rejection)
    {
        if (IsOwnCheck(callingAe, remoteHost))
        {
            LogOwnRejected(rejection.Result, rejection.Source, rejection.Reason); // our health check, every half minute
            return;
        }
        callers.NoteRejected(callingAe, remoteHost);
        LogRejected(callingAe, remoteHost, calledAe, rejection.Result, rejection.Source, rejection.Reason);
    }

    /// <inheritdoc/>
    public void Answered(AssociationInfo association, DimseCommand request, DimseStatus status, long dataBytes, TimeSpan duration)
    {
        var good = status.Kind is DimseStatusKind.Success or DimseStatusKind.Warning or DimseStatusKind.Cancel;
        if (_tallies.TryGetValue(association.Id, out var tally))
        {
            tally.Count(request, status, good, dataBytes);
        }
        if (good)
        {
            LogAnswered(association.Id, request.Field, status, duration.TotalMilliseconds);
        }
        else
        {
            LogRefused(request.Field, association.CallingAe, association.RemoteHost, Short(request.SopClass ?? "?"), Short(request.AffectedSopInstance ?? request.RequestedSopInstance ?? "?"), status);
        }
    }

    /// <inheritdoc/>
    public void Ended(AssociationInfo? association, string remoteHost, Exception? cause)
    {
        switch (cause)
        {
            case null:
                break;
            case AssociationException { Failure: AssociationFailure.ConnectionLost } when association is null:
                LogNothingCame(remoteHost); // port scans and health checks of others
                break;
            case AssociationException e:
                LogBroken(association?.CallingAe ?? "?", remoteHost, e.Failure, e.Message);
                break;
            default:
                LogFailed(cause, association?.CallingAe ?? "?", remoteHost);
                break;
        }
        if (association is not null && _tallies.TryRemove(association.Id, out var tally))
        {
            if (!IsOwnCheck(association.CallingAe, remoteHost))
            {
                callers.Note(association.CallingAe, remoteHost, tally.Asked, tally.NotAllowed, tally.LastInstance);
            }
            var seconds = time.GetElapsedTime(tally.StartedAt).TotalSeconds;
            if (tally.IsWorthALine)
            {
                LogDone(association.CallingAe, remoteHost, tally.Stored, tally.MegaBytes, tally.Queries, tally.Retrieves, tally.Steps, tally.Commitments, tally.Refused, seconds);
            }
            else
            {
                LogEnded(association.Id, seconds);
            }
        }
    }

    private bool IsOwnCheck(string callingAe, string remoteHost) =>
        callingAe == options.DicomAet.Trim() && IPAddress.TryParse(remoteHost, out var address) && IPAddress.IsLoopback(address);

    // a command set has room for 64 kB of what should be a UID
    private static string Short(string name) => name.Length <= 64 ? name : name[..64] + "...";

    /// <summary>What an association has done. Written by the association's own flow only.</summary>
    private sealed class Tally(long startedAt)
    {
        private long _bytes;
        private DimseCommand? _lastStored;

        public long StartedAt { get; } = startedAt;

        public ModalityPermissions Asked { get; private set; }

        public ModalityPermissions NotAllowed { get; private set; }

        public string? LastInstance => _lastStored?.AffectedSopInstance;

        public int Stored { get; private set; }

        public int Queries { get; private set; }

        public int Retrieves { get; private set; }

        public int Steps { get; private set; }

        public int Commitments { get; private set; }

        public int Refused { get; private set; }

        public double MegaBytes => _bytes / 1e6;

        /// <summary>False when it only said hello, as health checks do all day.</summary>
        public bool IsWorthALine => Stored + Queries + Retrieves + Steps + Commitments + Refused > 0;

        public void Count(DimseCommand request, DimseStatus status, bool good, long bytes)
        {
            var field = request.Field;
            // the names in the command set are read when they are asked for: not for each of thousands of images
            var service = Modalities.ServiceOf(field, field == DimseCommandField.CFindRequest ? request.SopClass : null);
            Asked |= service;
            NotAllowed = status.Code == DimseStatus.NotAuthorized.Code ? NotAllowed | service : NotAllowed & ~service;
            Debug.Assert(((int)field & 0x8000) == 0, "a response is counted as a request");
            if (!good)
            {
                Refused++;
            }
            else
            {
                switch (field)
                {
                    case DimseCommandField.CStoreRequest:
                        Stored++;
                        _lastStored = request;
                        _bytes += bytes;
                        break;
                    case DimseCommandField.CFindRequest:
                        Queries++;
                        break;
                    case DimseCommandField.CMoveRequest or DimseCommandField.CGetRequest:
                        Retrieves++;
                        break;
                    case DimseCommandField.NActionRequest or DimseCommandField.NEventReportRequest:
                        Commitments++;
                        break;
                    case DimseCommandField.NCreateRequest or DimseCommandField.NSetRequest or DimseCommandField.NGetRequest:
                        Steps++;
                        break;
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Association {Id}: {CallingAe} at {RemoteHost} calls {CalledAe}, {Contexts} presentation contexts")]
    private partial void LogAccepted(string id, string callingAe, string remoteHost, string calledAe, int contexts);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rejected {CallingAe} at {RemoteHost}, who calls {CalledAe}: {Result}, source {RejectSource}, reason {Reason} (PS3.8 table 9-21)")]
    private partial void LogRejected(string callingAe, string remoteHost, string calledAe, RejectResult result, byte rejectSource, byte reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{CallingAe} at {RemoteHost} shows a user identity ({Kind}): user {User}, {Checked}")]
    private partial void LogUser(string callingAe, string remoteHost, UserIdentityType kind, string user, string @checked);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Rejected our own health check: {Result}, source {RejectSource}, reason {Reason}")]
    private partial void LogOwnRejected(RejectResult result, byte rejectSource, byte reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Association {Id}: {Field} answered {Status} after {Milliseconds:0.0} ms")]
    private partial void LogAnswered(string id, DimseCommandField field, DimseStatus status, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused {Field} of {CallingAe} at {RemoteHost}: SOP class {SopClass}, instance {SopInstance}: {Status}")]
    private partial void LogRefused(DimseCommandField field, string callingAe, string remoteHost, string sopClass, string sopInstance, DimseStatus status);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A connection from {RemoteHost} ended before it asked for anything")]
    private partial void LogNothingCame(string remoteHost);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The association with {CallingAe} at {RemoteHost} broke: {Failure}: {Reason}")]
    private partial void LogBroken(string callingAe, string remoteHost, AssociationFailure failure, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The association with {CallingAe} at {RemoteHost} failed on our side")]
    private partial void LogFailed(Exception cause, string callingAe, string remoteHost);

    [LoggerMessage(Level = LogLevel.Information, Message = "{CallingAe} at {RemoteHost}: {Stored} instances stored ({MegaBytes:0.0} MB), {Queries} queries, {Retrieves} retrieves, {Steps} messages about performed steps, {Commitments} about storage commitment, {Refused} refused, {Seconds:0.0} s")]
    private partial void LogDone(string callingAe, string remoteHost, int stored, double megaBytes, int queries, int retrieves, int steps, int commitments, int refused, double seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Association {Id} ended after {Seconds:0.0} s")]
    private partial void LogEnded(string id, double seconds);
}
