namespace Pacs.Dicom.Network;

/// <summary>The score of a retrieve: what is done, what failed, and the responses that say so (PS3.4 §C.4.2.1.5 to §C.4.2.1.8, §C.4.3.1.4).</summary>
internal sealed class SubOperations
{
    // a UI value has a 16-bit length in explicit VR (PS3.5 §7.1.2): about a thousand UIDs, and more help nobody
    private const int MaxFailedList = 0xFFFE;

    private readonly Lock _lock = new();
    private readonly HashSet<OutgoingInstance> _open;
    private readonly List<string> _failedUids = [];
    private int _failedLength;
    private DimseStatus? _firstFailure;
    private int _completed;
    private int _failed;
    private int _warning;
    private long _bytes;

    public SubOperations(IReadOnlyList<OutgoingInstance> instances) => _open = new(instances, ReferenceEqualityComparer.Instance);

    /// <summary>Counts one sub-operation.</summary>
    public void Count(SentInstance sent)
    {
        lock (_lock)
        {
            if (!_open.Remove(sent.Instance))
            {
                return;
            }
            _bytes += sent.Bytes;
            if (!sent.IsStored)
            {
                // a comment of the destination is for us: nobody knows what is in it
                Fail(sent.Instance, sent.WasSent ? new DimseStatus(sent.Status.Code) : sent.Status);
            }
            else if (sent.Status.Kind == DimseStatusKind.Warning)
            {
                _warning++;
            }
            else
            {
                _completed++;
            }
        }
    }

    /// <summary>The destination cannot be reached any more: what is not done has failed.</summary>
    public void FailRest(DimseStatus why)
    {
        lock (_lock)
        {
            foreach (var instance in _open)
            {
                Fail(instance, why);
            }
            _open.Clear();
        }
    }

    /// <summary>How it ended, when everything has been tried.</summary>
    public DimseStatus FinalStatus()
    {
        lock (_lock)
        {
            if (_failed == 0)
            {
                return _warning == 0 ? DimseStatus.Success : DimseStatus.CoercionOfDataElements.With("Sub-operations with warnings");
            }
            // B000H when some arrived; a failure when none did (PS3.4 §C.4.2.3.1)
            var status = _completed + _warning > 0 ? DimseStatus.CoercionOfDataElements : DimseStatus.UnableToPerformSubOperations;
            return status.With(_firstFailure?.Comment ?? $"Status {_firstFailure?.Code:X4}H of a sub-operation");
        }
    }

    /// <summary>What there is to say.</summary>
    public RetrieveResult Result(DimseStatus status)
    {
        lock (_lock)
        {
            return new RetrieveResult(status, _open.Count, _completed, _failed, _warning)
            {
                FailedInstances = [.. _failedUids],
                Bytes = _bytes,
            };
        }
    }

    /// <summary>A response with the counts. Remaining ones are named in pending and cancelled ones only (PS3.7 §9.1.3.1.6, §9.1.4.1.6).</summary>
    public DimseCommand Response(DimseCommand request, DimseStatus status)
    {
        var result = Result(status);
        return new DimseCommand((DimseCommandField)((ushort)request.Field | 0x8000))
        {
            MessageIdBeingRespondedTo = request.MessageId,
            AffectedSopClass = request.SopClass,
            Status = status,
            RemainingSubOperations = status.Kind is DimseStatusKind.Pending or DimseStatusKind.Cancel ? Number(result.Remaining) : null,
            CompletedSubOperations = Number(result.Completed),
            FailedSubOperations = Number(result.Failed),
            WarningSubOperations = Number(result.Warning),
        };
    }

    /// <summary>Failed SOP Instance UID List, or null when there is nothing in it; the first ones when they are too many (PS3.4 §C.4.2.1.4.2).</summary>
    public DicomDataset? FailedList()
    {
        lock (_lock)
        {
            return _failedUids.Count == 0 ? null : new DicomDataset().Set(DicomTag.FailedSOPInstanceUIDList, [.. _failedUids]);
        }
    }

    // US
    private static ushort Number(int count) => (ushort)Math.Min(count, ushort.MaxValue);

    private void Fail(OutgoingInstance instance, DimseStatus why)
    {
        _failed++;
        _firstFailure ??= why;
        if (_failedLength + instance.SopInstance.Length + 1 <= MaxFailedList)
        {
            _failedLength += instance.SopInstance.Length + 1;
            _failedUids.Add(instance.SopInstance);
        }
    }
}
