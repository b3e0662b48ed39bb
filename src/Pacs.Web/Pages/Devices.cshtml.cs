using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary><c>/geraete</c>: the devices we know, whether they answer, and those that have called without being entered.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class DevicesModel(Modalities modalities, ModalityConnections connections, Callers callers, HiddenCallers hidden, IndexReader index, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>Lines of the list of unknown devices.</summary>
    public const int MaxUnknown = 50;

    /// <summary>What everybody may do unless the configuration says otherwise: an adopted device gets it, and what it has asked for.</summary>
    private const ModalityPermissions Usual = ModalityPermissions.Echo | ModalityPermissions.Store | ModalityPermissions.FindWorklist | ModalityPermissions.Mpps
        | ModalityPermissions.NAction | ModalityPermissions.NEventReport;

    private IReadOnlyList<Caller> _hidden = [];

    /// <summary>A device.</summary>
    /// <param name="Device">Its entry.</param>
    /// <param name="IsConfigured">Whether the configuration file has it.</param>
    /// <param name="Seen">When somebody with its AE title called last, or null.</param>
    /// <param name="Last">The study of the last instance it sent, while that is here.</param>
    public sealed record Row(Modality Device, bool IsConfigured, Caller? Seen, ProblemsModel.Subject? Last);

    /// <summary>What came of a test.</summary>
    /// <param name="Name">The device.</param>
    /// <param name="IsGood">Whether it answered as it should.</param>
    /// <param name="Sentence">It in words.</param>
    public sealed record Tested(string Name, bool IsGood, string Sentence);

    /// <summary>All devices by name.</summary>
    public IReadOnlyList<Row> Known { get; private set; } = [];

    /// <summary>Who has called and is no device of ours, the last one first.</summary>
    public IReadOnlyList<(Caller Caller, ProblemsModel.Subject? Last)> Unknown { get; private set; } = [];

    /// <summary>Those of them that somebody has hidden, when they are asked for.</summary>
    public IReadOnlyList<(Caller Caller, ProblemsModel.Subject? Last)> Hidden { get; private set; } = [];

    /// <summary>How many are hidden.</summary>
    public int HiddenCount { get; private set; }

    /// <summary>Who has just been hidden.</summary>
    public Caller? JustHidden { get; private set; }

    /// <summary>Whether there are more than the page shows.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The test that was asked for.</summary>
    public Tested? Test { get; private set; }

    /// <summary>Shows the devices.</summary>
    /// <param name="ausgeblendet">Whether also those that were hidden.</param>
    /// <param name="weg">Who has just been hidden.</param>
    /// <param name="von">His address.</param>
    /// <param name="ct">Cancels.</param>
    public async Task OnGetAsync(string? ausgeblendet, string? weg, string? von, CancellationToken ct)
    {
        await ReadAsync(ausgeblendet is not null, ct);
        JustHidden = weg is null ? null : _hidden.FirstOrDefault(c => c.AeTitle == weg && c.Host == von);
    }

    private async Task ReadAsync(bool showsHidden, CancellationToken ct)
    {
        var all = callers.All;
        var known = new List<Row>();
        foreach (var device in modalities.All)
        {
            var seen = all.FirstOrDefault(c => IsOf(device, c));
            var sender = all.FirstOrDefault(c => IsOf(device, c) && c.LastInstance is not null);
            known.Add(new Row(device, modalities.IsConfigured(device.Name), seen, await LastAsync(sender, ct)));
        }
        var dismissed = await hidden.AllAsync(ct);
        var strangers = all.Where(c => !modalities.WithAeTitle(c.AeTitle).Any()).ToLookup(c => dismissed.Contains((c.AeTitle, c.Host)));
        IsCut = strangers[false].Count() > MaxUnknown;
        _hidden = [.. strangers[true]];
        (Known, HiddenCount) = (known, _hidden.Count);
        Unknown = await WithLastAsync(strangers[false].Take(MaxUnknown), ct);
        Hidden = showsHidden ? await WithLastAsync(_hidden.Take(MaxUnknown), ct) : [];
    }

    /// <summary>Does not ask about somebody any more.</summary>
    public async Task<IActionResult> OnPostHideAsync(string? aeTitle, string? host, CancellationToken ct)
    {
        if (callers.All.FirstOrDefault(c => c.AeTitle == aeTitle && c.Host == host) is not { } caller)
        {
            return NotFound();
        }
        await hidden.HideAsync(caller.AeTitle, caller.Host, ct);
        return RedirectToPage(new { weg = caller.AeTitle, von = caller.Host });
    }

    /// <summary>Asks about him again.</summary>
    public async Task<IActionResult> OnPostUnhideAsync(string? aeTitle, string? host, CancellationToken ct)
    {
        await hidden.ShowAsync(aeTitle ?? "", host ?? "", ct);
        return RedirectToPage();
    }

    /// <summary>Calls a device and says what came of it.</summary>
    public async Task<IActionResult> OnPostEchoAsync(string? id, CancellationToken ct)
    {
        if (modalities.Find(id ?? "") is not { } device)
        {
            return NotFound();
        }
        Test = await TestAsync(device, ct);
        await ReadAsync(showsHidden: false, ct);
        return Page();
    }

    /// <summary>Enters somebody who has called, and shows the entry: the port can only be guessed.</summary>
    public async Task<IActionResult> OnPostAdoptAsync(string? aeTitle, string? host, CancellationToken ct)
    {
        var caller = callers.All.FirstOrDefault(c => c.AeTitle == aeTitle && c.Host == host);
        if (caller is null)
        {
            return NotFound();
        }
        if (modalities.WithAeTitle(caller.AeTitle).Any())
        {
            return RedirectToPage(); // somebody was faster
        }
        var device = new Modality { Name = NameFor(caller.AeTitle), AeTitle = caller.AeTitle.Trim(), Host = caller.Host, Port = 104, Permissions = Usual | caller.Asked };
        await modalities.PutAsync(device, ct);
        await hidden.ShowAsync(caller.AeTitle, caller.Host, ct); // whoever removes the device later shall find it
        return RedirectToPage("/Device", new { name = device.Name, neu = "ja" });
    }

    private static bool IsOf(Modality device, Caller caller) => string.Equals(device.AeTitle, caller.AeTitle.Trim(), StringComparison.OrdinalIgnoreCase);

    // an AE title may have characters that a name may not
    private string NameFor(string aeTitle)
    {
        var name = new string([.. aeTitle.Trim().Select(c => ModalityJson.IsName($"x{c}") ? c : '-')]);
        name = ModalityJson.IsName(name) ? name : "device";
        return Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? name : $"{name} {i}").First(n => modalities.Find(n) is null);
    }

    private async Task<IReadOnlyList<(Caller, ProblemsModel.Subject?)>> WithLastAsync(IEnumerable<Caller> some, CancellationToken ct)
    {
        var rows = new List<(Caller, ProblemsModel.Subject?)>();
        foreach (var caller in some)
        {
            rows.Add((caller, await LastAsync(caller, ct)));
        }
        return rows;
    }

    private async Task<ProblemsModel.Subject?> LastAsync(Caller? caller, CancellationToken ct)
    {
        var found = caller?.LastInstance is { } uid ? await index.LocateAsync(uid, ct) : [];
        return found.Count > 0 && await index.InstanceAsync(found[^1].Id, ct) is { } entry
            ? new ProblemsModel.Subject($"~/studien/{entry.Study.PublicId}", Level.Study, entry.Patient)
            : null;
    }

    private async Task<Tested> TestAsync(Modality device, CancellationToken ct)
    {
        var begin = Stopwatch.GetTimestamp();
        try
        {
            await using var client = await connections.ConnectAsync(device, r => r.Propose(DicomUid.Verification), ct);
            var status = await client.EchoAsync(ct);
            await client.ReleaseAsync(ct);
            return status.Kind == DimseStatusKind.Success
                ? new Tested(device.Name, true, texts["Echo.Good", Math.Ceiling(Stopwatch.GetElapsedTime(begin).TotalMilliseconds)])
                : new Tested(device.Name, false, texts["Echo.Refused", $"{status.Code:X4}H"]);
        }
        catch (AssociationException e) when (e.Rejection == AssociateRejectPdu.CallingAeNotRecognized)
        {
            return new Tested(device.Name, false, texts["Echo.CallingUnknown", connections.LocalAeTitle(device)]);
        }
        catch (AssociationException e) when (e.Rejection == AssociateRejectPdu.CalledAeNotRecognized)
        {
            return new Tested(device.Name, false, texts["Echo.CalledUnknown", device.AeTitle]);
        }
        catch (Exception e) when (JobErrors.Of(device.Name, e) is { } error)
        {
            return new Tested(device.Name, false, error.Fault switch
            {
                JobFault.Unreachable => texts["Echo.Unreachable", device.Host, device.Port],
                JobFault.Silent => texts["Echo.Silent", device.Host, device.Port],
                JobFault.Rejected => texts["Echo.Rejected", $"{((AssociationException)e).Rejection}"],
                JobFault.Tls => texts["JobFault.Tls"],
                JobFault.BrokenOff => texts["Echo.BrokenOff"],
                _ => texts["Echo.Unintelligible"],
            });
        }
    }
}
