using System.Buffers.Binary;

namespace Pacs.Dicom.Network;

/// <summary>The commands of the N-services (PS3.7 §10.3).</summary>
public sealed partial class DimseCommand
{
    /// <summary>Attribute Identifier List (0000,1005): what an N-GET asks for, or what a status is about. Empty when absent.</summary>
    public IReadOnlyList<DicomTag> AttributeIdentifiers
    {
        get => GetTags(DicomTag.AttributeIdentifierList) ?? [];
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            SetTags(DicomTag.AttributeIdentifierList, value);
        }
    }

    /// <summary>An N-EVENT-REPORT-RQ (PS3.7 §10.3.1.1).</summary>
    public static DimseCommand EventReportRequest(ushort messageId, string sopClass, string sopInstance, ushort eventType) =>
        new(DimseCommandField.NEventReportRequest) { MessageId = messageId, AffectedSopClass = sopClass, AffectedSopInstance = sopInstance, EventTypeId = eventType };

    /// <summary>An N-GET-RQ (PS3.7 §10.3.2.1).</summary>
    /// <param name="messageId">Its number.</param>
    /// <param name="sopClass">Requested SOP Class UID.</param>
    /// <param name="sopInstance">Requested SOP Instance UID.</param>
    /// <param name="attributes">What to answer; empty for everything.</param>
    public static DimseCommand GetAttributesRequest(ushort messageId, string sopClass, string sopInstance, IReadOnlyList<DicomTag> attributes) =>
        new(DimseCommandField.NGetRequest) { MessageId = messageId, RequestedSopClass = sopClass, RequestedSopInstance = sopInstance, AttributeIdentifiers = attributes };

    /// <summary>An N-SET-RQ (PS3.7 §10.3.3.1).</summary>
    public static DimseCommand SetRequest(ushort messageId, string sopClass, string sopInstance) =>
        new(DimseCommandField.NSetRequest) { MessageId = messageId, RequestedSopClass = sopClass, RequestedSopInstance = sopInstance };

    /// <summary>An N-ACTION-RQ (PS3.7 §10.3.4.1).</summary>
    public static DimseCommand ActionRequest(ushort messageId, string sopClass, string sopInstance, ushort actionType) =>
        new(DimseCommandField.NActionRequest) { MessageId = messageId, RequestedSopClass = sopClass, RequestedSopInstance = sopInstance, ActionTypeId = actionType };

    /// <summary>An N-CREATE-RQ (PS3.7 §10.3.5.1).</summary>
    /// <param name="messageId">Its number.</param>
    /// <param name="sopClass">Affected SOP Class UID.</param>
    /// <param name="sopInstance">Affected SOP Instance UID; null leaves the choice to the peer.</param>
    public static DimseCommand CreateRequest(ushort messageId, string sopClass, string? sopInstance) =>
        new(DimseCommandField.NCreateRequest) { MessageId = messageId, AffectedSopClass = sopClass, AffectedSopInstance = sopInstance };

    /// <summary>An N-DELETE-RQ (PS3.7 §10.3.6.1).</summary>
    public static DimseCommand DeleteRequest(ushort messageId, string sopClass, string sopInstance) =>
        new(DimseCommandField.NDeleteRequest) { MessageId = messageId, RequestedSopClass = sopClass, RequestedSopInstance = sopInstance };

    /// <summary>The response to a request of the N-services. Event and Action Type ID are repeated, as is required when a reply follows (PS3.7 §10.3.1.2, §10.3.4.2).</summary>
    internal static DimseCommand NResponseTo(DimseCommand request, string sopInstance, NResult result)
    {
        var status = result.Status;
        return new((DimseCommandField)((ushort)request.Field | 0x8000))
        {
            MessageIdBeingRespondedTo = request.MessageId,
            AffectedSopClass = request.SopClass,
            AffectedSopInstance = sopInstance,
            EventTypeId = request.EventTypeId,
            ActionTypeId = request.ActionTypeId,
            Status = status with { OffendingElements = null },
            AttributeIdentifiers = status.OffendingElements ?? [],
        };
    }

    private void SetTags(DicomTag list, IReadOnlyList<DicomTag> tags)
    {
        if (tags.Count == 0)
        {
            return;
        }
        var bytes = new byte[tags.Count * 4];
        for (var i = 0; i < tags.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 4), tags[i].Group);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((i * 4) + 2), tags[i].Element);
        }
        _elements.Set(new DicomElement(list, DicomVr.AT, bytes));
    }
}
