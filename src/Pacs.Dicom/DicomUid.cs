using System.Collections.Frozen;
using System.Numerics;

namespace Pacs.Dicom;

/// <summary>
/// Unique identifiers (PS3.5 §9). A UID is a plain <see cref="string"/> in this library; this class checks and makes them, and every UID of
/// PS3.6 annex A is a constant here: <c>DicomUid.UltrasoundImageStorage</c>.
/// </summary>
public static partial class DicomUid
{
    /// <summary>The most characters a UID may have (PS3.5 §9.1).</summary>
    public const int MaxLength = 64;

    private static readonly Lazy<FrozenDictionary<string, Entry>> Entries = new(() => Parse().ToFrozenDictionary(e => e.Uid));

    /// <summary>A UID of PS3.6 annex A.</summary>
    /// <param name="Uid">The UID.</param>
    /// <param name="Name">Its name, e.g. <c>Ultrasound Image Storage</c>.</param>
    /// <param name="Keyword">Its keyword, e.g. <c>UltrasoundImageStorage</c>.</param>
    /// <param name="Type">What it identifies, e.g. <c>SOP Class</c>.</param>
    /// <param name="IsRetired">Whether the standard has retired it.</param>
    public sealed record Entry(string Uid, string Name, string Keyword, string Type, bool IsRetired);

    /// <summary>The line of PS3.6 annex A for a UID, or null.</summary>
    public static Entry? Find(string uid) => Entries.Value.GetValueOrDefault(uid);

    /// <summary>All UIDs of PS3.6 annex A.</summary>
    public static IEnumerable<Entry> All => Entries.Value.Values;

    /// <summary>The name of a UID, or the UID itself when it is unknown.</summary>
    public static string NameOf(string uid) => Find(uid)?.Name ?? uid;

    /// <summary>
    /// Whether a text is a UID as PS3.5 §9.1 wants it: 1 to 64 characters, components of digits separated by dots, none empty, none with a
    /// leading zero.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<char> uid)
    {
        if (!IsTolerable(uid))
        {
            return false;
        }
        for (var i = 0; i < uid.Length; i++)
        {
            if (uid[i] == '0' && (i == 0 || uid[i - 1] == '.') && i + 1 < uid.Length && uid[i + 1] != '.')
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>As <see cref="IsValid"/>, but leading zeros in components pass: some devices write them, and they do no harm.</summary>
    public static bool IsTolerable(ReadOnlySpan<char> uid)
    {
        if (uid.Length is 0 or > MaxLength || uid[0] == '.' || uid[^1] == '.')
        {
            return false;
        }
        for (var i = 0; i < uid.Length; i++)
        {
            if (!char.IsAsciiDigit(uid[i]) && (uid[i] != '.' || uid[i - 1] == '.'))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A new UID of the form <c>2.25.</c> and a random UUID as a decimal number (PS3.5 §B.2).</summary>
    public static string New() => FromGuid(Guid.NewGuid());

    /// <summary>The UID of a UUID (PS3.5 §B.2): the same UUID always gives the same UID.</summary>
    public static string FromGuid(Guid guid)
    {
        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        return "2.25." + new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
    }

    private static IEnumerable<Entry> Parse()
    {
        foreach (var line in DictionaryTable.Uids.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t');
            yield return new Entry(parts[0], parts[1], parts[2], parts[3], parts[4].Length > 0);
        }
    }
}
