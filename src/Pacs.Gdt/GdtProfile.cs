using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pacs.Gdt;

/// <summary>
/// How a receiver wants its records, as data: what is left out is as in the profile it is based on. The built-in ones are JSON files in <c>Profiles/</c>; the configuration of a receiver
/// may change any of it. docs/gdt.md lists the variables.
/// </summary>
public record GdtProfileData
{
    /// <summary>What practice software it is for, and what the profile does differently from the one it is based on.</summary>
    public string? Description { get; init; }

    /// <summary>The profile it is based on.</summary>
    public string? Profile { get; init; }

    /// <summary><c>2.1</c>, <c>3.0</c>, <c>3.1</c>, <c>3.5</c>, or <c>plugin</c>.</summary>
    public string? Version { get; init; }

    /// <summary>What 9218 says where it is not the version's own number: <c>02.00</c>.</summary>
    public string? VersionText { get; init; }

    /// <summary><see cref="GdtCharacterSet.Find"/>.</summary>
    public string? CharacterSet { get; init; }

    /// <summary>Whether 9206 is written; without it practice software takes IBM 437. Default true.</summary>
    public bool? NamesCharacterSet { get; init; }

    /// <summary>8315, the GDT id of the practice software.</summary>
    public string? ReceiverId { get; init; }

    /// <summary>8316, our GDT id.</summary>
    public string? SenderId { get; init; }

    /// <summary>3110 for (0010,0040): <c>M</c>, <c>F</c>, <c>O</c>. What is not in it is left out.</summary>
    public IReadOnlyDictionary<string, string>? Sex { get; init; }

    /// <summary>8402 for the modality, <c>*</c> for all others; an order's own comes first.</summary>
    public IReadOnlyDictionary<string, string>? TestTypes { get; init; }

    /// <summary>8410 of the study record.</summary>
    public string? TestId { get; init; }

    /// <summary>8411 of the study record.</summary>
    public string? TestDescription { get; init; }

    /// <summary>The name of a study's file; see <see cref="GdtFileName.Of"/>.</summary>
    public string? StudyFile { get; init; }

    /// <summary>The name of a report's file.</summary>
    public string? ReportFile { get; init; }

    /// <summary>The fields of a study's record.</summary>
    public IReadOnlyList<string>? Study { get; init; }

    /// <summary>The fields of a report's record.</summary>
    public IReadOnlyList<string>? Report { get; init; }

    /// <summary>The fields of each measured value, at <c>{Measurements}</c>.</summary>
    public IReadOnlyList<string>? Measurement { get; init; }

    /// <summary>The fields of each link or file, at <c>{Attachments}</c>.</summary>
    public IReadOnlyList<string>? Attachment { get; init; }

    /// <summary>This profile with what it leaves out from another.</summary>
    public GdtProfileData Over(GdtProfileData other) => new()
    {
        Description = Description ?? other.Description,
        Version = Version ?? other.Version,
        VersionText = VersionText ?? other.VersionText,
        CharacterSet = CharacterSet ?? other.CharacterSet,
        NamesCharacterSet = NamesCharacterSet ?? other.NamesCharacterSet,
        ReceiverId = ReceiverId ?? other.ReceiverId,
        SenderId = SenderId ?? other.SenderId,
        Sex = Sex ?? other.Sex,
        TestTypes = TestTypes ?? other.TestTypes,
        TestId = TestId ?? other.TestId,
        TestDescription = TestDescription ?? other.TestDescription,
        StudyFile = StudyFile ?? other.StudyFile,
        ReportFile = ReportFile ?? other.ReportFile,
        Study = Study ?? other.Study,
        Report = Report ?? other.Report,
        Measurement = Measurement ?? other.Measurement,
        Attachment = Attachment ?? other.Attachment,
    };
}

/// <summary>A profile that is whole and was found to be right.</summary>
public sealed class GdtProfile
{
    /// <summary>The name of the default profile, whose bytes are those of the old plugin.</summary>
    public const string DefaultName = "medical-office";

