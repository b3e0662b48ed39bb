namespace Pacs.Storage;

/// <summary>A value the server itself keeps, such as the last accession number, or has been told on the pages (<c>option:</c> and the name of the option).</summary>
public sealed class Setting
{
    /// <summary>The number of the last accession number made here (<c>R%010d</c>). Never goes back, not even when the index is rebuilt.</summary>
    public const string Accession = "accession";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its value.</summary>
    public string Value { get; set; } = "";
}
