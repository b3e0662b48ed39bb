using System.IO.Pipelines;

namespace Pacs.Tests;

/// <summary>A connection in memory: what goes into one end comes out of the other.</summary>
public sealed class PipePair
{
    public PipePair(PipeOptions? options = null)
    {
        var toServer = new Pipe(options ?? PipeOptions.Default);
        var toClient = new Pipe(options ?? PipeOptions.Default);
        Client = new End(toClient.Reader, toServer.Writer);
        Server = new End(toServer.Reader, toClient.Writer);
    }

    public IDuplexPipe Client { get; }

    public IDuplexPipe Server { get; }

    public sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
