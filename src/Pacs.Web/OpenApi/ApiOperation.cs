using System.Text.Json.Nodes;

namespace Pacs.Web.OpenApi;

/// <summary>One method of one route of the API.</summary>
/// <param name="Method">GET, POST, PUT or DELETE.</param>
/// <param name="Path">The path, its parameters in braces.</param>
/// <param name="Parameters">The parameters of the path: name, and whether it is a number.</param>
public sealed record ApiOperation(string Method, string Path, IReadOnlyList<(string Name, bool IsNumber)> Parameters)
{
    /// <summary>What it belongs to.</summary>
    public string Group { get; init; } = "";

    /// <summary>What it does, in a few words; empty where nobody has said it.</summary>
    public string Summary { get; init; } = "";

    /// <summary>How it compares with Orthanc's; empty where there is no such thing.</summary>
    public string BesideOrthanc { get; init; } = "";

    /// <summary>Its parameters in the query.</summary>
    public IReadOnlyList<string> Query { get; init; } = [];

    /// <summary>The media type of its body; empty for none.</summary>
    public string Body { get; init; } = "";

    /// <summary>The schema of a JSON body; null where nobody has said its type.</summary>
    public JsonNode? BodySchema { get; init; }

    /// <summary>The schema of a JSON answer; null where nobody has said its type.</summary>
    public JsonNode? AnswerSchema { get; init; }

    /// <summary>The media type of its answer; empty for none.</summary>
    public string Answer { get; init; } = "";
}
