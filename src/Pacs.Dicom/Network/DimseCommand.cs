using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Pacs.Dicom.Network;

/// <summary>Command Field (0000,0100) (PS3.7 table E.1-1); bit 15 makes a response of a request.</summary>
public enum DimseCommandField : ushort
{
    /// <summary>C-STORE-RQ.</summary>
    CStoreRequest = 0x0001,

    /// <summary>C-STORE-RSP.</summary>
    CStoreResponse = 0x8001,

    /// <summary>C-GET-RQ.</summary>
    CGetRequest = 0x0010,

    /// <summary>C-GET-RSP.</summary>
    CGetResponse = 0x8010,

    /// <summary>C-FIND-RQ.</summary>
    CFindRequest = 0x0020,

    /// <summary>C-FIND-RSP.</summary>
    CFindResponse = 0x8020,

    /// <summary>C-MOVE-RQ.</summary>
    CMoveRequest = 0x0021,

    /// <summary>C-MOVE-RSP.</summary>
    CMoveResponse = 0x8021,

    /// <summary>C-ECHO-RQ.</summary>
    CEchoRequest = 0x0030,

    /// <summary>C-ECHO-RSP.</summary>
    CEchoResponse = 0x8030,

    /// <summary>N-EVENT-REPORT-RQ.</summary>
    NEventReportRequest = 0x0100,

    /// <summary>N-EVENT-REPORT-RSP.</summary>
    NEventReportResponse = 0x8100,

    /// <summary>N-GET-RQ.</summary>
    NGetRequest = 0x0110,

    /// <summary>N-GET-RSP.</summary>
    NGetResponse = 0x8110,

    /// <summary>N-SET-RQ.</summary>
    NSetRequest = 0x0120,

    /// <summary>N-SET-RSP.</summary>
    NSetResponse = 0x8120,

    /// <summary>N-ACTION-RQ.</summary>
    NActionRequest = 0x0130,

    /// <summary>N-ACTION-RSP.</summary>
    NActionResponse = 0x8130,

    /// <summary>N-CREATE-RQ.</summary>
    NCreateRequest = 0x0140,

    /// <summary>N-CREATE-RSP.</summary>
    NCreateResponse = 0x8140,

    /// <summary>N-DELETE-RQ.</summary>
    NDeleteRequest = 0x0150,

    /// <summary>N-DELETE-RSP.</summary>
    NDeleteResponse = 0x8150,

    /// <summary>C-CANCEL-RQ, which has no response of its own.</summary>
    CCancelRequest = 0x0FFF,
}

/// <summary>Priority (0000,0700) (PS3.7 §E.1).</summary>
public enum DimsePriority : ushort
{
    /// <summary>0000H.</summary>
    Medium = 0,

    /// <summary>0001H.</summary>
    High = 1,

    /// <summary>0002H.</summary>
    Low = 2,
}

/// <summary>
/// A command set (PS3.7 §6.3.1, annex E): the elements of group 0000, always in Implicit VR Little Endian. Reading is lenient about values,
/// strict about lengths; writing puts group length, tag order, even lengths and the data set type right by itself.
/// </summary>
public sealed partial class DimseCommand
{
    /// <summary>The longest command set that is read. Real ones are below 1 kB.</summary>
    public const int MaxLength = 64 * 1024;

    // (0000,0800) of a command without data set; any other value means there is one (PS3.7 §E.1)
    private const ushort NoDataset = 0x0101;

    private readonly DicomDataset _elements;

    private DimseCommand(DicomDataset elements) => _elements = elements;

    /// <summary>A command with nothing but its field; further elements through the properties' initialisers.</summary>
    public DimseCommand(DimseCommandField field)
        : this([])
    {
        Field = field;
    }

    /// <summary>The elements, without group length; for what has no property here.</summary>
    public DicomDataset Elements => _elements;

    /// <summary>What is asked or answered (0000,0100).</summary>
    public DimseCommandField Field
    {
        get => (DimseCommandField)(GetUInt16(DicomTag.CommandField) ?? 0);
        init => SetUInt16(DicomTag.CommandField, (ushort)value);
    }

