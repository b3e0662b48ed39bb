using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary><c>/geraete/entfernen/{name}</c>: removing a device, once its name is typed.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class DeviceRemovalModel(Modalities modalities) : PageModel
{
    /// <summary>The device.</summary>
    public Modality Device { get; private set; } = null!;

    /// <summary>Whether the configuration file has the device: it is removed there.</summary>
    public bool IsConfigured { get; private set; }

    /// <summary>What is wrong, a text's key; null when nothing is.</summary>
    public string? Wrong { get; private set; }

    /// <summary>Asks.</summary>
    public IActionResult OnGet(string name) => Find(name) ? Page() : NotFound();

    /// <summary>Removes the device, or says what is missing.</summary>
    public async Task<IActionResult> OnPostAsync(string name, [FromForm(Name = "Form.Typed")] string? typed, CancellationToken ct)
    {
        if (!Find(name))
        {
            return NotFound();
        }
        if (!IsConfigured && (typed ?? "").Trim() == Device.Name)
        {
            await modalities.DeleteAsync(Device.Name, ct);
            return RedirectToPage("/Devices");
        }
        Wrong = "Removal.Wrong";
        Response.StatusCode = IsConfigured ? StatusCodes.Status403Forbidden : StatusCodes.Status422UnprocessableEntity;
        return Page();
    }

    private bool Find(string name)
    {
        if (modalities.Find(name) is not { } device)
        {
            return false;
        }
        (Device, IsConfigured) = (device, modalities.IsConfigured(name));
        return true;
    }
}
