using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Names of files in the import folder. Accession numbers come from devices: only letters, digits, <c>_</c> and <c>-</c> of ASCII get into a name,
/// everything else becomes <c>_</c>. The value itself is in the file.
/// </summary>
public static class GdtFileName
{
    private const int MaxAccession = 64;

    /// <summary><c>R0000000007.gdt</c>; without a usable accession number <c>study-</c>, 16 digits of the study's id and <c>.gdt</c>.</summary>
    public static string ForStudy(string? accession, ResourceId study) => Stem(accession, study) + ".gdt";

    /// <summary><c>R0000000007-sr-1.2.3.gdt</c>; what is no UID is replaced by digits of the instance's id.</summary>
    public static string ForReport(string? accession, ResourceId study, string? sopInstance, ResourceId instance)
    {
        var uid = sopInstance is not null && DicomUid.IsTolerable(sopInstance) ? sopInstance : Short(instance);
        return $"{Stem(accession, study)}-sr-{uid}.gdt";
    }

    /// <summary>The name to try when a file of this name waits to be fetched: <c>R1.gdt</c>, <c>R1-2.gdt</c>, <c>R1-3.gdt</c>.</summary>
    /// <param name="name">The name that was wanted first.</param>
    /// <param name="attempt">1 for the name itself.</param>
    public static string Alternative(string name, int attempt) =>
        attempt <= 1 ? name : $"{Path.GetFileNameWithoutExtension(name)}-{attempt}{Path.GetExtension(name)}";

    private static string Stem(string? accession, ResourceId study)
    {
        var text = accession?.Trim() ?? "";
        if (!text.Any(char.IsAsciiLetterOrDigit))
        {
            return "study-" + Short(study);
        }
        var stem = string.Concat(text.Take(MaxAccession).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
        return IsDevice(stem) ? "_" + stem : stem;
    }

    // names that Windows takes for devices, whatever the extension
    private static bool IsDevice(string stem) =>
        stem.ToUpperInvariant() is "CON" or "PRN" or "AUX" or "NUL"
        || (stem.Length == 4 && char.IsAsciiDigit(stem[3]) && stem[..3].ToUpperInvariant() is "COM" or "LPT");

    private static string Short(ResourceId id) => Convert.ToHexStringLower(id.ToBytes().AsSpan(0, 8));
}
