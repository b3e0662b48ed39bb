using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>A receiver of GDT files as somebody types it. What is empty is as the profile says.</summary>
public sealed class GdtReceiverForm
{
    /// <summary><see cref="GdtReceiverSettings.Name"/>.</summary>
    public string? Name { get; set; }

    /// <summary><see cref="GdtReceiverSettings.Folder"/>.</summary>
    public string? Folder { get; set; }

    /// <summary><see cref="GdtReceiverSettings.MarkerFile"/>.</summary>
    public string? MarkerFile { get; set; }

    /// <summary><see cref="GdtProfileData.Profile"/>.</summary>
    public string? Profile { get; set; }

    /// <summary><see cref="GdtReceiverSettings.Trigger"/>.</summary>
    public string? Trigger { get; set; }

    /// <summary><see cref="GdtReceiverSettings.Delivery"/>.</summary>
    public string? Delivery { get; set; }

    /// <summary><see cref="GdtReceiverSettings.Updates"/>.</summary>
    public bool Updates { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachLink"/>.</summary>
    public bool AttachLink { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachImages"/>.</summary>
    public string? AttachImages { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachSheet"/>.</summary>
    public bool AttachSheet { get; set; }

    /// <summary><see cref="GdtReceiverSettings.SheetImages"/>.</summary>
    public string? SheetImages { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachmentFolder"/>.</summary>
    public string? AttachmentFolder { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachmentPath"/>; empty for the folder as the server sees it, <c>.</c> for names alone.</summary>
    public string? AttachmentPath { get; set; }

    /// <summary><see cref="GdtReceiverSettings.AttachmentDays"/>.</summary>
    public string? AttachmentDays { get; set; }

    /// <summary><see cref="GdtReceiverSettings.InboxDirectory"/>.</summary>
    public string? InboxDirectory { get; set; }

    /// <summary><see cref="GdtReceiverSettings.InboxCharacterSet"/>.</summary>
    public string? InboxCharacterSet { get; set; }

    /// <summary><see cref="GdtReceiverSettings.Orders"/>, a rule a line: test, modality, station, and after another blank what is to be examined.</summary>
    public string? Orders { get; set; }

    /// <summary><see cref="GdtProfileData.ReceiverId"/>.</summary>
    public string? ReceiverId { get; set; }

    /// <summary><see cref="GdtProfileData.SenderId"/>.</summary>
    public string? SenderId { get; set; }

    /// <summary><see cref="GdtProfileData.TestId"/>.</summary>
    public string? TestId { get; set; }

    /// <summary><see cref="GdtProfileData.TestDescription"/>.</summary>
    public string? TestDescription { get; set; }

    /// <summary><see cref="GdtProfileData.StudyFile"/>.</summary>
    public string? StudyFile { get; set; }

    /// <summary><see cref="GdtProfileData.ReportFile"/>.</summary>
    public string? ReportFile { get; set; }

    /// <summary><see cref="GdtProfileData.TestTypes"/>, one <c>US=SONO00</c> a line.</summary>
    public string? TestTypes { get; set; }

    /// <summary>The form for settings.</summary>
    public static GdtReceiverForm Of(GdtReceiverSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new GdtReceiverForm
        {
            Name = settings.Name,
            Folder = settings.Folder,
            MarkerFile = settings.MarkerFile,
            Profile = settings.Profile ?? GdtProfile.DefaultName,
            Trigger = settings.Trigger.ToString(),
            Delivery = settings.Delivery.ToString(),
            Updates = settings.Updates,
            AttachLink = settings.AttachLink,
            AttachImages = Number(settings.AttachImages),
            AttachSheet = settings.AttachSheet,
            SheetImages = Number(settings.SheetImages),
            AttachmentFolder = settings.AttachmentFolder,
            AttachmentPath = settings.AttachmentPath is { Length: 0 } ? "." : settings.AttachmentPath,
            AttachmentDays = Number(settings.AttachmentDays),
            InboxDirectory = settings.InboxDirectory,
            InboxCharacterSet = settings.InboxCharacterSet is { } set ? GdtCharacterSet.Find(set)?.Name ?? set : "",
            Orders = string.Join('\n', (settings.Orders ?? []).Select(o => $"{o.TestType} {o.Modality} {o.Station} {o.Procedure}".TrimEnd())),
            ReceiverId = settings.ReceiverId,
            SenderId = settings.SenderId,
            TestId = settings.TestId,
            TestDescription = settings.TestDescription,
            StudyFile = settings.StudyFile,
            ReportFile = settings.ReportFile,
            TestTypes = string.Join('\n', (settings.TestTypes ?? new Dictionary<string, string>()).Select(p => $"{p.Key}={p.Value}")),
        };
    }

    /// <summary>What is typed.</summary>
    /// <param name="before">The settings before, for what the form does not show: field lists, which are a profile's.</param>
    /// <param name="malformed">Gets the text's key for each field that cannot be read.</param>
    public GdtReceiverSettings Read(GdtReceiverSettings before, IDictionary<string, string> malformed)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(malformed);
        return before with
        {
            Name = (Name ?? "").Trim(),
            Folder = (Folder ?? "").Trim(),
            MarkerFile = Text(MarkerFile),
            Profile = Text(Profile),
            Trigger = OneOf<GdtTrigger>(Trigger, nameof(Trigger), malformed),
            Delivery = OneOf<GdtDelivery>(Delivery, nameof(Delivery), malformed),
            Updates = Updates,
            AttachLink = AttachLink,
            AttachImages = Number(AttachImages, nameof(AttachImages), malformed),
            AttachSheet = AttachSheet,
            SheetImages = Number(SheetImages, nameof(SheetImages), malformed),
            AttachmentFolder = Text(AttachmentFolder),
            AttachmentPath = Text(AttachmentPath) is { } path ? path == "." ? "" : path : null,
            AttachmentDays = Number(AttachmentDays, nameof(AttachmentDays), malformed),
            InboxDirectory = Text(InboxDirectory),
            InboxCharacterSet = Text(InboxCharacterSet),
            Orders = Rules(malformed),
            ReceiverId = Text(ReceiverId),
            SenderId = Text(SenderId),
            TestId = Text(TestId),
            TestDescription = Text(TestDescription),
            StudyFile = Text(StudyFile),
            ReportFile = Text(ReportFile),
            TestTypes = Pairs(malformed),
        };
    }

    /// <summary>The settings of a receiver that the form does not show and that are set: they are a profile's as a rule, and are changed there, or over REST.</summary>
    public static IEnumerable<string> NotShown(GdtReceiverSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new (string Name, object? Value)[]
        {
            (nameof(settings.Version), settings.Version), (nameof(settings.VersionText), settings.VersionText), (nameof(settings.CharacterSet), settings.CharacterSet),
            (nameof(settings.NamesCharacterSet), settings.NamesCharacterSet), (nameof(settings.Sex), settings.Sex), (nameof(settings.Study), settings.Study), (nameof(settings.Report), settings.Report),
            (nameof(settings.Measurement), settings.Measurement), (nameof(settings.Attachment), settings.Attachment),
        }.Where(s => s.Value is not null).Select(s => s.Name);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Text(string? typed) => string.IsNullOrWhiteSpace(typed) ? null : typed.Trim();

    private static int Number(string? typed, string field, IDictionary<string, string> malformed)
    {
        var number = 0;
        if (Text(typed) is { } text && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            malformed[field] = "GdtReceiver.NoNumber";
        }
        return number;
    }

    private static T OneOf<T>(string? typed, string field, IDictionary<string, string> malformed)
        where T : struct, Enum
    {
        // a number is no name, but parses
        if (Enum.TryParse<T>(typed, out var value) && Enum.IsDefined(value))
        {
            return value;
        }
        malformed[field] = "GdtReceiver.NoChoice";
        return default;
    }

    private List<GdtOrderRule>? Rules(IDictionary<string, string> malformed)
    {
        var rules = new List<GdtOrderRule>();
        foreach (var line in Lines(Orders))
        {
            if (line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var test, var modality, var station, .. var rest])
            {
                malformed[nameof(Orders)] = "GdtReceiver.NoRule";
                continue;
            }
            rules.Add(new GdtOrderRule { TestType = test, Modality = modality, Station = station, Procedure = rest.Length > 0 ? rest[0] : null });
        }
        return rules.Count == 0 ? null : rules;
    }

    private Dictionary<string, string>? Pairs(IDictionary<string, string> malformed)
    {
        var pairs = new Dictionary<string, string>();
        foreach (var line in Lines(TestTypes))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !pairs.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim()))
            {
                malformed[nameof(TestTypes)] = "GdtProfile.Pairs";
            }
        }
        return pairs.Count == 0 ? null : pairs;
    }

    private static IEnumerable<string> Lines(string? typed) => (typed ?? "").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);
}
