using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/gdt/empfaenger/bearbeiten/{name}</c>: a receiver of GDT files, to be entered, changed, tried and removed. What the configuration says is shown; what is entered here counts instead.
/// </summary>
[IgnoreAntiforgeryToken] // as GdtModel
public sealed class GdtReceiverEditModel(GdtReceivers receivers, GdtReceiverStore store, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>The receiver; null for a new one.</summary>
    public string? ReceiverName { get; private set; }

    /// <summary>What the configuration says of it; null when it says nothing.</summary>
    public GdtReceiverSettings? Configured { get; private set; }

    /// <summary>Whether it was entered here or over REST.</summary>
    public bool IsEntered { get; private set; }

    /// <summary>The fields.</summary>
    [BindProperty]
    public GdtReceiverForm Form { get; set; } = new();

    /// <summary>What is wrong, by field.</summary>
    public Dictionary<string, List<string>> Wrong { get; } = [];

    /// <summary>What a check of the folders has found, empty when all is well; null when nobody asked for one.</summary>
    public string? Checked { get; private set; }

    /// <summary>Whether it has just been kept.</summary>
    public bool IsSaved { get; private set; }

    /// <summary>How many records wait for it; 0 unless somebody wants to remove it.</summary>
    public int Waiting { get; private set; }

    /// <summary>The profiles there are.</summary>
    public IEnumerable<string> Profiles => receivers.Profiles.Names;

    /// <summary>The settings that are not on this page and differ from the profile: they stay as they are.</summary>
    public IReadOnlyList<string> Others { get; private set; } = [];

    /// <summary>Whose eyes the folders are seen with.</summary>
    public static string Account => Environment.UserName;

    /// <summary>Shows it.</summary>
    public IActionResult OnGet(string? name, string? gespeichert)
    {
        if (!Find(name, out var settings))
        {
            return NotFound();
        }
        IsSaved = gespeichert is not null;
        Form = GdtReceiverForm.Of(settings);
        texts.Say(receivers.Broken.FirstOrDefault(b => b.Settings.Name == name)?.Problems ?? [], Wrong);
        return Page();
    }

    /// <summary>Keeps it, or shows what is wrong.</summary>
    public async Task<IActionResult> OnPostAsync(string? name, CancellationToken ct)
    {
        if (!Read(name, out var settings))
        {
            return NotFound();
        }
        if (name is null && receivers.Names.Contains(settings.Name))
        {
            Wrong.Say(nameof(Form.Name), texts["GdtProblem.Taken", settings.Name]);
        }
        var problems = new List<GdtProblem>();
        if (Wrong.Count == 0 && await store.SaveAsync(settings, problems, ct))
        {
            return Redirect($"/gdt/empfaenger/bearbeiten/{settings.Name}?gespeichert=1");
        }
        texts.Say(problems, Wrong);
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }

    /// <summary>Tries the folders as they are typed, with the eyes of the service; nothing is kept.</summary>
    public async Task<IActionResult> OnPostCheckAsync(string? name, CancellationToken ct)
    {
        if (!Read(name, out var settings))
        {
            return NotFound();
        }
        var problems = new List<GdtProblem>();
        if (Wrong.Count == 0 && receivers.Check(settings, problems) is { } receiver)
        {
            Checked = texts.Reason(await receiver.CheckFolderAsync(ct));
            return Page();
        }
        texts.Say(problems, Wrong);
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }

    /// <summary>Removes what was entered.</summary>
    public async Task<IActionResult> OnPostRemoveAsync(string? name, bool giveUp, CancellationToken ct)
    {
        if (!Find(name, out var settings) || name is null)
        {
            return NotFound();
        }
        if (await store.RemoveAsync(name, giveUp, ct) != GdtReceiverRemoval.Waiting)
        {
            return Redirect("/gdt/empfaenger");
        }
        Waiting = await store.WaitingAsync(name, ct);
        Form = GdtReceiverForm.Of(settings);
        Response.StatusCode = StatusCodes.Status409Conflict;
        return Page();
    }

    private bool Read(string? name, out GdtReceiverSettings settings)
    {
        if (!Find(name, out var before))
        {
            settings = before;
            return false;
        }
        Form.Name = name ?? Form.Name; // files in the index have it: who wants another name enters another receiver
        var malformed = new Dictionary<string, string>();
        settings = Form.Read(before, malformed);
        foreach (var (field, text) in malformed)
        {
            Wrong.Say(field, texts[text]);
        }
        return true;
    }

    private bool Find(string? name, out GdtReceiverSettings settings)
    {
        ReceiverName = name;
        Configured = name is null ? null : receivers.Configured(name);
        var entered = name is null ? null : receivers.Entered(name);
        IsEntered = entered is not null;
        settings = entered ?? Configured ?? new GdtReceiverSettings();
        Others = [.. GdtReceiverForm.NotShown(settings)];
        return name is null || entered is not null || Configured is not null;
    }
}
