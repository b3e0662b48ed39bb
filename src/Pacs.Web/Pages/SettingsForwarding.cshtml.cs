using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary><c>/einstellungen/weiterleitung</c>: the rules for what is sent on, made, tried on what came last, changed and removed.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SettingsForwardingModel(SavedSettings settings, PacsOptions options, Modalities modalities, ForwardingConsumer consumer, IndexReader index) : PageModel
{
    /// <summary>How many of the newest images a rule is tried on.</summary>
    public const int Tried = 100;

    private static readonly SettingBinder.Key Key = SavedSettings.KeyOf(nameof(PacsOptions.Forwarding));

    /// <summary>The rules.</summary>
    public IReadOnlyList<ForwardingRule> Rules => options.Forwarding;

    /// <summary>The nodes there are.</summary>
    public IReadOnlyList<Modality> Nodes => modalities.All;

    /// <summary>The variable or argument that sets the rules, or null.</summary>
    public string? FixedBy => settings.FixedBy(Key);

    /// <summary>The rule that is changed, by its name; empty for a new one, null when none is.</summary>
    public string? Edited { get; private set; }

    /// <summary>The fields.</summary>
    [BindProperty]
    public ForwardingForm Form { get; set; } = new();

    /// <summary>What is wrong, a text's key by field.</summary>
    public Dictionary<string, string> Wrong { get; } = [];

    /// <summary>How many of the newest images the rule fits, and of how many; null when it was not tried.</summary>
    public (int Fits, int Of)? Trial { get; private set; }

    /// <summary>Whether something has just been saved.</summary>
    public bool IsSaved { get; private set; }

    /// <summary>The change that can be taken back, or null.</summary>
    public SettingsChange? Change { get; private set; }

    /// <summary>Whether a rule's node exists.</summary>
    public bool IsNode(string name) => modalities.Find(name) is not null;

    /// <summary>Shows the rules, or one of them.</summary>
    public IActionResult OnGet(string? regel, long? neu)
    {
        IsSaved = neu is not null;
        Change = settings.ChangeOf(neu) is { } change && change.Values.All(v => v.Key == Key) ? change : null;
        regel ??= Request.Query.ContainsKey("regel") ? "" : null; // an empty value of the query is bound as none
        if (regel is not null && regel.Length > 0 && Rules.All(r => r.Name != regel))
        {
            return NotFound();
        }
        Edited = regel;
        if (regel is not null)
        {
            Form = ForwardingForm.Of(Rules.FirstOrDefault(r => r.Name == regel) ?? new ForwardingRule());
        }
        return Page();
    }

    /// <summary>Saves a rule.</summary>
    public async Task<IActionResult> OnPostAsync(string? regel, CancellationToken ct)
    {
        var rule = Read(regel);
        if (Wrong.Count > 0)
        {
            return Refuse();
        }
        var rules = Rules.ToList();
        if (rules.FindIndex(r => r.Name == regel) is var at and >= 0)
        {
            rules[at] = rule;
        }
        else
        {
            rules.Add(rule);
        }
        return await SaveAsync(rules, ct);
    }

    /// <summary>Tries a rule on what came last.</summary>
    public async Task<IActionResult> OnPostTryAsync(string? regel, CancellationToken ct)
    {
        var rule = Read(regel);
        if (Wrong.Count > 0)
        {
            return Refuse();
        }
        var newest = await index.ReadAsync((db, token) => db.Instances.OrderByDescending(i => i.Id).Take(Tried).Select(i => i.PublicId).ToListAsync(token), ct);
        var (fits, count) = (0, 0);
        foreach (var id in newest)
        {
            if (await index.InstanceAsync(id, ct) is { } entry)
            {
                (fits, count) = (fits + (rule.Fits(entry) ? 1 : 0), count + 1);
            }
        }
        Trial = (fits, count);
        return Page();
    }

    /// <summary>Removes a rule.</summary>
    public Task<IActionResult> OnPostRemoveAsync(string? regel, CancellationToken ct) => SaveAsync([.. Rules.Where(r => r.Name != regel)], ct);

    /// <summary>Takes back what was changed last.</summary>
    public async Task<IActionResult> OnPostUndoAsync(long number, CancellationToken ct)
    {
        await settings.UndoAsync(number, SettingsSection.Forwarding, ct);
        await consumer.PrepareAsync(CancellationToken.None);
        return RedirectToPage(); // whatever came of it: the list shows the rules
    }

    private ForwardingRule Read(string? regel)
    {
        Edited = regel ?? "";
        var rule = Form.Read(Wrong);
        if (Rules.Any(r => r.Name == rule.Name && r.Name != regel))
        {
            Wrong[nameof(ForwardingForm.Name)] = "Forwarding.Wrong.Taken";
        }
        return rule;
    }

    private async Task<IActionResult> SaveAsync(IReadOnlyList<ForwardingRule> rules, CancellationToken ct)
    {
        if (FixedBy is not null)
        {
            return Refuse();
        }
        var change = 0L;
        await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [Key] = rules }, ct, whenChanged: c => change = c.Number);
        await consumer.PrepareAsync(CancellationToken.None);
        return RedirectToPage(new { neu = change });
    }

    private PageResult Refuse()
    {
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }
}
