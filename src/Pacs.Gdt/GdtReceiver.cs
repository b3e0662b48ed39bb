using System.Text.Json.Serialization;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>What makes a receiver get the record of a study.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GdtTrigger>))]
public enum GdtTrigger
{
    /// <summary>Its first image has come, as with the old plugin. The practice software knows of it at once; description and modalities are those of that image.</summary>
    FirstInstance,

    /// <summary>Nothing new has come for <c>StableAge</c> seconds.</summary>
    StudyStable,

    /// <summary>The device has reported its performed procedure step as completed (MPPS). Studies of devices that report none are sent when they are stable.</summary>
    StepCompleted,
}

/// <summary>When a file goes into the folder.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GdtDelivery>))]
public enum GdtDelivery
{
    /// <summary>As soon as there is one.</summary>
    AtOnce,

    /// <summary>When the file before it has been fetched: for practice software that reads one file of a fixed name.</summary>
    HoldBack,

    /// <summary>When it is asked for: by <c>Pacs.Web gdt fetch</c>, over REST, or on the page.</summary>
    OnDemand,
}

/// <summary>An entry of <c>GdtGenerator.Receivers</c>: who gets files, where, when, and what of the profile is different for him.</summary>
public sealed record GdtReceiverSettings : GdtProfileData
{
    /// <summary>Its name: small letters, digits, <c>-</c> and <c>_</c>. It is in the index; renamed it is another receiver. <c>default</c> replaces <c>IncomingDir</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The folder that its practice software imports from; an absolute path.</summary>
    public string Folder { get; init; } = "";

    /// <summary>As <see cref="GdtOptions.MarkerFile"/>.</summary>
    public string? MarkerFile { get; init; }

    /// <summary>When it gets the record of a study. Default: at the first image.</summary>
    public GdtTrigger Trigger { get; init; }

    /// <summary>When a file goes into the folder. Default: at once.</summary>
    public GdtDelivery Delivery { get; init; }

    /// <summary>Whether a study that is stable again is sent again when its record says something else by then. Default false: practice software makes a second line of it.</summary>
    public bool Updates { get; init; }

    /// <summary>Whether records name the study's page as an attachment (6302 to 6305); needs <see cref="GdtOptions.LinkAddress"/>. Default false.</summary>
    public bool AttachLink { get; init; }

    /// <summary>How many pictures (JPEG) the record of a study names and brings; at most <see cref="GdtAttachments.MaxImages"/>. Default 0.</summary>
    public int AttachImages { get; init; }

    /// <summary>Whether records bring a sheet (PDF) with the patient and the measured values. Default false.</summary>
    public bool AttachSheet { get; init; }

    /// <summary>How many pictures are on the sheet. Default 0.</summary>
    public int SheetImages { get; init; }

    /// <summary>The folder for pictures and sheets; an absolute path. It must be there, unless it is inside of <see cref="Folder"/>. Default none.</summary>
    public string? AttachmentFolder { get; init; }

    /// <summary>How the practice software sees <see cref="AttachmentFolder"/>, for 6305: <c>\\server\gdt\bilder</c>; empty for names alone. Default: the folder as the server sees it.</summary>
    public string? AttachmentPath { get; init; }

    /// <summary>The folder in which its practice software puts orders (6302), cancellations (6303), patients' data (6301) and requests to show a study (6311). Default none.</summary>
    public string? InboxDirectory { get; init; }

    /// <summary>The character set of files in the inbox that name none and do not show it. Default: IBM 437, the standard's.</summary>
    public string? InboxCharacterSet { get; init; }

    /// <summary>What orders become at the device, the first that fits. Default: ultrasound at <c>US01</c>.</summary>
    public IReadOnlyList<GdtOrderRule>? Orders { get; init; }
}

/// <summary>Somebody who gets GDT files.</summary>
/// <param name="Settings">What is configured.</param>
/// <param name="Profile">How its records are written.</param>
public sealed record GdtReceiver(GdtReceiverSettings Settings, GdtProfile Profile)
{
    /// <summary>Its name in the index.</summary>
    public string Name => Settings.Name;

    /// <summary>Its import folder.</summary>
    public string Folder { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Settings.Folder));

    /// <summary>Tries the folder as a delivery would: a file is written, renamed and deleted again.</summary>
    /// <returns>What is wrong, without patient data; null when all is well.</returns>
    public Task<string?> CheckFolderAsync(CancellationToken ct) => Task.Run(
        () =>
        {
            try
            {
                new ImportFolder(Folder).Probe(Settings.MarkerFile);
                GdtAttachments.Probe(Settings);
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return GdtReasons.Of(e);
            }
        },
        ct);
}

/// <summary>All receivers, as configured, with the profiles as they are now: a profile that is changed counts from the next record on.</summary>
public sealed class GdtReceivers
{
    private readonly GdtOptions _options;
    private readonly Lock _saving = new();
    private volatile Snapshot _now;

