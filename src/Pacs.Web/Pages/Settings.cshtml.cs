using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary><c>/einstellungen</c>: what can be set while the server runs, in force as soon as it is saved.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SettingsModel(SavedSettings settings, PacsOptions options, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>An option as the page shows it.</summary>
    /// <param name="Key">The option.</param>
    /// <param name="Value">What its field shows: the value in force, or what was typed.</param>
    /// <param name="FixedBy">The variable or argument that sets it, or null.</param>
    /// <param name="Configured">What it would be without the pages, when it is another value now; else null.</param>
    /// <param name="Wrong">What is wrong with what was typed, or null.</param>
    public sealed record Line(SettingBinder.Key Key, string Value, string? FixedBy, string? Configured, string? Wrong)
    {
        /// <summary>Its id in the page.</summary>
        public string Id => Key.Path.Replace(':', '-');
    }

    /// <summary>The part of the page.</summary>
    public SettingsSection Section { get; private set; }

    /// <summary>Its address.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The options.</summary>
    public IReadOnlyList<Line> Lines { get; private set; } = [];

    /// <summary>What does not go together.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <summary>Whether a part has just been saved.</summary>
    public bool IsSaved { get; private set; }

    /// <summary>What has been changed by that; null when nothing was, or when it is too long ago.</summary>
    public SettingsChange? Change { get; private set; }

    /// <summary>Whether it was taken back.</summary>
    public bool IsUndone { get; private set; }

    /// <summary>Whether it could not be taken back.</summary>
    public bool IsTooLate { get; private set; }

    /// <summary>Free space on the volume of the images.</summary>
    public long? Free { get; private set; }

    /// <summary>The address for links, to be tried.</summary>
    public Uri? LinkAddress => options.GdtGenerator.LinkAddress;

    /// <summary>Shows a part.</summary>
    public IActionResult OnGet(string? section, long? neu, int? zurueck)
    {
        if (!Find(section))
        {
            return NotFound();
        }
        (IsSaved, IsUndone, IsTooLate) = (neu is not null, zurueck == 1, zurueck == 0);
        Change = settings.ChangeOf(neu) is { } change && change.Values.All(v => SavedSettings.KeysOf(Section).Contains(v.Key)) ? change : null;
        Show(null);
        return Page();
    }

    /// <summary>Saves a part, or shows what is wrong.</summary>
    public async Task<IActionResult> OnPostAsync(string? section, CancellationToken ct)
    {
        if (!Find(section))
        {
            return NotFound();
        }
        var values = new Dictionary<SettingBinder.Key, object?>();
        var wrong = new HashSet<string>();
        foreach (var key in SavedSettings.KeysOf(Section).Where(k => settings.FixedBy(k) is null))
        {
            if (SettingsWords.TryRead(key, Request.Form[key.Path].ToString(), out var value))
            {
                values[key] = value;
            }
            else
            {
                wrong.Add(key.Path);
            }
        }
        if (wrong.Count == 0)
        {
            var change = 0L;
            Problems = await settings.SaveAsync(values, ct, whenChanged: c => change = c.Number);
            if (Problems.Count == 0)
            {
                return RedirectToPage(new { section = Address, neu = change });
            }
        }
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        Show(wrong);
        return Page();
    }

    /// <summary>Sets an option back to what the configuration says.</summary>
    public async Task<IActionResult> OnPostResetAsync(string? section, string reset, CancellationToken ct)
    {
        if (!Find(section) || SavedSettings.KeysOf(Section).FirstOrDefault(k => k.Path == reset) is not { } key)
        {
            return NotFound();
        }
        var change = 0L;
        Problems = await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [key] = settings.ConfiguredValueOf(key) }, ct, whenChanged: c => change = c.Number);
        if (Problems.Count == 0)
        {
            return RedirectToPage(new { section = Address, neu = change });
        }
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        Show(null);
        return Page();
    }

    /// <summary>Takes back what was saved last.</summary>
    public async Task<IActionResult> OnPostUndoAsync(string? section, long number, CancellationToken ct)
    {
        if (!Find(section))
        {
            return NotFound();
        }
        var back = await settings.UndoAsync(number, Section, ct);
        return back is null ? RedirectToPage(new { section = Address, zurueck = 0 }) : RedirectToPage(new { section = Address, neu = back.Number, zurueck = 1 });
    }

    private bool Find(string? section)
    {
        (Address, Section) = SettingsWords.Sections.FirstOrDefault(s => s.Address == (section ?? SettingsWords.Sections[0].Address));
        return Address is not null;
    }

    private void Show(HashSet<string>? wrong)
    {
        Lines = [.. SavedSettings.KeysOf(Section).Select(k =>
        {
            var isTyped = wrong is not null && settings.FixedBy(k) is null;
            return new Line(
                k,
                isTyped ? Request.Form[k.Path].ToString() : SettingsWords.Typed(settings.ValueOf(k)),
                settings.FixedBy(k),
                settings.IsSaved(k) && settings.FixedBy(k) is null ? texts.Said(k, settings.ConfiguredValueOf(k)) : null,
                wrong?.Contains(k.Path) == true ? texts.Wrong(k) : null);
        })];
        if (Section == SettingsSection.Archive)
        {
            try
            {
                Free = new DriveInfo(options.StorageDirectory).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                Free = null; // the status page says what is wrong with the folder
            }
        }
    }
}
