using System.Collections;

namespace Pacs.Web.Configuration;

/// <summary>
/// The settings in force and what there is to say about where they came from. Later sources win: defaults, <c>appsettings.json</c> beside the program, the
/// files of <c>--config</c>, the environment, the command line. What was set on the pages comes between the files and the environment: <see cref="SavedSettings"/>.
/// </summary>
/// <param name="Options">The settings.</param>
/// <param name="Origins">For each key that a source has set, that source.</param>
/// <param name="Notices">What the sources contain that has no effect, one sentence each.</param>
/// <param name="Host">The settings of the section <c>Logging</c>, which are .NET's own.</param>
public sealed record PacsConfiguration(
    PacsOptions Options, IReadOnlyDictionary<string, string> Origins, IReadOnlyList<string> Notices, IReadOnlyDictionary<string, string?> Host)
{
    /// <summary>The keys that the environment or the command line has set: the page of settings cannot change them.</summary>
    public IReadOnlySet<string> Fixed { get; init; } = new HashSet<string>();

    /// <summary>Only defaults: for tests and tools.</summary>
    public static PacsConfiguration Of(PacsOptions options) =>
        new(options, new Dictionary<string, string>(), [], new Dictionary<string, string?>());

    /// <summary>Reads all sources.</summary>
    /// <param name="commandLine">The parsed command line.</param>
    /// <param name="environment">The environment variables.</param>
    /// <param name="programFolder">Where <c>appsettings.json</c> lies, if there is one.</param>
    /// <exception cref="ConfigurationException">A source cannot be read or values are wrong; the message lists all of them.</exception>
    public static PacsConfiguration Load(CommandLine commandLine, IDictionary environment, string programFolder)
    {
        var settings = new List<Setting>();
        var own = Path.Join(programFolder, "appsettings.json");
        if (File.Exists(own))
        {
            settings.AddRange(SettingSources.FromPath(own));
        }
        foreach (var path in commandLine.ConfigurationPaths)
        {
            settings.AddRange(SettingSources.FromPath(path));
        }
        settings.AddRange(SettingSources.FromEnvironment(environment).Concat(commandLine.Settings).Select(s => s with { IsFixed = true }));
        return Bind(settings);
    }

    /// <summary>Makes options of settings; of two for the same key the later one wins.</summary>
    /// <exception cref="ConfigurationException">Values are wrong.</exception>
    public static PacsConfiguration Bind(IEnumerable<Setting> settings)
    {
        var binder = new SettingBinder();
        foreach (var setting in settings)
        {
            binder.Add(setting);
        }
        return binder.Build();
    }
}