    private static readonly JsonSerializerOptions Json = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    private const int MaxListed = 20;

    private static readonly FrozenSet<string> StudyLists = FrozenSet.Create(GdtTemplate.Attachments);
    private static readonly FrozenSet<string> ReportLists = FrozenSet.Create(GdtTemplate.Measurements, GdtTemplate.Lines, GdtTemplate.Attachments);
    private static readonly FrozenSet<string> MeasurementLists = FrozenSet.Create(GdtTemplate.Notes);
    private static readonly FrozenSet<string> NoLists = FrozenSet<string>.Empty;

    private readonly GdtTemplate _study;
    private readonly GdtTemplate _report;
    private readonly GdtTemplate _measurement;
    private readonly GdtTemplate _attachment;

    private GdtProfile(GdtProfileData data, List<GdtProblem> problems)
    {
        Data = data;
        if (!GdtVersions.ByName.TryGetValue(data.Version ?? "", out var version))
        {
            problems.Add(new GdtProblem(nameof(data.Version), GdtProblemKind.OneOf, "", string.Join(", ", GdtVersions.ByName.Keys)));
        }
        if (GdtCharacterSet.Find(data.CharacterSet) is not { } set)
        {
            problems.Add(new GdtProblem(nameof(data.CharacterSet), GdtProblemKind.OneOf, "", string.Join(", ", GdtCharacterSet.All.Select(s => s.Name))));
            set = GdtCharacterSet.Latin9;
        }
        (Version, CharacterSet) = (version, set);
        if (Version == GdtVersion.Gdt35 && CharacterSet != GdtCharacterSet.Latin9)
        {
            problems.Add(new GdtProblem(nameof(data.CharacterSet), GdtProblemKind.CharacterSet35, ""));
        }
        CheckId(data.ReceiverId, nameof(data.ReceiverId), problems);
        CheckId(data.SenderId, nameof(data.SenderId), problems);
        if (data.VersionText is { } text && (text.Length is 0 or > 5 || !text.All(char.IsAscii)))
        {
            problems.Add(new GdtProblem(nameof(data.VersionText), GdtProblemKind.VersionText, ""));
        }
        CheckFits("8410", nameof(data.TestId), "", data.TestId, problems);
        CheckFits("8411", nameof(data.TestDescription), "", data.TestDescription, problems);
        foreach (var (modality, type) in data.TestTypes ?? FrozenDictionary<string, string>.Empty)
        {
            CheckFits("8402", nameof(data.TestTypes), $".{modality}", type, problems);
        }
        _study = Template(nameof(data.Study), data.Study, GdtVariables.Record, StudyLists, problems);
        _report = Template(nameof(data.Report), data.Report, GdtVariables.Record, ReportLists, problems);
        _measurement = Template(nameof(data.Measurement), data.Measurement, GdtVariables.Measurement, MeasurementLists, problems);
        _attachment = Template(nameof(data.Attachment), data.Attachment, GdtVariables.Attachment, NoLists, problems);
        CheckFrame(nameof(data.Study), _study, problems);
        CheckFrame(nameof(data.Report), _report, problems);
        GdtFileName.Check(nameof(data.StudyFile), data.StudyFile, problems);
        GdtFileName.Check(nameof(data.ReportFile), data.ReportFile, problems);
    }

    /// <summary>The built-in profiles as they are in their files.</summary>
    public static IReadOnlyDictionary<string, GdtProfileData> BuiltIn { get; } = ReadBuiltIn();

    /// <summary>What it was made of.</summary>
    public GdtProfileData Data { get; }

    /// <summary>The version of GDT.</summary>
    public GdtVersion Version { get; }

    /// <summary>The character set.</summary>
    public GdtCharacterSet CharacterSet { get; }

    /// <summary>Whether records name links and files at all.</summary>
    /// <param name="report">The record of a report, or that of a study.</param>
    internal bool NamesAttachments(bool report) => (report ? _report : _study).Ids.Contains(GdtTemplate.Attachments);

