using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>A receiver that was entered while the server runs and is not right any more: something it needs has gone from the configuration.</summary>
/// <param name="Settings">What was entered.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record BrokenGdtReceiver(GdtReceiverSettings Settings, IReadOnlyList<GdtProblem> Problems);

/// <summary>
/// All receivers as they are now: those of the configuration, and those that were entered or changed while the server runs (<see cref="GdtReceiverStore"/>), which count instead of one of the same name.
/// A profile that is changed counts from the next record on.
/// </summary>
public sealed class GdtReceivers
{
    private readonly GdtOptions _options;
    private readonly Lock _saving = new();
    private volatile Snapshot _now;

    private GdtReceivers(GdtOptions options, Snapshot now) => (_options, _now) = (options, now);

    private sealed record Snapshot(
        GdtProfiles Profiles, IReadOnlyList<GdtReceiverSettings> Entered, IReadOnlyList<GdtReceiver> All, IReadOnlyList<BrokenGdtReceiver> Broken, GdtProfile DefaultProfile);

    /// <summary>Something of them is different now.</summary>
    public event EventHandler? Changed;

    /// <summary>In the order of the configuration, the default one first, then those that were entered by their names; empty when GDT is switched off.</summary>
    public IReadOnlyList<GdtReceiver> All => _now.All;

    /// <summary>Those that were entered and are not right any more.</summary>
    public IReadOnlyList<BrokenGdtReceiver> Broken => _now.Broken;

    /// <summary>The profile of the default receiver, or the one he would have: answers over HTTP are written in it.</summary>
    public GdtProfile DefaultProfile => _now.DefaultProfile;

    /// <summary>The profiles there are.</summary>
    public GdtProfiles Profiles => _now.Profiles;

    /// <summary>Whether GDT is switched on.</summary>
    public bool IsEnabled => _options.Enable;

    /// <summary>Whether nobody gets anything.</summary>
    internal bool IsIdle => !_options.Enable || (All.Count == 0 && Broken.Count == 0);

    /// <summary>The one with a name, or null.</summary>
    public GdtReceiver? Find(string name) => All.FirstOrDefault(r => r.Name == name);

    /// <summary>What was entered of one while the server runs, right or wrong; null when it was not.</summary>
    public GdtReceiverSettings? Entered(string name) => _now.Entered.FirstOrDefault(r => r.Name == name);

    /// <summary>What the configuration says of one; null when it says nothing.</summary>
    public GdtReceiverSettings? Configured(string name) => Configuration(_options).FirstOrDefault(r => r.Settings.Name == name).Settings;

    /// <summary>The names of all, right or wrong, in the order of <see cref="All"/>; also when GDT is switched off.</summary>
    public IEnumerable<string> Names => Configuration(_options).Select(c => c.Settings.Name).Concat(_now.Entered.Select(r => r.Name).Order(StringComparer.Ordinal)).Distinct();

    /// <summary>Makes the receivers of the configuration.</summary>
    /// <exception cref="ArgumentException">Something of the options is wrong; <see cref="Problems"/> says what.</exception>
    public static GdtReceivers Create(GdtOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<string>();
        var now = Take(options, GdtProfiles.Load(options.ProfileDirectory), [], problems);
        return problems.Count == 0 ? new GdtReceivers(options, now) : throw new ArgumentException(string.Join("; ", problems), nameof(options));
    }

    /// <summary>What is wrong with the options, one sentence each, beginning with the key it concerns.</summary>
    public static IReadOnlyList<string> Problems(GdtOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<string>();
        Take(options, GdtProfiles.Load(options.ProfileDirectory), [], problems);
        return problems;
    }

    /// <summary>The receivers whose records are written in a profile.</summary>
    public IReadOnlyList<string> UsersOf(string profile) =>
        [.. All.Where(r => (r.Settings.Profile ?? GdtProfile.DefaultName) == profile).Select(r => r.Name)];

    /// <summary>Checks a receiver's settings as <see cref="GdtReceiverStore.SaveAsync"/> does, and keeps nothing.</summary>
    /// <param name="settings">What is said of it.</param>
    /// <param name="problems">Gets everything that is wrong, with the field it concerns.</param>
    /// <returns>The receiver it would be; null when something is wrong.</returns>
    public GdtReceiver? Check(GdtReceiverSettings settings, ICollection<GdtProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(problems);
        GdtReceiverRules.CheckPlaces(_options, settings, problems);
        var receiver = GdtReceiverRules.Create(_options, _now.Profiles, _now.All.Where(r => r.Name != settings.Name), [], WithTestId(_options, settings), problems);
        return problems.Count == 0 ? receiver : null;
    }

