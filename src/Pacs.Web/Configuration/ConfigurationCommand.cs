using System.Text.Json;
using Pacs.Web.Dimse;

namespace Pacs.Web.Configuration;

/// <summary><c>Pacs.Web config check</c> and <c>config print</c>.</summary>
public static class ConfigurationCommand
{
    /// <summary>Says that the configuration is good (wrong ones do not get this far) and what of it has no effect.</summary>
    /// <exception cref="ConfigurationException">Files that it names, certificates, cannot be used.</exception>
    public static int Check(PacsConfiguration configuration, TextWriter output)
    {
        _ = TlsCredentials.Load(configuration.Options);
        foreach (var notice in configuration.Notices)
        {
            output.WriteLine(notice);
        }
        output.WriteLine("The configuration is good.");
        return 0;
    }

    /// <summary>Prints all settings with their sources, as a file that <c>--config</c> reads.</summary>
    public static int Print(PacsConfiguration configuration, TextWriter output)
    {
        output.WriteLine("{");
        string? open = null;
        var keys = SettingBinder.Keys.ToList();
        for (var i = 0; i < keys.Count; i++)
        {
            var key = keys[i];
            if (key.Section is not null && key.Section.Name != open)
            {
                output.WriteLine($"  \"{key.Section.Name}\": {{");
            }
            open = key.Section?.Name;
            var indent = open is null ? "  " : "    ";
            var next = i + 1 < keys.Count ? keys[i + 1] : null;
            var last = next?.Section?.Name != open && open is not null;
            var value = JsonSerializer.Serialize(key.ValueIn(configuration.Options), key.Property.PropertyType, StructuredSettings.Json);
            output.WriteLine($"{indent}\"{key.Property.Name}\": {value}{(last || next is null ? "" : ",")} // {configuration.Origins.GetValueOrDefault(key.Path, "default")}");
            if (last)
            {
                output.WriteLine(next is null ? "  }" : "  },");
                open = null;
            }
        }
        output.WriteLine("}");
        return 0;
    }
}