    /// <summary>Whether it is a response.</summary>
    public bool IsResponse => ((ushort)Field & 0x8000) != 0;

    /// <summary>(0000,0110) of a request: unique among the outstanding ones.</summary>
    public ushort MessageId
    {
        get => GetUInt16(DicomTag.MessageID) ?? 0;
        init => SetUInt16(DicomTag.MessageID, value);
    }

    /// <summary>(0000,0120) of a response or a cancel request.</summary>
    public ushort MessageIdBeingRespondedTo
    {
        get => GetUInt16(DicomTag.MessageIDBeingRespondedTo) ?? 0;
        init => SetUInt16(DicomTag.MessageIDBeingRespondedTo, value);
    }

    /// <summary>(0000,0002), or null.</summary>
    public string? AffectedSopClass
    {
        get => GetText(DicomTag.AffectedSOPClassUID);
        init => SetText(DicomTag.AffectedSOPClassUID, DicomVr.UI, value);
    }

    /// <summary>(0000,1000), or null.</summary>
    public string? AffectedSopInstance
    {
        get => GetText(DicomTag.AffectedSOPInstanceUID);
        init => SetText(DicomTag.AffectedSOPInstanceUID, DicomVr.UI, value);
    }

    /// <summary>(0000,0003) of N-services, or null.</summary>
    public string? RequestedSopClass
    {
        get => GetText(DicomTag.RequestedSOPClassUID);
        init => SetText(DicomTag.RequestedSOPClassUID, DicomVr.UI, value);
    }

    /// <summary>(0000,1001) of N-services, or null.</summary>
    public string? RequestedSopInstance
    {
        get => GetText(DicomTag.RequestedSOPInstanceUID);
        init => SetText(DicomTag.RequestedSOPInstanceUID, DicomVr.UI, value);
    }

    /// <summary>The SOP class of the message, whichever of the two elements has it.</summary>
    public string? SopClass => AffectedSopClass ?? RequestedSopClass;

    /// <summary>(0000,0700); medium when absent.</summary>
    public DimsePriority Priority
    {
        get => (DimsePriority)(GetUInt16(DicomTag.Priority) ?? 0);
        init => SetUInt16(DicomTag.Priority, (ushort)value);
    }

    /// <summary>(0000,0600) of C-MOVE, or null.</summary>
    public string? MoveDestination
    {
        get => GetText(DicomTag.MoveDestination);
        init => SetText(DicomTag.MoveDestination, DicomVr.AE, value);
    }

    /// <summary>(0000,1030): AE title of who started the C-MOVE that a C-STORE belongs to, or null.</summary>
    public string? MoveOriginatorAe
    {
        get => GetText(DicomTag.MoveOriginatorApplicationEntityTitle);
        init => SetText(DicomTag.MoveOriginatorApplicationEntityTitle, DicomVr.AE, value);
    }

    /// <summary>(0000,1031): message id of that C-MOVE, or null.</summary>
    public ushort? MoveOriginatorMessageId
    {
        get => GetUInt16(DicomTag.MoveOriginatorMessageID);
        init => SetUInt16(DicomTag.MoveOriginatorMessageID, value);
    }

    /// <summary>(0000,1002) of N-EVENT-REPORT, or null.</summary>
    public ushort? EventTypeId
    {
        get => GetUInt16(DicomTag.EventTypeID);
        init => SetUInt16(DicomTag.EventTypeID, value);
    }

    /// <summary>(0000,1008) of N-ACTION, or null.</summary>
    public ushort? ActionTypeId
    {
        get => GetUInt16(DicomTag.ActionTypeID);
        init => SetUInt16(DicomTag.ActionTypeID, value);
    }

    /// <summary>(0000,1020) of C-MOVE and C-GET responses, or null.</summary>
    public ushort? RemainingSubOperations
    {
        get => GetUInt16(DicomTag.NumberOfRemainingSuboperations);
        init => SetUInt16(DicomTag.NumberOfRemainingSuboperations, value);
    }

