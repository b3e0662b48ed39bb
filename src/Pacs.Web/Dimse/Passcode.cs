using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Pacs.Web.Dimse;

/// <summary>
/// A passcode as the configuration keeps it: <c>pbkdf2-sha512:ITERATIONS:SALT:HASH</c>, the last two in Base64. Who reads the configuration does not learn the
/// passcode, which people use elsewhere too.
/// </summary>
/// <param name="Iterations">Of PBKDF2 (RFC 8018 §5.2).</param>
/// <param name="Salt">Random.</param>
/// <param name="Hash">The derived key.</param>
public sealed record Passcode(int Iterations, byte[] Salt, byte[] Hash)
{
    private const string Scheme = "pbkdf2-sha512";

    // OWASP's number for PBKDF2 with SHA-512: about a tenth of a second
    private const int UsualIterations = 210_000;
    private const int MaxIterations = 10_000_000;

    /// <summary>Hashes a passcode with a fresh salt.</summary>
    /// <param name="passcode">The bytes that a device sends: UTF-8 (PS3.7 §D.3.3.7.1).</param>
    /// <param name="iterations">How slow to make guessing.</param>
    public static Passcode Of(ReadOnlySpan<byte> passcode, int iterations = UsualIterations)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new Passcode(iterations, salt, Derive(passcode, salt, iterations, 32));
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Passcode? passcode)
    {
        passcode = null;
        var parts = text.Split(':');
        if (parts is not [Scheme, var iterations, var salt, var hash]
            || !int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MaxIterations)
        {
            return false;
        }
        try
        {
            passcode = new Passcode(count, Convert.FromBase64String(salt), Convert.FromBase64String(hash));
            return passcode is { Salt.Length: >= 8, Hash.Length: >= 16 and <= 64 };
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether it is this one. Takes its time.</summary>
    public bool Is(ReadOnlySpan<byte> passcode) => CryptographicOperations.FixedTimeEquals(Derive(passcode, Salt, Iterations, Hash.Length), Hash);

    /// <summary>As the configuration has it.</summary>
    public override string ToString() => $"{Scheme}:{Iterations}:{Convert.ToBase64String(Salt)}:{Convert.ToBase64String(Hash)}";

    private static byte[] Derive(ReadOnlySpan<byte> passcode, byte[] salt, int iterations, int length) =>
        Rfc2898DeriveBytes.Pbkdf2(passcode, salt, iterations, HashAlgorithmName.SHA512, length);
}
