using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>The reports of <c>Golden/sr</c>.</summary>
internal static class GoldenReport
{
    public static string Folder { get; } = Path.Join(AppContext.BaseDirectory, "Golden", "sr");

    public static SrDocument Read(string path) => SrReader.Read(DicomFile.Open(path).Dataset);

    public static SrMeasurements Measurements(string path) => SrMeasurements.Read(Read(path));

    /// <summary>One of <c>Golden/sr</c>, folded.</summary>
    public static FoldedMeasurements Folded(string name, RepeatedValue choice = RepeatedValue.Mean) =>
        SrRepeats.Fold(Measurements(Path.Join(Folder, name + ".dcm")), choice);

    /// <summary>The rows of a table by column.</summary>
    public static List<Dictionary<string, string>> Rows(string table)
    {
        var lines = File.ReadAllLines(table);
        var columns = lines[0].Split('\t');
        return [.. lines.Skip(1).Where(l => l.Length > 0).Select(l => columns.Zip(l.Split('\t')).ToDictionary(c => c.First, c => c.Second))];
    }
}
