using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Names of files in import folders, made of a pattern: <c>{Accession}.gdt</c>, <c>{ReceiverId:4}{SenderId:4}.{n:3}</c> (QMS, GDT 2.1), <c>{ReceiverId}_{SenderId}_{n}.gdt</c>
/// (GDT 3.0). Values come from devices: only letters, digits, <c>_</c> and <c>-</c> of ASCII get into a name, everything else becomes <c>_</c>. The value itself is in the file.
/// </summary>
/// <remarks>
/// <c>{Accession}</c> is the accession number, or <c>study-</c> and 16 digits of the study's id without a usable one; <c>{InstanceUid}</c> the report's SOP Instance UID, or digits
/// of the instance's id where it is none. A number behind the colon cuts. <c>{n}</c> is the lowest number, from 1, behind all those that wait in the folder; <c>{n:3}</c> has three digits.
/// </remarks>
public static class GdtFileName
{
    private const int MaxAccession = 64;

    // stands for the number in a name until the folder is looked at; no value brings one in
    private const char NumberMark = '#';

    /// <summary>The name of a file; with <c>{n}</c> in the pattern it is not whole yet: <see cref="Alternative"/> counts.</summary>
    /// <param name="pattern">The pattern, right by <see cref="Check"/>.</param>
    /// <param name="profile">Whose ids it has.</param>
    /// <param name="accession">(0008,0050) as it is.</param>
    /// <param name="study">The study.</param>
    /// <param name="sopInstance">The report's SOP Instance UID; null for studies.</param>
    /// <param name="instance">The report.</param>
    public static string Of(string pattern, GdtProfileData profile, string? accession, ResourceId study, string? sopInstance = null, ResourceId instance = default)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(profile);
        var name = new StringBuilder();
        foreach (var (text, variable, digits) in Parts(pattern))
        {
            var value = variable switch
            {
                null => text,
                "Accession" => Stem(accession, study),
                "InstanceUid" => sopInstance is not null && DicomUid.IsTolerable(sopInstance) ? sopInstance : Short(instance),
                "ReceiverId" => Clean(profile.ReceiverId ?? ""),
                "SenderId" => Clean(profile.SenderId ?? ""),
                _ => $"{NumberMark}{digits ?? 0}{NumberMark}",
            };
            name.Append(variable is not (null or "n") && digits is { } most ? value[..Math.Min(most, value.Length)] : value);
        }
        return name.ToString();
    }

    /// <summary>The name to try when a file of this name waits to be fetched: <c>R1.gdt</c>, <c>R1-2.gdt</c>, <c>R1-3.gdt</c>, or the next number of a name that has one.</summary>
    /// <param name="name">The name that was wanted first.</param>
    /// <param name="attempt">1 for the name itself.</param>
    public static string Alternative(string name, int attempt)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Number(name) is not var (before, digits, behind))
        {
            return attempt <= 1 ? name : $"{Path.GetFileNameWithoutExtension(name)}-{attempt}{Path.GetExtension(name)}";
        }
        return before + attempt.ToString("D" + digits, CultureInfo.InvariantCulture) + behind;
    }

    /// <summary>A name as people see it: one that has no number yet has dots in its place.</summary>
    public static string Display(string path) =>
        Path.GetFileName(path) is var name && Number(name) is var (before, _, behind) ? $"{before}…{behind}" : Path.GetFileName(path);

    /// <summary>The attempt to begin with: 1, or behind the highest number of the names in the folder, so that the practice software reads them in their order.</summary>
    internal static int FirstAttempt(string name, IEnumerable<string> inFolder)
    {
        if (Number(name) is not var (before, digits, behind))
        {
            return 1;
        }
        var highest = 0;
        foreach (var other in inFolder)
        {
            if (other.Length > before.Length + behind.Length && other.StartsWith(before, StringComparison.OrdinalIgnoreCase) && other.EndsWith(behind, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(other.AsSpan(before.Length, other.Length - before.Length - behind.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                highest = Math.Max(highest, number);
            }
        }
        // three digits end at 999 (QMS): then whichever is free
        return digits > 0 && highest + 1 >= Math.Pow(10, digits) ? 1 : highest + 1;
    }

    /// <summary>Says what is wrong with a pattern.</summary>
    internal static void Check(string name, string? pattern, ICollection<GdtProblem> problems)
    {
        if (string.IsNullOrEmpty(pattern))
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Missing, ""));
            return;
        }
        foreach (var (text, variable, digits) in Parts(pattern))
        {
            if (variable is null ? !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') : variable is not ("Accession" or "InstanceUid" or "ReceiverId" or "SenderId" or "n"))
            {
                problems.Add(new GdtProblem(name, GdtProblemKind.FileName, ""));
                return;
            }
            if (digits is < 1 or > 64 || (variable == "n" && digits > 9))
            {
                problems.Add(new GdtProblem(name, GdtProblemKind.FileNameDigits, ""));
                return;
            }
        }
        if (pattern.StartsWith('.') || pattern.Length > 128)
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.FileNameForm, ""));
        }
    }

    private static IEnumerable<(string Text, string? Variable, int? Digits)> Parts(string pattern)
    {
        while (pattern.Length > 0)
        {
            var open = pattern.IndexOf('{', StringComparison.Ordinal);
            var close = pattern.IndexOf('}', StringComparison.Ordinal);
            if (open != 0 || close < 0)
            {
                var end = open > 0 ? open : pattern.Length;
                yield return (pattern[..end], null, null);
                pattern = pattern[end..];
                continue;
            }
            var inside = pattern[1..close];
            var colon = inside.IndexOf(':', StringComparison.Ordinal);
            yield return (inside, colon < 0 ? inside : inside[..colon],
                colon < 0 ? null : int.TryParse(inside.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var digits) ? digits : 0);
            pattern = pattern[(close + 1)..];
        }
    }

    private static (string Before, int Digits, string Behind)? Number(string name)
    {
        var start = name.IndexOf(NumberMark, StringComparison.Ordinal);
        var end = start < 0 ? -1 : name.IndexOf(NumberMark, start + 1);
        return end < 0 ? null : (name[..start], int.Parse(name.AsSpan(start + 1, end - start - 1), CultureInfo.InvariantCulture), name[(end + 1)..]);
    }

    private static string Stem(string? accession, ResourceId study)
    {
        var text = accession?.Trim() ?? "";
        if (!text.Any(char.IsAsciiLetterOrDigit))
        {
            return "study-" + Short(study);
        }
        var stem = Clean(text);
        return IsDevice(stem) ? "_" + stem : stem;
    }

    private static string Clean(string text) => string.Concat(text.Take(MaxAccession).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));

    // names that Windows takes for devices, whatever the extension
    private static bool IsDevice(string stem) =>
        stem.ToUpperInvariant() is "CON" or "PRN" or "AUX" or "NUL"
        || (stem.Length == 4 && char.IsAsciiDigit(stem[3]) && stem[..3].ToUpperInvariant() is "COM" or "LPT");

    private static string Short(ResourceId id) => Convert.ToHexStringLower(id.ToBytes().AsSpan(0, 8));
}
