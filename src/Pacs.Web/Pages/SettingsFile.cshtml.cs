using System.Reflection;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary><c>/einstellungen/konfiguration</c>: what is set in files, in the environment and on the command line only, and holds from start to start.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SettingsFileModel(PacsConfiguration configuration, SettingsChecks checks) : PageModel
{
    /// <summary>What was tried; empty before somebody asks for it.</summary>
    public IReadOnlyList<SettingsChecks.Line> Checked { get; private set; } = [];

    /// <summary>Tries what can be tried of it.</summary>
    public async Task OnPostAsync(CancellationToken ct) => Checked = await checks.RunAsync(ct);

    /// <summary>Name, value and source of each; a null source is the default.</summary>
    public IReadOnlyList<(string Name, string Value, string? Source)> Lines { get; } =
    [
        .. SettingBinder.Keys.Except(SavedSettings.Keys).Select(k => (k.Path.Replace(':', '.'), Say(k, configuration.Options), configuration.Origins.GetValueOrDefault(k.Path))),
    ];

    // who administers this server may know who its users are, but not what proves it
    private static string Say(SettingBinder.Key key, PacsOptions options) => key.ValueIn(options) switch
    {
        IReadOnlyList<string> users when key.Property.IsDefined(typeof(DicomUsersAttribute)) => string.Join(", ", users.Select(u => u.Split(':')[0])),
        Uri uri => MaskedOptions.Shortened(uri),
        _ => MaskedOptions.Of(key, options)?.ToJsonString(StructuredSettings.Json) ?? "null",
    };
}
