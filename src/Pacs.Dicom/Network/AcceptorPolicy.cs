namespace Pacs.Dicom.Network;

/// <summary>
/// What an acceptor agrees to (PS3.8 §7.1.1). Immutable and shared by all associations. The defaults accept every peer and every SOP class
/// in the first transfer syntax it proposes; <see cref="DimseServer"/> narrows SOP classes and syntaxes to what its handlers claim.
/// </summary>
public sealed record AcceptorPolicy
{
    /// <summary>Whether we are called by a title of ours; null, the default, takes any: devices in the field often have a wrong one configured.</summary>
    public Func<string, bool>? AcceptsTitle { get; init; }

    /// <summary>Whether a caller is welcome; null, the default, welcomes all. An AE title is a name, not a secret: the host belongs to the check.</summary>
    public Func<string, string, bool>? AcceptsCaller { get; init; }

    /// <summary>
    /// Whether a user identity from a host is good (PS3.7 §D.3.3.7); null, the default, takes every one and none. Asked last, when the association has its place
    /// within the limits, and may take its time: checking a passcode is slow on purpose. What it throws ends the connection without an answer.
    /// </summary>
    public Func<UserIdentity?, string, CancellationToken, ValueTask<bool>>? AcceptsUser { get; init; }

    /// <summary>
    /// Which of the proposed transfer syntaxes to use for an abstract syntax: null when the abstract syntax is not supported, empty when none
    /// of the transfer syntaxes is. Null, the default: the first one proposed, or what the handlers of a <see cref="DimseServer"/> prefer.
    /// A server asks it only about SOP classes that one of its handlers claims.
    /// </summary>
    public Func<string, IReadOnlyList<string>, string?>? ChooseTransferSyntax { get; init; }

    /// <summary>As <see cref="ChooseTransferSyntax"/>, for a SOP class whose SCP the requestor is to be, as for C-GET; null where that one has the say.</summary>
    internal Func<string, IReadOnlyList<string>, string?>? ChooseRetrieveSyntax { get; init; }

    /// <summary>
    /// Whether the requestor may be the SCP of a SOP class, when it asks to (PS3.7 §D.3.3.4). Default no: this side then serves, and does not send.
    /// </summary>
    public Func<string, bool> AcceptsRequestorAsScp { get; init; } = static _ => false;

    /// <summary>
    /// Why the peer may not have an operation on a SOP class carried out, or null when it may: the request is answered with that status before any handler sees
    /// it, and the association lives. Null, the default, allows everything. Asked once for each message: it must be quick.
    /// </summary>
    public Func<AssociationInfo, DimseCommandField, string, DimseStatus?>? Authorize { get; init; }

    /// <summary>
    /// Answers a SOP class extended negotiation (PS3.7 §D.3.3.5) for a class whose context is accepted; null, the default, or an answer of null means that the
    /// class has none here.
    /// </summary>
    public Func<ExtendedNegotiation, ReadOnlyMemory<byte>?>? AnswersExtended { get; init; }

    /// <summary>How many associations there may be at the same time; more are rejected as transient "local limit exceeded".</summary>
    public int MaxAssociations { get; init; } = 200;

    /// <summary>The same for one host, so that a mad device leaves room for the others.</summary>
    public int MaxAssociationsPerHost { get; init; } = 32;

    /// <summary>The memory that data sets of requests may take together.</summary>
    public DatasetBudget Datasets { get; init; } = new(DatasetBudget.Default);

    /// <summary>Sizes and times.</summary>
    public AssociationLimits Limits { get; init; } = AssociationLimits.Default;

    /// <summary>The clock of all timers.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
