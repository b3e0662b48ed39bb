namespace Pacs.Web.OpenApi;

/// <summary>The description of the API: <c>/openapi/v1.json</c>, and the page <c>/api</c>.</summary>
public static class OpenApiSetup
{
    /// <summary>Registers what reads the routes.</summary>
    public static void AddOpenApiDocument(this IServiceCollection services) => services.AddSingleton<ApiTable>();

    /// <summary>Maps the document.</summary>
    public static void MapOpenApiDocument(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/openapi/v1.json", (ApiTable table) => Results.Text(OpenApiDocument.Create(table.Operations).ToJsonString(), "application/json"));
}
