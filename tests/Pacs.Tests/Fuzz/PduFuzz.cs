using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests.Network;

namespace Pacs.Tests.Fuzz;

/// <summary>
/// Conversations with damage, seeded. However the bytes are cut into pieces, the outcome is the same: the same messages, the same bytes of
/// data, the same answer; and no other exception than the documented one.
/// </summary>
public sealed class PduFuzz
{
    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 400)]
    [InlineData(3, 400)]
    public async Task Damaged_conversations_end_the_same_way_in_any_chunking(int seed, int rounds)
    {
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            var bytes = Damage(Conversation(random), random);
            var whole = await RunAsync(bytes, int.MaxValue);
            Assert.Equal(whole, await RunAsync(bytes, 1));
            Assert.Equal(whole, await RunAsync(bytes, random.Next(2, 40)));
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    public void Damaged_association_PDUs_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            var body = Wire.RequestBytes((1, Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian), (3, DicomUid.Verification, DicomUid.ImplicitVRLittleEndian))[6..];
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }
            if (random.Next(4) == 0)
            {
                body = body[..random.Next(body.Length)];
            }
            Refusable(() => PduReader.ReadAssociateRequest(new ReadOnlySequence<byte>(body)));
            Refusable(() => PduReader.ReadAssociateAccept(new ReadOnlySequence<byte>(body)));
        }
    }

    private static void Refusable(Action read)
    {
        try
        {
            read();
        }
        catch (AssociationException)
        {
            // the documented refusal
        }
    }

    private static byte[] Conversation(Random random)
    {
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(Wire.RequestBytes((1, Wire.Ultrasound, DicomUid.ExplicitVRLittleEndian), (3, DicomUid.Verification, DicomUid.ImplicitVRLittleEndian)));
        for (ushort id = 1; id <= random.Next(1, 4); id++)
        {
            if (random.Next(3) == 0)
            {
                bytes.Write(Wire.Data(3, true, true, Wire.Bytes(DimseCommand.EchoRequest(id), hasDataset: false)));
                continue;
            }
            bytes.Write(Wire.Data(1, true, true, Wire.Bytes(DimseCommand.StoreRequest(id, Wire.Ultrasound, "1.2.3"), hasDataset: true)));
            for (var fragments = random.Next(1, 5); fragments > 0; fragments--)
            {
                var fragment = new byte[random.Next(0, 200) * 2];
                random.NextBytes(fragment);
                bytes.Write(Wire.Data(1, false, fragments == 1, fragment));
            }
        }
        bytes.Write(new byte[] { 5, 0, 0, 0, 0, 4, 0, 0, 0, 0 });
        return bytes.WrittenSpan.ToArray();
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        for (var i = random.Next(0, 4); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }
        return random.Next(4) switch
        {
            0 => bytes[..random.Next(1, bytes.Length)],
            1 => [.. bytes, .. bytes[random.Next(bytes.Length)..]],
            _ => bytes,
        };
    }

    /// <summary>What the acceptor made of the bytes: messages, data, and how it ended.</summary>
    private static async Task<string> RunAsync(byte[] bytes, int chunk)
    {
        var input = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, minimumSegmentSize: 16));
        var output = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var story = new System.Text.StringBuilder();
        var serving = ServeAsync(new PipePair.End(input.Reader, output.Writer), story);
        for (var at = 0; at < bytes.Length; at += Math.Min(chunk, bytes.Length))
        {
            if ((await input.Writer.WriteAsync(bytes.AsMemory(at, Math.Min(chunk, bytes.Length - at)))).IsCompleted)
            {
                break;
            }
        }
        await input.Writer.CompleteAsync();
        await serving.WaitAsync(TimeSpan.FromSeconds(20));
        return story.ToString();
    }

    private static async Task ServeAsync(IDuplexPipe pipe, System.Text.StringBuilder story)
    {
        try
        {
            await using var association = await Association.AcceptAsync(pipe, new AcceptorPolicy(), "", CancellationToken.None);
            if (association is null)
            {
                story.Append("nobody");
                return;
            }
            while (await association.ReceiveAsync(CancellationToken.None) is { } message)
            {
                story.Append(message.Command).Append(' ').Append(message.Context.Id).Append(' ');
                if (message.Data is { } data)
                {
                    using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                    try
                    {
                        while (await data.ReadAsync(CancellationToken.None) is { IsEmpty: false } sequence)
                        {
                            foreach (var memory in sequence)
                            {
                                hash.AppendData(memory.Span);
                            }
                            data.Advance(sequence.End);
                        }
                    }
                    finally
                    {
                        story.Append(data.BytesRead).Append(' ').Append(Convert.ToHexString(hash.GetHashAndReset().AsSpan(0, 4))).Append("; ");
                    }
                }
            }
            story.Append("released");
        }
        catch (AssociationException e)
        {
            story.Append(e.Failure).Append(' ').Append(e.AbortReason).Append(' ').Append(e.Message);
        }
    }
}
