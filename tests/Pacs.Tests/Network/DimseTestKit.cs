using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>Keeps what it is sent in memory; answers as the test says.</summary>
internal sealed class MemoryStore : IStoreHandler
{
    public ConcurrentQueue<(StoreRequest Request, byte[] Bytes)> Received { get; } = new();

    public Func<StoreRequest, DimseData, CancellationToken, ValueTask<DimseStatus?>>? Before { get; init; }

    public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
    {
        if (Before is not null && await Before(request, data, ct) is { } early)
        {
            return early;
        }
        var bytes = new ArrayBufferWriter<byte>();
        while (await data.ReadAsync(ct) is { IsEmpty: false } sequence)
        {
            foreach (var memory in sequence)
            {
                bytes.Write(memory.Span);
            }
            data.Advance(sequence.End);
        }
        Received.Enqueue((request, bytes.WrittenSpan.ToArray()));
        return DimseStatus.Success;
    }
}

/// <summary>Answers queries as the test says.</summary>
internal sealed class FakeFind(Func<FindRequest, CancellationToken, IAsyncEnumerable<FindMatch>> find) : IFindHandler
{
    public IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, CancellationToken ct) => find(request, ct);

    public static FakeFind Of(params DicomDataset[] matches) => new((_, ct) => All(matches, ct));

    private static async IAsyncEnumerable<FindMatch> All(DicomDataset[] matches, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var match in matches)
        {
            ct.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return match;
        }
    }
}

/// <summary>Writes down what the server tells.</summary>
internal sealed class Notes : IAssociationObserver
{
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<AssociationInfo> AcceptedOnes { get; } = new();

    public ConcurrentQueue<AssociateRejectPdu> RejectedOnes { get; } = new();

    public ConcurrentQueue<(DimseCommand Request, DimseStatus Status, long Bytes)> Answers { get; } = new();

    public Task<Exception?> FirstEnd => _ended.Task;

    public void Accepted(AssociationInfo association) => AcceptedOnes.Enqueue(association);

    public void Rejected(string remoteHost, string callingAe, string calledAe, AssociateRejectPdu rejection) => RejectedOnes.Enqueue(rejection);

    public void Answered(AssociationInfo association, DimseCommand request, DimseStatus status, long dataBytes, TimeSpan duration) =>
        Answers.Enqueue((request, status, dataBytes));

    public void Ended(AssociationInfo? association, string remoteHost, Exception? cause) => _ended.TrySetResult(cause);
}

internal static class Wire
{
    public const string Ultrasound = DicomUid.UltrasoundImageStorage;

    public static AssociationRequest Request(AssociationLimits? limits = null, TimeProvider? time = null) => new()
    {
        CallingAe = "DEVICE",
        CalledAe = "PACS",
        Limits = limits ?? AssociationLimits.Default,
        TimeProvider = time ?? TimeProvider.System,
    };

    /// <summary>A data set of a given size in Explicit VR Little Endian.</summary>
    public static DicomDataset Instance(int pixels, string sopInstance = "1.2.3.4")
    {
        var bytes = new byte[pixels];
        new Random(pixels).NextBytes(bytes);
        return new DicomDataset()
            .Set(DicomTag.SOPClassUID, Ultrasound)
            .Set(DicomTag.SOPInstanceUID, sopInstance)
            .Set(DicomTag.PatientID, "4711")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, bytes));
    }

    /// <summary>Serves one end of a pair and connects to the other.</summary>
    public static async Task<(DimseClient Client, Task Served)> ConnectAsync(DimseServer server, AssociationRequest request, IDuplexPipe? serverEnd = null, PipePair? pair = null)
    {
        pair ??= new PipePair();
        var served = server.RunAsync(serverEnd ?? pair.Server, "192.0.2.1", CancellationToken.None);
        return (await DimseClient.ConnectAsync(pair.Client, request, TestContext.Current.CancellationToken), served);
    }

    /// <summary>The raw bytes of a request, for tests that speak for themselves.</summary>
    public static byte[] RequestBytes(params (byte Id, string Abstract, string Transfer)[] contexts)
    {
        var bytes = new ArrayBufferWriter<byte>();
        PduWriter.Write(
            new AssociateRequestPdu
            {
                CalledAe = "PACS",
                CallingAe = "DEVICE",
                Contexts = [.. contexts.Select(c => new ProposedContext(c.Id, c.Abstract, [c.Transfer]))],
                UserInformation = new UserInformation { MaxPduLength = 16384, ImplementationClassUid = "1.2.3" },
            },
            bytes);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>A P-DATA-TF with one PDV.</summary>
    public static byte[] Data(byte contextId, bool isCommand, bool isLast, ReadOnlySpan<byte> fragment)
    {
        var bytes = new byte[PduWriter.DataHeaderLength + fragment.Length];
        PduWriter.WriteDataHeader(new PdvHeader((uint)fragment.Length, contextId, isCommand, isLast), bytes);
        fragment.CopyTo(bytes.AsSpan(PduWriter.DataHeaderLength));
        return bytes;
    }

    public static byte[] Bytes(DimseCommand command, bool hasDataset)
    {
        var bytes = new ArrayBufferWriter<byte>();
        command.Write(hasDataset, bytes);
        return bytes.WrittenSpan.ToArray();
    }

    public static async Task WriteAsync(this IDuplexPipe pipe, params byte[][] pdus)
    {
        foreach (var pdu in pdus)
        {
            await pipe.Output.WriteAsync(pdu, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The next PDU that arrives, or null at the end.</summary>
    public static async Task<(PduType Type, byte[] Body)?> ReadPduAsync(this IDuplexPipe pipe)
    {
        while (true)
        {
            var result = await pipe.Input.ReadAsync(TestContext.Current.CancellationToken);
            var buffer = result.Buffer;
            if (PduReader.TryRead(ref buffer, uint.MaxValue - 6, out var type, out var body))
            {
                var bytes = body.ToArray();
                pipe.Input.AdvanceTo(buffer.Start);
                return (type, bytes);
            }
            pipe.Input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }
}
