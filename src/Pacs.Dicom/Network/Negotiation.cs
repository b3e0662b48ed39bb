namespace Pacs.Dicom.Network;

/// <summary>The decisions of association establishment (PS3.8 §7.1.1, PS3.7 annex D.3), as plain functions.</summary>
internal static class Negotiation
{
    /// <summary>Why a request is rejected as a whole, or null. The user's identity is another matter: <see cref="RejectUserAsync"/>.</summary>
    public static AssociateRejectPdu? Reject(AssociateRequestPdu request, AcceptorPolicy policy, string remoteHost)
    {
        // only bit 0 is tested (PS3.8 table 9-11)
        if ((request.ProtocolVersion & 1) == 0)
        {
            return AssociateRejectPdu.ProtocolVersionNotSupported;
        }
        if (request.ApplicationContext != DicomUid.DICOMApplicationContext)
        {
            return AssociateRejectPdu.ApplicationContextNotSupported;
        }
        if (policy.AcceptsTitle is { } isOurs && !isOurs(request.CalledAe))
        {
            return AssociateRejectPdu.CalledAeNotRecognized;
        }
        if (policy.AcceptsCaller is { } accepts && !accepts(request.CallingAe, remoteHost))
        {
            return AssociateRejectPdu.CallingAeNotRecognized;
        }
        var max = request.UserInformation.MaxPduLength;
        return max != 0 && max < policy.Limits.MinPeerPdu ? AssociateRejectPdu.NotSpecified : null;
    }

    /// <summary>The rejection of somebody who is not who he says, or null. The standard has no reason of its own for it: permanent, no reason given.</summary>
    public static async ValueTask<AssociateRejectPdu?> RejectUserAsync(AssociateRequestPdu request, AcceptorPolicy policy, string remoteHost, CancellationToken ct) =>
        policy.AcceptsUser is { } accepts && !await accepts(request.UserInformation.UserIdentity, remoteHost, ct) ? AssociateRejectPdu.NotSpecified : null;

    /// <summary>The answer to a request that is not rejected, and what it amounts to.</summary>
    public static (AssociateAcceptPdu Pdu, AssociationInfo Info) Accept(AssociateRequestPdu request, AcceptorPolicy policy, string remoteHost)
    {
        var proposed = request.UserInformation;
        var roles = new Dictionary<string, RoleSelection>(StringComparer.Ordinal);
        // for what is proposed in a context only: a request has room for more roles than an answer (16-bit length of the item)
        var classes = request.Contexts.Select(c => c.AbstractSyntax).ToHashSet(StringComparer.Ordinal);
        foreach (var role in proposed.Roles.Where(r => classes.Contains(r.SopClass)))
        {
            // being SCU is what requestors are for; being SCP is the policy's choice (PS3.7 §D.3.3.4)
            roles.TryAdd(role.SopClass, new RoleSelection(role.SopClass, role.IsScu, role.IsScp && policy.AcceptsRequestorAsScp(role.SopClass)));
        }
        var answers = new List<ContextAnswer>(request.Contexts.Count);
        var accepted = new List<PresentationContext>(request.Contexts.Count);
        foreach (var context in request.Contexts)
        {
            var role = roles.GetValueOrDefault(context.AbstractSyntax);
            // what is no UID is no abstract syntax either, whatever a policy thinks of it
            var chosen = !DicomUid.IsTolerable(context.AbstractSyntax) ? null
                : role is { IsScp: true } && policy.ChooseRetrieveSyntax?.Invoke(context.AbstractSyntax, context.TransferSyntaxes) is { } retrieved ? retrieved
                : policy.ChooseTransferSyntax is { } choose ? choose(context.AbstractSyntax, context.TransferSyntaxes) : context.TransferSyntaxes[0];
            if (chosen is { Length: > 0 } && DicomUid.IsTolerable(chosen))
            {
                answers.Add(new ContextAnswer(context.Id, ContextResult.Acceptance, chosen));
                accepted.Add(new PresentationContext(context.Id, context.AbstractSyntax, TransferSyntax.Get(chosen))
                {
                    RequestorIsScu = role?.IsScu ?? true,
                    RequestorIsScp = role?.IsScp ?? false,
                });
            }
            else
            {
                // the syntax of a rejected context is not significant (PS3.8 table 9-18), but the sub-item has to be there
                var why = chosen is null ? ContextResult.AbstractSyntaxNotSupported : ContextResult.TransferSyntaxesNotSupported;
                answers.Add(new ContextAnswer(context.Id, why, DicomUid.ImplicitVRLittleEndian));
            }
        }
        var extended = new List<ExtendedNegotiation>();
        foreach (var wish in proposed.ExtendedNegotiations)
        {
            // once for a class: a request has room for more wishes than an answer (16-bit length of the item)
            if (accepted.Exists(c => c.AbstractSyntax == wish.SopClass) && !extended.Exists(e => e.SopClass == wish.SopClass) && policy.AnswersExtended?.Invoke(wish) is { } answer)
            {
                extended.Add(wish with { Information = answer });
            }
        }
        var user = Ours(policy.Limits) with
        {
            ExtendedNegotiations = extended,
            // we take one operation at a time; no item means the same (PS3.7 §D.3.3.3)
            AsynchronousOperations = proposed.AsynchronousOperations is null ? null : new AsynchronousOperations(1, 1),
            Roles = [.. roles.Values.Where(r => DicomUid.IsTolerable(r.SopClass))],
            // an empty response says "accepted"; Kerberos and later types expect a ticket that is not ours to make (PS3.7 §D.3.3.7.2)
            UserIdentityResponse = proposed.UserIdentity is { PositiveResponseRequested: true, Username: not null } ? ReadOnlyMemory<byte>.Empty : null,
        };
        var info = new AssociationInfo
        {
            CallingAe = request.CallingAe,
            CalledAe = request.CalledAe,
            RemoteHost = remoteHost,
            Contexts = accepted,
            SendMaxPdu = SendMaxPdu(proposed.MaxPduLength, policy.Limits),
            PeerImplementationClassUid = proposed.ImplementationClassUid,
            PeerImplementationVersionName = proposed.ImplementationVersionName,
            UserIdentity = proposed.UserIdentity,
            ExtendedNegotiations = proposed.ExtendedNegotiations,
        };
        return (new AssociateAcceptPdu { TitleBytes = request.TitleBytes, Contexts = answers, UserInformation = user }, info);
    }

