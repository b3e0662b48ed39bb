namespace Pacs.Dicom.Network;

/// <summary>The seven protocol data units of the upper layer (PS3.8 §9.3).</summary>
public enum PduType : byte
{
    /// <summary>A-ASSOCIATE-RQ (§9.3.2).</summary>
    AssociateRequest = 1,

    /// <summary>A-ASSOCIATE-AC (§9.3.3).</summary>
    AssociateAccept = 2,

    /// <summary>A-ASSOCIATE-RJ (§9.3.4).</summary>
    AssociateReject = 3,

    /// <summary>P-DATA-TF (§9.3.5).</summary>
    Data = 4,

    /// <summary>A-RELEASE-RQ (§9.3.6).</summary>
    ReleaseRequest = 5,

    /// <summary>A-RELEASE-RP (§9.3.7).</summary>
    ReleaseResponse = 6,

    /// <summary>A-ABORT (§9.3.8).</summary>
    Abort = 7,
}

/// <summary>A-ASSOCIATE-RQ: who calls whom, and what it would like to do (PS3.8 §9.3.2).</summary>
public sealed record AssociateRequestPdu
{
    /// <summary>Bit 0 is version 1, the only one there is.</summary>
    public ushort ProtocolVersion { get; init; } = 1;

    /// <summary>AE title of who is called, without padding; at most 16 characters.</summary>
    public required string CalledAe { get; init; }

    /// <summary>AE title of who calls, without padding; at most 16 characters.</summary>
    public required string CallingAe { get; init; }

    /// <summary>Always <c>1.2.840.10008.3.1.1.1</c> (PS3.7 §A.2.1).</summary>
    public string ApplicationContext { get; init; } = DicomUid.DICOMApplicationContext;

    /// <summary>What is proposed: 1 to 128 presentation contexts.</summary>
    public required IReadOnlyList<ProposedContext> Contexts { get; init; }

    /// <summary>Maximum length and everything else of PS3.7 annex D.</summary>
    public required UserInformation UserInformation { get; init; }

    /// <summary>The 64 bytes of AE titles and reserve as received; an A-ASSOCIATE-AC has to repeat them (PS3.8 table 9-17). Empty when not received.</summary>
    public ReadOnlyMemory<byte> TitleBytes { get; init; }
}

/// <summary>A-ASSOCIATE-AC: what of it will be done (PS3.8 §9.3.3).</summary>
public sealed record AssociateAcceptPdu
{
    /// <summary>Bit 0 is version 1, the only one there is.</summary>
    public ushort ProtocolVersion { get; init; } = 1;

    /// <summary>The 64 bytes of AE titles and reserve, repeated from the request.</summary>
    public required ReadOnlyMemory<byte> TitleBytes { get; init; }

    /// <summary>Always <c>1.2.840.10008.3.1.1.1</c>.</summary>
    public string ApplicationContext { get; init; } = DicomUid.DICOMApplicationContext;

    /// <summary>The answer to each proposed context.</summary>
    public required IReadOnlyList<ContextAnswer> Contexts { get; init; }

    /// <summary>Maximum length and everything else of PS3.7 annex D.</summary>
    public required UserInformation UserInformation { get; init; }
}

/// <summary>A-ASSOCIATE-RJ (PS3.8 §9.3.4). The numbers' meaning is in table 9-21.</summary>
/// <param name="Result">Whether trying again may help.</param>
/// <param name="Source">1 service user, 2 service provider (ACSE), 3 service provider (presentation).</param>
/// <param name="Reason">Depends on the source.</param>
public sealed record AssociateRejectPdu(RejectResult Result, byte Source, byte Reason)
{
    /// <summary>The application context is not DICOM's.</summary>
    public static AssociateRejectPdu ApplicationContextNotSupported { get; } = new(RejectResult.Permanent, 1, 2);

    /// <summary>The caller is not known here.</summary>
    public static AssociateRejectPdu CallingAeNotRecognized { get; } = new(RejectResult.Permanent, 1, 3);

