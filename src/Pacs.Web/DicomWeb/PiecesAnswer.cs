using Microsoft.Net.Http.Headers;
using Pacs.Dicom;

namespace Pacs.Web.DicomWeb;

/// <summary>A file that is made while it is sent: without length, ranges and tag.</summary>
/// <param name="type">Its media type.</param>
/// <param name="name">The name under which a browser saves it.</param>
/// <param name="pieces">Its bytes.</param>
internal sealed class PiecesAnswer(string type, string name, IAsyncEnumerable<ReadOnlyMemory<byte>> pieces) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        try
        {
            await WriteAsync(httpContext, response);
        }
        catch (DicomException e) when (!response.HasStarted)
        {
            await DicomWebError.NotAcceptable($"The instance cannot be converted: {e.Message}. Ask with transfer-syntax=* for it as it is stored").ExecuteAsync(httpContext);
        }
    }

    private async Task WriteAsync(HttpContext httpContext, HttpResponse response)
    {
        await foreach (var piece in pieces)
        {
            if (!response.HasStarted)
            {
                response.ContentType = type;
                var disposition = new ContentDispositionHeaderValue("attachment");
                disposition.SetHttpFileName(name);
                response.GetTypedHeaders().ContentDisposition = disposition;
                if (HttpMethods.IsHead(httpContext.Request.Method))
                {
                    return;
                }
            }
            await response.Body.WriteAsync(piece, httpContext.RequestAborted);
        }
    }
}