    /// <summary>(0000,1021), or null.</summary>
    public ushort? CompletedSubOperations
    {
        get => GetUInt16(DicomTag.NumberOfCompletedSuboperations);
        init => SetUInt16(DicomTag.NumberOfCompletedSuboperations, value);
    }

    /// <summary>(0000,1022), or null.</summary>
    public ushort? FailedSubOperations
    {
        get => GetUInt16(DicomTag.NumberOfFailedSuboperations);
        init => SetUInt16(DicomTag.NumberOfFailedSuboperations, value);
    }

    /// <summary>(0000,1023), or null.</summary>
    public ushort? WarningSubOperations
    {
        get => GetUInt16(DicomTag.NumberOfWarningSuboperations);
        init => SetUInt16(DicomTag.NumberOfWarningSuboperations, value);
    }

    /// <summary>Whether a data set follows (0000,0800). Set by the association when it sends.</summary>
    public bool HasDataset => GetUInt16(DicomTag.CommandDataSetType) is { } type && type != NoDataset;

    /// <summary>Status of a response with comment and offending elements (0000,0900-0903). FFFFH-like codes of strangers stay as they are.</summary>
    public DimseStatus Status
    {
        get => new(GetUInt16(DicomTag.Status) ?? 0, GetText(DicomTag.ErrorComment))
        {
            OffendingElements = GetTags(DicomTag.OffendingElement),
            ErrorId = GetUInt16(DicomTag.ErrorID),
        };
        init
        {
            SetUInt16(DicomTag.Status, value.Code);
            SetUInt16(DicomTag.ErrorID, value.ErrorId);
            SetTags(DicomTag.OffendingElement, value.OffendingElements ?? []);
            if (value.Comment is { Length: > 0 } comment)
            {
                // LO: 64 characters; a command set has no character set but the default one (PS3.7 §6.3.1), and no backslash in one value
                var text = string.Create(Math.Min(comment.Length, 64), comment, static (span, from) =>
                {
                    for (var i = 0; i < span.Length; i++)
                    {
                        span[i] = from[i] is >= ' ' and <= '~' and not '\\' ? from[i] : '?';
                    }
                });
                SetText(DicomTag.ErrorComment, DicomVr.LO, text);
            }
        }
    }

    /// <summary>A C-ECHO-RQ (PS3.7 §9.3.5.1).</summary>
    public static DimseCommand EchoRequest(ushort messageId) =>
        new(DimseCommandField.CEchoRequest) { MessageId = messageId, AffectedSopClass = DicomUid.Verification };

    /// <summary>A C-STORE-RQ (PS3.7 §9.3.1.1).</summary>
    public static DimseCommand StoreRequest(ushort messageId, string sopClass, string sopInstance, DimsePriority priority = DimsePriority.Medium) =>
        new(DimseCommandField.CStoreRequest) { MessageId = messageId, AffectedSopClass = sopClass, AffectedSopInstance = sopInstance, Priority = priority };

    /// <summary>A C-FIND-RQ (PS3.7 §9.3.2.1).</summary>
    public static DimseCommand FindRequest(ushort messageId, string sopClass, DimsePriority priority = DimsePriority.Medium) =>
        new(DimseCommandField.CFindRequest) { MessageId = messageId, AffectedSopClass = sopClass, Priority = priority };

    /// <summary>A C-CANCEL-RQ for the request with that id (PS3.7 §9.3.2.3).</summary>
    public static DimseCommand CancelRequest(ushort messageId) =>
        new(DimseCommandField.CCancelRequest) { MessageIdBeingRespondedTo = messageId };

