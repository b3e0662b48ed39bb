namespace Pacs.Storage;

/// <summary>A value the server itself keeps, such as the last accession number. What people set is in the configuration.</summary>
public sealed class Setting
{
    /// <summary>The first event that consumers see which have no cursor yet: a rebuilt index does not announce old studies again.</summary>
    public const string FeedStart = "feed_start";

    /// <summary>The number of the last accession number made here (<c>R%010d</c>). Never goes back, not even when the index is rebuilt.</summary>
    public const string Accession = "accession";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its value.</summary>
    public string Value { get; set; } = "";
}
