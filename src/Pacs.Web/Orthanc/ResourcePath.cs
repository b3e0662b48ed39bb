using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>The addresses of resources.</summary>
internal static class ResourcePath
{
    /// <summary>The four levels, from the top.</summary>
    public static IReadOnlyList<Level> Levels { get; } = [Level.Patient, Level.Study, Level.Series, Level.Instance];

    /// <summary>The list of a level, e.g. <c>studies</c>.</summary>
    public static string Collection(Level level) => level switch
    {
        Level.Patient => "patients",
        Level.Study => "studies",
        Level.Series => "series",
        _ => "instances",
    };

    /// <summary>A resource, e.g. <c>/studies/…</c>.</summary>
    public static string Of(Level level, ResourceId id) => $"/{Collection(level)}/{id}";
}
