namespace Pacs.Web.Configuration;

/// <summary>A part of the page of settings.</summary>
public enum SettingsSection
{
    /// <summary>The practice and its pages.</summary>
    Practice,

    /// <summary>The DICOM port.</summary>
    Dicom,

    /// <summary>What is kept.</summary>
    Archive,

    /// <summary>The worklist.</summary>
    Worklist,

    /// <summary>GDT and measured values.</summary>
    Gdt,

    /// <summary>Jobs.</summary>
    Sending,

    /// <summary>Rules for what is sent on.</summary>
    Forwarding,

    /// <summary>Who may use the HTTP port.</summary>
    Login,
}

/// <summary>
/// A setting that people change on the pages while the server runs (<see cref="SavedSettings"/>). Who works by it reads it from <see cref="PacsOptions"/> each time, and keeps no copy: therefore it has a setter.
/// </summary>
/// <param name="section">Where it is shown.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OnPageAttribute(SettingsSection section) : Attribute
{
    /// <summary>Where it is shown.</summary>
    public SettingsSection Section => section;
}
