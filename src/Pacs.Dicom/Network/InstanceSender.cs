namespace Pacs.Dicom.Network;

/// <summary>The C-STOREs of many instances over one association, in either role: as its requestor, and as the provider of a C-GET.</summary>
internal sealed class InstanceSender : IAsyncDisposable
{
    private readonly Association _association;
    private readonly IReadOnlyList<OutgoingInstance> _instances;
    private readonly PresentationContext?[] _contexts;
    private readonly ReadAhead _data;
    private int _next;

    /// <param name="association">The association.</param>
    /// <param name="instances">What to send, in this order.</param>
    /// <param name="isRewriting">Whether an instance may be written in another, uncompressed transfer syntax.</param>
    /// <param name="isOurs">Whether this side is the service class user of a context (PS3.7 §D.3.3.4).</param>
    public InstanceSender(Association association, IReadOnlyList<OutgoingInstance> instances, bool isRewriting, Func<PresentationContext, bool> isOurs)
    {
        _association = association;
        _instances = instances;
        _contexts = new PresentationContext?[instances.Count];
        var chosen = new Dictionary<(string, string), PresentationContext?>();
        var steps = new List<(OutgoingInstance, TransferSyntax)>(instances.Count);
        for (var i = 0; i < instances.Count; i++)
        {
            var instance = instances[i];
            if (!chosen.TryGetValue((instance.SopClass, instance.Syntax.Uid), out var context))
            {
                context = StorageContexts.Choose(association.Info, instance, isRewriting, isOurs);
                chosen.Add((instance.SopClass, instance.Syntax.Uid), context);
            }
            _contexts[i] = context;
            if (context is not null)
            {
                steps.Add((instance, context.TransferSyntax));
            }
        }
        _data = new ReadAhead(steps);
    }

    /// <summary>How many are still to be sent. Less than that many can be, when the association has ended.</summary>
    public int Remaining => _instances.Count - _next;

    /// <summary>Waits for the response to a request; the one who owns the association knows what else may come.</summary>
    public delegate ValueTask<DimseStatus> Receive(DimseCommand request, CancellationToken ct);

    /// <summary>Sends the next one and waits for its answer. The association is aborted when its file ends too early, which is a result too.</summary>
    /// <param name="messageId">Of the C-STORE-RQ.</param>
    /// <param name="originator">The C-MOVE it belongs to, or null.</param>
    /// <param name="receive">Gets the answer.</param>
    /// <param name="ct">Aborts.</param>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async ValueTask<SentInstance> SendNextAsync(ushort messageId, MoveOriginator? originator, Receive receive, CancellationToken ct)
    {
        var instance = _instances[_next];
        var context = _contexts[_next];
        _next++;
        if (context is null)
        {
            return new SentInstance(instance, StorageContexts.Missing(_association.Info, instance), WasSent: false);
        }
        var first = await _data.NextAsync(ct);
        if (first.Failure is { } failure)
        {
            return new SentInstance(instance, failure, WasSent: false);
        }
        var request = new DimseCommand(DimseCommandField.CStoreRequest)
        {
            MessageId = messageId,
            AffectedSopClass = instance.SopClass,
            AffectedSopInstance = instance.SopInstance,
            Priority = DimsePriority.Medium,
            MoveOriginatorAe = originator?.Ae,
            MoveOriginatorMessageId = originator?.MessageId,
        };
        long bytes;
        try
        {
            bytes = await _association.SendAsync(context, request, first, _data, ct);
        }
        catch (DimseStatusException e)
        {
            return new SentInstance(instance, e.Status, WasSent: false);
        }
        DicomTelemetry.SentBytes.Add(bytes);
        return new SentInstance(instance, await receive(request, ct), WasSent: true) { Bytes = bytes };
    }

    /// <summary>Stops reading ahead.</summary>
    public ValueTask DisposeAsync() => _data.DisposeAsync();
}