    /// <summary>Makes a profile.</summary>
    /// <param name="data">What is said of it; the rest is from the profile that it names, or from the default one.</param>
    /// <param name="profiles">The profiles it can be based on.</param>
    /// <param name="problems">Gets everything that is wrong, with the field it concerns.</param>
    /// <returns>The profile, or null when there are problems.</returns>
    public static GdtProfile? TryCreate(GdtProfileData data, GdtProfiles profiles, ICollection<GdtProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(profiles);
        ArgumentNullException.ThrowIfNull(problems);
        var found = new List<GdtProblem>();
        var whole = data;
        for (var name = data.Profile ?? DefaultName; name is not null;)
        {
            // one of the practice's is based on a built-in one: by hand somebody could make a ring of them
            if ((name == data.Profile ? profiles.Find(name) : BuiltIn.GetValueOrDefault(name)) is not { } below)
            {
                problems.Add(new GdtProblem(nameof(data.Profile), GdtProblemKind.OneOf, "", string.Join(", ", name == data.Profile ? profiles.Names : BuiltIn.Keys.Order(StringComparer.Ordinal))));
                return null;
            }
            whole = whole.Over(below);
            name = below.Profile ?? (BuiltIn.ContainsKey(name) ? null : DefaultName);
        }
        var profile = new GdtProfile(whole, found);
        foreach (var problem in found)
        {
            problems.Add(problem);
        }
        return found.Count == 0 ? profile : null;
    }

    /// <summary>The record that announces a study.</summary>
    /// <exception cref="GdtException">A value cannot be in a record of this version.</exception>
    public byte[] Study(GdtVariables values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Write(_study, values, [], null);
    }

    /// <summary>The record of the measured values of a report. A value whose identifier is too long for the version is left out: cut, it would be filed as another.</summary>
    /// <param name="values">The values of the variables.</param>
    /// <param name="measurements">The measured values.</param>
    /// <param name="text">The report in words, or null.</param>
    /// <param name="leftOut">Gets a sentence for each thing that could not be in it.</param>
    /// <exception cref="GdtException">A value cannot be in a record of this version.</exception>
    public byte[] Report(GdtVariables values, IEnumerable<Measurement> measurements, GdtText? text = null, ICollection<string>? leftOut = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        var all = measurements.ToLookup(m => Fits("8410", m.Identifier));
        if (all[false].ToList() is { Count: > 0 } long8410)
        {
            leftOut?.Add(GdtReasons.LongIdentifiers(long8410.Count, string.Join(", ", long8410.Take(MaxListed).Select(m => m.Path))));
        }
        try
        {
            return Write(_report, values, all[true], text);
        }
        catch (GdtException) when (text is { Lines.Count: > 1 })
        {
            // 99,999 bytes are all that 2.1 has digits for: the values count for more than the same in words. The record says itself that there was more
            var record = Write(_report, values, all[true], text with { Lines = [text.Instead] });
            leftOut?.Add(GdtReasons.TooManyLines(text.Lines.Count));
            return record;
        }
    }

    /// <summary>Whether a value may be in a field, as far as its length goes.</summary>
    public bool Fits(string id, string value) => GdtFieldTable.Find(Version, id)?.MaxLength is not { } max || CharacterSet.Encode(value).Length <= max;

    private byte[] Write(GdtTemplate template, GdtVariables values, IEnumerable<Measurement> measurements, GdtText? text)
    {
        var record = new GdtRecord();
        var variables = values.For(this);
        template.Render(record, variables, list =>
        {
            switch (list)
            {
                case GdtTemplate.Measurements:
                    AddMeasurements(record, variables, measurements);
                    break;
                case GdtTemplate.Lines when text is not null:
                    AddLines(record, text);
                    break;
                case GdtTemplate.Attachments:
                    foreach (var attachment in values.Attachments)
                    {
                        _attachment.Render(record, GdtVariables.With(variables, attachment));
                    }
                    break;
            }
        });
        return GdtWriter.ToBytes(record, CharacterSet, Version);
    }