    private GdtReceivers(GdtOptions options, Snapshot now) => (_options, _now) = (options, now);

    private sealed record Snapshot(GdtProfiles Profiles, IReadOnlyList<GdtReceiver> All, GdtProfile DefaultProfile);

    /// <summary>In the order of the configuration, the default one first; empty when GDT is switched off.</summary>
    public IReadOnlyList<GdtReceiver> All => _now.All;

    /// <summary>The profile of the default receiver, or the one he would have: answers over HTTP are written in it.</summary>
    public GdtProfile DefaultProfile => _now.DefaultProfile;

    /// <summary>The profiles there are.</summary>
    public GdtProfiles Profiles => _now.Profiles;

    /// <summary>The one with a name, or null.</summary>
    public GdtReceiver? Find(string name) => All.FirstOrDefault(r => r.Name == name);

    /// <summary>Makes the receivers.</summary>
    /// <exception cref="ArgumentException">Something of the options is wrong; <see cref="Problems"/> says what.</exception>
    public static GdtReceivers Create(GdtOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<string>();
        var now = Take(options, GdtProfiles.Load(options.ProfileDirectory), problems);
        return problems.Count == 0 ? new GdtReceivers(options, now) : throw new ArgumentException(string.Join("; ", problems), nameof(options));
    }

    /// <summary>What is wrong with the options, one sentence each, beginning with the key it concerns.</summary>
    public static IReadOnlyList<string> Problems(GdtOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<string>();
        Take(options, GdtProfiles.Load(options.ProfileDirectory), problems);
        return problems;
    }

    /// <summary>The receivers whose records are written in a profile.</summary>
    public IReadOnlyList<string> UsersOf(string profile) =>
        [.. All.Where(r => (r.Settings.Profile ?? GdtProfile.DefaultName) == profile).Select(r => r.Name)];

    /// <summary>Checks a profile as <see cref="SaveProfile"/> does, and keeps nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="data">What it says.</param>
    /// <param name="problems">Gets everything that is wrong.</param>
    public GdtProfile? CheckProfile(string name, GdtProfileData data, ICollection<GdtProblem> problems) => Check(name, data, problems)?.Profile;

    /// <summary>Keeps a profile of the practice; it counts from the next record on.</summary>
    /// <param name="name">Its name; it must be none of a built-in one.</param>
    /// <param name="data">What it says, based on a built-in profile.</param>
    /// <param name="problems">Gets everything that is wrong; when there is something, nothing is kept.</param>
    /// <returns>Whether it was kept.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public bool SaveProfile(string name, GdtProfileData data, ICollection<GdtProblem> problems)
    {
        lock (_saving)
        {
            if (Check(name, data, problems) is not var (_, next))
            {
                return false;
            }
            _now.Profiles.Write(name, data);
            _now = next;
            return true;
        }
    }

    /// <summary>Removes a profile of the practice.</summary>
    /// <returns>False when there is none of that name, or a receiver uses it.</returns>
    /// <exception cref="IOException">The file cannot be removed.</exception>
    public bool DeleteProfile(string name)
    {
        lock (_saving)
        {
            if (!_now.Profiles.Own.ContainsKey(name) || UsersOf(name).Count > 0 || _options.Profile == name)
            {
                return false;
            }
            _now.Profiles.Write(name, null);
            _now = _now with { Profiles = _now.Profiles.Without(name) };
            return true;
        }
    }

    private (GdtProfile Profile, Snapshot Next)? Check(string name, GdtProfileData data, ICollection<GdtProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(problems);
        if (!GdtProfiles.IsName(name) || GdtProfile.BuiltIn.ContainsKey(name))
        {
            problems.Add(new GdtProblem("Name", GdtProblemKind.Name, ""));
        }
        if (GdtProfile.TryCreate(data, GdtProfiles.BuiltInOnly, problems) is not { } profile || problems.Count > 0)
        {
            return null;
        }
        // what a receiver changes of it must still fit: his test id may be too long for another version
        var found = new List<string>();
        var next = Take(_options, _now.Profiles.With(name, data), found);
        foreach (var problem in found)
        {
            problems.Add(new GdtProblem("Name", GdtProblemKind.Receiver, "", problem));
        }
        return found.Count == 0 ? (profile, next) : null;
    }

    private static Snapshot Take(GdtOptions options, GdtProfiles profiles, List<string> problems)
    {
        var receivers = Read(options, profiles, problems);
        var found = new List<GdtProblem>();
        var answers = receivers.Find(r => r.Name == GdtFile.DefaultReceiver)?.Profile
            ?? GdtProfile.TryCreate(new GdtProfileData { Profile = options.Profile, TestId = options.TestId, TestDescription = options.TestDescription }, profiles, found);
        // the same is wrong with the default receiver, and has been said
        problems.AddRange(found.Select(p => p.ToString()).Where(p => !problems.Contains(p)));
        return new Snapshot(profiles, options.Enable ? receivers : [], answers!);
    }

