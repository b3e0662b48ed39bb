namespace Pacs.Web.DicomWeb;

/// <summary>Several fragments, one after the other: a video whose device has not kept to one (PS3.5 §A.4.6).</summary>
internal sealed class FragmentAnswer(RenderedPart part) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var open = part;
        httpContext.Response.ContentType = part.Type;
        httpContext.Response.ContentLength = part.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
        {
            await part.WriteAsync(httpContext.Response, httpContext.RequestAborted);
        }
    }
}
