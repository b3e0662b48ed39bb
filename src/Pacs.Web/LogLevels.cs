using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Pacs.Web;

/// <summary>
/// How much is logged while the server runs, as <c>/tools/log-level</c> sets it: <c>default</c> is what is configured, <c>verbose</c> and <c>trace</c> are more. The next start forgets it. Only of our own
/// categories: those of the framework know the addresses of requests with their query.
/// </summary>
public sealed class LogLevels : IPostConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>
{
    /// <summary>Orthanc's parts that there are here, and whose categories they are; the first is everything.</summary>
    private static readonly Dictionary<string, string[]> Parts = new()
    {
        ["generic"] = ["Pacs"],
        ["dicom"] = ["Pacs.Dicom", "Pacs.Web.Dimse"],
        ["http"] = ["Pacs.Web.DicomWeb", "Pacs.Web.Http", "Pacs.Web.Orthanc"],
        ["jobs"] = ["Pacs.Web.Import", "Pacs.Web.Jobs"],
        ["sqlite"] = ["Pacs.Storage"],
    };

    private readonly Dictionary<string, LogLevel> _levels = [];
    private ConfigurationReloadToken _changed = new();

    /// <summary>The parts.</summary>
    public static IEnumerable<string> Names => Parts.Keys;

    /// <inheritdoc/>
    public string Name => Options.DefaultName;

    /// <inheritdoc/>
    public IChangeToken GetChangeToken() => _changed;

    /// <summary>The level of a part, in Orthanc's words.</summary>
    public string Get(string part)
    {
        lock (_levels)
        {
            return _levels.TryGetValue(part, out var level) ? level == LogLevel.Debug ? "verbose" : "trace" : "default";
        }
    }

    /// <summary>Sets the level of parts.</summary>
    /// <returns>False when it is none.</returns>
    public bool TrySet(IEnumerable<string> parts, string text)
    {
        if (text is not ("default" or "verbose" or "trace"))
        {
            return false;
        }
        lock (_levels)
        {
            foreach (var part in parts)
            {
                _levels.Remove(part);
                if (text != "default")
                {
                    _levels[part] = text == "verbose" ? LogLevel.Debug : LogLevel.Trace;
                }
            }
        }
        Interlocked.Exchange(ref _changed, new ConfigurationReloadToken()).OnReload();
        return true;
    }

    /// <inheritdoc/>
    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        lock (_levels)
        {
            // of rules for the same category the last one counts
            foreach (var (part, level) in _levels)
            {
                foreach (var category in Parts[part])
                {
                    options.Rules.Add(new LoggerFilterRule(null, category, level, null));
                }
            }
        }
    }
}
