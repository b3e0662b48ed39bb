using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Localization;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary>Settings in people's words, and what people typed as settings.</summary>
internal static class SettingsWords
{
    /// <summary>The parts of the page by the last part of their address; the others are pages of their own.</summary>
    public static IReadOnlyList<(string Address, SettingsSection Section)> Sections { get; } =
    [
        ("praxis", SettingsSection.Practice), ("geraete", SettingsSection.Dicom), ("archiv", SettingsSection.Archive), ("arbeitsliste", SettingsSection.Worklist), ("gdt", SettingsSection.Gdt),
        ("senden", SettingsSection.Sending),
    ];

    /// <summary>The words that an option can be; null when it is something else.</summary>
    public static IReadOnlyList<string>? WordsOf(SettingBinder.Key key) => key.Property.GetCustomAttribute<OneOfAttribute>()?.Words;

    /// <summary>A value as a form shows it.</summary>
    public static string Typed(object? value) => value switch
    {
        null => "",
        bool b => b ? "true" : "",
        IEnumerable<string> lines => string.Join('\n', lines),
        Uri uri => uri.OriginalString,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>A value as a sentence has it.</summary>
    public static string Said(this IStringLocalizer<Texts> texts, SettingBinder.Key key, object? value) => value switch
    {
        bool b => texts[b ? "Settings.Yes" : "Settings.No"],
        null or ICollection { Count: 0 } => texts["Settings.Nothing"],
        string word when WordsOf(key) is not null => texts[$"Setting.{key.Path}={word}"],
        IEnumerable<string> lines => string.Join(", ", lines),
        _ => Typed(value),
    };

    /// <summary>What is wrong with a value, in a sentence.</summary>
    public static string Wrong(this IStringLocalizer<Texts> texts, SettingBinder.Key key) => key.Property.GetCustomAttribute<ValidationAttribute>() is RangeAttribute range
        ? texts[key.MayBeNull ? "Setting.Wrong.RangeOrNothing" : "Setting.Wrong.Range", range.Minimum, range.Maximum]
        : texts["Setting.Wrong." + key.Property.GetCustomAttribute<ValidationAttribute>()!.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal)];

    /// <summary>Reads what was typed.</summary>
    public static bool TryRead(SettingBinder.Key key, string typed, out object? value)
    {
        var text = typed.Trim();
        var isList = key.Property.PropertyType == typeof(IReadOnlyList<string>);
        var kind = key.Property.PropertyType == typeof(bool) ? JsonValueKind.String : text.Length == 0 && key.MayBeNull ? JsonValueKind.Null : isList ? JsonValueKind.Array : JsonValueKind.String;
        string[]? items = isList ? text.Split(['\n', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : null;
        var setting = new Setting(key.Path, kind, key.Property.PropertyType == typeof(bool) ? (text == "true" ? "true" : "false") : text, items, "the pages", "");
        return SettingBinder.TryConvert(key, setting, out value);
    }
}
