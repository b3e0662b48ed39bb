using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pacs.Storage;
using Pacs.Web.Orthanc;

namespace Pacs.Web.Import;

/// <summary>A running Orthanc, asked over its REST API.</summary>
internal sealed class OrthancServer : IOrthancSource
{
    private const int PageOfChanges = 1000;

    // of everything but files and the list of instances
    private const int MaxAnswer = 16 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly UserNames _names;

    /// <param name="address">Where it is; user and password may be in it.</param>
    /// <param name="names">What the numbers of metadata and attachments are called.</param>
    public OrthancServer(Uri address, UserNames names)
    {
        _names = names;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(15) })
        {
            BaseAddress = new Uri(Name(address)),
            Timeout = Patience,
            MaxResponseContentBufferSize = MaxAnswer,
        };
        if (address.UserInfo.Length > 0)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
        }
    }

    /// <summary>An address without user and password, with a slash at its end.</summary>
    public static string Name(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') + "/";
    }

    /// <inheritdoc/>
    public async Task<SourceList> ListAsync(long since, CancellationToken ct)
    {
        using var end = await JsonAsync("changes?last", ct);
        var mark = Number(end!.RootElement, "Last");
        var instances = new List<ResourceId>();
        if (since == 0)
        {
            using var answer = await GetAsync("instances", ct);
            await using var body = await answer!.Content.ReadAsStreamAsync(ct);
            await WrapAsync(async () =>
            {
                await foreach (var text in JsonSerializer.DeserializeAsyncEnumerable<string>(body, cancellationToken: ct))
                {
                    if (ResourceId.TryParse(text, out var id))
                    {
                        instances.Add(id);
                    }
                }
                return true;
            }, ct);
            return new SourceList(instances, mark);
        }
        for (var (at, isDone) = (since, false); !isDone;)
        {
            using var page = await JsonAsync(string.Create(CultureInfo.InvariantCulture, $"changes?since={at}&limit={PageOfChanges}"), ct);
            var last = Number(page!.RootElement, "Last");
            foreach (var change in page.RootElement.TryGetProperty("Changes", out var changes) && changes.ValueKind == JsonValueKind.Array ? changes.EnumerateArray() : default)
            {
                if (Text(change, "ChangeType") == "NewInstance" && ResourceId.TryParse(Text(change, "ID"), out var id))
                {
                    instances.Add(id);
                }
            }
            isDone = last <= at || (page.RootElement.TryGetProperty("Done", out var done) && done.ValueKind == JsonValueKind.True);
            at = Math.Max(at, last);
            mark = Math.Max(mark, at);
        }
        return new SourceList([.. instances.Distinct()], mark);
    }

    /// <inheritdoc/>
    public async Task<SourceResource?> FindAsync(Level level, ResourceId id, CancellationToken ct)
    {
        var path = PathOf(level, id);
        using var resource = await JsonAsync(path, ct);
        using var metadata = resource is null ? null : await JsonAsync(path + "/metadata?expand", ct);
        using var attachments = metadata is null ? null : await JsonAsync(path + "/attachments", ct);
        if (attachments is null)
        {
            return null;
        }
        var parent = level switch { Level.Instance => "ParentSeries", Level.Series => "ParentStudy", Level.Study => "ParentPatient", _ => "" };
        var unnamed = new List<string>();
        var values = new Dictionary<int, string>();
        foreach (var name in metadata!.RootElement.ValueKind == JsonValueKind.Object ? metadata.RootElement.EnumerateObject().Select(m => m.Name) : [])
        {
            if (_names.Metadata(name) is { } number)
            {
                values[number] = Text(metadata.RootElement, name) ?? "";
            }
            else
            {
                unnamed.Add(name);
            }
        }
        var files = new List<SourceFile>();
        foreach (var name in Texts(attachments.RootElement))
        {
            if (_names.Attachment(name) is not { } number)
            {
                unnamed.Add(name);
            }
            else if (number is UserNames.Dicom || UserNames.IsOfUsers(number))
            {
                var file = $"{path}/attachments/{Uri.EscapeDataString(name)}";
                var size = await TextAsync(file + "/size", ct);
                files.Add(new SourceFile(number, file, long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : 0, await TextAsync(file + "/md5", ct) ?? "", false));
            }
        }
        var labels = resource!.RootElement.ValueKind == JsonValueKind.Object && resource.RootElement.TryGetProperty("Labels", out var list) ? Texts(list).ToList() : []; // since 1.12.0
        return new SourceResource(level, id, ResourceId.TryParse(Text(resource.RootElement, parent), out var above) ? above : null, values, labels, files, unnamed);
    }

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(SourceResource resource, SourceFile file, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        return await GetAsync(file.Name + "/data", ct) is { } answer ? new CheckedStream(await answer.Content.ReadAsStreamAsync(ct), file, Patience) : null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string PathOf(Level level, ResourceId id) => $"{ResourcePath.Collection(level)}/{id}";

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long Number(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number
        : throw new SourceException("Its answers are not Orthanc's");

    private static IEnumerable<string> Texts(JsonElement json) =>
        json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!) : [];

    private async Task<JsonDocument?> JsonAsync(string path, CancellationToken ct) => await TextAsync(path, ct) is { } text ? await WrapAsync(() => Task.FromResult(JsonDocument.Parse(text)), ct) : null;

    private async Task<string?> TextAsync(string path, CancellationToken ct)
    {
        using var answer = await GetAsync(path, ct, HttpCompletionOption.ResponseContentRead);
        return answer is null ? null : await WrapAsync(() => answer.Content.ReadAsStringAsync(ct), ct);
    }

    /// <returns>Null for 404.</returns>
    private Task<HttpResponseMessage?> GetAsync(string path, CancellationToken ct, HttpCompletionOption until = HttpCompletionOption.ResponseHeadersRead) => WrapAsync(async () =>
    {
        var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), until, ct);
        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }
        answer.Dispose();
        return answer.StatusCode switch
        {
            HttpStatusCode.NotFound => (HttpResponseMessage?)null,
            HttpStatusCode.Unauthorized => throw new SourceException("Orthanc wants a user and a password: http://user:password@host:8042") { Fault = JobFault.SourceLocked },
            var status => throw new SourceException($"Orthanc answers with HTTP {(int)status}"),
        };
    }, ct);

    private static async Task<T> WrapAsync<T>(Func<Task<T>> read, CancellationToken ct = default)
    {
        try
        {
            return await read();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or InvalidOperationException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw e is JsonException or InvalidOperationException ? new SourceException("Its answers are not Orthanc's", e) : new SourceException("Orthanc cannot be reached, or is silent", e) { Fault = JobFault.SourceSilent };
        }
    }
}
