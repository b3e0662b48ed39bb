namespace Pacs.Dicom.Network;

/// <summary>What a requestor asks for. Fill <see cref="Contexts"/> with <see cref="Propose"/>, or let <see cref="DimseClient"/> do it.</summary>
public sealed record AssociationRequest
{
    /// <summary>Our AE title: 1 to 16 characters of ASCII.</summary>
    public required string CallingAe { get; init; }

    /// <summary>AE title of the peer.</summary>
    public required string CalledAe { get; init; }

    /// <summary>The proposed contexts, at most 128.</summary>
    public IReadOnlyList<ProposedContext> Contexts { get; init; } = [];

    /// <summary>Roles other than the default (PS3.7 §D.3.3.4).</summary>
    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    /// <summary>Extended negotiation (PS3.7 §D.3.3.5).</summary>
    public IReadOnlyList<ExtendedNegotiation> ExtendedNegotiations { get; init; } = [];

    /// <summary>Who our user is, or null.</summary>
    public UserIdentity? UserIdentity { get; init; }

    /// <summary>Sizes and times.</summary>
    public AssociationLimits Limits { get; init; } = AssociationLimits.Default;

    /// <summary>The clock of all timers.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The same request with one more context.</summary>
    /// <param name="abstractSyntax">The SOP class.</param>
    /// <param name="transferSyntaxes">The best first; none stands for Explicit and Implicit VR Little Endian.</param>
    /// <exception cref="DicomException">There are 128 contexts already.</exception>
    public AssociationRequest Propose(string abstractSyntax, params ReadOnlySpan<string> transferSyntaxes)
    {
        // PS3.8 §9.3.2.2: ids are odd and at most 255
        if (Contexts.Count >= 128)
        {
            throw new DicomException("An association has room for 128 presentation contexts");
        }
        string[] syntaxes = transferSyntaxes.IsEmpty ? [DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian] : [.. transferSyntaxes];
        return this with { Contexts = [.. Contexts, new ProposedContext((byte)((Contexts.Count * 2) + 1), abstractSyntax, syntaxes)] };
    }

    /// <summary>
    /// The same request with one more context in which this side is the SCP and not the SCU (PS3.7 §D.3.3.4): for what a C-GET brings (PS3.4 §C.5.3), and for
    /// N-EVENT-REPORTs on an association of their own. A peer that does not answer the role selection may take the reports all the same.
    /// </summary>
    /// <param name="abstractSyntax">The SOP class.</param>
    /// <param name="transferSyntaxes">The best first; none stands for Explicit and Implicit VR Little Endian.</param>
    /// <exception cref="DicomException">There are 128 contexts already.</exception>
    public AssociationRequest ProposeAsScp(string abstractSyntax, params ReadOnlySpan<string> transferSyntaxes)
    {
        var request = Propose(abstractSyntax, transferSyntaxes);
        return Roles.Any(r => r.SopClass == abstractSyntax)
            ? request
            : request with { Roles = [.. Roles, new RoleSelection(abstractSyntax, IsScu: false, IsScp: true)] };
    }

    /// <summary>
    /// The same request with what it takes to store files: for each pair of SOP class and transfer syntax a context of its own, so that data
    /// sets go over the wire as they are. Uncompressed ones can be written anew: for them follow contexts with Explicit and Implicit VR Little
    /// Endian.
    /// </summary>
    /// <param name="paths">Part 10 files; their beginnings are read.</param>
    /// <exception cref="DicomException">Not a DICOM file, or the files need more than 128 contexts: <see cref="StoreScu"/> divides them.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public AssociationRequest ProposeFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var request = this;
        foreach (var (contexts, _) in StorageContexts.Divide([.. paths.Select(OutgoingInstance.OfFile)]))
        {
            foreach (var context in contexts)
            {
                request = request.Propose(context.AbstractSyntax, [.. context.TransferSyntaxes]);
            }
        }
        return request;
    }
}