    /// <summary>Nobody has that name here.</summary>
    public static AssociateRejectPdu CalledAeNotRecognized { get; } = new(RejectResult.Permanent, 1, 7);

    /// <summary>No reason given, by the upper layer.</summary>
    public static AssociateRejectPdu NotSpecified { get; } = new(RejectResult.Permanent, 2, 1);

    /// <summary>A protocol version other than 1.</summary>
    public static AssociateRejectPdu ProtocolVersionNotSupported { get; } = new(RejectResult.Permanent, 2, 2);

    /// <summary>Busy for the moment.</summary>
    public static AssociateRejectPdu TemporaryCongestion { get; } = new(RejectResult.Transient, 3, 1);

    /// <summary>Too many associations, from this host or at all.</summary>
    public static AssociateRejectPdu LocalLimitExceeded { get; } = new(RejectResult.Transient, 3, 2);

    /// <summary>The words of PS3.8 table 9-21.</summary>
    public override string ToString() => (Source, Reason) switch
    {
        (1, 1) or (2, 1) => "no reason given",
        (1, 2) => "application context name not supported",
        (1, 3) => "calling AE title not recognized",
        (1, 7) => "called AE title not recognized",
        (2, 2) => "protocol version not supported",
        (3, 1) => "temporary congestion",
        (3, 2) => "local limit exceeded",
        _ => $"source {Source}, reason {Reason}",
    };
}

/// <summary>Whether a rejected requestor may try again.</summary>
public enum RejectResult : byte
{
    /// <summary>It will be rejected again.</summary>
    Permanent = 1,

    /// <summary>It may be accepted later.</summary>
    Transient = 2,
}

/// <summary>A-ABORT (PS3.8 §9.3.8).</summary>
/// <param name="Source">Who.</param>
/// <param name="Reason">Why.</param>
public readonly record struct AbortPdu(AbortSource Source, AbortReason Reason);

/// <summary>A presentation context as proposed (PS3.8 §9.3.2.2).</summary>
/// <param name="Id">Odd, 1 to 255, unique in the association.</param>
/// <param name="AbstractSyntax">A SOP class, as a rule.</param>
/// <param name="TransferSyntaxes">In the requestor's order, at least one.</param>
public sealed record ProposedContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>The answer to one proposed context (PS3.8 §9.3.3.2).</summary>
/// <param name="Id">The proposed context's.</param>
/// <param name="Result">Accepted, or why not.</param>
/// <param name="TransferSyntax">The one chosen; means nothing when rejected.</param>
public sealed record ContextAnswer(byte Id, ContextResult Result, string TransferSyntax);

/// <summary>PS3.8 table 9-18.</summary>
public enum ContextResult : byte
{
    /// <summary>Accepted.</summary>
    Acceptance = 0,

    /// <summary>The user does not want it.</summary>
    UserRejection = 1,

    /// <summary>No reason given.</summary>
    NoReason = 2,

    /// <summary>The SOP class is not supported.</summary>
    AbstractSyntaxNotSupported = 3,

    /// <summary>None of the transfer syntaxes is supported.</summary>
    TransferSyntaxesNotSupported = 4,
}

/// <summary>The user information item with its sub-items (PS3.8 annex D.1, PS3.7 annex D.3.3).</summary>
public sealed record UserInformation
{
    /// <summary>The longest P-DATA-TF, counted from after its length field, that the sender of this item takes; 0 is "no limit" (PS3.8 §D.1).</summary>
    public uint MaxPduLength { get; init; }

    /// <summary>What software it is (PS3.7 §D.3.3.2). Mandatory; some devices leave it out, so it may be empty when received.</summary>
    public string ImplementationClassUid { get; init; } = "";

    /// <summary>Which version of it: at most 16 characters (PS3.7 §D.3.3.2.3), or null.</summary>
    public string? ImplementationVersionName { get; init; }

