using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Pacs.Gdt;

namespace Pacs.Web.Configuration;

/// <summary>
/// Puts settings into <see cref="PacsOptions"/> by the names of its properties and checks them. Names match without regard to case and underscores, so that
/// <c>UrlOnGdtWritten</c>, <c>URL_ON_GDT_WRITTEN</c> and <c>urlongdtwritten</c> are the same key and acronyms need no table.
/// </summary>
public sealed class SettingBinder
{
    /// <summary>
    /// Settings of Orthanc that have no effect here although somebody relies on them when he sets them so: these are said loudly.
    /// </summary>
    private static readonly Dictionary<string, (string Value, string Consequence)> Reliances = new(StringComparer.OrdinalIgnoreCase)
    {
        ["SslEnabled"] = ("true", "the HTTP port does not encrypt"),
    };

    private readonly Dictionary<string, Key> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<Key, Setting> _values = [];
    private readonly Dictionary<string, SortedSet<string>> _unknown = new(StringComparer.Ordinal);
    private readonly List<string> _notices = [];
    private readonly List<string> _problems = [];
    private readonly Dictionary<string, string?> _host = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A binder without values.</summary>
    public SettingBinder()
    {
        foreach (var key in Keys)
        {
            _keys.Add(Fold(key.Path), key);
            if (key.Section is not null)
            {
                _sections.Add(Fold(key.Section.Name));
            }
        }
    }

    /// <summary>A key: a property of <see cref="PacsOptions"/> or of one of its sections.</summary>
    /// <param name="Section">The property that holds the section, or null.</param>
    /// <param name="Property">The property itself.</param>
    public sealed record Key(PropertyInfo? Section, PropertyInfo Property)
    {
        /// <summary>Its name with the section: <c>Worklists:Enable</c>.</summary>
        public string Path => Section is null ? Property.Name : Section.Name + ":" + Property.Name;

        /// <summary>Its value in options.</summary>
        public object? ValueIn(PacsOptions options) => Property.GetValue(Section is null ? options : Section.GetValue(options));

        /// <summary>Sets it in options.</summary>
        public void SetIn(PacsOptions options, object? value) => Property.SetValue(Section is null ? options : Section.GetValue(options), value);

        /// <summary>What it may be.</summary>
        public string Allowed => Property.PropertyType == typeof(bool)
            ? "true or false"
            : Property.GetCustomAttribute<ValidationAttribute>()!.ErrorMessage ?? Property.GetCustomAttribute<ValidationAttribute>()!.FormatErrorMessage("");

        /// <summary>Whether <c>null</c> is a value of it.</summary>
        public bool MayBeNull => new NullabilityInfoContext().Create(Property).WriteState == NullabilityState.Nullable;
    }

    /// <summary>All keys, in the order of the options.</summary>
    public static IEnumerable<Key> Keys =>
        from property in typeof(PacsOptions).GetProperties()
        let isSection = property.PropertyType.Assembly == typeof(PacsOptions).Assembly
        from key in isSection ? property.PropertyType.GetProperties().Select(p => new Key(property, p)) : [new Key(null, property)]
        select key;

    /// <summary>Takes a setting; it replaces an earlier one of the same key.</summary>
    public void Add(Setting setting)
    {
        var path = setting.Path;
        if (path.StartsWith("Logging", StringComparison.OrdinalIgnoreCase) && (path.Length == 7 || path[7] == ':'))
        {
            if (setting.Kind != JsonValueKind.Object)
            {
                _host[path] = setting.Text;
            }
            return;
        }
        var folded = Fold(path);
        if (_keys.TryGetValue(folded, out var key))
        {
            _values[key] = setting;
        }
        else if (_sections.Contains(folded))
        {
            if (setting.Kind != JsonValueKind.Object)
            {
                _problems.Add($"{path} is {setting.KindName} in {setting.Source}. It must be a section.");
            }
        }
        else if (_keys.FirstOrDefault(k => folded.StartsWith(k.Key + ":", StringComparison.Ordinal)).Value is { } outer)
        {
            // inside of a value that is read as a whole, or that should be a scalar: then that itself is reported
            if (setting.Kind == JsonValueKind.Undefined)
            {
                _problems.Add($"{path.Replace(':', '.')} in {setting.Source} is part of {outer.Path.Replace(':', '.')}, which is set as a whole only.");
            }
        }
        else
        {
            AddUnknown(setting);
        }
    }

    /// <summary>Makes the options.</summary>
    /// <exception cref="ConfigurationException">Values are wrong; the message lists them all.</exception>
    public PacsConfiguration Build()
    {
        var options = new PacsOptions();
        foreach (var (key, setting) in _values)
        {
            if (StructuredSettings.Has(key.Property.PropertyType))
            {
                ReadStructured(options, key, setting);
            }
            else if (TryConvert(key, setting, out var value))
            {
                key.SetIn(options, value);
            }
            else
            {
                // addresses may hold passwords, and a list of users one that was not hashed
                var maySay = key.Property.PropertyType != typeof(Uri) && !key.Property.IsDefined(typeof(DicomUsersAttribute));
                var shown = maySay && setting.Text.Length is > 0 and <= 60 ? $" \"{setting.Text}\"" : "";
                _problems.Add($"{key.Path.Replace(':', '.')} is {setting.KindName}{shown} in {setting.Source}. It must be {key.Allowed}.");
            }
        }
        _problems.AddRange(Contradictions(options));
        if (options.MaximumAssociationsPerHost > options.MaximumAssociations && _values.Keys.Any(k => k.Path == nameof(PacsOptions.MaximumAssociationsPerHost)))
        {
            _problems.Add($"MaximumAssociationsPerHost ({options.MaximumAssociationsPerHost}) is more than MaximumAssociations ({options.MaximumAssociations}).");
        }
        if (_problems.Count > 0)
        {
            throw new ConfigurationException(_problems);
        }
        foreach (var (source, names) in _unknown.OrderBy(u => u.Key, StringComparer.Ordinal))
        {
            _notices.Add($"Without effect in {source}: {string.Join(", ", names)}.");
        }
        return new PacsConfiguration(options, _values.ToDictionary(v => v.Key.Path, v => v.Value.Source), _notices, _host)
        {
            Fixed = _values.Where(v => v.Value.IsFixed).Select(v => v.Key.Path).ToHashSet(StringComparer.Ordinal),
        };
    }

