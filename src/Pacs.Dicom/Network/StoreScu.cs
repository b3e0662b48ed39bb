using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Network;

/// <summary>
/// Sends many instances to one peer: proposes what they need, divides them over associations when they need more than 128 presentation contexts, and sends
/// each association's one after the other, reading one ahead. The engine of C-MOVE's sub-operations and of sending jobs.
/// </summary>
/// <param name="request">Titles, limits, user identity; its contexts are replaced.</param>
/// <param name="connectAsync">Makes an association: <see cref="DimseClient.ConnectAsync(string, int, AssociationRequest, System.Net.Security.SslClientAuthenticationOptions?, CancellationToken)"/> as a rule.</param>
/// <example>
/// <code>
/// var scu = new StoreScu(request, (r, ct) => DimseClient.ConnectAsync(host, port, r, tls: null, ct));
/// await foreach (var sent in scu.SendAsync(instances, originator: null, ct))
/// {
///     if (!sent.IsStored) …
/// }
/// </code>
/// </example>
public sealed class StoreScu(AssociationRequest request, Func<AssociationRequest, CancellationToken, Task<DimseClient>> connectAsync)
{
    /// <summary>
    /// Whether an instance is written in another, uncompressed transfer syntax when the peer does not take the one it is stored in; compressed frames are decoded for that. Default true;
    /// otherwise it fails.
    /// </summary>
    public bool AllowsRewriting { get; init; } = true;

    /// <summary>
    /// Whether a peer that aborts or closes amid an instance gets the others over a new association; that instance has then failed with 0110H. Some peers do so at objects they
    /// cannot read. Given up when two associations in a row bring no answer at all. Default false: the enumeration throws.
    /// </summary>
    public bool GoesOnAfterAbort { get; init; }

    /// <summary>Sends, and tells of each instance what became of it as soon as that is known.</summary>
    /// <param name="instances">What to send.</param>
    /// <param name="originator">The C-MOVE that asked for it, or null.</param>
    /// <param name="ct">Aborts at once. To stop after the present instance in an orderly way, leave the enumeration instead.</param>
    /// <returns>
    /// Exactly one result for each instance, in the order of sending: that of <paramref name="instances"/>, but those that need a further association later. An instance
    /// that the peer refuses, that has no accepted context or that cannot be read is a result and stops nothing. When the enumeration throws, the instances without
    /// a result were not stored, or (the one on its way) perhaps: send them again.
    /// </returns>
    /// <exception cref="AssociationException">The peer cannot be reached, rejects, or its association ended.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async IAsyncEnumerable<SentInstance> SendAsync(
        IReadOnlyList<OutgoingInstance> instances, MoveOriginator? originator, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(instances);
        var barren = 0;
        foreach (var (contexts, batch) in StorageContexts.Divide(instances))
        {
            var rest = batch;
            while (rest.Count > 0)
            {
                await using var client = await connectAsync(request with { Contexts = contexts }, ct);
                var done = 0;
                var answered = 0;
                await using var sending = client.StoreAsync(rest, originator, AllowsRewriting, ct).GetAsyncEnumerator(ct);
                try
                {
                    while (done < rest.Count)
                    {
                        SentInstance sent;
                        try
                        {
                            if (!await sending.MoveNextAsync())
                            {
                                // a file could not be read to its end: the association with its half message had to be aborted
                                break;
                            }
                            sent = sending.Current;
                            answered += sent.WasSent ? 1 : 0;
                        }
                        catch (AssociationException e) when (MayGoOn(e) && (answered > 0 || ++barren < 2))
                        {
                            sent = new SentInstance(rest[done], DimseStatus.ProcessingFailure.With("The peer ended the association amid it"), WasSent: false);
                        }
                        done++;
                        barren = answered > 0 ? 0 : barren;
                        yield return sent;
                        if (client.Association.State != UpperLayerState.Sta6)
                        {
                            break;
                        }
                    }
                }
                finally
                {
                    if (!ct.IsCancellationRequested)
                    {
                        await client.ReleaseQuietlyAsync();
                    }
                }
                rest = done == rest.Count ? [] : [.. rest.Skip(done)];
            }
        }
    }

    private bool MayGoOn(AssociationException e) => GoesOnAfterAbort && e.Failure is (AssociationFailure.AbortedByPeer or AssociationFailure.ConnectionLost);
}

/// <summary>Which presentation contexts instances need (PS3.8 §7.1.1.13, PS3.4 §B.3.1).</summary>
public static class StorageContexts
{
    private static readonly string[] Fallback = [DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian];

