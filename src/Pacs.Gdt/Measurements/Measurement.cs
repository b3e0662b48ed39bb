using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>A measured value of a report, as the practice software gets it.</summary>
/// <param name="Identifier">8410, by which it is filed.</param>
/// <param name="Name">8411, for people.</param>
/// <param name="Value">8420, a decimal point whatever the culture.</param>
/// <param name="Unit">8421: as people write it, or as the device does. May be empty.</param>
/// <param name="RealId">The device's own id of the measurement, 8470; null where there is none.</param>
/// <param name="Source">How it was measured (<c>2D mode</c>), 8470; null where the device does not say.</param>
/// <param name="Path">Where in the content tree it was.</param>
public sealed record Measurement(string Identifier, string Name, string Value, string Unit, string? RealId, string? Source, string Path)
{
    /// <summary>The normal range's lower limit, 8461; null where the report has none.</summary>
    public string? Lower { get; init; }

    /// <summary>The normal range's upper limit, 8462; null where the report has none.</summary>
    public string? Upper { get; init; }

    /// <summary>What else there is to say, 8470: method, percentiles.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>What is exported of a report.</summary>
/// <param name="Values">The values, in the order of the file.</param>
/// <param name="LeftOut">The numeric items that are not among them.</param>
public sealed record ReportValues(IReadOnlyList<Measurement> Values, IReadOnlyList<LeftOutItem> LeftOut)
{
    // a device sends codes of its own as reasons for missing values
    private const int MaxReasons = 20;

    /// <summary>
    /// What is left out, for the log: each reason with its number and its first places in the tree. The rare reasons come first: hundreds of copies
    /// must not hide the one value that is not a number.
    /// </summary>
    /// <param name="places">How many places of each.</param>
    public IReadOnlyList<string> DescribeLeftOut(int places) =>
    [
        .. LeftOut.GroupBy(i => i.Reason).OrderBy(g => g.Count()).Take(MaxReasons)
            .Select(g => $"{g.Count()} × {g.Key} ({string.Join(", ", g.Take(places).Select(i => i.Path))}{(g.Count() > places ? ", …" : "")})"),
    ];
}
