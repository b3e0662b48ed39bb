using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// The storage service (PS3.4 annex B): every storage SOP class in every transfer syntax. The data set goes to the disk as it arrives; success is answered
/// when file and index are durable.
/// </summary>
public sealed partial class StoreScp(Archive archive, ILogger<StoreScp> logger) : IStoreHandler
{
    /// <inheritdoc/>
    public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
    {
        var peer = request.Peer;
        await using var staged = archive.Stage(request.SopClass, request.SopInstance, request.Context.TransferSyntax, peer.CallingAe);
        while (staged.Refusal is null)
        {
            var bytes = await data.ReadAsync(ct);
            if (bytes.IsEmpty)
            {
                break;
            }
            await staged.AppendAsync(bytes);
            data.Advance(bytes.End);
        }
        // refused half-way: the engine drains the rest, the association goes on
        var result = staged.Refusal ?? await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, peer.CallingAe, peer.CalledAe, peer.RemoteHost), ct);
        if (result.Outcome == StoreOutcome.Conflicting)
        {
            LogConflict(request.SopInstance, peer.CallingAe, peer.RemoteHost);
        }
        return StatusOf(result);
    }

    /// <summary>The status of a result (PS3.4 table B.2-1).</summary>
    public static DimseStatus StatusOf(StoreResult result) => result.Outcome switch
    {
        // the sender may forget it: also what was here already, and what is kept aside as a conflict
        StoreOutcome.Stored or StoreOutcome.AlreadyStored or StoreOutcome.Replaced or StoreOutcome.Conflicting => DimseStatus.Success,
        StoreOutcome.OutOfResources => DimseStatus.OutOfResources with { Comment = result.Reason },
        StoreOutcome.Contradiction => DimseStatus.DataSetDoesNotMatchSopClass with { Comment = result.Reason },
        _ => DimseStatus.CannotUnderstand with { Comment = result.Reason },
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instance {SopInstance} from {CallingAe} at {RemoteHost} is here already with other content: both are kept, see the conflicts")]
    private partial void LogConflict(string sopInstance, string callingAe, string remoteHost);
}
