using System.Net;

namespace Pacs.Tests;

public sealed class ServerTests
{
    [Fact]
    public async Task It_starts_on_free_ports_and_says_that_it_lives()
    {
        await using var server = await TestServer.StartAsync();

        var response = await server.Http.GetAsync("/health/live", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEqual(server.HttpPort, server.DicomPort);
    }
}
