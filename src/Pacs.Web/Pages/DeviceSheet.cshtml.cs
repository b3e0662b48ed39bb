using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary><c>/geraete/blatt</c>: what to enter at a device, on one sheet for the technician.</summary>
public sealed class DeviceSheetModel(PacsOptions options, Listener listener, Chrome chrome, TimeProvider time) : PageModel
{
    /// <summary>Our AE title.</summary>
    public string AeTitle => chrome.AeTitle;

    /// <summary>The addresses of this machine.</summary>
    public IReadOnlyList<string> Addresses => Chrome.AddressesFor(Request);

    /// <summary>The port for DICOM.</summary>
    public int Port => chrome.DicomPort;

    /// <summary>The port for DICOM over TLS; null when there is none.</summary>
    public int? TlsPort => listener.DicomTlsPort;

    /// <summary>Whether the modality worklist and MPPS are on.</summary>
    public bool HasWorklist => options.Worklists.Enable;

    /// <summary>Whether devices that are not entered may send.</summary>
    public bool TakesStrangers => options.DicomAlwaysAllowStore;

    /// <summary>When the sheet was made.</summary>
    public DateTimeOffset Now => time.GetUtcNow();
}
