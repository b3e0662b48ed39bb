using System.Net.Mime;
using System.Text.Json.Nodes;

namespace Pacs.Web.OpenApi;

/// <summary>The API as an OpenAPI 3.1 document, for generators of clients and for whoever reads it with a tool.</summary>
internal static class OpenApiDocument
{
    /// <summary>Makes the document.</summary>
    public static JsonObject Create(IReadOnlyList<ApiOperation> operations)
    {
        var paths = new JsonObject();
        foreach (var path in operations.GroupBy(o => o.Path).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            paths.Add(path.Key, new JsonObject(path.Select(o => KeyValuePair.Create(o.Method.ToLowerInvariant(), (JsonNode?)Operation(o)))));
        }
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Pacs",
                ["version"] = PacsServer.Version,
                ["description"] = "GDT, DICOMweb (PS3.18), and the REST API of Orthanc. Errors are problem details (RFC 9457), those of Orthanc's routes Orthanc's error objects.",
            },
            ["tags"] = new JsonArray([.. operations.Select(o => o.Group).Distinct().Order(StringComparer.Ordinal).Select(g => new JsonObject { ["name"] = g })]),
            ["paths"] = paths,
        };
    }

    private static JsonObject Operation(ApiOperation operation)
    {
        var answer = new JsonObject { ["description"] = operation.Answer.Length > 0 ? "The answer" : "Done" };
        if (operation.Answer.Length > 0)
        {
            answer.Add("content", Content(operation.Answer, operation.AnswerSchema));
        }
        var described = new JsonObject
        {
            ["tags"] = new JsonArray(operation.Group),
            ["summary"] = operation.Summary,
            ["operationId"] = $"{operation.Method.ToLowerInvariant()} {operation.Path}",
            ["responses"] = new JsonObject { ["2XX"] = answer, ["default"] = new JsonObject { ["description"] = "An error, with a reason" } },
        };
        if (operation.BesideOrthanc.Length > 0)
        {
            described.Add("description", "Beside Orthanc: " + operation.BesideOrthanc);
        }
        if (operation.Parameters.Count + operation.Query.Count > 0)
        {
            described.Add("parameters", new JsonArray(
            [
                .. operation.Parameters.Select(p => Parameter(p.Name, "path", p.IsNumber)),
                .. operation.Query.Select(q => Parameter(q, "query", isNumber: false)),
            ]));
        }
        if (operation.Body.Length > 0)
        {
            described.Add("requestBody", new JsonObject { ["content"] = Content(operation.Body, operation.BodySchema) });
        }
        return described;
    }

    private static JsonObject Parameter(string name, string place, bool isNumber) => new()
    {
        ["name"] = name,
        ["in"] = place,
        ["required"] = place == "path",
        ["schema"] = new JsonObject { ["type"] = isNumber ? "integer" : "string" },
    };

    private static JsonObject Content(string types, JsonNode? schema) => new(types.Split(' ').Select(
        t => KeyValuePair.Create(t, (JsonNode?)(schema is not null && t == MediaTypeNames.Application.Json ? new JsonObject { ["schema"] = schema.DeepClone() } : new JsonObject()))));
}
