using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>A profile as somebody types it: the whole of it, whatever of it is from the profile it is based on.</summary>
public sealed class GdtProfileForm
{
    /// <summary>The name of the profile, and of its file.</summary>
    public string? Name { get; set; }

    /// <summary>The built-in profile it is based on.</summary>
    public string? Base { get; set; }

    /// <summary><see cref="GdtProfileData.Description"/>.</summary>
    public string? Description { get; set; }

    /// <summary><see cref="GdtProfileData.Version"/>.</summary>
    public string? Version { get; set; }

    /// <summary><see cref="GdtProfileData.VersionText"/>.</summary>
    public string? VersionText { get; set; }

    /// <summary><see cref="GdtProfileData.CharacterSet"/>.</summary>
    public string? CharacterSet { get; set; }

    /// <summary><see cref="GdtProfileData.NamesCharacterSet"/>.</summary>
    public bool NamesCharacterSet { get; set; }

    /// <summary><see cref="GdtProfileData.ReceiverId"/>.</summary>
    public string? ReceiverId { get; set; }

    /// <summary><see cref="GdtProfileData.SenderId"/>.</summary>
    public string? SenderId { get; set; }

    /// <summary><see cref="GdtProfileData.Sex"/>, one <c>M=1</c> a line.</summary>
    public string? Sex { get; set; }

    /// <summary><see cref="GdtProfileData.TestTypes"/>, one <c>US=SONO00</c> a line.</summary>
    public string? TestTypes { get; set; }

    /// <summary><see cref="GdtProfileData.TestId"/>.</summary>
    public string? TestId { get; set; }

    /// <summary><see cref="GdtProfileData.TestDescription"/>.</summary>
    public string? TestDescription { get; set; }

    /// <summary><see cref="GdtProfileData.StudyFile"/>.</summary>
    public string? StudyFile { get; set; }

    /// <summary><see cref="GdtProfileData.ReportFile"/>.</summary>
    public string? ReportFile { get; set; }

    /// <summary><see cref="GdtProfileData.Study"/>, a field a line.</summary>
    public string? Study { get; set; }

    /// <summary><see cref="GdtProfileData.Report"/>, a field a line.</summary>
    public string? Report { get; set; }

    /// <summary><see cref="GdtProfileData.Measurement"/>, a field a line.</summary>
    public string? Measurement { get; set; }

    /// <summary><see cref="GdtProfileData.Attachment"/>, a field a line.</summary>
    public string? Attachment { get; set; }

    /// <summary>The study that the preview is of: its accession number, or its id.</summary>
    public string? Sample { get; set; }

    /// <summary>The form for a profile.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="basis">The built-in profile it is based on.</param>
    /// <param name="whole">Everything it says.</param>
    public static GdtProfileForm Of(string name, string basis, GdtProfileData whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        return new GdtProfileForm
        {
            Name = name,
            Base = basis,
            Description = whole.Description,
            Version = whole.Version,
            VersionText = whole.VersionText,
            CharacterSet = whole.CharacterSet,
            NamesCharacterSet = whole.NamesCharacterSet != false,
            ReceiverId = whole.ReceiverId,
            SenderId = whole.SenderId,
            Sex = Pairs(whole.Sex),
            TestTypes = Pairs(whole.TestTypes),
            TestId = whole.TestId,
            TestDescription = whole.TestDescription,
            StudyFile = whole.StudyFile,
            ReportFile = whole.ReportFile,
            Study = Lines(whole.Study),
            Report = Lines(whole.Report),
            Measurement = Lines(whole.Measurement),
            Attachment = Lines(whole.Attachment),
        };
    }

    /// <summary>What is typed, without what is the same in the profile it is based on: a later version of the program may know better there.</summary>
    /// <param name="below">Everything that the profile below says.</param>
    /// <param name="malformed">Gets the fields whose lines are no pairs.</param>
    public GdtProfileData Read(GdtProfileData below, ICollection<string> malformed)
    {
        ArgumentNullException.ThrowIfNull(below);
        ArgumentNullException.ThrowIfNull(malformed);
        return new GdtProfileData
        {
            Profile = Base,
            Description = Text(Description, below.Description) ?? "", // even where it is the same: it is another profile
            Version = Text(Version, below.Version),
            VersionText = Text(VersionText, below.VersionText),
            CharacterSet = Text(CharacterSet, below.CharacterSet),
            NamesCharacterSet = NamesCharacterSet == (below.NamesCharacterSet != false) ? null : NamesCharacterSet,
            ReceiverId = Text(ReceiverId, below.ReceiverId),
            SenderId = Text(SenderId, below.SenderId),
            Sex = Pairs(Sex, below.Sex, nameof(Sex), malformed),
            TestTypes = Pairs(TestTypes, below.TestTypes, nameof(TestTypes), malformed),
            TestId = Text(TestId, below.TestId),
            TestDescription = Text(TestDescription, below.TestDescription),
            StudyFile = Text(StudyFile, below.StudyFile),
            ReportFile = Text(ReportFile, below.ReportFile),
            Study = Lines(Study, below.Study),
            Report = Lines(Report, below.Report),
            Measurement = Lines(Measurement, below.Measurement),
            Attachment = Lines(Attachment, below.Attachment),
        };
    }

    // an empty text is none where the profile below has none either; elsewhere it is wrong, and the profile says so
    private static string? Text(string? typed, string? below)
    {
        var text = (typed ?? "").Trim();
        return text == (below ?? "") ? null : text;
    }

    private static string Lines(IReadOnlyList<string>? lines) => string.Join('\n', lines ?? []);

    private static List<string>? Lines(string? typed, IReadOnlyList<string>? below)
    {
        var lines = Split(typed);
        return lines.SequenceEqual(below ?? []) ? null : lines;
    }

    private static string Pairs(IReadOnlyDictionary<string, string>? pairs) => string.Join('\n', (pairs ?? new Dictionary<string, string>()).Select(p => $"{p.Key}={p.Value}"));

    private static Dictionary<string, string>? Pairs(string? typed, IReadOnlyDictionary<string, string>? below, string field, ICollection<string> malformed)
    {
        var pairs = new Dictionary<string, string>();
        foreach (var line in Split(typed))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !pairs.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim()))
            {
                malformed.Add(field);
                return null;
            }
        }
        return below is not null && pairs.Count == below.Count && pairs.All(p => below.GetValueOrDefault(p.Key) == p.Value) ? null : pairs;
    }

    private static List<string> Split(string? typed) => [.. (typed ?? "").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
}
