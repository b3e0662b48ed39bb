using System.Globalization;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary>The fields of a device as somebody typed them.</summary>
public sealed class DeviceForm
{
    /// <summary>What can be allowed, in the order of the form.</summary>
    public static IReadOnlyList<ModalityPermissions> Services { get; } = [.. Enum.GetValues<ModalityPermissions>().Where(p => p is not (ModalityPermissions.None or ModalityPermissions.All))];

    /// <summary><see cref="Modality.Name"/>.</summary>
    public string? Name { get; set; }

    /// <summary><see cref="Modality.AeTitle"/>.</summary>
    public string? AeTitle { get; set; }

    /// <summary><see cref="Modality.Host"/>.</summary>
    public string? Host { get; set; }

    /// <summary><see cref="Modality.Port"/>; 104 is the port of DICOM (PS3.8 §9.1.1).</summary>
    public string? Port { get; set; } = "104";

    /// <summary><see cref="Modality.Manufacturer"/>, its name.</summary>
    public string? Manufacturer { get; set; } = nameof(ModalityManufacturer.Generic);

    /// <summary><see cref="Modality.Permissions"/>, the name of each; null for none.</summary>
    public IReadOnlyList<string>? Allowed { get; set; }

    /// <summary><see cref="Modality.UseTls"/>.</summary>
    public bool UseTls { get; set; }

    /// <summary><see cref="Modality.AllowTranscoding"/>.</summary>
    public bool AllowTranscoding { get; set; }

    /// <summary><see cref="Modality.LocalAeTitle"/>; empty for our own.</summary>
    public string? LocalAeTitle { get; set; }

    /// <summary><see cref="Modality.Timeout"/>; empty for the default.</summary>
    public string? Timeout { get; set; }

    /// <summary>Whether a service is allowed.</summary>
    public bool Allows(ModalityPermissions service) => Allowed?.Contains(service.ToString(), StringComparer.Ordinal) ?? false;

    /// <summary>The form for a device.</summary>
    public static DeviceForm Of(Modality device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new DeviceForm
        {
            Name = device.Name,
            AeTitle = device.AeTitle,
            Host = device.Host,
            Port = device.Port.ToString(CultureInfo.InvariantCulture),
            Manufacturer = device.Manufacturer.ToString(),
            Allowed = [.. Services.Where(s => device.Permissions.HasFlag(s)).Select(s => s.ToString())],
            UseTls = device.UseTls,
            AllowTranscoding = device.AllowTranscoding,
            LocalAeTitle = device.LocalAeTitle,
            Timeout = device.Timeout > 0 ? device.Timeout.ToString(CultureInfo.InvariantCulture) : "",
        };
    }

    /// <summary>The device that is described.</summary>
    /// <param name="wrong">Gets what is wrong: a text's key for the name of each field. Nothing, and the device counts.</param>
    public Modality Read(Dictionary<string, string> wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        void Check(bool isRight, string field, string text)
        {
            if (!isRight)
            {
                wrong[field] = text;
            }
        }

        var (name, aeTitle, host, local) = ((Name ?? "").Trim(), (AeTitle ?? "").Trim(), (Host ?? "").Trim(), (LocalAeTitle ?? "").Trim());
        var (port, timeout, manufacturer) = (0, 0, ModalityManufacturer.Generic);
        Check(ModalityJson.IsName(name), nameof(Name), "Device.NameWrong");
        Check(ModalityJson.IsAeTitle(aeTitle), nameof(AeTitle), "Device.AeTitleWrong");
        Check(Uri.CheckHostName(host) != UriHostNameType.Unknown, nameof(Host), "Device.HostWrong");
        Check(TryNumber(Port, out port) && port is >= 1 and <= 65535, nameof(Port), "Device.PortWrong");
        Check(Enum.TryParse(Manufacturer, out manufacturer) && Enum.IsDefined(manufacturer), nameof(Manufacturer), "Device.ManufacturerWrong");
        Check(local.Length == 0 || ModalityJson.IsAeTitle(local), nameof(LocalAeTitle), "Device.AeTitleWrong");
        Check(string.IsNullOrWhiteSpace(Timeout) || (TryNumber(Timeout, out timeout) && timeout <= 3600), nameof(Timeout), "Device.TimeoutWrong");
        return new Modality
        {
            Name = name,
            AeTitle = aeTitle,
            Host = host,
            Port = port,
            Manufacturer = manufacturer,
            Permissions = Services.Where(Allows).Aggregate(ModalityPermissions.None, (all, one) => all | one),
            UseTls = UseTls,
            AllowTranscoding = AllowTranscoding,
            LocalAeTitle = local.Length > 0 ? local : null,
            Timeout = timeout,
        };
    }

    private static bool TryNumber(string? text, out int number) => int.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