    private void AddMeasurements(GdtRecord record, IReadOnlyDictionary<string, string?> variables, IEnumerable<Measurement> measurements)
    {
        foreach (var measurement in measurements)
        {
            _measurement.Render(record, GdtVariables.With(variables, measurement), _ =>
            {
                foreach (var note in measurement.Notes)
                {
                    record.Add("8470", note);
                }
            });
        }
    }

    private void AddLines(GdtRecord record, GdtText text)
    {
        // 3.5 has an object for text, with the old field ids before the lines
        if (Version == GdtVersion.Gdt35)
        {
            record.Add("8167", "Zusaetzliche_Informationen");
            record.Add("8002", "Obj_0068");
            foreach (var line in text.Lines)
            {
                record.Add("3564", text.Field + line);
            }
            record.Add("8003", "Obj_0068");
            return;
        }
        // 6226 says how many lines of 6228 follow
        if (text.Lines.Count > 0 && text.Field == "6228")
        {
            record.Add("6226", text.Lines.Count.ToString(CultureInfo.InvariantCulture));
        }
        foreach (var line in text.Lines)
        {
            record.Add(text.Field, line);
        }
    }

    private void CheckId(string? id, string name, List<GdtProblem> problems)
    {
        if (id is not { Length: >= 1 and <= 20 } || !id.All(c => c is > ' ' and <= '~') || (Version != GdtVersion.Plugin && !Fits(name == "SenderId" ? "8316" : "8315", id)))
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Id, "", Version == GdtVersion.Gdt21 ? "8" : "20"));
        }
    }

    private void CheckFits(string field, string name, string place, string? value, List<GdtProblem> problems)
    {
        if (string.IsNullOrEmpty(value) || value.Any(char.IsControl) || !Fits(field, value))
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Length, place, (GdtFieldTable.Find(Version, field)?.MaxLength ?? 60).ToString(CultureInfo.InvariantCulture), field));
        }
    }

    private static GdtTemplate Template(string name, IReadOnlyList<string>? fields, IReadOnlySet<string> variables, IReadOnlySet<string> lists, List<GdtProblem> problems)
    {
        if (fields is null)
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Missing, ""));
        }
        return GdtTemplate.Parse(name, fields ?? [], variables, lists, problems);
    }

    // what makes a record a record of its version; the rest is between the two that exchange it
    private void CheckFrame(string name, GdtTemplate template, List<GdtProblem> problems)
    {
        var ids = template.Ids.ToList();
        if (ids.FirstOrDefault() != "8000")
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.First, "[0]"));
        }
        if (Version == GdtVersion.Gdt21 && ids.ElementAtOrDefault(1) != "8100")
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Second, "[1]"));
        }
        if (Version.CountsLines() && ids.LastOrDefault() != "8202")
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.Last, $"[{ids.Count - 1}]"));
        }
        var (open, close) = Version.CountsLines() ? ("8200", "8201") : ("8002", "8003");
        var depth = 0;
        foreach (var (i, id) in ids.Index())
        {
            depth += id == open ? 1 : id == close ? -1 : 0;
            if (depth < 0)
            {
                problems.Add(new GdtProblem(name, GdtProblemKind.NoObject, $"[{i}], field {close}"));
                return;
            }
        }
        if (depth > 0)
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.OpenObject, "", open));
        }
        if (Version != GdtVersion.Plugin && !ids.Contains("3000"))
        {
            problems.Add(new GdtProblem(name, GdtProblemKind.NoPatient, ""));
        }
    }

    private static FrozenDictionary<string, GdtProfileData> ReadBuiltIn()
    {
        const string prefix = "Pacs.Gdt.Profiles.";
        var profiles = new Dictionary<string, GdtProfileData>();
        var assembly = typeof(GdtProfile).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            profiles.Add(resource[prefix.Length..^".json".Length], JsonSerializer.Deserialize<GdtProfileData>(stream, Json)!);
        }
        return profiles.ToFrozenDictionary();
    }
}
