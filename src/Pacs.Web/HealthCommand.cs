using System.Net;
using Pacs.Web.Configuration;

namespace Pacs.Web;

/// <summary><c>Pacs.Web health</c>: asks the server that runs with the same configuration whether it is ready. For Docker's HEALTHCHECK: the image needs no curl.</summary>
public static class HealthCommand
{
    /// <summary>Asks.</summary>
    /// <param name="options">The settings of the server.</param>
    /// <returns>The exit code: 0 ready, 1 not.</returns>
    public static async Task<int> RunAsync(PacsOptions options)
    {
        var url = new Uri(AddressOf(options), "/health/ready");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(4) }; // Docker waits 5 s
        try
        {
            using var response = await http.GetAsync(url);
            Console.WriteLine(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{url} does not answer: {e.Message}");
            return 1;
        }
    }

    /// <summary>Where the server that runs with these settings on this machine answers.</summary>
    internal static Uri AddressOf(PacsOptions options)
    {
        var host = options.RemoteAccessAllowed && IPAddress.TryParse(options.BindAddress, out var address)
            && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : IPAddress.Loopback;
        return new UriBuilder(Uri.UriSchemeHttp, host.ToString(), options.HttpPort).Uri;
    }
}