    private static List<GdtReceiver> Read(GdtOptions options, GdtProfiles profiles, List<string> problems)
    {
        var receivers = new List<GdtReceiver>();
        if (options.IncomingDir is { } folder && options.Receivers.All(r => r.Name != GdtFile.DefaultReceiver))
        {
            Add(receivers, profiles, "", new GdtReceiverSettings
            {
                Name = GdtFile.DefaultReceiver,
                Folder = Path.GetFullPath(folder),
                MarkerFile = options.MarkerFile,
                Profile = options.Profile,
                TestId = options.TestId,
                TestDescription = options.TestDescription,
                InboxDirectory = options.InboxDirectory is { } inbox ? Path.GetFullPath(inbox) : null,
                Orders = options.Orders,
            }, problems);
        }
        foreach (var (i, settings) in options.Receivers.Index())
        {
            var key = $"Receivers[{i}].";
            if (settings.Name.Length is 0 or > 32 || !settings.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'))
            {
                problems.Add(key + "Name must be 1 to 32 small letters, digits, - and _");
            }
            else if (receivers.Any(r => r.Name == settings.Name))
            {
                problems.Add($"{key}Name: there is another receiver {settings.Name}");
            }
            if (!Path.IsPathFullyQualified(settings.Folder))
            {
                problems.Add(key + "Folder must be an absolute path");
                continue;
            }
            if (settings.AttachLink && options.LinkAddress is null)
            {
                problems.Add(key + "AttachLink needs LinkAddress, the address of this server for the practice's browsers");
            }
            if (settings.MarkerFile is { } marker && (marker.Length is 0 or > 255 || marker.AsSpan().ContainsAny('/', '\\', '\0')))
            {
                problems.Add(key + "MarkerFile must be the name of a file without a folder");
            }
            // the test id of the section is every receiver's unless he has his own
            Add(receivers, profiles, key, settings with { TestId = settings.TestId ?? options.TestId, TestDescription = settings.TestDescription ?? options.TestDescription }, problems);
        }
        return receivers;
    }

    private static void Add(List<GdtReceiver> receivers, GdtProfiles profiles, string key, GdtReceiverSettings settings, List<string> problems)
    {
        var found = new List<string>();
        if (settings.InboxDirectory is { } inbox && (!Path.IsPathFullyQualified(inbox) || Path.GetFullPath(inbox) == Path.GetFullPath(settings.Folder)))
        {
            found.Add("InboxDirectory must be an absolute path, and another folder than the one for our files");
        }
        if (settings.InboxDirectory is { } own && receivers.Any(r => r.Settings.InboxDirectory == own))
        {
            found.Add("InboxDirectory: another receiver has the same");
        }
        if (settings.InboxCharacterSet is { } set && GdtCharacterSet.Find(set) is null)
        {
            found.Add($"InboxCharacterSet must be one of {string.Join(", ", GdtCharacterSet.All.Select(s => s.Name))}");
        }
        CheckAttachments(settings, found);
        found.AddRange((settings.Orders ?? []).Index().Where(o => o.Item?.Problem is not null || o.Item is null).Select(o => $"Orders[{o.Index}].{o.Item?.Problem ?? " must not be null"}"));
        var wrong = new List<GdtProblem>();
        if (GdtProfile.TryCreate(settings, profiles, wrong) is { } profile)
        {
            receivers.Add(new GdtReceiver(settings, profile));
            if (settings.AttachmentFolder is not null && !profile.Fits("6305", GdtAttachments.PathOf(settings, new string('x', PlannedAttachment.MaxName))))
            {
                found.Add("AttachmentPath is too long: with the name of a file it does not fit field 6305 of this version of GDT");
            }
        }
        problems.AddRange(found.Concat(wrong.Select(p => p.ToString())).Select(p => key + p));
    }

    private static void CheckAttachments(GdtReceiverSettings settings, List<string> found)
    {
        if (settings.AttachImages is < 0 or > GdtAttachments.MaxImages)
        {
            found.Add($"AttachImages must be 0 to {GdtAttachments.MaxImages}");
        }
        if (settings.SheetImages is < 0 or > GdtAttachments.MaxImages)
        {
            found.Add($"SheetImages must be 0 to {GdtAttachments.MaxImages}");
        }
        if (settings.SheetImages > 0 && !settings.AttachSheet)
        {
            found.Add("SheetImages needs AttachSheet");
        }
        if (settings.AttachmentFolder is { } folder ? !Path.IsPathFullyQualified(folder) : settings.AttachImages > 0 || settings.AttachSheet)
        {
            found.Add("AttachmentFolder must be an absolute path; AttachImages and AttachSheet need it");
        }
        if (settings.AttachmentPath is { } path && path.Any(char.IsControl))
        {
            found.Add("AttachmentPath must not have control characters");
        }
    }
}
