using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests.Network;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

/// <summary>Who gets an association, and how many.</summary>
public sealed class DicomAccessTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_101st_association_is_rejected_for_the_moment_and_a_place_that_is_given_back_is_taken()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["MaximumAssociations"] = "100", ["MaximumAssociationsPerHost"] = "100" });
        var clients = new List<DimseClient>();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                clients.Add(await ConnectAsync(server));
            }
            var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(server));
            Assert.Equal(AssociateRejectPdu.LocalLimitExceeded, e.Rejection);
            Assert.Equal(DimseStatus.Success, await clients[99].EchoAsync(Ct));

            await clients[0].ReleaseAsync(Ct);
            clients.Add(await ConnectWhenFreeAsync(server));
            Assert.Equal(DimseStatus.Success, await clients[^1].EchoAsync(Ct));
        }
        finally
        {
            await Task.WhenAll(clients.Select(c => c.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task Connections_that_ask_for_nothing_have_a_limit_of_their_own()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["MaximumAssociationsPerHost"] = "2" });
        var silent = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 9; i++)
            {
                silent.Add(await OpenAsync(server));
            }
            // eight are in; one, whichever a thread takes last, is cut without a word
            var reads = silent.ConvertAll(ReadAsync);
            var cut = await Task.WhenAny(reads);
            Assert.Equal(0, await cut);
            Assert.True(reads.Count(r => r.IsCompleted) == 1);
            silent[cut == reads[0] ? 1 : 0].Dispose();
            await using var client = await ConnectWhenFreeAsync(server);
            Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        }
        finally
        {
            silent.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task A_request_that_drips_in_is_cut_in_time_and_others_do_not_wait()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomScpTimeout"] = "3" });
        using var slow = await OpenAsync(server);
        var request = Wire.RequestBytes((1, DicomUid.Verification, DicomUid.ImplicitVRLittleEndian));
        var begin = Stopwatch.StartNew();
        var dripping = Task.Run(async () =>
        {
            try
            {
                foreach (var b in request)
                {
                    await slow.GetStream().WriteAsync(new[] { b }, Ct);
                    await Task.Delay(100, Ct);
                }
            }
            catch (IOException)
            {
                // cut
            }
        }, Ct);
        await using (var client = await ConnectAsync(server))
        {
            Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
            await client.ReleaseAsync(Ct);
        }
        Assert.True(begin.Elapsed < TimeSpan.FromSeconds(3), $"{begin.Elapsed}");
        Assert.Equal(0, await ReadAsync(slow));
        Assert.True(begin.Elapsed < TimeSpan.FromSeconds(8), $"{begin.Elapsed}");
        await dripping;
    }

    [Fact]
    public async Task The_longest_request_there_may_be_goes_through_the_socket_and_a_longer_one_is_aborted()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var isAccepted in new[] { true, false })
        {
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            PduWriter.Write(
                new AssociateRequestPdu
                {
                    CalledAe = "PACS",
                    CallingAe = "US1",
                    Contexts = [.. Enumerable.Range(0, 128).Select(i => new ProposedContext((byte)((2 * i) + 1), DicomUid.CTImageStorage, [.. Enumerable.Repeat("1.2.276.0.7230010.3.1.4.8323329.10341.1517874363.4567890", 30)]))],
                    UserInformation = new UserInformation { MaxPduLength = 16384, ImplementationClassUid = "1.2.3" },
                },
                bytes);
            var request = bytes.WrittenSpan.ToArray();
            if (!isAccepted)
            {
                // the length alone is enough for a no
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(2), PduReader.MaxAssociateLength + 1);
            }
            Assert.True(request.Length > 200_000);
            using var client = await OpenAsync(server);
            await client.GetStream().WriteAsync(request, Ct);
            var type = new byte[1];
            await client.GetStream().ReadExactlyAsync(type, Ct);
            Assert.Equal(isAccepted ? PduType.AssociateAccept : PduType.Abort, (PduType)type[0]);
        }
    }

    [Fact]
    public async Task Users_are_checked_when_there_are_any()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["DicomUsers"] = $"us1:{Passcode.Of("geheim"u8, 5000)},us2:{Passcode.Of("ä"u8, 5000)}",
        });
        await AssertRejectedAsync(server, null);
        await AssertRejectedAsync(server, Identity(UserIdentityType.Username, "us1", ""));
        await AssertRejectedAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", "falsch"));
        await AssertRejectedAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "US1", "geheim"));
        await AssertRejectedAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", ""));
        await AssertRejectedAsync(server, Identity(UserIdentityType.JsonWebToken, "us1", "geheim"));
        foreach (var (name, passcode) in new[] { ("us1", "geheim"), ("us2", "ä"), ("us1", "geheim") })
        {
            await using var client = await ConnectAsync(server, Identity(UserIdentityType.UsernameAndPasscode, name, passcode));
            Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
            await client.ReleaseAsync(Ct);
        }
        // somebody who knows the name does not profit from who was here before
        await AssertRejectedAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", "falsch"));
        using var ready = await server.Http.GetAsync(new Uri("health/ready", UriKind.Relative), Ct);
        Assert.True(ready.IsSuccessStatusCode, "a server that is particular about users is a ready one");
    }

    [Fact]
    public async Task A_flood_of_wrong_passcodes_leaves_the_others_alone()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomUsers"] = $"us1:{Passcode.Of("geheim"u8, 50_000)}" });
        await using var known = await ConnectAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", "geheim"));
        var flood = Enumerable.Range(0, 40).Select(i => Task.Run(() => Assert.ThrowsAnyAsync<AssociationException>(
            () => ConnectAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", $"{i}"))), Ct)).ToList();

        var waited = Stopwatch.StartNew();
        Assert.Equal(DimseStatus.Success, await known.EchoAsync(Ct));
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(2), $"{waited.Elapsed}");
        await Task.WhenAll(flood);
        await using var again = await ConnectWhenFreeAsync(server, Identity(UserIdentityType.UsernameAndPasscode, "us1", "geheim"));
        Assert.Equal(DimseStatus.Success, await again.EchoAsync(Ct));
    }

    [Fact]
    public async Task Several_called_titles_are_ours_when_titles_are_checked()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["DicomAet"] = "PACS",
            ["DicomCheckCalledAet"] = "true",
            ["DicomCalledAets"] = "OLDPACS, ARCHIV",
        });
        foreach (var title in new[] { "PACS", "OLDPACS", "ARCHIV" })
        {
            await using var client = await ConnectAsync(server, called: title);
        }
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(server, called: "ORTHANC"));
        Assert.Equal(AssociateRejectPdu.CalledAeNotRecognized, e.Rejection);
    }

    [Theory]
    [InlineData("192.168.1.0/24", "192.168.1.7", true)]
    [InlineData("192.168.1.0/24", "192.168.2.7", false)]
    [InlineData("192.168.1.7", "192.168.1.7", true)]
    [InlineData("192.168.1.7", "192.168.1.8", false)]
    [InlineData("fd00::/8", "fd12::1", true)]
    public void Networks_and_single_addresses_are_meant(string entry, string address, bool isIn)
    {
        Assert.True(new NetworksAttribute().IsValid(new[] { entry }));
        Assert.Equal(isIn, NetworksAttribute.Parse(entry).Contains(IPAddress.Parse(address)));
    }

    [Fact]
    public void A_hash_is_read_back_and_tells_nothing()
    {
        var output = new StringWriter();
        Assert.Equal(0, HashCommand.Run(new StringReader("geheim\n"), output, TextWriter.Null));
        var text = output.ToString().Trim();
        Assert.True(Passcode.TryParse(text, out var passcode));
        Assert.True(passcode.Is("geheim"u8));
        Assert.False(passcode.Is("Geheim"u8));
        Assert.DoesNotContain("geheim", text, StringComparison.Ordinal);
        Assert.NotEqual(text, Passcode.Of("geheim"u8).ToString());
        Assert.Equal(1, HashCommand.Run(new StringReader(""), output, TextWriter.Null));
        Assert.All(
            ["", "geheim", "pbkdf2-sha512:1:AAAA:AAAA", "pbkdf2-sha512:-1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA", text + ":x", text.Replace("210000", "99999999", StringComparison.Ordinal)],
            wrong => Assert.False(Passcode.TryParse(wrong, out _)));
    }

    private static UserIdentity Identity(UserIdentityType type, string primary, string secondary) =>
        new(type, true, Encoding.UTF8.GetBytes(primary), Encoding.UTF8.GetBytes(secondary));

    private static async Task AssertRejectedAsync(TestServer server, UserIdentity? identity)
    {
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(server, identity));
        Assert.Equal(AssociateRejectPdu.NotSpecified, e.Rejection);
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, UserIdentity? identity = null, string called = "PACS") => DimseClient.ConnectAsync(
        "127.0.0.1",
        server.DicomPort,
        new AssociationRequest { CallingAe = "US1", CalledAe = called, UserIdentity = identity }.Propose(DicomUid.Verification),
        tls: null,
        Ct);

    /// <summary>The server learns of an end a moment after the client.</summary>
    private static async Task<DimseClient> ConnectWhenFreeAsync(TestServer server, UserIdentity? identity = null)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                return await ConnectAsync(server, identity);
            }
            catch (AssociationException e) when (waited.Elapsed < TimeSpan.FromSeconds(10)
                && (e.Rejection == AssociateRejectPdu.LocalLimitExceeded || e.Failure == AssociationFailure.ConnectionLost))
            {
                await Task.Delay(20, Ct);
            }
        }
    }

    private static async Task<TcpClient> OpenAsync(TestServer server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.DicomPort, Ct);
        return client;
    }

    /// <summary>0 when the connection is cut, orderly or not.</summary>
    private static async Task<int> ReadAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[100], Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Ct);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