    /// <summary>The PDU of a requestor.</summary>
    public static AssociateRequestPdu Request(AssociationRequest request) => new()
    {
        CalledAe = request.CalledAe,
        CallingAe = request.CallingAe,
        Contexts = request.Contexts,
        UserInformation = Ours(request.Limits) with
        {
            Roles = request.Roles,
            ExtendedNegotiations = request.ExtendedNegotiations,
            UserIdentity = request.UserIdentity,
        },
    };

    /// <summary>What an A-ASSOCIATE-AC amounts to. Answers to contexts or with syntaxes that nobody proposed count as refusals.</summary>
    /// <exception cref="AssociationException">The acceptor wants PDUs shorter than we care to send.</exception>
    public static AssociationInfo Establish(AssociationRequest request, AssociateAcceptPdu answer, string remoteHost)
    {
        var user = answer.UserInformation;
        if (user.MaxPduLength != 0 && user.MaxPduLength < request.Limits.MinPeerPdu)
        {
            throw AssociationException.Invalid($"The peer's maximum PDU length of {user.MaxPduLength} bytes is too short", 0);
        }
        var accepted = new List<PresentationContext>();
        foreach (var context in request.Contexts)
        {
            var reply = answer.Contexts.FirstOrDefault(a => a.Id == context.Id);
            if (reply is { Result: ContextResult.Acceptance } && context.TransferSyntaxes.Contains(reply.TransferSyntax))
            {
                var role = user.Roles.FirstOrDefault(r => r.SopClass == context.AbstractSyntax);
                accepted.Add(new PresentationContext(context.Id, context.AbstractSyntax, TransferSyntax.Get(reply.TransferSyntax))
                {
                    RequestorIsScu = role?.IsScu ?? true,
                    RequestorIsScp = role?.IsScp ?? false,
                });
            }
        }
        return new AssociationInfo
        {
            CallingAe = request.CallingAe,
            CalledAe = request.CalledAe,
            RemoteHost = remoteHost,
            Contexts = accepted,
            SendMaxPdu = SendMaxPdu(user.MaxPduLength, request.Limits),
            PeerImplementationClassUid = user.ImplementationClassUid,
            PeerImplementationVersionName = user.ImplementationVersionName,
            UserIdentity = request.UserIdentity,
            ExtendedNegotiations = user.ExtendedNegotiations,
        };
    }

    private static UserInformation Ours(AssociationLimits limits) => new()
    {
        MaxPduLength = limits.MaxPdu,
        ImplementationClassUid = FileMetaInformation.ImplementationClassUid,
        ImplementationVersionName = FileMetaInformation.ImplementationVersionName,
    };

    // 0 is "no limit" (PS3.8 §D.1.1)
    private static uint SendMaxPdu(uint peers, AssociationLimits limits) => peers == 0 ? limits.MaxPeerPdu : Math.Min(peers, limits.MaxPeerPdu);
}
