namespace Pacs.Dicom.Network;

/// <summary>The five kinds of status (PS3.7 annex C).</summary>
public enum DimseStatusKind
{
    /// <summary>Done.</summary>
    Success,

    /// <summary>More responses follow.</summary>
    Pending,

    /// <summary>Stopped because the requestor wished so.</summary>
    Cancel,

    /// <summary>Done, but not quite as asked.</summary>
    Warning,

    /// <summary>Not done.</summary>
    Failure,
}

/// <summary>
/// The status of a response (PS3.7 annex C, and the service class's annex of PS3.4), with what may explain it. Names follow the standard;
/// codes with xx in the standard are named by the first of their range.
/// </summary>
/// <param name="Code">(0000,0900).</param>
/// <param name="Comment">(0000,0902) Error Comment: at most 64 characters of ASCII are sent, so no patient data belong into it. Null for none.</param>
public readonly record struct DimseStatus(ushort Code, string? Comment = null)
{
    /// <summary>(0000,0901): the elements that are the cause, or null.</summary>
    public IReadOnlyList<DicomTag>? OffendingElements { get; init; }

    /// <summary>(0000,0903): a number that some SOP classes give to an error, or null.</summary>
    public ushort? ErrorId { get; init; }

    /// <summary>0000H: done (PS3.7 §C.1.1).</summary>
    public static DimseStatus Success => new(0x0000);

    /// <summary>FF00H: a match; all optional keys were matched on (PS3.7 §C.1.3, PS3.4 table C.4-1).</summary>
    public static DimseStatus Pending => new(0xFF00);

    /// <summary>FF01H: a match; an optional key was not supported (PS3.4 table C.4-1).</summary>
    public static DimseStatus PendingWithUnsupportedKeys => new(0xFF01);

    /// <summary>FE00H: ended by C-CANCEL-RQ (PS3.7 §C.1.4).</summary>
    public static DimseStatus Cancel => new(0xFE00);

    /// <summary>A700H: out of resources; the disk is full (PS3.4 tables B.2-1 and C.4-1).</summary>
    public static DimseStatus OutOfResources => new(0xA700);

    /// <summary>A900H: the data set, or the identifier, does not match the SOP class (PS3.4 tables B.2-1 and C.4-1).</summary>
    public static DimseStatus DataSetDoesNotMatchSopClass => new(0xA900);

    /// <summary>C000H: cannot understand (PS3.4 table B.2-1), unable to process (table C.4-1).</summary>
    public static DimseStatus CannotUnderstand => new(0xC000);

    /// <summary>B000H: stored, with data elements coerced (PS3.4 table B.2-1); sub-operations complete with failures (table C.4-2).</summary>
    public static DimseStatus CoercionOfDataElements => new(0xB000);

    /// <summary>B006H: stored, with elements discarded (PS3.4 table B.2-1).</summary>
    public static DimseStatus ElementsDiscarded => new(0xB006);

    /// <summary>B007H: stored, though the data set does not match the SOP class (PS3.4 table B.2-1).</summary>
    public static DimseStatus StoredButDoesNotMatchSopClass => new(0xB007);

    /// <summary>A701H: out of resources, unable to count matches (PS3.4 table C.4-2).</summary>
    public static DimseStatus UnableToCalculateMatches => new(0xA701);

    /// <summary>A702H: out of resources, unable to perform sub-operations (PS3.4 table C.4-2).</summary>
    public static DimseStatus UnableToPerformSubOperations => new(0xA702);

    /// <summary>A801H: the move destination is not known (PS3.4 table C.4-2).</summary>
    public static DimseStatus MoveDestinationUnknown => new(0xA801);

    /// <summary>0105H: no such attribute (PS3.7 §C.4.2).</summary>
    public static DimseStatus NoSuchAttribute => new(0x0105);

    /// <summary>0106H: an attribute's value is out of range or wrong (PS3.7 §C.5.11).</summary>
    public static DimseStatus InvalidAttributeValue => new(0x0106);

    /// <summary>0107H: attribute list error, a warning (PS3.7 §C.4.3).</summary>
    public static DimseStatus AttributeListError => new(0x0107);

    /// <summary>0110H: failed in processing, for no better known reason (PS3.7 §C.5.20).</summary>
    public static DimseStatus ProcessingFailure => new(0x0110);

    /// <summary>0111H: that SOP instance exists already (PS3.7 §C.5.6).</summary>
    public static DimseStatus DuplicateSopInstance => new(0x0111);

    /// <summary>0112H: there is no such SOP instance (PS3.7 §C.5.18).</summary>
    public static DimseStatus NoSuchSopInstance => new(0x0112);

    /// <summary>0113H: there is no such event type (PS3.7 §C.5.15).</summary>
    public static DimseStatus NoSuchEventType => new(0x0113);

    /// <summary>0114H: there is no such argument (PS3.7 §C.5.13).</summary>
    public static DimseStatus NoSuchArgument => new(0x0114);

    /// <summary>0115H: an argument's value is out of range or wrong (PS3.7 §C.5.10).</summary>
    public static DimseStatus InvalidArgumentValue => new(0x0115);

    /// <summary>0117H: the SOP instance UID is against the rules of UIDs (PS3.7 §C.5.12).</summary>
    public static DimseStatus InvalidSopInstance => new(0x0117);

    /// <summary>0118H: there is no such SOP class (PS3.7 §C.5.17).</summary>
    public static DimseStatus NoSuchSopClass => new(0x0118);

    /// <summary>0119H: the SOP instance is not of that SOP class (PS3.7 §C.5.4).</summary>
    public static DimseStatus ClassInstanceConflict => new(0x0119);

    /// <summary>0120H: a required attribute is missing (PS3.7 §C.5.22).</summary>
    public static DimseStatus MissingAttribute => new(0x0120);

    /// <summary>0121H: a required attribute has no value (PS3.7 §C.5.21).</summary>
    public static DimseStatus MissingAttributeValue => new(0x0121);

    /// <summary>0122H: the SOP class is not supported (PS3.7 §C.5.23).</summary>
    public static DimseStatus SopClassNotSupported => new(0x0122);

    /// <summary>0123H: there is no such action (PS3.7 §C.5.14).</summary>
    public static DimseStatus NoSuchAction => new(0x0123);

    /// <summary>0124H: the requestor may not do that (PS3.7 §C.5.24).</summary>
    public static DimseStatus NotAuthorized => new(0x0124);

    /// <summary>0210H: the message id is in use by another operation (PS3.7 §C.5.7).</summary>
    public static DimseStatus DuplicateInvocation => new(0x0210);

    /// <summary>0211H: an operation that nobody knows, or not for this SOP class (PS3.7 §C.5.26).</summary>
    public static DimseStatus UnrecognizedOperation => new(0x0211);

    /// <summary>0212H: an argument is not of the agreed type (PS3.7 §C.5.9).</summary>
    public static DimseStatus MistypedArgument => new(0x0212);

    /// <summary>0213H: out of resources (PS3.7 §C.5.25).</summary>
    public static DimseStatus ResourceLimitation => new(0x0213);

    /// <summary>Which of the five kinds it is (PS3.7 §C.1 to §C.5).</summary>
    public DimseStatusKind Kind => Code switch
    {
        0x0000 => DimseStatusKind.Success,
        0xFF00 or 0xFF01 => DimseStatusKind.Pending,
        0xFE00 => DimseStatusKind.Cancel,
        0x0001 or 0x0107 or 0x0116 or (>= 0xB000 and <= 0xBFFF) => DimseStatusKind.Warning,
        _ => DimseStatusKind.Failure,
    };

    /// <summary>The same status with a comment.</summary>
    public DimseStatus With(string comment, params ReadOnlySpan<DicomTag> offending) =>
        this with { Comment = comment, OffendingElements = offending.IsEmpty ? OffendingElements : offending.ToArray() };

    /// <summary>The code as DICOM prints it, <c>A700H</c>, and the comment.</summary>
    public override string ToString() => Comment is null ? $"{Code:X4}H" : $"{Code:X4}H {Comment}";
}

/// <summary>Thrown by a handler: the message is answered with this status, and the association lives.</summary>
/// <param name="status">The answer.</param>
/// <param name="inner">What caused it, for logs.</param>
public sealed class DimseStatusException(DimseStatus status, Exception? inner = null) : Exception(status.ToString(), inner)
{
    /// <summary>The answer.</summary>
    public DimseStatus Status { get; } = status;
}
