using Microsoft.Net.Http.Headers;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.Instances;

/// <summary>A file in another transfer syntax than the stored one, alone: without ranges and tag.</summary>
/// <param name="file">The file.</param>
/// <param name="archive">Where it is.</param>
/// <param name="path">Where exactly.</param>
/// <param name="name">The name under which a browser saves it.</param>
/// <param name="slots">Decoding waits for one.</param>
internal sealed class ConvertedAnswer(OutgoingFile file, Archive archive, string path, string name, DecodingSlots slots) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, ct) = (httpContext.Response, httpContext.RequestAborted);
        ConvertedFile converted;
        try
        {
            converted = await ConvertedFile.MakeAsync(file, path, slots, ct);
        }
        catch (DicomException e)
        {
            // who asked for no syntax in particular can have the good frames; who did, nothing that looks like it
            IResult instead = file.IsDefault ? file.AsStored.Answer(archive, slots, name) ?? HttpProblem.NotFound
                : HttpProblem.NotAcceptable($"The instance cannot be converted: {e.Message}. Ask with transfer-syntax=* for it as it is stored");
            await instead.ExecuteAsync(httpContext);
            return;
        }
        using (converted)
        {
            response.ContentType = MediaTypes.Dicom;
            response.ContentLength = converted.Length;
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(name);
            response.GetTypedHeaders().ContentDisposition = disposition;
            if (!HttpMethods.IsHead(httpContext.Request.Method))
            {
                await converted.WriteAsync(response.Body, ct);
            }
        }
    }
}
