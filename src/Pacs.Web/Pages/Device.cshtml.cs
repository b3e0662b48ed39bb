using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary><c>/geraete/bearbeiten</c>: entering a device, and changing one.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class DeviceModel(Modalities modalities) : PageModel
{
    /// <summary>The device that is changed; null for a new one.</summary>
    public Modality? Device { get; private set; }

    /// <summary>Whether the device has just been taken over from those that called.</summary>
    public bool IsAdopted { get; private set; }

    /// <summary>Whether the configuration file has the device: it is changed there.</summary>
    public bool IsConfigured { get; private set; }

    /// <summary>The fields.</summary>
    [BindProperty]
    public DeviceForm Form { get; set; } = new();

    /// <summary>What is wrong, a text's key by field.</summary>
    public Dictionary<string, string> Wrong { get; } = [];

    /// <summary>Shows the fields.</summary>
    public IActionResult OnGet(string? name, string? neu)
    {
        if (!Find(name))
        {
            return NotFound();
        }
        IsAdopted = neu is not null;
        Form = DeviceForm.Of(Device ?? new Modality { Name = "", AeTitle = "", Host = "", Port = 104 });
        return Page();
    }

    /// <summary>Keeps the device, or shows what is wrong.</summary>
    public async Task<IActionResult> OnPostAsync(string? name, CancellationToken ct)
    {
        if (!Find(name))
        {
            return NotFound();
        }
        if (Device is not null)
        {
            Form.Name = Device.Name; // forwarding rules and addresses have it: who wants another name enters the device anew
        }
        var device = Form.Read(Wrong);
        if (Device is null && modalities.Find(device.Name) is not null)
        {
            Wrong[nameof(DeviceForm.Name)] = "Device.NameTaken";
        }
        if (Wrong.Count == 0 && !IsConfigured && await modalities.PutAsync(device, ct) == ModalityChange.Done)
        {
            return RedirectToPage("/Devices");
        }
        Response.StatusCode = IsConfigured ? StatusCodes.Status403Forbidden : StatusCodes.Status422UnprocessableEntity;
        return Page();
    }

    private bool Find(string? name)
    {
        Device = name is null ? null : modalities.Find(name);
        IsConfigured = Device is not null && modalities.IsConfigured(Device.Name);
        return name is null || Device is not null;
    }
}
