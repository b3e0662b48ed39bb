using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Network;

/// <summary>
/// The requestor side of DIMSE over one association: echo, store, find, move, get. One operation at a time (asynchronous operations window 1).
/// </summary>
/// <example>
/// <code>
/// var request = new AssociationRequest { CallingAe = "US1", CalledAe = "PACS" }.Propose(DicomUid.Verification);
/// await using var client = await DimseClient.ConnectAsync("127.0.0.1", 4242, request, tls: null, ct);
/// var status = await client.EchoAsync(ct);
/// await client.ReleaseAsync(ct);
/// </code>
/// </example>
public sealed partial class DimseClient : IAsyncDisposable
{
    // as much as an identifier of a match may be; real ones have a few hundred bytes
    private const int MaxIdentifier = 16 * 1024 * 1024;

    private readonly Stream? _stream;
    private ushort _lastMessageId;

    private DimseClient(Association association, Stream? stream) => (Association, _stream) = (association, stream);

    /// <summary>The association below, for what has no method here.</summary>
    public Association Association { get; }

    /// <summary>Connects over TCP, or TLS when <paramref name="tls"/> is given, and requests an association.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">104 or 11112, as a rule.</param>
    /// <param name="request">Titles and contexts. Its ARTIM limits the connection too.</param>
    /// <param name="tls">For TLS (PS3.15 annex B); <see cref="SslClientAuthenticationOptions.TargetHost"/> defaults to the host.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="AssociationException">Not reachable, rejected or no answer in time.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public static async Task<DimseClient> ConnectAsync(string host, int port, AssociationRequest request, SslClientAuthenticationOptions? tls, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (stream, socket) = await OpenAsync(host, port, request, tls, ct);
        try
        {
            // large buffers: the fewer system calls, the better
            var pipe = new StreamPipe(
                PromptAcknowledgement.Over(PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true)), socket),
                PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 256 * 1024, leaveOpen: true)));
            return new DimseClient(await Association.RequestAsync(pipe, request, host, ct), stream);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests an association over a transport that is connected already.</summary>
    /// <exception cref="AssociationException">Rejected or no answer in time.</exception>
    public static async Task<DimseClient> ConnectAsync(IDuplexPipe pipe, AssociationRequest request, CancellationToken ct) =>
        new(await Association.RequestAsync(pipe, request, "", ct), stream: null);

    /// <summary>C-ECHO (PS3.4 annex A).</summary>
    /// <exception cref="DicomException">The peer did not accept the verification SOP class.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async Task<DimseStatus> EchoAsync(CancellationToken ct)
    {
        var context = Context(DicomUid.Verification);
        var request = DimseCommand.EchoRequest(NextMessageId());
        await Association.SendAsync(context, request, dataset: null, ct);
        return (await ReceiveResponseAsync(request, ct)).Command.Status;
    }

    /// <summary>C-STORE of a Part 10 file; its data set goes over the wire as it is, when the peer accepted its transfer syntax.</summary>
    /// <exception cref="DicomException">Not a Part 10 file, or no accepted context fits it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async Task<DimseStatus> StoreAsync(string path, CancellationToken ct)
    {
        var instance = OutgoingInstance.OfFile(path);
        await using var sender = new InstanceSender(Association, [instance], isRewriting: true, static context => context.RequestorIsScu);
        var sent = await sender.SendNextAsync(NextMessageId(), originator: null, ReceiveStatusAsync, ct);
        return sent.WasSent ? sent.Status
            : sent.Status.Code == DimseStatus.SopClassNotSupported.Code ? throw NotAccepted(instance.SopClass)
            : throw new IOException(sent.Status.Comment);
    }

    /// <summary>
    /// C-STOREs of many instances over this association, one after the other, each as it is when the peer accepted its transfer syntax, else written anew in an
    /// uncompressed one. The next one is read while the peer stores the one before. <see cref="StoreScu"/> negotiates what they need, too.
    /// </summary>
    /// <param name="instances">What to send.</param>
    /// <param name="originator">The C-MOVE that asked for it, or null.</param>
    /// <param name="ct">Aborts at once. To stop after the present instance in an orderly way, leave the enumeration instead.</param>
    /// <returns>
    /// One result for each instance, in order, as soon as it is known. Fewer results than instances: a file could not be read to its end, which is the last result; the
    /// association had to be aborted, so send the others over a new one.
    /// </returns>
    /// <exception cref="AssociationException">The association ended; what has no result was not stored, or (the one on its way) perhaps.</exception>
    public IAsyncEnumerable<SentInstance> StoreAsync(IReadOnlyList<OutgoingInstance> instances, MoveOriginator? originator, CancellationToken ct) =>
        StoreAsync(instances, originator, isRewriting: true, ct);

    /// <summary>As above, with the choice of <see cref="StoreScu.AllowsRewriting"/>.</summary>
    /// <param name="instances">What to send.</param>
    /// <param name="originator">The C-MOVE that asked for it, or null.</param>
    /// <param name="isRewriting">Whether an instance may be written in another, uncompressed transfer syntax.</param>
    /// <param name="ct">Aborts at once.</param>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async IAsyncEnumerable<SentInstance> StoreAsync(
        IReadOnlyList<OutgoingInstance> instances, MoveOriginator? originator, bool isRewriting, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(instances);
        await using var sender = new InstanceSender(Association, instances, isRewriting, static context => context.RequestorIsScu);
        while (sender.Remaining > 0 && Association.State == UpperLayerState.Sta6)
        {
            yield return await sender.SendNextAsync(NextMessageId(), originator, ReceiveStatusAsync, ct);
        }
    }

    /// <summary>C-STORE of a data set (PS3.4 annex B), written in the transfer syntax of an accepted context.</summary>
    /// <param name="dataset">With SOP Class and SOP Instance UID, and native pixel data if any.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">No SOP UIDs, or no accepted context for an unencapsulated data set of that class.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async Task<DimseStatus> StoreAsync(DicomDataset dataset, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var sopClass = dataset.GetString(DicomTag.SOPClassUID);
        var sopInstance = dataset.GetString(DicomTag.SOPInstanceUID);
        if (!DicomUid.IsTolerable(sopClass) || !DicomUid.IsTolerable(sopInstance))
        {
            throw new DicomException("Missing, or not a UID", DicomUid.IsTolerable(sopClass) ? DicomTag.SOPInstanceUID : DicomTag.SOPClassUID);
        }
        var request = DimseCommand.StoreRequest(NextMessageId(), sopClass!, sopInstance!);
        await Association.SendAsync(UncompressedContext(sopClass!) ?? throw NotAccepted(sopClass!), request, dataset, ct);
        return (await ReceiveResponseAsync(request, ct)).Command.Status;
    }

    /// <summary>C-FIND. Leaving the enumeration early, or cancelling it, sends C-CANCEL-RQ and waits for the final response.</summary>
    /// <param name="sopClass">The information model.</param>
    /// <param name="identifier">The keys (PS3.4 §C.4.1.1.3, §K.4.1.1.3).</param>
    /// <param name="ct">Cancels the query.</param>
    /// <exception cref="DimseStatusException">The peer's final status is a failure.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async IAsyncEnumerable<DicomDataset> FindAsync(string sopClass, DicomDataset identifier, [EnumeratorCancellation] CancellationToken ct)
    {
        var context = Context(sopClass);
        var request = DimseCommand.FindRequest(NextMessageId(), sopClass);
        await Association.SendAsync(context, request, identifier, ct);
        var isOver = false;
        try
        {
            while (true)
            {
                var response = await ReceiveResponseAsync(request, ct);
                var status = response.Command.Status;
                if (status.Kind != DimseStatusKind.Pending)
                {
                    isOver = true;
                    if (status.Kind == DimseStatusKind.Failure)
                    {
                        throw new DimseStatusException(status);
                    }
                    yield break;
                }
                if (response.Data is { } data)
                {
                    yield return await data.ReadDatasetAsync(MaxIdentifier, ct);
                }
            }
        }
        finally
        {
            if (!isOver && Association.State == UpperLayerState.Sta6)
            {
                await CancelAsync(context, request);
            }
        }
    }

    /// <summary>Releases the association.</summary>
    /// <exception cref="AssociationException">The association had ended already.</exception>
    public Task ReleaseAsync(CancellationToken ct) => Association.ReleaseAsync(ct).AsTask();

    /// <summary>Releases when all the work is done: whether the peer agrees is then of no interest.</summary>
    internal async ValueTask ReleaseQuietlyAsync()
    {
        try
        {
            await Association.ReleaseAsync(CancellationToken.None);
        }
        catch (AssociationException)
        {
            // some peers just close
        }
    }

    /// <summary>Aborts if nobody released, and closes the connection if it was made here.</summary>
    public async ValueTask DisposeAsync()
    {
        await Association.DisposeAsync();
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }
    }

    private static async Task<(Stream Stream, Socket Socket)> OpenAsync(string host, int port, AssociationRequest request, SslClientAuthenticationOptions? tls, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(request.Limits.Artim, request.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        // small messages are answered at once instead of waiting for Nagle's algorithm
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(host, port, both.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (tls is not null)
            {
                var secure = new SslStream(stream, leaveInnerStreamOpen: false);
                stream = secure;
                tls.TargetHost ??= host;
                await secure.AuthenticateAsClientAsync(tls, both.Token);
            }
            return (stream, socket);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
            if (e is OperationCanceledException && !ct.IsCancellationRequested)
            {
                throw new AssociationException(AssociationFailure.TimedOut, $"No connection to {host}:{port} in time", inner: e);
            }
            if (e is SocketException or IOException)
            {
                throw new AssociationException(AssociationFailure.ConnectionLost, $"No connection to {host}:{port}", inner: e);
            }
            throw;
        }
    }

    /// <summary>The next response to a request; what came late for a cancelled one is passed over.</summary>
    private async ValueTask<DimseMessage> ReceiveResponseAsync(DimseCommand request, CancellationToken ct)
    {
        while (true)
        {
            var message = await Association.ReceiveAsync(ct)
                ?? throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer released the association instead of answering");
            if (!message.Command.IsResponse)
            {
                await AnswerEventAsync(message, ct);
            }
            else if (message.Command.MessageIdBeingRespondedTo == request.MessageId)
            {
                return message;
            }
        }
    }

    /// <summary>C-CANCEL-RQ, then everything up to the final response (PS3.7 §9.3.2.3), so that the association can go on.</summary>
    private async ValueTask CancelAsync(PresentationContext context, DimseCommand request)
    {
        await Association.SendAsync(context, DimseCommand.CancelRequest(request.MessageId), dataset: null, CancellationToken.None);
        while ((await ReceiveResponseAsync(request, CancellationToken.None)).Command.Status.Kind == DimseStatusKind.Pending)
        {
        }
    }

    private async ValueTask<DimseStatus> ReceiveStatusAsync(DimseCommand request, CancellationToken ct) => (await ReceiveResponseAsync(request, ct)).Command.Status;

    // 0 is no message id of ours: some peers take it for "none"
    private ushort NextMessageId() => _lastMessageId = _lastMessageId == ushort.MaxValue ? (ushort)1 : (ushort)(_lastMessageId + 1);

    private PresentationContext Context(string sopClass) => Association.Info.FindContext(sopClass) ?? throw NotAccepted(sopClass);

    private PresentationContext? UncompressedContext(string sopClass) =>
        Association.Info.Contexts.FirstOrDefault(c => c.AbstractSyntax == sopClass && StoredFile.IsUncompressed(c.TransferSyntax));

    private static DicomException NotAccepted(string sopClass) => new($"The peer accepted no presentation context that fits {DicomUid.NameOf(sopClass)}");

    private sealed record StreamPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
