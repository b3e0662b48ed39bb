using System.Globalization;
using System.Text.RegularExpressions;

namespace Pacs.Tests;

/// <summary>Our copy of the table of Orthanc's routes.</summary>
public static partial class OrthancTable
{
    /// <summary>Its rows, one for each path that a row stands for.</summary>
    public static IEnumerable<(int Tier, string Method, string Path)> Rows() =>
        from line in File.ReadLines(Path.Join(Repository.Root, "tests", "Pacs.Tests", "Web", "orthanc-rest.tsv")).Skip(1)
        let cells = line.Split('\t')
        from path in Paths(cells[2])
        select (int.Parse(cells[0], CultureInfo.InvariantCulture), cells[1], path);

    private static IEnumerable<string> Paths(string path) => Choice().Match(path) is { Success: true } choice
        ? choice.Groups["list"].Value.Split(',').SelectMany(one => Paths(path.Replace(choice.Value, one, StringComparison.Ordinal))) : [path];

    [GeneratedRegex(@"\((?<list>[a-z0-9.,-]+)\)")]
    private static partial Regex Choice();
}
