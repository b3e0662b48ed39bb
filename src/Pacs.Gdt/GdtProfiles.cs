using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pacs.Gdt;

/// <summary>
/// The profiles there are: the built-in ones, and those of the practice, each a JSON file in a folder, so that they are in a back-up, can be given to others, and are known when the configuration is
/// checked. A profile of the practice is based on a built-in one: none can go whose loss would harm another.
/// </summary>
public sealed class GdtProfiles
{
    private const string End = ".json";

    /// <summary>How profiles are written and read.</summary>
    private static readonly JsonSerializerOptions Json = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // umlauts stay umlauts; it is no HTML
        WriteIndented = true,
    };

    private readonly string? _folder;

    private GdtProfiles(string? folder, IReadOnlyDictionary<string, GdtProfileData> own, IReadOnlyList<string> unreadable) => (_folder, Own, Unreadable) = (folder, own, unreadable);

    /// <summary>Those of the practice.</summary>
    public IReadOnlyDictionary<string, GdtProfileData> Own { get; }

    /// <summary>The names of files that are no profiles.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>Whether profiles can be kept: a folder is configured.</summary>
    public bool CanSave => _folder is not null;

    /// <summary>All names, in their order, the built-in ones first.</summary>
    public IEnumerable<string> Names => GdtProfile.BuiltIn.Keys.Order(StringComparer.Ordinal).Concat(Own.Keys.Order(StringComparer.Ordinal));

    /// <summary>Only the built-in ones.</summary>
    public static GdtProfiles BuiltInOnly { get; } = new(null, new Dictionary<string, GdtProfileData>(), []);

    /// <summary>Reads the folder.</summary>
    /// <param name="folder">Where the files are; null, or a folder that is not there, for none.</param>
    public static GdtProfiles Load(string? folder)
    {
        var own = new Dictionary<string, GdtProfileData>(StringComparer.Ordinal);
        var unreadable = new List<string>();
        foreach (var file in folder is not null && Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + End) : [])
        {
            var name = Path.GetFileNameWithoutExtension(file);
            try
            {
                // built-in names are the program's: a file of that name would change under the practice's feet with the next version
                if (!IsName(name) || GdtProfile.BuiltIn.ContainsKey(name) || JsonSerializer.Deserialize<GdtProfileData>(File.ReadAllText(file), Json) is not { } data)
                {
                    unreadable.Add(Path.GetFileName(file));
                    continue;
                }
                own.Add(name, data);
            }
            catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
            {
                unreadable.Add(Path.GetFileName(file));
            }
        }
        return new GdtProfiles(folder, own, unreadable);
    }

    /// <summary>Whether something can be the name of a profile, and with that of a file.</summary>
    public static bool IsName(string? name) =>
        name is { Length: >= 1 and <= 32 } && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.') && name[0] != '.';

    /// <summary>What a profile says itself, without what it is based on; null when there is none.</summary>
    public GdtProfileData? Find(string name) => GdtProfile.BuiltIn.GetValueOrDefault(name) ?? Own.GetValueOrDefault(name);

    /// <summary>These with one more, or one changed.</summary>
    internal GdtProfiles With(string name, GdtProfileData data) => new(_folder, new Dictionary<string, GdtProfileData>(Own) { [name] = data }, Unreadable);

    /// <summary>These without one.</summary>
    internal GdtProfiles Without(string name) => new(_folder, Own.Where(p => p.Key != name).ToDictionary(), Unreadable);

    /// <summary>Writes the file of a profile, durably, or removes it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="data">What it says; null removes it.</param>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    internal void Write(string name, GdtProfileData? data)
    {
        var path = Path.Join(_folder ?? throw new InvalidOperationException("No folder for profiles"), name + End);
        if (data is null)
        {
            File.Delete(path);
        }
        else
        {
            Directory.CreateDirectory(_folder);
            var temporary = path + ".tmp";
            DurableFiles.Write(temporary, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(data, Json) + "\n"));
            File.Move(temporary, path, overwrite: true);
        }
        DurableFiles.SyncFolder(_folder);
    }
}
