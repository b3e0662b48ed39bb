using System.Net.Http.Headers;
using System.Text;

namespace Pacs.Web.Peers;

/// <summary>Calls a peer. To be disposed.</summary>
internal sealed class PeerClient : IDisposable
{
    // a large instance over a slow line takes a while
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // of what is asked for: /system, and the answer to an upload
    private const int MaxAnswer = 1 << 20;

    private readonly HttpClient _http;

    public PeerClient(Peer peer)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(15) })
        {
            BaseAddress = peer.Url,
            Timeout = peer.Timeout > 0 ? TimeSpan.FromSeconds(peer.Timeout) : Patience,
            MaxResponseContentBufferSize = MaxAnswer,
        };
        if (peer.Username is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{peer.Username}:{peer.Password}")));
        }
        foreach (var (name, value) in peer.Headers)
        {
            _http.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>What it says at an address.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached, or answers something else.</exception>
    public async Task<byte[]> GetAsync(string path, CancellationToken ct)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), ct);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync(ct);
    }

    /// <summary>Uploads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isPacked">Whether it is packed by gzip.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Its answer, whatever the status.</returns>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<HttpResponseMessage> StoreAsync(Stream file, bool isPacked, CancellationToken ct)
    {
        var content = new StreamContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
        if (isPacked)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }
        return await SendAsync(new HttpRequestMessage(HttpMethod.Post, "instances") { Content = content }, ct);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using (request)
        {
            try
            {
                return await _http.SendAsync(request, ct);
            }
            catch (TaskCanceledException e) when (!ct.IsCancellationRequested)
            {
                throw new HttpRequestException("It did not answer in time", e);
            }
        }
    }
}