    /// <summary>
    /// For each pair of SOP class and transfer syntax a context of its own, so that data sets go over the wire as they are; then, for classes with instances that can be
    /// written so, those of Explicit and Implicit VR Little Endian that are not there already, which every peer takes (PS3.5 §10.1).
    /// </summary>
    /// <returns>In groups that fit into one association.</returns>
    public static IReadOnlyList<(IReadOnlyList<ProposedContext> Contexts, IReadOnlyList<OutgoingInstance> Instances)> Divide(IReadOnlyList<OutgoingInstance> instances)
    {
        var groups = new List<Group>();
        var groupOf = new Dictionary<string, Group>(StringComparer.Ordinal);
        foreach (var instance in instances)
        {
            // all instances of a class go together: its fallback is proposed once
            if (!groupOf.TryGetValue(instance.SopClass, out var group) || !group.TryAdd(instance))
            {
                group = groups.Count > 0 && groups[^1].TryAdd(instance) ? groups[^1] : null;
                if (group is null)
                {
                    groups.Add(group = new Group());
                    group.TryAdd(instance);
                }
                groupOf[instance.SopClass] = group;
            }
        }
        return [.. groups.Select(g => ((IReadOnlyList<ProposedContext>)g.Contexts(), (IReadOnlyList<OutgoingInstance>)g.Instances))];
    }

    /// <summary>The context for an instance, or null: the one with its own transfer syntax, else one it can be written in.</summary>
    public static PresentationContext? Choose(AssociationInfo association, OutgoingInstance instance, bool isRewriting, Func<PresentationContext, bool> isOurs)
    {
        PresentationContext? other = null;
        foreach (var context in association.Contexts)
        {
            if (context.AbstractSyntax != instance.SopClass || !isOurs(context))
            {
                continue;
            }
            if (context.TransferSyntax.Uid == instance.Syntax.Uid)
            {
                return context;
            }
            if (isRewriting && StoredFile.IsRewritable(instance.Syntax, context.TransferSyntax) && (other is null || Rank(context) < Rank(other)))
            {
                other = context;
            }
        }
        return other;

        // explicit before implicit, which loses the VRs of private elements; deflating costs most
        static int Rank(PresentationContext c) => c.TransferSyntax.IsDeflated ? 3 : c.TransferSyntax.IsBigEndian ? 2 : c.TransferSyntax.IsExplicitVr ? 0 : 1;
    }

    /// <summary>Why there is no context for an instance.</summary>
    internal static DimseStatus Missing(AssociationInfo association, OutgoingInstance instance) => DimseStatus.SopClassNotSupported.With(
        association.FindContext(instance.SopClass) is null ? "The peer does not take the SOP class" : $"The peer does not take the syntax {instance.Syntax.Uid}");

    private sealed class Group
    {
        private readonly Dictionary<string, List<string>> _syntaxes = new(StringComparer.Ordinal);
        private int _count;

        public List<OutgoingInstance> Instances { get; } = [];

        public bool TryAdd(OutgoingInstance instance)
        {
            var isNewClass = !_syntaxes.TryGetValue(instance.SopClass, out var syntaxes);
            if (isNewClass || !syntaxes!.Contains(instance.Syntax.Uid))
            {
                // with room for a fallback
                var needed = isNewClass ? 2 : 1;
                if (_count + needed > PduReader.MaxContexts)
                {
                    return false;
                }
                _count += needed;
                (syntaxes ??= _syntaxes[instance.SopClass] = []).Add(instance.Syntax.Uid);
            }
            Instances.Add(instance);
            return true;
        }

        public List<ProposedContext> Contexts()
        {
            var contexts = new List<ProposedContext>();
            foreach (var (sopClass, syntaxes) in _syntaxes)
            {
                foreach (var syntax in syntaxes)
                {
                    Add(sopClass, [syntax]);
                }
            }
            foreach (var (sopClass, syntaxes) in _syntaxes)
            {
                var missing = Fallback.Where(f => !syntaxes.Contains(f)).ToArray();
                if (missing.Length > 0 && syntaxes.Exists(s => StoredFile.IsRewritable(TransferSyntax.Get(s), TransferSyntax.ExplicitVRLittleEndian)))
                {
                    Add(sopClass, missing);
                }
            }
            return contexts;

            void Add(string sopClass, IReadOnlyList<string> syntaxes) =>
                contexts.Add(new ProposedContext((byte)((contexts.Count * 2) + 1), sopClass, syntaxes));
        }
    }
}