    /// <summary>Asynchronous operations window (PS3.7 §D.3.3.3), or null, which is 1 and 1.</summary>
    public AsynchronousOperations? AsynchronousOperations { get; init; }

    /// <summary>SCP/SCU role selections (PS3.7 §D.3.3.4).</summary>
    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    /// <summary>SOP class extended negotiations (PS3.7 §D.3.3.5).</summary>
    public IReadOnlyList<ExtendedNegotiation> ExtendedNegotiations { get; init; } = [];

    /// <summary>SOP class common extended negotiations (PS3.7 §D.3.3.6), in requests only.</summary>
    public IReadOnlyList<CommonExtendedNegotiation> CommonExtendedNegotiations { get; init; } = [];

    /// <summary>Who the user is (PS3.7 §D.3.3.7), in requests only.</summary>
    public UserIdentity? UserIdentity { get; init; }

    /// <summary>The server response to a user identity (PS3.7 §D.3.3.7.2), in answers only.</summary>
    public ReadOnlyMemory<byte>? UserIdentityResponse { get; init; }
}

/// <summary>How many operations may be outstanding, 0 for no limit (PS3.7 §D.3.3.3).</summary>
/// <param name="Invoked">By the sender of the item.</param>
/// <param name="Performed">By its receiver.</param>
public readonly record struct AsynchronousOperations(ushort Invoked, ushort Performed);

/// <summary>What the requestor wants to be for a SOP class, or may be (PS3.7 §D.3.3.4). Without it the requestor is SCU.</summary>
/// <param name="SopClass">The SOP class.</param>
/// <param name="IsScu">Requestor as SCU.</param>
/// <param name="IsScp">Requestor as SCP.</param>
public sealed record RoleSelection(string SopClass, bool IsScu, bool IsScp);

/// <summary>Application information for a SOP class, e.g. relational queries (PS3.7 §D.3.3.5).</summary>
/// <param name="SopClass">The SOP class.</param>
/// <param name="Information">As PS3.4 defines it for that class.</param>
public sealed record ExtendedNegotiation(string SopClass, ReadOnlyMemory<byte> Information);

/// <summary>What a specialised SOP class may be handled as (PS3.7 §D.3.3.6).</summary>
/// <param name="SopClass">The SOP class.</param>
/// <param name="ServiceClass">The service class it belongs to, e.g. Storage.</param>
/// <param name="RelatedSopClasses">More general classes.</param>
public sealed record CommonExtendedNegotiation(string SopClass, string ServiceClass, IReadOnlyList<string> RelatedSopClasses);

/// <summary>How a user proves who it is (PS3.7 §D.3.3.7.1).</summary>
public enum UserIdentityType : byte
{
    /// <summary>A user name in UTF-8.</summary>
    Username = 1,

    /// <summary>A user name and a passcode in UTF-8.</summary>
    UsernameAndPasscode = 2,

    /// <summary>A Kerberos service ticket.</summary>
    Kerberos = 3,

    /// <summary>A SAML assertion.</summary>
    Saml = 4,

    /// <summary>A JSON web token.</summary>
    JsonWebToken = 5,
}

/// <summary>A user identity (PS3.7 §D.3.3.7). Never goes to a log: <see cref="ToString"/> names the type alone.</summary>
/// <param name="Type">What the fields are.</param>
/// <param name="PositiveResponseRequested">Whether the requestor wants to be told that it was accepted.</param>
/// <param name="Primary">User name, ticket, assertion or token.</param>
/// <param name="Secondary">Passcode, or empty.</param>
public sealed record UserIdentity(UserIdentityType Type, bool PositiveResponseRequested, ReadOnlyMemory<byte> Primary, ReadOnlyMemory<byte> Secondary)
{
    /// <summary>The user name, for the two types that have one.</summary>
    public string? Username => Type is UserIdentityType.Username or UserIdentityType.UsernameAndPasscode ? System.Text.Encoding.UTF8.GetString(Primary.Span) : null;

    /// <summary>The type, and nothing of the identity.</summary>
    public override string ToString() => Type.ToString();
}
