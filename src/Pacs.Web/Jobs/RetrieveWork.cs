using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>What a <c>DicomMoveScu</c> or <c>DicomGetScu</c> job does in its turn: asks a node to send studies to somebody, or over the same association to us (PS3.4 §C.4.2, §C.4.3).</summary>
internal sealed class RetrieveWork(JobQueue queue, ModalityConnections connections, StoreScp store)
{
    // requests in a turn: others have theirs after it
    private const int Turn = 20;

    /// <summary>Makes the requests that are to be done now.</summary>
    /// <param name="turn">Gets the outcomes.</param>
    /// <param name="content">The job.</param>
    /// <param name="node">Who is asked.</param>
    /// <param name="halt">Cancels the request that is on its way (C-CANCEL) and stops.</param>
    /// <param name="abort">Aborts the association.</param>
    /// <exception cref="DicomException">The node cannot be reached, rejects, has not this service, or its association ended.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async Task RunAsync(JobTurn turn, RetrieveJob content, Modality node, CancellationToken halt, CancellationToken abort)
    {
        var isMove = content.TargetAet is not null;
        var items = await queue.WaitingAsync(turn.Job, Turn, halt);
        var models = items.Select(i => content.Queries[i.Ordinal].Model(isMove)).Distinct(StringComparer.Ordinal).ToArray();
        if (models.Length == 0)
        {
            return;
        }
        await using var client = await connections.ConnectAsync(node, r => isMove ? models.Aggregate(r, (all, model) => all.Propose(model)) : RetrieveContexts.Propose(r, models), halt);
        await using var aborting = abort.Register(() => client.Association.Abort());
        foreach (var item in items)
        {
            if (halt.IsCancellationRequested)
            {
                break;
            }
            var keys = content.Queries[item.Ordinal];
            RetrieveResult result;
            try
            {
                result = isMove
                    ? await client.MoveAsync(keys.Model(isMove), keys.ToIdentifier(), content.TargetAet!, progress: null, halt)
                    : await client.GetAsync(keys.Model(isMove), keys.ToIdentifier(), new Received(store), progress: null, halt);
            }
            catch (AssociationException)
            {
                // one that a node breaks off at each time goes behind the others, and is given up in the end
                await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Waiting, 0));
                throw;
            }
            if (result.Status.Kind != DimseStatusKind.Cancel)
            {
                await turn.AddAsync(Judge(item, result, turn, isMove));
            }
        }
        await client.ReleaseAsync(CancellationToken.None);
    }

    private static JobOutcome Judge(JobItem item, RetrieveResult result, JobTurn turn, bool isMove)
    {
        if (result.Status.Kind == DimseStatusKind.Success && result.Failed == 0)
        {
            return new JobOutcome(item.Ordinal, JobItemState.Sent, 0);
        }
        turn.Error = JobErrors.Refused(turn.Job.Node, JobFault.NotRetrieved, isMove ? "C-MOVE with " : "C-GET with ", result.Status);
        // out of resources, A701H and A702H, may pass (PS3.4 tables C.4-2 and C.4-3); somebody who waits hears at once
        var mayPass = result.Status.Code is 0xA701 or 0xA702 && turn.Job.Patience > 0;
        return new JobOutcome(item.Ordinal, mayPass ? JobItemState.Waiting : JobItemState.Failed, result.Status.Code);
    }

    /// <summary>Stores what comes by C-GET. The association is ours, but the instances come from whom we have called.</summary>
    private sealed class Received(StoreScp store) : IStoreHandler
    {
        public ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct) =>
            store.StoreAsync(request with { Peer = request.Peer with { CallingAe = request.Peer.CalledAe, CalledAe = request.Peer.CallingAe } }, data, ct);
    }
}

/// <summary>What is proposed for a C-GET, before anybody knows which instances come (PS3.4 §C.5.3).</summary>
internal static class RetrieveContexts
{
    // the transfer syntax of a context is the node's choice: compressed ones have a context of their own, so that it need not decompress
    private static readonly string[] Compressed =
    [
        DicomUid.JPEGBaseline8Bit, DicomUid.JPEGLosslessSV1, DicomUid.JPEG2000Lossless, DicomUid.JPEG2000, DicomUid.JPEGLSLossless, DicomUid.JPEGLSNearLossless, DicomUid.RLELossless, DicomUid.JPEGExtended12Bit,
        DicomUid.JPEGLossless, DicomUid.MPEG4HP41, DicomUid.MPEG2MPML,
    ];

