using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>
/// The association with a node that jobs send over, one after the other. It is kept as long as what the next instances need was proposed for it, and made anew when not.
/// </summary>
internal sealed class StoreLink(ModalityConnections connections) : IAsyncDisposable
{
    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(3);

    private DimseClient? _client;
    private Modality? _node;
    private HashSet<(string SopClass, string Syntax)> _proposed = [];

    /// <summary>Whether there is an association, as far as we know: the node may have ended it meanwhile.</summary>
    public bool IsOpen => _client is not null;

    /// <summary>The instance that was on its way when the association ended, or null: perhaps the node cannot bear it.</summary>
    public OutgoingInstance? Broken { get; private set; }

    /// <summary>Sends instances; each result as soon as it is known.</summary>
    /// <param name="node">Where to.</param>
    /// <param name="instances">What.</param>
    /// <param name="originator">The C-MOVE it is said to belong to, or null.</param>
    /// <param name="settled">Called with each result; false stops after it in an orderly way.</param>
    /// <param name="ct">Aborts at once.</param>
    /// <exception cref="AssociationException">The node cannot be reached, rejects, or its association ended.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async Task SendAsync(Modality node, IReadOnlyList<OutgoingInstance> instances, MoveOriginator? originator, Func<SentInstance, ValueTask<bool>> settled, CancellationToken ct)
    {
        Broken = null;
        foreach (var (contexts, group) in StorageContexts.Divide(instances))
        {
            var rest = group;
            while (rest.Count > 0)
            {
                var isFresh = await OpenAsync(node, contexts, rest, ct);
                var done = 0;
                try
                {
                    await foreach (var sent in _client!.StoreAsync(rest, originator, node.AllowTranscoding, ct))
                    {
                        done++;
                        if (!await settled(sent))
                        {
                            return;
                        }
                    }
                }
                catch (AssociationException) when (!isFresh && done == 0)
                {
                    // the node had ended it while we had nothing to send: that is its right and no failure
                    await AbandonAsync();
                    continue;
                }
                catch
                {
                    Broken = done < rest.Count ? rest[done] : null;
                    await AbandonAsync();
                    throw;
                }
                if (done < rest.Count)
                {
                    // a file ended too early, and the association with its half message had to be aborted
                    await AbandonAsync();
                }
                rest = [.. rest.Skip(done)];
            }
        }
    }

    /// <summary>Releases the association, if there is one and the node still answers.</summary>
    public async ValueTask CloseAsync()
    {
        if (_client is { } client)
        {
            try
            {
                using var limit = new CancellationTokenSource(ReleasePatience);
                await client.ReleaseAsync(limit.Token);
            }
            catch (Exception e) when (e is AssociationException or OperationCanceledException)
            {
                // it was over already, or the node does not care: then it is aborted
            }
            await AbandonAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync();

    /// <returns>Whether the association is a new one.</returns>
    private async Task<bool> OpenAsync(Modality node, IReadOnlyList<ProposedContext> contexts, IReadOnlyList<OutgoingInstance> instances, CancellationToken ct)
    {
        if (_client is not null)
        {
            if (_node == node && instances.All(i => _proposed.Contains((i.SopClass, i.Syntax.Uid))))
            {
                return false;
            }
            await CloseAsync();
        }
        _client = await connections.ConnectAsync(node, request => request with { Contexts = contexts }, ct);
        _node = node;
        _proposed = [.. contexts.SelectMany(c => c.TransferSyntaxes.Select(s => (c.AbstractSyntax, s)))];
        return true;
    }

    private async ValueTask AbandonAsync()
    {
        if (Interlocked.Exchange(ref _client, null) is { } client)
        {
            await client.DisposeAsync();
        }
    }
}
