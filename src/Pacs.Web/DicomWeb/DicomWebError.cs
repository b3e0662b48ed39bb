using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>An answer that says no: problem details (RFC 9457), or a page for a browser.</summary>
/// <param name="Status">The HTTP status (PS3.18 §8.5).</param>
/// <param name="Detail">What was wrong and what to do, in a sentence without anything about a patient.</param>
internal sealed record DicomWebError(int Status, string Detail) : IResult
{
    /// <summary>There is no such study, series, instance, frame or value.</summary>
    public static DicomWebError NotFound { get; } = new(StatusCodes.Status404NotFound, "There is no such study, series, instance, frame or value here");

    /// <summary>A request that cannot be understood.</summary>
    public static DicomWebError BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    /// <summary>None of the media types that the client takes can be given.</summary>
    public static DicomWebError NotAcceptable(string detail) => new(StatusCodes.Status406NotAcceptable, detail);

    /// <summary>More than the server does at once.</summary>
    public static DicomWebError TooLarge(string detail) => new(StatusCodes.Status413PayloadTooLarge, detail);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.RefuseAsync(Status, Detail);
}
