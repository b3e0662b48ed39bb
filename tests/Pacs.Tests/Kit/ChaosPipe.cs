using System.Buffers;
using System.IO.Pipelines;

namespace Pacs.Tests;

/// <summary>
/// A bad line between a pipe and who reads it: bytes arrive in pieces of random size, each seen before the next comes, and may stop coming
/// after a while as if the peer had lost its power.
/// </summary>
public sealed class ChaosPipe : IDuplexPipe
{
    private readonly PipeReader _source;
    private readonly Pipe _pipe;

    /// <summary>A bad line.</summary>
    /// <param name="inner">The good one.</param>
    /// <param name="seed">For the sizes.</param>
    /// <param name="maxChunk">The largest piece; 1 for byte by byte.</param>
    /// <param name="cutAfter">After how many bytes the connection breaks; never by default.</param>
    public ChaosPipe(IDuplexPipe inner, int seed, int maxChunk, long cutAfter = long.MaxValue)
    {
        _source = inner.Input;
        Output = inner.Output;
        // a threshold of one byte: the writer goes on when the reader has looked at everything
        _pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, minimumSegmentSize: 16, useSynchronizationContext: false));
        Pump = PumpAsync(new Random(seed), maxChunk, cutAfter);
    }

    public PipeReader Input => _pipe.Reader;

    public PipeWriter Output { get; }

    /// <summary>Ends when either side does.</summary>
    public Task Pump { get; }

    private async Task PumpAsync(Random random, int maxChunk, long cutAfter)
    {
        while (cutAfter > 0)
        {
            var result = await _source.ReadAsync();
            var buffer = result.Buffer;
            while (!buffer.IsEmpty && cutAfter > 0)
            {
                var count = Math.Min(Math.Min(random.Next(1, maxChunk + 1), buffer.Length), cutAfter);
                _pipe.Writer.Write(buffer.Slice(0, count).ToArray());
                buffer = buffer.Slice(count);
                cutAfter -= count;
                if ((await _pipe.Writer.FlushAsync()).IsCompleted)
                {
                    cutAfter = 0;
                }
            }
            _source.AdvanceTo(buffer.Start);
            if (result.IsCompleted)
            {
                break;
            }
        }
        await _pipe.Writer.CompleteAsync();
        await _source.CompleteAsync();
    }
}