    /// <summary>With images: two contexts each.</summary>
    public static IReadOnlyList<string> Images { get; } =
    [
        DicomUid.UltrasoundImageStorage, DicomUid.UltrasoundMultiFrameImageStorage, DicomUid.EnhancedUSVolumeStorage, DicomUid.ComputedRadiographyImageStorage, DicomUid.DigitalXRayImageStorageForPresentation,
        DicomUid.DigitalXRayImageStorageForProcessing, DicomUid.DigitalMammographyXRayImageStorageForPresentation, DicomUid.DigitalMammographyXRayImageStorageForProcessing,
        DicomUid.BreastTomosynthesisImageStorage, DicomUid.DigitalIntraOralXRayImageStorageForPresentation, DicomUid.CTImageStorage, DicomUid.EnhancedCTImageStorage, DicomUid.MRImageStorage,
        DicomUid.EnhancedMRImageStorage, DicomUid.XRayAngiographicImageStorage, DicomUid.XRayRadiofluoroscopicImageStorage, DicomUid.EnhancedXAImageStorage, DicomUid.NuclearMedicineImageStorage,
        DicomUid.PositronEmissionTomographyImageStorage, DicomUid.SecondaryCaptureImageStorage, DicomUid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        DicomUid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage, DicomUid.MultiFrameTrueColorSecondaryCaptureImageStorage, DicomUid.MultiFrameSingleBitSecondaryCaptureImageStorage,
        DicomUid.VLEndoscopicImageStorage, DicomUid.VLMicroscopicImageStorage, DicomUid.VLPhotographicImageStorage, DicomUid.VideoEndoscopicImageStorage, DicomUid.VideoMicroscopicImageStorage,
        DicomUid.VideoPhotographicImageStorage, DicomUid.OphthalmicPhotography8BitImageStorage, DicomUid.OphthalmicPhotography16BitImageStorage, DicomUid.OphthalmicTomographyImageStorage,
        DicomUid.RTImageStorage, DicomUid.SegmentationStorage,
    ];

    /// <summary>Without: one.</summary>
    public static IReadOnlyList<string> Documents { get; } =
    [
        DicomUid.BasicTextSRStorage, DicomUid.EnhancedSRStorage, DicomUid.ComprehensiveSRStorage, DicomUid.Comprehensive3DSRStorage, DicomUid.KeyObjectSelectionDocumentStorage,
        DicomUid.MammographyCADSRStorage, DicomUid.XRayRadiationDoseSRStorage, DicomUid.EncapsulatedPDFStorage, DicomUid.EncapsulatedCDAStorage, DicomUid.GrayscaleSoftcopyPresentationStateStorage,
        DicomUid.ColorSoftcopyPresentationStateStorage, DicomUid.TwelveLeadECGWaveformStorage, DicomUid.GeneralECGWaveformStorage, DicomUid.AmbulatoryECGWaveformStorage, DicomUid.HemodynamicWaveformStorage,
        DicomUid.BasicVoiceAudioWaveformStorage, DicomUid.RawDataStorage, DicomUid.RTStructureSetStorage, DicomUid.RTPlanStorage, DicomUid.RTDoseStorage, DicomUid.SpatialRegistrationStorage,
        DicomUid.RealWorldValueMappingStorage,
    ];

    /// <summary>The same request with the models and all of these classes, of which we are SCP.</summary>
    public static AssociationRequest Propose(AssociationRequest request, IEnumerable<string> models)
    {
        foreach (var model in models)
        {
            request = request.Propose(model);
        }
        foreach (var image in Images)
        {
            request = request.ProposeAsScp(image).ProposeAsScp(image, Compressed);
        }
        return Documents.Aggregate(request, (all, document) => all.ProposeAsScp(document));
    }
}
