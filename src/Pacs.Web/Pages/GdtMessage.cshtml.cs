using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>
/// One GDT message, field by field beside its lines: <c>/gdt/aus/{receiver}/{kind}/{resource}/{revision}</c> one of ours, <c>/gdt/ein/{id}</c> one of the practice software,
/// <c>/gdt/vorschau/{receiver}/{study}</c> what would be written.
/// </summary>
public sealed class GdtMessageModel(GdtFiles files, GdtReceivers receivers, GdtContents contents, IndexReader index) : PageModel
{
    /// <summary>So much of a message is shown as its lines; the fields are all there.</summary>
    public const int MaxBytes = 20_000;

    private GdtCharacterSet? _set;

    /// <summary>Its lines as they are.</summary>
    public string Lines { get; private set; } = "";

    /// <summary>What it is called.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What it says; null when its bytes are no GDT.</summary>
    public GdtMessage? Message { get; private set; }

    /// <summary>Why there is no record, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Why a file of the practice software was not taken (<see cref="GdtRefusal"/>), or null.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The file of ours that it is, to be sent again; null for others.</summary>
    public GdtFile? Sent { get; private set; }

    /// <summary>What could not be in it.</summary>
    public IReadOnlyList<string> LeftOut { get; private set; } = [];

    /// <summary>The study it is about, while it is here; or null.</summary>
    public ResourceId? Study { get; private set; }

    /// <summary>Shows it.</summary>
    /// <param name="direction"><c>aus</c>, <c>ein</c> or <c>vorschau</c>.</param>
    /// <param name="key">Which.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string direction, string key, CancellationToken ct)
    {
        var body = (direction, key.Split('/')) switch
        {
            ("aus", [var receiver, var kind, var resource, var revision]) when ResourceId.TryParse(resource, out var id) && int.TryParse(revision, out var number) =>
                await OutAsync(new GdtKey(receiver, kind, id, number), ct),
            ("ein", [var id]) when long.TryParse(id, out var number) => await InAsync(number, ct),
            ("vorschau", [var receiver, var study]) when ResourceId.TryParse(study, out var id) => await PreviewAsync(receiver, id, ct),
            _ => null,
        };
        if (body is null)
        {
            return NotFound();
        }
        try
        {
            Message = body.Length == 0 ? null : GdtReader.Read(body, _set);
            Lines = Message?.CharacterSet.Decode(body.AsSpan(0, Math.Min(body.Length, MaxBytes))) ?? "";
        }
        catch (GdtException)
        {
            (Message, Lines) = (null, Encoding.Latin1.GetString(body.AsSpan(0, Math.Min(body.Length, MaxBytes))));
        }
        return Page();
    }

    private async Task<byte[]?> OutAsync(GdtKey key, CancellationToken ct)
    {
        if (await files.FindAsync(key, ct) is not { } file)
        {
            return null;
        }
        _set = receivers.Find(key.Receiver)?.Profile.CharacterSet;
        (Name, Problem, Study) = (GdtFileName.Display(file.Path), file.Error, key.Kind == GdtKind.Study && await index.StudyAsync(key.Resource, ct) is not null ? key.Resource : null);
        LeftOut = file.LeftOut?.Split('\n') ?? [];
        Sent = file;
        return file.Body;
    }

    private async Task<byte[]?> InAsync(long id, CancellationToken ct)
    {
        if (await index.ReadAsync((db, token) => db.GdtIncoming.FirstOrDefaultAsync(g => g.Id == id, token), ct) is not { } message)
        {
            return null;
        }
        (Name, Refusal) = (message.Name, message.State == GdtIncomingState.Refused ? message.Reason : null);
        return message.Body;
    }

    private async Task<byte[]?> PreviewAsync(string name, ResourceId study, CancellationToken ct)
    {
        if (receivers.Find(name) is not { } receiver || await contents.SpokesmanAsync(study, ct) is not { } entry)
        {
            return null;
        }
        var content = await contents.StudyAsync(receiver, entry, ct);
        _set = receiver.Profile.CharacterSet;
        (Name, Problem, Study) = (GdtFileName.Alternative(content.Name, 1), content.Problem, study);
        LeftOut = content.LeftOut;
        return content.Body;
    }
}