    /// <summary>Puts what was entered in the place of what was.</summary>
    internal void Enter(IReadOnlyList<GdtReceiverSettings> entered)
    {
        lock (_saving)
        {
            _now = Take(_options, _now.Profiles, entered, []);
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Looks again whether what was entered is right: what it needs of the options is there now, or has gone.</summary>
    public void Reconsider()
    {
        if (_now.Entered.Count > 0)
        {
            Enter(_now.Entered);
        }
    }

    /// <summary>All that was entered.</summary>
    internal IReadOnlyList<GdtReceiverSettings> AllEntered => _now.Entered;

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
        }
        Changed?.Invoke(this, EventArgs.Empty);
        return true;
    }

    /// <summary>Removes a profile of the practice.</summary>
    /// <returns>False when there is none of that name, or a receiver uses it.</returns>
    /// <exception cref="IOException">The file cannot be removed.</exception>
    public bool DeleteProfile(string name)
    {
        lock (_saving)
        {
            // also one that is switched off, or not right at the moment
            if (!_now.Profiles.Own.ContainsKey(name) || UsersOf(name).Count > 0 || _options.Profile == name || _now.Entered.Any(r => r.Profile == name))
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
        var next = Take(_options, _now.Profiles.With(name, data), _now.Entered, found);
        found.AddRange(next.Broken.Where(b => b.Settings.Profile == name).SelectMany(b => b.Problems.Select(p => $"{b.Settings.Name}: {p}")));
        foreach (var problem in found)
        {
            problems.Add(new GdtProblem("Name", GdtProblemKind.Receiver, "", problem));
        }
        return found.Count == 0 ? (profile, next) : null;
    }

    private static Snapshot Take(GdtOptions options, GdtProfiles profiles, IReadOnlyList<GdtReceiverSettings> entered, List<string> problems)
    {
        var receivers = new List<GdtReceiver>();
        var broken = new List<BrokenGdtReceiver>();
        var names = new List<string>();
        foreach (var (key, settings) in Configuration(options))
        {
            var found = new List<GdtProblem>();
            if (entered.FirstOrDefault(e => e.Name == settings.Name) is { } instead)
            {
                Enter(instead);
            }
            else if (GdtReceiverRules.Create(options, profiles, receivers, names, settings, found) is { } receiver)
            {
                receivers.Add(receiver);
            }
            problems.AddRange(found.Select(p => key + p));
            names.Add(settings.Name);
        }
        foreach (var more in entered.Where(e => Configuration(options).All(c => c.Settings.Name != e.Name)).OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            Enter(more);
        }
        var wrong = new List<GdtProblem>();
        var answers = receivers.Find(r => r.Name == GdtFile.DefaultReceiver)?.Profile
            ?? GdtProfile.TryCreate(new GdtProfileData { Profile = options.Profile, TestId = options.TestId, TestDescription = options.TestDescription }, profiles, wrong);
        // the same is wrong with the default receiver, and has been said
        problems.AddRange(wrong.Select(p => p.ToString()).Where(p => !problems.Contains(p)));
        return new Snapshot(profiles, entered, options.Enable ? receivers : [], broken, answers!);

        void Enter(GdtReceiverSettings settings)
        {
            var found = new List<GdtProblem>();
            if (GdtReceiverRules.Create(options, profiles, receivers, [], WithTestId(options, settings), found) is { } receiver)
            {
                receivers.Add(receiver);
            }
            else
            {
                broken.Add(new BrokenGdtReceiver(settings, found));
            }
        }
    }

    // what the configuration says, each with the key that its problems begin with
    private static IEnumerable<(string Key, GdtReceiverSettings Settings)> Configuration(GdtOptions options)
    {
        if (options.IncomingDir is { } folder && options.Receivers.All(r => r.Name != GdtFile.DefaultReceiver))
        {
            yield return ("", new GdtReceiverSettings
            {
                Name = GdtFile.DefaultReceiver,
                Folder = Path.GetFullPath(folder),
                MarkerFile = options.MarkerFile,
                Profile = options.Profile,
                TestId = options.TestId,
                TestDescription = options.TestDescription,
                InboxDirectory = options.InboxDirectory is { } inbox ? Path.GetFullPath(inbox) : null,
                Orders = options.Orders,
            });
        }
        foreach (var (i, settings) in options.Receivers.Index())
        {
            yield return ($"Receivers[{i}].", WithTestId(options, settings));
        }
    }

    // the test id of the section is every receiver's unless he has his own
    private static GdtReceiverSettings WithTestId(GdtOptions options, GdtReceiverSettings settings) =>
        settings with { TestId = settings.TestId ?? options.TestId, TestDescription = settings.TestDescription ?? options.TestDescription };
}
