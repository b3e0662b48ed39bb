using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Pacs.Web.Orthanc;

/// <summary>A JSON answer in Orthanc's layout; to HEAD its headers only.</summary>
/// <param name="json">What is answered; disposed when it has been sent.</param>
/// <param name="status">The HTTP status.</param>
internal sealed class OrthancResult(OrthancJsonWriter json, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>An answer from values.</summary>
    public OrthancResult(JsonNode body, int status = StatusCodes.Status200OK)
        : this(Written(body), status)
    {
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var body = json;
        var bytes = body.Written;
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
        {
            await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
        }
    }

    private static OrthancJsonWriter Written(JsonNode body)
    {
        var json = new OrthancJsonWriter();
        json.Write(body);
        return json;
    }
}

/// <summary>The errors of Orthanc's REST API: a number of its own, a sentence, and the HTTP status it is sent with.</summary>
/// <param name="Code">Orthanc's error number (<c>OrthancStatus</c>).</param>
/// <param name="Sentence">Its text for that number.</param>
/// <param name="Status">The HTTP status.</param>
internal sealed record OrthancError(int Code, string Sentence, int Status)
{
    /// <summary>The server failed.</summary>
    public static OrthancError Internal { get; } = new(-1, "Internal error", StatusCodes.Status500InternalServerError);

    /// <summary>What was asked for is not built.</summary>
    public static OrthancError NotImplemented { get; } = new(2, "Not implemented yet", StatusCodes.Status501NotImplemented);

    /// <summary>A number or name that is none of those there are.</summary>
    public static OrthancError ParameterOutOfRange { get; } = new(3, "Parameter out of range", StatusCodes.Status400BadRequest);

    /// <summary>A parameter that is not what it should be.</summary>
    public static OrthancError BadParameterType { get; } = new(5, "Bad type for a parameter", StatusCodes.Status400BadRequest);

    /// <summary>Something else has to come first.</summary>
    public static OrthancError BadSequenceOfCalls { get; } = new(6, "Bad sequence of calls", StatusCodes.Status500InternalServerError);

    /// <summary>There is nothing of that name.</summary>
    public static OrthancError InexistentItem { get; } = new(7, "Accessing an inexistent item", StatusCodes.Status404NotFound);

    /// <summary>Another DICOM application cannot be reached, refuses or breaks off.</summary>
    public static OrthancError NetworkProtocol { get; } = new(9, "Error in the network protocol", StatusCodes.Status500InternalServerError);

    /// <summary>A body that cannot be read.</summary>
    public static OrthancError BadFileFormat { get; } = new(15, "Bad file format", StatusCodes.Status400BadRequest);

    /// <summary>The index has it, the disk has not.</summary>
    public static OrthancError InexistentFile { get; } = new(13, "Inexistent file", StatusCodes.Status404NotFound);

    /// <summary>A stored file that cannot be read any more.</summary>
    public static OrthancError CorruptedFile { get; } = new(20, "Corrupted file", StatusCodes.Status500InternalServerError);

    /// <summary>There is no room left.</summary>
    public static OrthancError FullStorage { get; } = new(19, "The file storage is full", StatusCodes.Status507InsufficientStorage);

    /// <summary>What may not be changed this way.</summary>
    public static OrthancError ReadOnly { get; } = new(22, "Cannot modify a read-only data structure", StatusCodes.Status403Forbidden);

    /// <summary>What nobody may do here.</summary>
    public static OrthancError ForbiddenAccess { get; } = new(45, "Forbidden access to a resource", StatusCodes.Status403Forbidden);

    /// <summary>A parameter that cannot be read.</summary>
    public static OrthancError BadRequest { get; } = new(8, "Bad request", StatusCodes.Status400BadRequest);

    /// <summary>What was made of others could not be stored.</summary>
    public static OrthancError CannotStore { get; } = new(2018, "Cannot store an instance", StatusCodes.Status500InternalServerError);

    /// <summary>Somebody else has changed it since the client looked.</summary>
    public static OrthancError Revision { get; } = new(
        43, "A bad revision number was provided, which might indicate conflict between multiple writers", StatusCodes.Status409Conflict);

    /// <summary>Something was to be made for a parent that is not there.</summary>
    public static OrthancError CreateParent { get; } = new(2024, "Trying to attach a new DICOM instance to an inexistent resource", StatusCodes.Status400BadRequest);

    /// <summary>No such route or resource.</summary>
    public static OrthancError UnknownResource { get; } = new(17, "Unknown resource", StatusCodes.Status404NotFound);

    /// <summary>The answer for a request that failed this way.</summary>
    /// <param name="request">The request: its method and path are named in the answer.</param>
    /// <param name="details">One sentence about this case, without anything about a patient.</param>
    public IResult Answer(HttpRequest request, string? details = null)
    {
        var body = new JsonObject
        {
            ["HttpError"] = ReasonPhrases.GetReasonPhrase(Status),
            ["HttpStatus"] = Status,
            ["Message"] = Sentence,
            ["Method"] = request.Method,
            ["OrthancError"] = Sentence,
            ["OrthancStatus"] = Code,
            ["Uri"] = request.PathBase.Add(request.Path).Value,
        };
        if (details is not null)
        {
            body["Details"] = details;
        }
        return new OrthancResult(body, Status);
    }
}
