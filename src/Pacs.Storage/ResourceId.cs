using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Pacs.Storage;

/// <summary>
/// The public name of a patient, study, series or instance: Orthanc's SHA-1 of <c>PatientID|StudyInstanceUID|SeriesInstanceUID|SOPInstanceUID</c>
/// as far down as the level goes, so that links and clients made for Orthanc keep working. 20 bytes here and in the index; text
/// (<c>fa558bce-587a86d3-ad0da9b3-9d043d9d-4f5c5718</c>) only at the doors.
/// </summary>
/// <param name="Hi">The first 16 bytes.</param>
/// <param name="Lo">The last 4 bytes.</param>
public readonly record struct ResourceId(UInt128 Hi, uint Lo)
{
    /// <summary>How many bytes an id has.</summary>
    public const int Size = 20;

    private const int TextLength = 44;

    /// <summary>The id of a patient.</summary>
    /// <param name="patientId">(0010,0020), decoded; null counts as empty. Trailing blanks are padding, leading ones belong to it.</param>
    public static ResourceId ForPatient(string? patientId) => Hash(Clean(patientId));

    /// <summary>The id of a study.</summary>
    /// <param name="patientId">(0010,0020), as for <see cref="ForPatient"/>.</param>
    /// <param name="study">(0020,000D).</param>
    public static ResourceId ForStudy(string? patientId, string study) => Hash($"{Clean(patientId)}|{study}");

    /// <summary>The id of a series.</summary>
    /// <param name="patientId">(0010,0020), as for <see cref="ForPatient"/>.</param>
    /// <param name="study">(0020,000D).</param>
    /// <param name="series">(0020,000E).</param>
    public static ResourceId ForSeries(string? patientId, string study, string series) => Hash($"{Clean(patientId)}|{study}|{series}");

    /// <summary>The id of an instance.</summary>
    /// <param name="patientId">(0010,0020), as for <see cref="ForPatient"/>.</param>
    /// <param name="study">(0020,000D).</param>
    /// <param name="series">(0020,000E).</param>
    /// <param name="instance">(0008,0018).</param>
    public static ResourceId ForInstance(string? patientId, string study, string series, string instance) =>
        Hash($"{Clean(patientId)}|{study}|{series}|{instance}");

    /// <summary>The id in 20 bytes.</summary>
    /// <exception cref="ArgumentException">There are not 20.</exception>
    public static ResourceId FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? new ResourceId(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]))
        : throw new ArgumentException($"A resource id has {Size} bytes", nameof(bytes));

    /// <summary>Reads the text form; hexadecimal digits of either case.</summary>
    /// <returns>False when the text is none.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ResourceId id)
    {
        id = default;
        if (text is not { Length: TextLength })
        {
            return false;
        }
        Span<char> digits = stackalloc char[2 * Size];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (i % 9 == 8)
            {
                if (text[i] != '-')
                {
                    return false;
                }
            }
            else if (char.IsAsciiHexDigit(text[i]))
            {
                digits[length++] = text[i];
            }
            else
            {
                return false;
            }
        }
        id = FromBytes(Convert.FromHexString(digits));
        return true;
    }

    /// <summary>The 20 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Hi);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), Lo);
        return bytes;
    }

    /// <summary>Five groups of eight lower case hexadecimal digits.</summary>
    public override string ToString()
    {
        var hex = Convert.ToHexStringLower(ToBytes());
        return string.Join('-', hex[..8], hex[8..16], hex[16..24], hex[24..32], hex[32..]);
    }

    private static string Clean(string? patientId) => (patientId ?? "").TrimEnd(' ', '\0');

    private static ResourceId Hash(string text)
    {
        // not a secret and no signature: the algorithm is Orthanc's
        Span<byte> hash = stackalloc byte[Size];
#pragma warning disable CA5350
        SHA1.HashData(Encoding.UTF8.GetBytes(text), hash);
#pragma warning restore CA5350
        return FromBytes(hash);
    }
}
