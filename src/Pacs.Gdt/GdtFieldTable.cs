using System.Collections.Frozen;
using System.Globalization;

namespace Pacs.Gdt;

/// <summary>What the standard says of a field.</summary>
/// <param name="Id">Its id ("Feldkennung").</param>
/// <param name="Name">Its name, in German as the standard has it.</param>
/// <param name="MaxLength">The most bytes of content; null where the standard sets no limit but that of the line.</param>
public sealed record GdtFieldRule(string Id, string Name, int? MaxLength);

/// <summary>The fields of GDT 2.1 and 3.0, from the tables of the standard in <c>Tables/</c>. 3.1 has those of 3.0; of 3.5 there is no public table.</summary>
public static class GdtFieldTable
{
    private static readonly FrozenDictionary<string, GdtFieldRule> Gdt21 = Read("gdt21-fields.tsv");
    private static readonly FrozenDictionary<string, GdtFieldRule> Gdt30 = Read("gdt30-fields.tsv");

    /// <summary>What a version says of a field, or null when it does not know it.</summary>
    public static GdtFieldRule? Find(GdtVersion version, string id) => version switch
    {
        GdtVersion.Gdt21 => Gdt21.GetValueOrDefault(id),
        GdtVersion.Gdt30 or GdtVersion.Gdt31 => Gdt30.GetValueOrDefault(id),
        _ => null,
    };

    /// <summary>The name of a field in whatever version knows it, for people; null when none does.</summary>
    public static string? NameOf(string id) => (Gdt30.GetValueOrDefault(id) ?? Gdt21.GetValueOrDefault(id))?.Name ?? id switch
    {
        "0001" => "Version der Datensatzbeschreibung", // these are of 3.5
        "8001" => "Satzende",
        "8002" => "Objektanfang",
        "8003" => "Objektende",
        _ => null,
    };

    // columns: field id, name, type, length ("8", "<=60", "3,5,6" or nothing), format
    private static FrozenDictionary<string, GdtFieldRule> Read(string table)
    {
        using var stream = typeof(GdtFieldTable).Assembly.GetManifestResourceStream($"Pacs.Gdt.Tables.{table}")!;
        using var reader = new StreamReader(stream);
        var rules = new Dictionary<string, GdtFieldRule>();
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            var columns = line.Split('\t');
            var length = columns[3].Split(',')[^1];
            rules[columns[0]] = new GdtFieldRule(
                columns[0], columns[1], int.TryParse(length.Replace("<=", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var max) ? max : null);
        }
        return rules.ToFrozenDictionary();
    }
}
