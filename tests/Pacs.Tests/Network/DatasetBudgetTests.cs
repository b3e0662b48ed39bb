using System.Collections.Concurrent;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>Large data sets of many associations share one budget; small ones always pass.</summary>
public sealed class DatasetBudgetTests
{
    private const string Push = DicomUid.StorageCommitmentPushModel;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Holds each request until it is let go.</summary>
    private sealed class Holding : INHandler
    {
        public ConcurrentQueue<TaskCompletionSource> Held { get; } = new();

        public async ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
        {
            if (request.TypeId == 2)
            {
                return DimseStatus.Success;
            }
            var let = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Held.Enqueue(let);
            await let.Task;
            return DimseStatus.Success;
        }
    }

    [Theory]
    [InlineData(DicomUid.ExplicitVRLittleEndian)]
    [InlineData(DicomUid.DeflatedExplicitVRLittleEndian)]
    public async Task A_large_request_is_refused_while_another_has_the_memory_and_a_small_one_is_not(string syntax)
    {
        var holding = new Holding();
        var server = new DimseServer(new AcceptorPolicy { Datasets = new DatasetBudget(DimseHandlers.MaxNDataset) }, new DimseHandlers().AddN(holding, Push));
        var request = Wire.Request().Propose(Push, syntax);
        var (first, served1) = await Wire.ConnectAsync(server, request);
        var (second, served2) = await Wire.ConnectAsync(server, request);
        var large = new DicomDataset().Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[12 * 1024 * 1024]));
        var small = new DicomDataset().Set(DicomTag.TransactionUID, "1.2.3");

        var holds = first.NActionAsync(Push, DicomUid.StorageCommitmentPushModelInstance, 1, large, Ct);
        TaskCompletionSource? let;
        while (!holding.Held.TryDequeue(out let))
        {
            await Task.Delay(5, Ct);
        }
        Assert.Equal(0x0213, (await second.NActionAsync(Push, DicomUid.StorageCommitmentPushModelInstance, 2, large, Ct)).Status.Code);
        Assert.Equal(DimseStatus.Success, (await second.NActionAsync(Push, DicomUid.StorageCommitmentPushModelInstance, 2, small, Ct)).Status);
        let.SetResult();
        Assert.Equal(DimseStatus.Success, (await holds).Status);
        Assert.Equal(DimseStatus.Success, (await second.NActionAsync(Push, DicomUid.StorageCommitmentPushModelInstance, 2, large, Ct)).Status);
        await first.ReleaseAsync(Ct);
        await second.ReleaseAsync(Ct);
        await first.DisposeAsync();
        await second.DisposeAsync();
        await Task.WhenAll(served1, served2);
    }
}
