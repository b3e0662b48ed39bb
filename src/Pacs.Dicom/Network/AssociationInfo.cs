namespace Pacs.Dicom.Network;

/// <summary>An accepted presentation context (PS3.8 §7.1.1.13): what is talked about, and how it is written.</summary>
/// <param name="Id">Odd, 1 to 255.</param>
/// <param name="AbstractSyntax">A SOP class, as a rule.</param>
/// <param name="TransferSyntax">The one negotiated. <see cref="TransferSyntax.IsKnown"/> may be false for private syntaxes.</param>
public sealed record PresentationContext(byte Id, string AbstractSyntax, TransferSyntax TransferSyntax)
{
    /// <summary>Whether the requestor may be the service class user here: the default.</summary>
    public bool RequestorIsScu { get; init; } = true;

    /// <summary>Whether the requestor may be the service class provider here, as for the storage sub-operations of a C-GET.</summary>
    public bool RequestorIsScp { get; init; }
}

/// <summary>What the two sides of an association agreed on, and who they are. Immutable.</summary>
public sealed record AssociationInfo
{
    /// <summary>Names the association in logs and traces: the trace id of the process, unique.</summary>
    public string Id { get; init; } = Guid.CreateVersion7().ToString("N");

    /// <summary>AE title of the requestor, without padding. A name, no secret; may hold any Latin-1 character but controls.</summary>
    public required string CallingAe { get; init; }

    /// <summary>AE title of the acceptor, without padding.</summary>
    public required string CalledAe { get; init; }

    /// <summary>Address of the peer, or empty when the transport has none.</summary>
    public required string RemoteHost { get; init; }

    /// <summary>The accepted contexts, in the order they were proposed. May be empty: DICOM allows an association that can do nothing.</summary>
    public required IReadOnlyList<PresentationContext> Contexts { get; init; }

    /// <summary>The longest P-DATA-TF we send, counted after its length field: the peer's maximum within <see cref="AssociationLimits"/>.</summary>
    public required uint SendMaxPdu { get; init; }

    /// <summary>The peer's software, or empty (PS3.7 §D.3.3.2).</summary>
    public string PeerImplementationClassUid { get; init; } = "";

    /// <summary>Its version, or null.</summary>
    public string? PeerImplementationVersionName { get; init; }

    /// <summary>Who the requestor says its user is, when the policy took it. The user name may be logged, passcodes and tokens never.</summary>
    public UserIdentity? UserIdentity { get; init; }

    /// <summary>Extended negotiation as the peer sent it (PS3.7 §D.3.3.5).</summary>
    public IReadOnlyList<ExtendedNegotiation> ExtendedNegotiations { get; init; } = [];

    /// <summary>The accepted context for a SOP class, with this transfer syntax if one is given, or null.</summary>
    public PresentationContext? FindContext(string abstractSyntax, string? transferSyntax = null)
    {
        foreach (var context in Contexts)
        {
            if (context.AbstractSyntax == abstractSyntax && (transferSyntax is null || context.TransferSyntax.Uid == transferSyntax))
            {
                return context;
            }
        }
        return null;
    }
}

/// <summary>How long to wait and how much to take, on either side of an association.</summary>
public sealed record AssociationLimits
{
    /// <summary>The defaults.</summary>
    public static AssociationLimits Default { get; } = new();

    private const uint Largest = 16 * 1024 * 1024;

    /// <summary>
    /// The longest P-DATA-TF we take, as announced to the peer: 4 KiB to 16 MiB. 256 KiB by default: fewer PDUs and writes per instance; peers
    /// that send shorter ones lose nothing.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public uint MaxPdu { get; init => field = InRange(value, 4096); } = 256 * 1024;

    /// <summary>
    /// The shortest maximum we accept from a peer, 16 bytes to 16 MiB: one that wants shorter PDUs is refused, since every byte would cost it
    /// many. 128 by default: nobody is known to want less.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public uint MinPeerPdu { get; init => field = InRange(value, 16); } = 128;

    /// <summary>
    /// The longest P-DATA-TF we send, even if the peer takes longer ones or announces 0, "no limit": 128 bytes to 16 MiB, 256 KiB by default.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public uint MaxPeerPdu { get; init => field = InRange(value, 128); } = 256 * 1024;

    /// <summary>
    /// ARTIM (PS3.8 §9.1.5): how long a connection may take to request an association or, as requestor, to answer; and how long the peer may
    /// take to close after release, rejection or abort.
    /// </summary>
    public TimeSpan Artim { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an established association may be silent between PDUs. The operation of a handler that works does not count as silence.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the peer may pause in the middle of a PDU.</summary>
    public TimeSpan MidPdu { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may leave what we send unread.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromSeconds(60);

    private static uint InRange(uint value, uint least)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Largest);
        return value;
    }
}
