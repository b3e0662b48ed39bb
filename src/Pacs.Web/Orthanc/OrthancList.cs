using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>A JSON array that is written while it is read, so that a list of a million instances needs no memory; a short one goes out with its length.</summary>
internal sealed class OrthancList(IAsyncEnumerable<JsonNode> items) : IResult
{
    // until so much has gathered, a failure is still an answer
    private const int HeldBack = 256 * 1024;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, ct) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = "application/json; charset=utf-8";
        using var buffer = new MemoryStream();
        var separator = "[\n   "u8.ToArray();
        try
        {
            await foreach (var item in items.WithCancellation(ct))
            {
                buffer.Write(separator);
                separator = ",\n   "u8.ToArray();
                using (var json = new OrthancJsonWriter(indent: 3))
                {
                    json.Write(item);
                    buffer.Write(json.Written.Span);
                }
                if (buffer.Length > HeldBack)
                {
                    if (HttpMethods.IsHead(httpContext.Request.Method))
                    {
                        return; // as long as it is: nobody reads it
                    }
                    await SendAsync();
                }
            }
        }
        catch (QueryTooBroadException e) when (!response.HasStarted)
        {
            var problem = OrthancError.BadRequest.Answer(httpContext.Request, $"{e.Tag} is not in the index and would have to be read from too many files: narrow the query by attributes that are");
            await problem.ExecuteAsync(httpContext);
            return;
        }
        buffer.Write(separator[0] == (byte)'[' ? "[]"u8 : "\n]"u8);
        if (!response.HasStarted)
        {
            response.ContentLength = buffer.Length;
        }
        if (!HttpMethods.IsHead(httpContext.Request.Method))
        {
            await SendAsync();
        }

        async Task SendAsync()
        {
            await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), ct);
            buffer.SetLength(0);
        }
    }
}
