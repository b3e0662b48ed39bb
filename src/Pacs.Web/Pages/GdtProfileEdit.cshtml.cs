using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/gdt/profile/{name}</c>: a profile, to be seen or, when it is the practice's, to be changed, tried on a study and removed; <c>/gdt/profile/neu?von=NAME</c>: a copy of one.
/// </summary>
[IgnoreAntiforgeryToken] // as GdtModel
public sealed class GdtProfileEditModel(GdtReceivers receivers, GdtContents contents, IndexReader index, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>What the address of a copy has in the place of a name.</summary>
    public const string New = "neu";

    /// <summary>The profile; null for a copy that has no name yet.</summary>
    public string? ProfileName { get; private set; }

    /// <summary>Whether it is the program's, and only to be seen.</summary>
    public bool IsBuiltIn { get; private set; }

    /// <summary>The receivers that use it.</summary>
    public IReadOnlyList<string> Users { get; private set; } = [];

    /// <summary>The fields.</summary>
    [BindProperty]
    public GdtProfileForm Form { get; set; } = new();

    /// <summary>What is wrong, by field.</summary>
    public Dictionary<string, List<string>> Wrong { get; } = [];

    /// <summary>What stopped it from being kept or removed, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether it has just been kept.</summary>
    public bool IsSaved { get; private set; }

    /// <summary>The records of the preview, each with its name; empty when nobody asked for one.</summary>
    public IReadOnlyList<(string Name, GdtContent Content, GdtMessage? Message)> Preview { get; private set; } = [];

    /// <summary>The newest studies, for the preview: what to type, and what to show.</summary>
    public IReadOnlyList<StudyEntry> Samples { get; private set; } = [];

    /// <summary>Shows it.</summary>
    /// <param name="name">The profile, or <see cref="New"/>.</param>
    /// <param name="von">What to copy.</param>
    /// <param name="gespeichert">Set when it has just been kept.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string name, string? von, string? gespeichert, CancellationToken ct)
    {
        var source = name == New ? von ?? GdtProfile.DefaultName : name;
        if (!Find(name) || receivers.Profiles.Find(source) is not { } data)
        {
            return NotFound();
        }
        IsSaved = gespeichert is not null;
        var basis = GdtProfile.BuiltIn.ContainsKey(source) ? source : data.Profile ?? GdtProfile.DefaultName;
        var problems = new List<GdtProblem>();
        var whole = GdtProfile.TryCreate(new GdtProfileData { Profile = source }, receivers.Profiles, problems)?.Data
            ?? (GdtProfile.BuiltIn.ContainsKey(basis) ? data.Over(Below(basis)) : data); // written by hand and wrong: it is shown, and can be mended
        Form = GdtProfileForm.Of(name == New ? "" : name, GdtProfile.BuiltIn.ContainsKey(basis) ? basis : GdtProfile.DefaultName, whole);
        texts.Say(problems, Wrong);
        await FindSamplesAsync(ct);
        return Page();
    }

    /// <summary>Keeps it, or shows what is wrong.</summary>
    public async Task<IActionResult> OnPostAsync(string name, CancellationToken ct)
    {
        if (await ReadAsync(name, ct) is not { } data)
        {
            return NotFound();
        }
        if (name == New && receivers.Profiles.Own.ContainsKey(Form.Name!))
        {
            Wrong.Say("Name", texts["GdtProfile.Taken"]);
        }
        var problems = new List<GdtProblem>();
        try
        {
            if (Wrong.Count == 0 && receivers.SaveProfile(Form.Name!, data, problems))
            {
                return Redirect($"/gdt/profile/{Form.Name}?gespeichert=1");
            }
            texts.Say(problems, Wrong);
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failure = texts["GdtProfile.NotWritten"];
            Response.StatusCode = StatusCodes.Status507InsufficientStorage;
        }
        return Page();
    }

    /// <summary>Shows what it would make of a study; nothing is kept.</summary>
    public async Task<IActionResult> OnPostPreviewAsync(string name, CancellationToken ct)
    {
        if (await ReadAsync(name, ct) is not { } data)
        {
            return NotFound();
        }
        var problems = new List<GdtProblem>();
        // without a name it can be tried all the same
        var profile = Wrong.Count == 0 ? GdtProfile.TryCreate(data, GdtProfiles.BuiltInOnly, problems) : null;
        texts.Say(problems, Wrong);
        if (profile is null)
        {
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return Page();
        }
        var sample = (Form.Sample ?? "").Trim();
        var study = ResourceId.TryParse(sample, out var id) ? id
            : sample.Length > 0 ? (await index.StudiesByAccessionAsync(sample, ct)).Select(s => (ResourceId?)s.Study.PublicId).FirstOrDefault()
            : Samples.Select(s => (ResourceId?)s.Study.PublicId).FirstOrDefault();
        if (study is not { } found || await contents.SpokesmanAsync(found, ct) is not { } entry)
        {
            Wrong.Say(nameof(Form.Sample), texts["GdtProfile.NoSample"]);
            return Page();
        }
        // a receiver of that profile who gets nothing else
        var receiver = new GdtReceiver(new GdtReceiverSettings { Name = "vorschau", Folder = Path.GetTempPath() }, profile);
        var records = new List<GdtContent> { await contents.StudyAsync(receiver, entry, ct, withLink: true) };
        foreach (var report in await contents.ReportsOfAsync(found, ct))
        {
            if (await contents.ReportAsync(receiver, report, ct) is { } content)
            {
                records.Add(content);
            }
        }
        Preview = [.. records.Select(r => (GdtFileName.Display(r.Name), r, r.Body.Length == 0 ? null : (GdtMessage?)GdtReader.Read(r.Body, profile.CharacterSet)))];
        return Page();
    }

    /// <summary>Removes it.</summary>
    public IActionResult OnPostDelete(string name)
    {
        if (!Find(name) || IsBuiltIn || name == New)
        {
            return NotFound();
        }
        try
        {
            return receivers.DeleteProfile(name) ? Redirect("/gdt/profile") : Redirect($"/gdt/profile/{name}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Redirect($"/gdt/profile/{name}");
        }
    }

    private async Task<GdtProfileData?> ReadAsync(string name, CancellationToken ct)
    {
        if (!Find(name) || IsBuiltIn || !GdtProfile.BuiltIn.ContainsKey(Form.Base ?? ""))
        {
            return null;
        }
        Form.Name = name == New ? (Form.Name ?? "").Trim() : name; // receivers name it: who wants another name makes a copy
        var malformed = new List<string>();
        var data = Form.Read(Below(Form.Base!), malformed);
        foreach (var field in malformed)
        {
            Wrong.Say(field, texts["GdtProfile.Pairs"]);
        }
        await FindSamplesAsync(ct);
        return data;
    }

    private static GdtProfileData Below(string basis) => GdtProfile.TryCreate(new GdtProfileData { Profile = basis }, GdtProfiles.BuiltInOnly, [])!.Data;

    private bool Find(string name)
    {
        ProfileName = name == New ? null : name;
        IsBuiltIn = GdtProfile.BuiltIn.ContainsKey(name);
        Users = receivers.UsersOf(name);
        return name == New || receivers.Profiles.Find(name) is not null;
    }

    private async Task FindSamplesAsync(CancellationToken ct) => Samples = await index.NewestStudiesAsync(null, 10, ct);
}
