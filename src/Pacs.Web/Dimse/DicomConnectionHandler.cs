using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Pacs.Dicom.Network;

namespace Pacs.Web.Dimse;

/// <summary>Hands the connections of the DICOM port to the DIMSE server: what HTTP is to the other port. Kestrel accepts, counts and stops.</summary>
public sealed class DicomConnectionHandler(DimseServer server) : ConnectionHandler
{
    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var remote = DicomDoor.AddressOf(connection)?.ToString() ?? "";
        // requested first when the server stops: what is being worked on is finished; the transport is closed only later
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? connection.ConnectionClosed;
        var input = PromptAcknowledgement.Over(connection.Transport.Input, connection.Features.Get<IConnectionSocketFeature>()?.Socket);
        await server.RunAsync(new Transport(input, connection.Transport.Output), remote, stopping);
        _ = CutAsync(connection);
    }

    /// <summary>Kestrel waits until a peer has read everything; one that does not read, though its association has ended, would keep its connection for ever.</summary>
    private static async Task CutAsync(ConnectionContext connection)
    {
        var closed = connection.ConnectionClosed;
        await Task.Delay(TimeSpan.FromSeconds(5), closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!closed.IsCancellationRequested)
        {
            connection.Abort(new ConnectionAbortedException("the association has ended"));
        }
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
