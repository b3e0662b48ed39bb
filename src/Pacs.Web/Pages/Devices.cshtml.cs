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
public sealed class DevicesModel(Modalities modalities, ModalityConnections connections, Callers callers, IndexReader index, IStringLocalizer<Texts> texts) : PageModel
{
    /// <summary>Lines of the list of unknown devices.</summary>
    public const int MaxUnknown = 50;

    /// <summary>What everybody may do unless the configuration says otherwise: an adopted device gets it, and what it has asked for.</summary>
    private const ModalityPermissions Usual = ModalityPermissions.Echo | ModalityPermissions.Store | ModalityPermissions.FindWorklist | ModalityPermissions.Mpps
        | ModalityPermissions.NAction | ModalityPermissions.NEventReport;

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

    /// <summary>Whether there are more than the page shows.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The test that was asked for.</summary>
    public Tested? Test { get; private set; }

    /// <summary>Shows the devices.</summary>
    public async Task OnGetAsync(CancellationToken ct)
    {
        var all = callers.All;
        var known = new List<Row>();
        foreach (var device in modalities.All)
        {
            var seen = all.FirstOrDefault(c => IsOf(device, c));
            var sender = all.FirstOrDefault(c => IsOf(device, c) && c.LastInstance is not null);
            known.Add(new Row(device, modalities.IsConfigured(device.Name), seen, await LastAsync(sender, ct)));
        }
        var unknown = all.Where(c => !modalities.WithAeTitle(c.AeTitle).Any()).ToList();
        IsCut = unknown.Count > MaxUnknown;
        var strangers = new List<(Caller, ProblemsModel.Subject?)>();
        foreach (var caller in unknown.Take(MaxUnknown))
        {
            strangers.Add((caller, await LastAsync(caller, ct)));
        }
        (Known, Unknown) = (known, strangers);
    }

    /// <summary>Calls a device and says what came of it.</summary>
    public async Task<IActionResult> OnPostEchoAsync(string? id, CancellationToken ct)
    {
        if (modalities.Find(id ?? "") is not { } device)
        {
            return NotFound();
        }
        Test = await TestAsync(device, ct);
        await OnGetAsync(ct);
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