    /// <summary>The response to a request: its id, SOP class and instance, and a status (PS3.7 §9.3, §10.3).</summary>
    public static DimseCommand ResponseTo(DimseCommand request, DimseStatus status)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new((DimseCommandField)((ushort)request.Field | 0x8000))
        {
            MessageIdBeingRespondedTo = request.MessageId,
            AffectedSopClass = request.SopClass,
            AffectedSopInstance = request.AffectedSopInstance ?? request.RequestedSopInstance,
            Status = status,
        };
    }

    /// <summary>Reads a command set.</summary>
    /// <param name="bytes">The whole of it; kept, not copied.</param>
    /// <exception cref="AssociationException">Not a command set: lengths that do not fit, another group than 0000, no command field.</exception>
    public static DimseCommand Read(ReadOnlyMemory<byte> bytes)
    {
        var elements = new DicomDataset();
        for (var at = 0; at < bytes.Length;)
        {
            var span = bytes.Span[at..];
            if (span.Length < 8)
            {
                throw AssociationException.Invalid("The command set ends within an element", at);
            }
            var tag = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(span), BinaryPrimitives.ReadUInt16LittleEndian(span[2..]));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
            if (tag.Group != 0)
            {
                throw AssociationException.Invalid("The command set has an element outside group 0000", at);
            }
            if (length > span.Length - 8)
            {
                throw AssociationException.Invalid("An element is longer than the command set", at);
            }
            if (!tag.IsGroupLength)
            {
                elements.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), bytes.Slice(at + 8, (int)length)));
            }
            at += 8 + (int)length;
        }
        if (elements.Get(DicomTag.CommandField) is not { Value.Length: 2 })
        {
            throw AssociationException.Invalid("The command set has no command field", 0);
        }
        return new DimseCommand(elements);
    }

    /// <summary>The bytes of the command set.</summary>
    /// <param name="hasDataset">Whether a data set follows: becomes (0000,0800).</param>
    /// <param name="output">Where to.</param>
    public void Write(bool hasDataset, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        // any value but 0101H says that there is a data set (PS3.7 §E.1)
        SetUInt16(DicomTag.CommandDataSetType, hasDataset ? (ushort)0x0000 : NoDataset);
        var length = 0;
        foreach (var element in _elements)
        {
            length += 8 + element.Value.Length + (element.Value.Length & 1);
        }
        var span = output.GetSpan(12 + length);
        // (0000,0000) Command Group Length: bytes behind its own value (PS3.7 §E.1)
        span[..12].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], (uint)length);
        var at = 12;
        foreach (var element in _elements)
        {
            var value = element.Value.Span;
            BinaryPrimitives.WriteUInt16LittleEndian(span[at..], element.Tag.Group);
            BinaryPrimitives.WriteUInt16LittleEndian(span[(at + 2)..], element.Tag.Element);
            BinaryPrimitives.WriteUInt32LittleEndian(span[(at + 4)..], (uint)(value.Length + (value.Length & 1)));
            value.CopyTo(span[(at + 8)..]);
            at += 8 + value.Length;
            if ((value.Length & 1) != 0)
            {
                span[at++] = element.Vr.Padding;
            }
        }
        output.Advance(at);
    }

    /// <summary>Field, message id and status: nothing about a patient.</summary>
    public override string ToString() =>
        IsResponse ? $"{Field} to {MessageIdBeingRespondedTo}: {Status.Code:X4}H" : $"{Field} {MessageId}";

    private ushort? GetUInt16(DicomTag tag) =>
        _elements.TryGet(tag, out var element) && element.Value.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(element.Value.Span) : null;

    private void SetUInt16(DicomTag tag, ushort? value)
    {
        if (value is { } number)
        {
            var bytes = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, number);
            _elements.Set(new DicomElement(tag, DicomVr.US, bytes));
        }
    }

    private string? GetText(DicomTag tag) =>
        _elements.TryGet(tag, out var element) && Encoding.Latin1.GetString(element.Value.Span).Trim(' ', '\0') is { Length: > 0 } text ? text : null;

    private void SetText(DicomTag tag, DicomVr vr, string? value)
    {
        if (value is not null)
        {
            _elements.Set(new DicomElement(tag, vr, Encoding.Latin1.GetBytes(value)));
        }
    }

    private DicomTag[]? GetTags(DicomTag tag)
    {
        if (!_elements.TryGet(tag, out var element) || element.Value.Length < 4)
        {
            return null;
        }
        var tags = new DicomTag[element.Value.Length / 4];
        for (var i = 0; i < tags.Length; i++)
        {
            var four = element.Value.Span[(i * 4)..];
            tags[i] = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(four), BinaryPrimitives.ReadUInt16LittleEndian(four[2..]));
        }
        return tags;
    }
}
