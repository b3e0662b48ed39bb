using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>The schemas of the GDT routes in <c>/openapi/v1.json</c>: made from the types, and true of what the server answers.</summary>
public sealed class OpenApiSchemaTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_JSON_body_and_answer_of_the_GDT_routes_has_a_schema()
    {
        await using var server = await StartAsync();
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi/v1.json", Ct));
        var bare = new List<string>();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject().Where(p => p.Name.StartsWith("/gdt/", StringComparison.Ordinal)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                foreach (var content in new[] { operation.Value.GetProperty("responses").GetProperty("2XX"), operation.Value.TryGetProperty("requestBody", out var body) ? body : default })
                {
                    if (content.ValueKind == JsonValueKind.Object && content.TryGetProperty("content", out var types) && types.TryGetProperty("application/json", out var json)
                        && !json.TryGetProperty("schema", out _))
                    {
                        bare.Add($"{operation.Name} {path.Name}");
                    }
                }
            }
        }
        Assert.Empty(bare);
    }

    [Fact]
    public async Task Answers_are_as_their_schemas_say()
    {
        await using var server = await StartAsync();
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi/v1.json", Ct));
        await PagesKit.StoreAsync(server, PagesKit.Image("Doe^Jane", accession: "R1"));
        await server.Services.GetRequiredService<GdtOrders>().TakeAsync(server.Services.GetRequiredService<GdtReceivers>().All[0], "order.gdt", "01380006302\n0123000x\n"u8.ToArray(), Ct);
        JsonElement file;
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct))
        {
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            while ((file = (await JsonAsync(server, "/gdt/files?state=written")).EnumerateArray().FirstOrDefault()).ValueKind == JsonValueKind.Undefined)
            {
                await Task.Delay(20, limit.Token);
            }
        }
        var path = file.GetProperty("path").GetString()!;
        var study = file.GetProperty("resource").GetString();
        const string one = "/gdt/files/{receiver}/{kind}/{resource}/{revision}";
        foreach (var (route, address) in new[]
        {
            ("/gdt/receivers", "/gdt/receivers"), ("/gdt/receivers/{name}", "/gdt/receivers/default"), ("/gdt/profiles", "/gdt/profiles"), ("/gdt/profiles/{name}", "/gdt/profiles/medistar"),
            ("/gdt/files", "/gdt/files"), (one, path), ("/gdt/studies/{id}/preview/{receiver}", $"/gdt/studies/{study}/preview/default"), ("/gdt/incoming", "/gdt/incoming"),
        })
        {
            var schema = SchemaOf(document, route, "get");
            var answer = await JsonAsync(server, address);
            Assert.Empty(Faults(answer, schema, route));
            // the check sees what is not right
            Assert.NotEmpty(Faults(JsonDocument.Parse("7").RootElement, schema, route));
        }
        foreach (var (route, address, body) in new (string, string, byte[])[]
        {
            ("/gdt/receivers/{name}/check", "/gdt/receivers/default/check", []), (one + "/send", path + "/send", []), ("/gdt/open", "/gdt/open", "01380006311\r\n01330004711\r\n"u8.ToArray()),
        })
        {
            using var answer = await server.Http.PostAsync(address, new ByteArrayContent(body), Ct);
            Assert.True(answer.IsSuccessStatusCode, $"{address}: {answer.StatusCode}");
            Assert.Empty(Faults(await answer.Content.ReadFromJsonAsync<JsonElement>(Ct), SchemaOf(document, route, "post"), route));
        }
        // what a schema of a body allows is what is taken: the settings that are given are valid ones
        var put = document.RootElement.GetProperty("paths").GetProperty("/gdt/receivers/{name}").GetProperty("put").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Empty(Faults(await JsonAsync(server, "/gdt/receivers/default"), put, "body"));
        Assert.NotEmpty(Faults(JsonDocument.Parse("""{ "colour": "red" }""").RootElement, put, "body"));
        Assert.NotEmpty(Faults(JsonDocument.Parse("""{ "delivery": "sometimes" }""").RootElement, put, "body"));
    }

    private static JsonElement SchemaOf(JsonDocument document, string route, string method) => document.RootElement.GetProperty("paths").GetProperty(route).GetProperty(method).GetProperty("responses")
        .GetProperty("2XX").GetProperty("content").GetProperty("application/json").GetProperty("schema");

    // as much of JSON Schema as the exporter writes
    private static IEnumerable<string> Faults(JsonElement value, JsonElement schema, string place)
    {
        if (schema.ValueKind == JsonValueKind.True)
        {
            yield break;
        }
        if (schema.TryGetProperty("$ref", out _))
        {
            yield return $"{place}: a reference leads nowhere in this document";
        }
        if (schema.TryGetProperty("enum", out var words) && !words.EnumerateArray().Any(w => JsonElement.DeepEquals(w, value)))
        {
            yield return $"{place}: {value} is none of {words}";
        }
        if (schema.TryGetProperty("type", out var type) && !(type.ValueKind == JsonValueKind.Array ? type.EnumerateArray() : Enumerable.Repeat(type, 1)).Any(t => Is(value, t.GetString()!)))
        {
            yield return $"{place}: {value.ValueKind} is no {type}";
            yield break;
        }
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var fault in value.EnumerateArray().SelectMany((v, i) => Faults(v, items, $"{place}[{i}]")))
            {
                yield return fault;
            }
        }
        if (value.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }
        foreach (var missing in (schema.TryGetProperty("required", out var required) ? required.EnumerateArray() : []).Where(r => !value.TryGetProperty(r.GetString()!, out _)))
        {
            yield return $"{place}: {missing} is missing";
        }
        foreach (var member in value.EnumerateObject())
        {
            var known = schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var own) ? own
                : schema.TryGetProperty("additionalProperties", out var more) ? more : default;
            if (known.ValueKind is JsonValueKind.Undefined or JsonValueKind.False)
            {
                yield return $"{place}: {member.Name} is not in the schema";
                continue;
            }
            foreach (var fault in Faults(member.Value, known, $"{place}.{member.Name}"))
            {
                yield return fault;
            }
        }
    }

    private static bool Is(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Null => type == "null",
        JsonValueKind.String => type == "string",
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetInt64(out _)),
        JsonValueKind.Array => type == "array",
        _ => type == "object",
    };

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:IncomingDir"] = "gdt" });

    private static async Task<JsonElement> JsonAsync(TestServer server, string path)
    {
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync(path, Ct));
        return document.RootElement.Clone();
    }
}
