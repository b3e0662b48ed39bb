namespace Pacs.Web.Http;

/// <summary>An answer that says no: problem details (RFC 9457), or a page for a browser.</summary>
/// <param name="Status">The HTTP status (PS3.18 §8.5).</param>
/// <param name="Detail">What was wrong and what to do, in a sentence without anything about a patient.</param>
/// <param name="Reason">The same in one word, for a program that says it in its own language; or null.</param>
internal sealed record HttpProblem(int Status, string Detail, string? Reason = null) : IResult
{
    /// <summary>There is no such study, series, instance, frame or value.</summary>
    public static HttpProblem NotFound { get; } = new(StatusCodes.Status404NotFound, "There is no such study, series, instance, frame or value here");

    /// <summary>The index has the object and the archive has no file of it.</summary>
    public static HttpProblem NoFile { get; } = NotFound with { Reason = "file" };

    /// <summary>The image has fewer frames.</summary>
    public static HttpProblem NoFrame { get; } = NotFound with { Reason = "frame" };

    /// <summary>A request that cannot be understood.</summary>
    public static HttpProblem BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    /// <summary>None of the media types that the client takes can be given.</summary>
    public static HttpProblem NotAcceptable(string detail, string? reason = null) => new(StatusCodes.Status406NotAcceptable, detail, reason);

    /// <summary>More than the server does at once.</summary>
    public static HttpProblem TooLarge(string detail) => new(StatusCodes.Status413PayloadTooLarge, detail);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.RefuseAsync(Status, Detail, Reason);
}
