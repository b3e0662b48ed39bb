using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>One word of a search: whatever it may mean, any of it matches.</summary>
/// <param name="Name">Beginning of a part of the patient's name, as <see cref="Patient.NameSearch"/> has it; null when it cannot be one.</param>
/// <param name="Numbers">Beginnings of the patient's or the accession number.</param>
/// <param name="BirthDate">The patient's date of birth (DA), or null.</param>
/// <param name="Modalities">Modalities of the study; empty when it is no word for one.</param>
public sealed record SearchWord(string? Name, IReadOnlyList<string> Numbers, string? BirthDate, IReadOnlyList<string> Modalities);

/// <summary>
/// What somebody types to find a study: beginnings of the parts of a name in any order (<c>müller</c>, <c>jörg mül</c>, <c>Müller, Jörg</c>), of a patient or accession
/// number, a date of birth (<c>07.03.1958</c>), a word for a modality (<c>us</c>, <c>Röntgen</c>). All words must match.
/// </summary>
/// <param name="Words">The words; none matches everything.</param>
public sealed record StudySearch(IReadOnlyList<SearchWord> Words)
{
    /// <summary>Further words are ignored: nobody types so many, and each one costs.</summary>
    public const int MaxWords = 8;

    private static readonly char[] Separators = [' ', ',', '^', '-', '=', '\t', '\u00A0'];

    // the defined terms of (0008,0060) that practices have, and what people call them
    private static readonly Dictionary<string, string[]> ModalityWords = Terms(
        "US", "CT", "MR", "CR", "DX", "MG", "XA", "RF", "NM", "PT", "ES", "OP", "OPT", "SR", "PX", "IO", "ECG", "EPS", "XC", "GM", "SM", "DOC", "OT", "KO", "PR", "RG", "IVUS", "BMD",
        "SONO=US", "SONOGRAPHIE=US", "ULTRASCHALL=US", "ULTRASOUND=US", "MRT=MR", "MRI=MR", "PET=PT", "MAMMO=MG", "MAMMOGRAPHIE=MG", "EKG=ECG", "ENDOSKOPIE=ES", "ENDOSCOPY=ES",
        "RONTGEN=CR,DX,RF", "ROENTGEN=CR,DX,RF", "XRAY=CR,DX,RF", "BERICHT=SR", "REPORT=SR", "FOTO=XC", "PHOTO=XC");

    /// <summary>Reads what was typed. Everything means something.</summary>
    public static StudySearch Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new([.. Split(text).Take(MaxWords).Select(Word)]);
    }

    /// <summary>Whether it finds somebody who is not in the index: on the worklist, for instance.</summary>
    /// <param name="patientId">His number.</param>
    /// <param name="name">His name, as DICOM writes it.</param>
    /// <param name="birthDate">His date of birth (DA).</param>
    public bool Finds(string patientId, string name, string birthDate)
    {
        ArgumentNullException.ThrowIfNull(patientId);
        ArgumentNullException.ThrowIfNull(name);
        var parts = "^" + NameSearch(string.Join('^', Split(TextFolding.Fold(name))));
        return Words.Count > 0 && Words.All(word => word.BirthDate is { } born ? born == birthDate
            : (word.Name is { } start && parts.Contains(start, StringComparison.Ordinal)) || word.Numbers.Any(number => patientId.StartsWith(number, StringComparison.Ordinal)));
    }

    /// <summary>
    /// A name as <see cref="Patient.NameSearch"/> has it: AE, OE and UE count as the umlauts they stand for, so that Müller, Mueller and Muller are found by one another.
    /// The column says the same in SQL.
    /// </summary>
    internal static string NameSearch(string folded) => folded.Replace("AE", "A", StringComparison.Ordinal).Replace("OE", "O", StringComparison.Ordinal)
        .Replace("UE", "U", StringComparison.Ordinal);

    private static IEnumerable<string> Split(string text)
    {
        foreach (var word in text.Split([' ', '\t', '\u00A0'], StringSplitOptions.RemoveEmptyEntries))
        {
            // a number may have a hyphen in it, a date as well
            if (word.AsSpan().IndexOfAnyInRange('0', '9') >= 0)
            {
                yield return word.Trim(',');
            }
            else
            {
                foreach (var part in word.Split(Separators, StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return part;
                }
            }
        }
    }

    private static SearchWord Word(string text)
    {
        if (DateOnly.TryParseExact(text, ["d.M.yyyy", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var born))
        {
            return new SearchWord(null, [], born.ToString("yyyyMMdd", CultureInfo.InvariantCulture), []);
        }
        var numbers = new List<string> { text };
        var folded = TextFolding.Fold(text);
        if (text.ToUpperInvariant() is var capitals && capitals != text)
        {
            numbers.Add(capitals);
        }
        if (text.Length <= 10 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            // our own accession numbers without their leading letter and zeros
            numbers.Add(string.Create(CultureInfo.InvariantCulture, $"R{number:D10}"));
        }
        return new SearchWord("^" + NameSearch(folded), numbers, null, ModalityWords.GetValueOrDefault(folded) ?? []);
    }

    private static Dictionary<string, string[]> Terms(params ReadOnlySpan<string> terms)
    {
        var words = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var term in terms)
        {
            var parts = term.Split('=');
            words[parts[0]] = parts[^1].Split(',');
        }
        return words;
    }
}
