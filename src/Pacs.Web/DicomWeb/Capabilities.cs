using System.Text.Json.Nodes;
using System.Xml.Linq;
using Pacs.Web.Configuration;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>What the services can do (PS3.18 §8.9): a WADL document, or the same as JSON.</summary>
internal static class Capabilities
{
    private const string Wadl = "application/vnd.sun.wadl+xml";

    private static readonly XNamespace Namespace = "http://wadl.dev.java.net/2009/02";

    private static readonly string[] Model = [MediaTypes.DicomJson, $"multipart/related; type=\"{MediaTypes.DicomXml}\""];
    private static readonly string[] Instances = [$"multipart/related; type=\"{MediaTypes.Dicom}\"", MediaTypes.Dicom];
    private static readonly string[] Pictures = ["image/jpeg", "image/png"];

    /// <summary>Answers at the root of the services.</summary>
    public static IResult Answer(HttpContext context, PacsOptions options)
    {
        var resources = Resources(options).ToList();
        var root = new DicomWebAddress(context.Request, options).Root;
        return MediaRange.Choose(MediaRange.Of(context.Request), Wadl, MediaTypes.Json) switch
        {
            { Type: Wadl } => Results.Text(ToWadl(root, resources), Wadl, System.Text.Encoding.UTF8),
            null => HttpProblem.NotAcceptable($"Capabilities are {Wadl} or {MediaTypes.Json}"),
            _ => Results.Text(ToJson(root, resources), MediaTypes.Json, System.Text.Encoding.UTF8),
        };
    }

    /// <summary>Every resource with its method and media types, those of the answer.</summary>
    internal static IEnumerable<(string Path, string Method, string[] Types)> Resources(PacsOptions options)
    {
        const string Study = "studies/{study}", Series = Study + "/series/{series}", Instance = Series + "/instances/{instance}";
        foreach (var path in (string[])["studies", "series", "instances", Study + "/series", Study + "/instances", Series + "/instances"])
        {
            yield return (path, "GET", Model);
        }
        foreach (var path in (string[])[Study, Series, Instance])
        {
            yield return (path, "GET", Instances);
            yield return (path + "/metadata", "GET", Model);
            yield return (path + "/thumbnail", "GET", Pictures);
            if (path != Instance)
            {
                yield return (path + "/rendered", "GET", ["multipart/related; type=\"image/jpeg\"", "multipart/related; type=\"image/png\"", .. Pictures]);
            }
            if (options.DicomWeb.AllowDelete)
            {
                yield return (path, "DELETE", []);
            }
        }
        yield return (Instance + "/bulkdata/{place}", "GET", [MediaTypes.OctetStream, $"multipart/related; type=\"{MediaTypes.OctetStream}\""]);
        yield return (Instance + "/frames/{list}", "GET", [$"multipart/related; type=\"{MediaTypes.OctetStream}\"", "multipart/related; type=\"image/jpeg\"", MediaTypes.OctetStream]);
        yield return (Instance + "/rendered", "GET", [.. Pictures, "image/gif", .. VideoType.All, "application/pdf"]);
        yield return (Instance + "/frames/{list}/rendered", "GET", Pictures);
        yield return (Instance + "/frames/{frame}/thumbnail", "GET", Pictures);
        yield return ("studies", "POST", [MediaTypes.DicomJson, MediaTypes.DicomXml]);
        yield return (Study, "POST", [MediaTypes.DicomJson, MediaTypes.DicomXml]);
    }

    private static string ToWadl(string root, IEnumerable<(string Path, string Method, string[] Types)> resources) =>
        new XDocument(new XElement(Namespace + "application", new XElement(Namespace + "resources", new XAttribute("base", root + "/"),
            resources.GroupBy(r => r.Path).Select(resource => new XElement(Namespace + "resource", new XAttribute("path", resource.Key),
                resource.Select(r => new XElement(Namespace + "method", new XAttribute("name", r.Method),
                    new XElement(Namespace + "response", r.Types.Select(t => new XElement(Namespace + "representation", new XAttribute("mediaType", t))))))))))).ToString();

    private static string ToJson(string root, IEnumerable<(string Path, string Method, string[] Types)> resources) => new JsonObject
    {
        ["base"] = root + "/",
        ["resources"] = new JsonArray([.. resources.Select(r =>
            (JsonNode)new JsonObject { ["path"] = r.Path, ["method"] = r.Method, ["mediaTypes"] = new JsonArray([.. r.Types.Select(t => (JsonNode)JsonValue.Create(t))]) })]),
    }.ToJsonString();
}
