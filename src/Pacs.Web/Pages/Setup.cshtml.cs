using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Gdt;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary><c>/einrichten</c>: the first start in five steps, each of which can be left out. It is over when somebody has gone through it, and then the address leads to the settings.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SetupModel(FirstStart start, SavedSettings settings, PacsOptions options, GdtReceivers receivers, GdtReceiverStore store, Chrome chrome, SetupNews news, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>The steps, in their order.</summary>
    public static readonly IReadOnlyList<string> Steps = ["praxis", "anmeldung", "gdt", "geraet", "fertig"];

    private static readonly SettingBinder.Key PracticeKey = SavedSettings.KeyOf(nameof(PacsOptions.Name));
    private static readonly SettingBinder.Key UsersKey = SavedSettings.KeyOf(nameof(PacsOptions.RegisteredUsers));
    private static readonly SettingBinder.Key SwitchKey = SavedSettings.KeyOf(nameof(PacsOptions.AuthenticationEnabled));

    /// <summary>The step that is shown.</summary>
    public string Step { get; private set; } = Steps[0];

    /// <summary>The step after it.</summary>
    public string Next => Steps[Math.Min(Steps.Count - 1, Steps.ToList().IndexOf(Step) + 1)];

    /// <summary>The step before it, or null.</summary>
    public string? Previous => Steps.ToList().IndexOf(Step) is var at and > 0 ? Steps[at - 1] : null;

    /// <summary>The name of the practice, or what was typed.</summary>
    public string Practice { get; private set; } = options.Name;

    /// <summary>What was typed as the name of a user.</summary>
    public string Typed { get; private set; } = "";

    /// <summary>What is wrong, a text's key, or null.</summary>
    public string? Wrong { get; private set; }

    /// <summary>Whether the configuration says the name of the practice.</summary>
    public string? PracticeFixedBy => settings.FixedBy(PracticeKey);

    /// <summary>Whether there are users already: then nobody can make himself one here.</summary>
    public bool HasUsers => options.RegisteredUsers.Count > 0 || options.AuthenticationEnabled;

    /// <summary>Whether the configuration says who may log in.</summary>
    public string? LoginFixedBy => settings.FixedBy(UsersKey) ?? settings.FixedBy(SwitchKey);

    /// <summary>Receivers of GDT files, and what stops their folders; null when all is well.</summary>
    public IReadOnlyList<(GdtReceiver Receiver, string? Problem)> Receivers { get; private set; } = [];

    /// <summary>The first receiver as somebody types it; only its name, profile and folder are asked here.</summary>
    [BindProperty]
    public GdtReceiverForm Form { get; set; } = new();

    /// <summary>What is wrong with the receiver, sentences by field.</summary>
    public Dictionary<string, List<string>> WrongGdt { get; } = [];

    /// <summary>What a trial of the folder found, empty when all is well; null when nobody has tried.</summary>
    public string? Checked { get; private set; }

    /// <summary>The profiles to choose from.</summary>
    public IEnumerable<string> Profiles => receivers.Profiles.Names;

    /// <summary>Our AE title.</summary>
    public string AeTitle => chrome.AeTitle;

    /// <summary>Our port.</summary>
    public int DicomPort => chrome.DicomPort;

    /// <summary>Addresses at which devices may reach this machine.</summary>
    public IReadOnlyList<string> Addresses => Chrome.AddressesFor(Request);

    /// <summary>What has come of a device so far.</summary>
    public SetupState State { get; private set; } = null!;

    /// <summary>Shows a step.</summary>
    /// <param name="schritt">One of <see cref="Steps"/>.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? schritt, CancellationToken ct) => await FindAsync(schritt, ct) is { } other ? other : Page();

    /// <summary>Keeps the name of the practice.</summary>
    public async Task<IActionResult> OnPostPracticeAsync(string? name, CancellationToken ct)
    {
        if (await FindAsync("praxis", ct) is { } other)
        {
            return other;
        }
        Practice = name ?? "";
        if (PracticeFixedBy is null)
        {
            if (!SettingsWords.TryRead(PracticeKey, Practice, out var value))
            {
                return Refuse("Setting.Wrong.ShortText");
            }
            await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [PracticeKey] = value }, ct);
        }
        return RedirectToPage(new { schritt = Next });
    }

    /// <summary>Makes the first user and turns the log-in on.</summary>
    public async Task<IActionResult> OnPostLoginAsync(string? name, string? password, string? again, CancellationToken ct)
    {
        if (await FindAsync("anmeldung", ct) is { } other)
        {
            return other;
        }
        Typed = (name ?? "").Trim();
        if (HasUsers || LoginFixedBy is not null)
        {
            return Refuse("Setup.HasUsers");
        }
        if (SettingsLoginModel.Problem(Typed, password, again) is { } problem)
        {
            return Refuse(problem);
        }
        var user = new RegisteredUser(Typed, await Task.Run(() => Passcode.Of(Encoding.UTF8.GetBytes(password!)), ct));
        // whoever comes second finds that there is one
        var problems = await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [UsersKey] = (IReadOnlyList<RegisteredUser>)[user], [SwitchKey] = true }, ct, stillHolds: () => !HasUsers);
        return problems.Count == 0 ? RedirectToPage(new { schritt = Next }) : Refuse("Setup.HasUsers");
    }

    /// <summary>Keeps the first receiver of GDT files. More of them, and their other settings, have a page of their own.</summary>
    public async Task<IActionResult> OnPostGdtAsync(CancellationToken ct)
    {
        if (await FindAsync("gdt", ct) is { } other)
        {
            return other;
        }
        var problems = new List<GdtProblem>();
        if (Receivers.Count > 0 || await store.SaveAsync(Receiver(), problems, ct))
        {
            return RedirectToPage(new { schritt = "gdt" }); // its folder is tried there
        }
        return Refuse(problems);
    }

    /// <summary>Tries the folder as it is typed, with the eyes of the service; nothing is kept.</summary>
    public async Task<IActionResult> OnPostGdtCheckAsync(CancellationToken ct)
    {
        if (await FindAsync("gdt", ct) is { } other)
        {
            return other;
        }
        var problems = new List<GdtProblem>();
        if (receivers.Check(Receiver(), problems) is not { } receiver)
        {
            return Refuse(problems);
        }
        Checked = texts.Reason(await receiver.CheckFolderAsync(ct));
        return Page();
    }

    /// <summary>Ends it.</summary>
    public async Task<IActionResult> OnPostEndAsync(CancellationToken ct)
    {
        await start.EndAsync(ct);
        return RedirectToPage("/Index");
    }

    private async Task<IActionResult?> FindAsync(string? step, CancellationToken ct)
    {
        if (!await start.IsOpenAsync(ct))
        {
            return RedirectToPage("/Settings");
        }
        Step = step ?? Steps[0];
        if (!Steps.Contains(Step))
        {
            return NotFound();
        }
        if (Step == "gdt")
        {
            var found = new List<(GdtReceiver, string?)>();
            foreach (var receiver in receivers.All)
            {
                found.Add((receiver, await receiver.CheckFolderAsync(ct)));
            }
            Receivers = found;
            Form.Name ??= "praxis";
            Form.Profile ??= GdtProfile.DefaultName;
        }
        State = await news.ReadAsync(ct);
        return null;
    }

    private GdtReceiverSettings Receiver() => new() { Name = (Form.Name ?? "").Trim(), Folder = (Form.Folder ?? "").Trim(), Profile = Form.Profile };

    private PageResult Refuse(IEnumerable<GdtProblem> problems)
    {
        texts.Say(problems, WrongGdt);
        return Refuse("Correct.Wrong");
    }

    private PageResult Refuse(string text)
    {
        Wrong = text;
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }
}