    private void ReadStructured(PacsOptions options, Key key, Setting setting)
    {
        try
        {
            // a text of the environment or the command line is the JSON itself
            var value = StructuredSettings.Read(key.Property.PropertyType, setting.Json ?? setting.Text);
            key.SetIn(options, value);
        }
        catch (FormatException e)
        {
            _problems.Add($"{key.Path.Replace(':', '.')} in {setting.Source}: {e.Message}. It must be {key.Allowed}.");
        }
    }

    private void AddUnknown(Setting setting)
    {
        if (setting.MustBeKnown)
        {
            _problems.Add($"{setting.Path.Replace(':', '.')} in {setting.Source} is no setting. \"config print\" lists all of them.");
            return;
        }
        if (Reliances.TryGetValue(setting.Path.Replace("_", "", StringComparison.Ordinal), out var reliance)
            && string.Equals(setting.Text, reliance.Value, StringComparison.OrdinalIgnoreCase))
        {
            _notices.Add($"Attention: {setting.Path} is {reliance.Value} in {setting.Source}, but {reliance.Consequence}.");
            return;
        }
        if (!_unknown.TryGetValue(setting.Source, out var names))
        {
            _unknown.Add(setting.Source, names = new SortedSet<string>(StringComparer.Ordinal));
        }
        // of an unknown section its name is enough
        var section = setting.Path.Split(':')[0];
        names.Add(_sections.Contains(Fold(section)) ? setting.Path.Replace(':', '.') : section);
    }

    internal static bool TryConvert(Key key, Setting setting, out object? value)
    {
        value = null;
        if (setting.IsNull)
        {
            return key.MayBeNull;
        }
        if (!TryParse(key.Property.PropertyType, setting, out value))
        {
            return false;
        }
        var rule = key.Property.GetCustomAttribute<ValidationAttribute>();
        if (rule?.IsValid(value) == false)
        {
            return false;
        }
        if (rule is FolderPathAttribute)
        {
            value = Path.GetFullPath((string)value!, setting.Folder);
        }
        return true;
    }

    private static bool TryParse(Type type, Setting setting, out object? value)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        value = null;
        if (type == typeof(IReadOnlyList<string>))
        {
            value = setting.Items ?? (setting.Kind is JsonValueKind.Undefined or JsonValueKind.String ? Split(setting.Text) : null);
            return value is not null;
        }
        if (setting.Kind is JsonValueKind.Array or JsonValueKind.Object)
        {
            return false;
        }
        var text = setting.Text.Trim();
        if (type == typeof(bool))
        {
            value = text.ToUpperInvariant() switch { "TRUE" or "1" => true, "FALSE" or "0" => false, _ => null };
            return value is not null && setting.Kind is not JsonValueKind.Number;
        }
        if (type == typeof(int))
        {
            // "600.0" and "6e2" are whole numbers too: JSON knows only one kind of number
            if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && number == decimal.Truncate(number) && number is >= int.MinValue and <= int.MaxValue)
            {
                value = (int)number;
            }
            return value is not null && setting.Kind is not (JsonValueKind.True or JsonValueKind.False);
        }
        if (setting.Kind is not (JsonValueKind.String or JsonValueKind.Undefined))
        {
            return false;
        }
        if (type == typeof(Uri))
        {
            value = Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null;
            return value is not null;
        }
        value = setting.Text;
        return true;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Other options with the same values.</summary>
    internal static PacsOptions Copy(PacsOptions options)
    {
        var copy = new PacsOptions();
        foreach (var key in Keys)
        {
            key.SetIn(copy, key.ValueIn(options));
        }
        return copy;
    }

    /// <summary>What does not go together in settings that are right one by one, a sentence each.</summary>
    internal static IEnumerable<string> Contradictions(PacsOptions options)
    {
        if (options.DicomPort == options.HttpPort && options.DicomPort != 0)
        {
            yield return $"DicomPort and HttpPort are both {options.DicomPort}. They must differ.";
        }
        if (options.DicomTlsPort is { } tls)
        {
            if (!options.DicomTlsEnabled)
            {
                yield return "DicomTlsPort is set, but DicomTlsEnabled is false: nothing would listen there.";
            }
            else if (tls != 0 && (tls == options.DicomPort || tls == options.HttpPort))
            {
                yield return $"DicomTlsPort is {tls}, which is another port's number. They must differ; null makes DicomPort the port for TLS.";
            }
        }
        if (options.AuthenticationEnabled && options.RegisteredUsers.Count == 0)
        {
            yield return "AuthenticationEnabled is true, but RegisteredUsers has nobody: everybody would be shut out.";
        }
        foreach (var problem in GdtReceivers.Problems(options.ToGdtOptions()))
        {
            yield return $"GdtGenerator.{problem}.";
        }
    }

    private static string Fold(string path) => path.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
