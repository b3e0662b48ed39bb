using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary><c>/einstellungen/anmeldung</c>: users with their passwords, and whether one has to log in.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SettingsLoginModel(SavedSettings settings, PacsOptions options, PasscodeChecks checks) : PageModel
{
    private static readonly SettingBinder.Key Users = SavedSettings.KeyOf(nameof(PacsOptions.RegisteredUsers));
    private static readonly SettingBinder.Key Switch = SavedSettings.KeyOf(nameof(PacsOptions.AuthenticationEnabled));
    private static readonly SettingBinder.Key Lifetime = SavedSettings.KeyOf(nameof(PacsOptions.TokenLifetime));

    /// <summary>Whether one has to log in.</summary>
    public bool IsOn => options.AuthenticationEnabled;

    /// <summary>The users.</summary>
    public IReadOnlyList<RegisteredUser> Names => options.RegisteredUsers;

    /// <summary>The variable or argument that sets the users, or null.</summary>
    public string? UsersFixedBy => settings.FixedBy(Users);

    /// <summary>The variable or argument that sets whether one has to log in, or null.</summary>
    public string? SwitchFixedBy => settings.FixedBy(Switch);

    /// <summary>The variable or argument that sets the life of tokens, or null.</summary>
    public string? LifetimeFixedBy => settings.FixedBy(Lifetime);

    /// <summary>What was typed as the name of a user.</summary>
    public string Typed { get; private set; } = "";

    /// <summary>Minutes for which tokens are good.</summary>
    public string Minutes { get; private set; } = SettingsWords.Typed(options.TokenLifetime);

    /// <summary>What is wrong, a text's key by form.</summary>
    public Dictionary<string, string> Wrong { get; } = [];

    /// <summary>What has just been done, a text's key, or null.</summary>
    public string? Done { get; private set; }

    /// <summary>The removal that can be taken back, or null.</summary>
    public SettingsChange? Change { get; private set; }

    /// <summary>Shows the page.</summary>
    /// <param name="neu">What has just been done.</param>
    /// <param name="stand">The change that can be taken back.</param>
    public void OnGet(string? neu, long? stand)
    {
        Done = neu is "user" or "gone" or "on" or "off" or "token" ? "Login.Done." + neu : null;
        Change = neu == "gone" && settings.ChangeOf(stand) is { } change && change.Values.All(v => v.Key == Users) ? change : null;
    }

    /// <summary>Adds a user, or gives one another password.</summary>
    public async Task<IActionResult> OnPostUserAsync(string? name, string? password, string? again, CancellationToken ct)
    {
        Typed = (name ?? "").Trim();
        if (Problem(Typed, password, again) is { } problem)
        {
            return Refuse("user", problem);
        }
        var user = new RegisteredUser(Typed, await Task.Run(() => Passcode.Of(Encoding.UTF8.GetBytes(password!)), ct));
        return await SaveAsync(Users, (IReadOnlyList<RegisteredUser>)[.. options.RegisteredUsers.Where(u => u.Name != Typed), user], "user", ct);
    }

    /// <summary>Removes a user.</summary>
    public async Task<IActionResult> OnPostRemoveAsync(string? name, CancellationToken ct)
    {
        IReadOnlyList<RegisteredUser> others = [.. options.RegisteredUsers.Where(u => u.Name != name)];
        return others.Count == 0 && IsOn ? Refuse("gone", "Login.Wrong.Last") : await SaveAsync(Users, others, "gone", ct);
    }

    /// <summary>Takes the removal of a user back. Nothing else: whether one has to log in is changed by who proves that he can.</summary>
    public async Task<IActionResult> OnPostUndoAsync(long number, CancellationToken ct)
    {
        var isRemoval = settings.ChangeOf(number) is { } change && change.Values.All(v => v.Key == Users);
        return isRemoval && await settings.UndoAsync(number, SettingsSection.Login, ct) is not null ? RedirectToPage(new { neu = "user" }) : RedirectToPage();
    }

    /// <summary>Turns the log-in on or off, for who shows that he can log in.</summary>
    public async Task<IActionResult> OnPostSwitchAsync(bool on, string? name, string? password, CancellationToken ct)
    {
        Typed = (name ?? "").Trim();
        return await checks.IsGoodAsync(Typed, Encoding.UTF8.GetBytes(password ?? ""), ct)
            ? await SaveAsync(Switch, on, on ? "on" : "off", ct)
            : Refuse("switch", "Login.Wrong.Credentials");
    }

    /// <summary>Sets for how long tokens are good.</summary>
    public async Task<IActionResult> OnPostTokenAsync(string? minutes, CancellationToken ct)
    {
        Minutes = minutes ?? "";
        return SettingsWords.TryRead(Lifetime, Minutes, out var value) ? await SaveAsync(Lifetime, value, "token", ct) : Refuse("token", "Login.Wrong.Minutes");
    }

    /// <summary>What is wrong with a new user, a text's key, or null.</summary>
    internal static string? Problem(string name, string? password, string? again) =>
        name.Length is 0 or > 64 || name.Contains(':', StringComparison.Ordinal) || name.Any(char.IsControl) ? "Login.Wrong.Name"
        : password is not { Length: >= 8 and <= 200 } ? "Login.Wrong.Short"
        : password != again ? "Login.Wrong.Again"
        : null;

    private async Task<IActionResult> SaveAsync(SettingBinder.Key key, object? value, string done, CancellationToken ct)
    {
        if (settings.FixedBy(key) is not null)
        {
            return Refuse(done, "Login.Wrong.Fixed");
        }
        var change = 0L;
        var problems = await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [key] = value }, ct, whenChanged: c => change = c.Number);
        return problems.Count == 0 ? RedirectToPage(new { neu = done, stand = change }) : Refuse(done, "Login.Wrong.Together");
    }

    private PageResult Refuse(string form, string text)
    {
        Wrong[form] = text;
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }
}
