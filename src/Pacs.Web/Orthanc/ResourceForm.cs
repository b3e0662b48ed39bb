using Pacs.Dicom;

namespace Pacs.Web.Orthanc;

/// <summary>What the JSON object of a resource contains beside <c>ID</c> and <c>Type</c>.</summary>
[Flags]
internal enum ResourceParts
{
    /// <summary>Nothing else.</summary>
    None = 0,

    /// <summary><c>MainDicomTags</c>, of studies also <c>PatientMainDicomTags</c>.</summary>
    MainDicomTags = 1,

    /// <summary><c>Studies</c>, <c>Series</c> or <c>Instances</c>.</summary>
    Children = 2,

    /// <summary><c>ParentPatient</c>, <c>ParentStudy</c> or <c>ParentSeries</c>.</summary>
    Parent = 4,

    /// <summary><c>Labels</c>.</summary>
    Labels = 8,

    /// <summary>Of series <c>Status</c> and <c>ExpectedNumberOfInstances</c>.</summary>
    Status = 16,

    /// <summary><c>IsStable</c>.</summary>
    IsStable = 32,

    /// <summary>Of patients <c>IsProtected</c>.</summary>
    IsProtected = 64,

    /// <summary><c>Metadata</c>, all of it.</summary>
    Metadata = 128,

    /// <summary><c>Attachments</c>, all of them.</summary>
    Attachments = 256,

    /// <summary>What older clients look for at the top: <c>LastUpdate</c>, <c>FileSize</c>, <c>FileUuid</c>, <c>IndexInSeries</c>.</summary>
    Facts = 512,

    /// <summary>What <c>expand</c> means.</summary>
    Expanded = MainDicomTags | Children | Parent | Labels | Status | IsStable | Facts,
}

/// <summary>How resources are written.</summary>
/// <param name="Format">How tags are named; keywords if nothing is said.</param>
/// <param name="Parts">What there is of them.</param>
/// <param name="RequestedTags">Tags that are wanted beside the main ones.</param>
internal sealed record ResourceForm(TagFormat Format, ResourceParts Parts, IReadOnlyList<DicomTag> RequestedTags)
{
    // each may have to be read from a file
    private const int MaxTags = 100;

    /// <summary>All of it, by keywords.</summary>
    public static ResourceForm Default { get; } = new(TagFormat.Simplify, ResourceParts.Expanded, []);

    /// <summary>Reads <c>short</c>, <c>full</c>, <c>simplify</c>, <c>requested-tags</c> and <c>response-content</c>.</summary>
    /// <exception cref="FormatException">A tag or a part is unknown.</exception>
    public static ResourceForm Of(IQueryCollection query)
    {
        var format = OrthancTags.IsOn(query, "full") ? TagFormat.Full : OrthancTags.IsOn(query, "short") ? TagFormat.Short : TagFormat.Simplify;
        var requested = query.TryGetValue("requested-tags", out var tags) || query.TryGetValue("requestedTags", out tags) ? tags.ToString() : "";
        var parts = query["response-content"].ToString() is { Length: > 0 } content ? ParseParts(content.Split(';')) : ResourceParts.Expanded;
        return new ResourceForm(format, parts, ParseTags(requested.Split(';', StringSplitOptions.RemoveEmptyEntries)));
    }

    /// <summary>Reads tags.</summary>
    /// <exception cref="FormatException">One is unknown, or there are too many.</exception>
    public static IReadOnlyList<DicomTag> ParseTags(IReadOnlyCollection<string> names)
    {
        var tags = names.Select(n => DicomTag.TryParse(n.Trim(), out var tag) ? tag : throw new FormatException($"{n} is no DICOM tag")).Distinct().ToList();
        return tags.Count <= MaxTags ? tags : throw new FormatException($"At most {MaxTags} tags can be requested");
    }

    /// <summary>Reads the names of parts.</summary>
    /// <exception cref="FormatException">One is unknown.</exception>
    public static ResourceParts ParseParts(IEnumerable<string> names) => names.Aggregate(ResourceParts.None, (parts, name) => parts | name.Trim() switch
    {
        "MainDicomTags" => ResourceParts.MainDicomTags,
        "Children" => ResourceParts.Children,
        "Parent" => ResourceParts.Parent,
        "Labels" => ResourceParts.Labels,
        "Status" => ResourceParts.Status,
        "IsStable" => ResourceParts.IsStable,
        "IsProtected" => ResourceParts.IsProtected,
        "Metadata" => ResourceParts.Metadata,
        "Attachments" => ResourceParts.Attachments,
        "RequestedTags" or "" => ResourceParts.None,
        _ => throw new FormatException($"{name} is no part of a resource"),
    });
}
