namespace Pacs.Gdt;

/// <summary>The version of GDT ("Gerätedatentransfer", QMS) that a record is written in.</summary>
public enum GdtVersion
{
    /// <summary>
    /// What the old plugin wrote: object names of 3.0 in the brackets of 3.5, without a length and without a character set. No standard, but what practice software is configured for.
    /// </summary>
    Plugin,

    /// <summary>2.1 (2001): no brackets, 8100 with five digits in the second line.</summary>
    Gdt21,

    /// <summary>3.0 (2013): objects in 8200 … 8201, 8202 at the end, 8100 with seven digits.</summary>
    Gdt30,

    /// <summary>3.1 (2016): framed as 3.0.</summary>
    Gdt31,

    /// <summary>3.5: objects in 8002 … 8003 behind their attribute (8100 to 8299), 8001 at the end; no length, ISO 8859-15 only, dates as JJJJMMTT.</summary>
    Gdt35,
}

/// <summary>What the versions are called.</summary>
public static class GdtVersions
{
    /// <summary>By their names in the configuration.</summary>
    public static IReadOnlyDictionary<string, GdtVersion> ByName { get; } = new Dictionary<string, GdtVersion>(StringComparer.OrdinalIgnoreCase)
    {
        ["plugin"] = GdtVersion.Plugin,
        ["2.1"] = GdtVersion.Gdt21,
        ["3.0"] = GdtVersion.Gdt30,
        ["3.1"] = GdtVersion.Gdt31,
        ["3.5"] = GdtVersion.Gdt35,
    };

    /// <summary>The version that a record says of itself in 9218 (until 3.1) or 0001 (3.5); null when it says none that we know.</summary>
    public static GdtVersion? Of(GdtRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record["0001"]?.Trim().StartsWith("3.5", StringComparison.Ordinal) == true || record["8133"] is not null)
        {
            return GdtVersion.Gdt35;
        }
        return record["9218"]?.Trim().TrimStart('0') switch
        {
            "3.01" or "3.10" => GdtVersion.Gdt31,
            "3.00" or "3.0" => GdtVersion.Gdt30,
            "3.1" => GdtVersion.Plugin,
            ['1' or '2', '.', ..] => GdtVersion.Gdt21,
            _ => null,
        };
    }

    /// <summary>Whether a record of this version is framed by 8200, 8201 and 8202.</summary>
    internal static bool CountsLines(this GdtVersion version) => version is GdtVersion.Gdt30 or GdtVersion.Gdt31;

    /// <summary>Digits of 8100, or 0 where the version has no length of the record.</summary>
    internal static int LengthDigits(this GdtVersion version) => version switch { GdtVersion.Gdt21 => 5, GdtVersion.Gdt30 or GdtVersion.Gdt31 => 7, _ => 0 };
}
