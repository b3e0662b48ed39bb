using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Pacs.Web.Configuration;

namespace Pacs.Web.Http;

/// <summary>
/// Tokens that let a viewer read for a while without a password: when they end, and a signature (HMAC-SHA-256, RFC 2104) with a key that this process alone has. A restart ends them all.
/// </summary>
public sealed class AccessTokens(PacsOptions options, TimeProvider clock)
{
    private const int ExpirySize = sizeof(long);
    private const int NonceSize = 8;
    private const int SignatureSize = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    /// <summary>Makes one.</summary>
    /// <returns>The token, in characters that need no escaping in an address (RFC 4648 §5), and when it ends.</returns>
    public (string Token, DateTimeOffset Expires) Create()
    {
        var expires = clock.GetUtcNow().AddMinutes(options.TokenLifetime);
        var bytes = new byte[ExpirySize + NonceSize + SignatureSize];
        BinaryPrimitives.WriteInt64BigEndian(bytes, expires.ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(bytes.AsSpan(ExpirySize, NonceSize));
        HMACSHA256.HashData(_key, bytes.AsSpan(0, ExpirySize + NonceSize), bytes.AsSpan(ExpirySize + NonceSize));
        return (Base64Url.EncodeToString(bytes), expires);
    }

    /// <summary>Whether a token is one of ours that has not ended.</summary>
    public bool IsGood(string token)
    {
        Span<byte> bytes = stackalloc byte[ExpirySize + NonceSize + SignatureSize];
        // another length than ours is not even decoded
        if (token.Length != Base64Url.GetEncodedLength(bytes.Length) || !Base64Url.TryDecodeFromChars(token, bytes, out var length) || length != bytes.Length)
        {
            return false;
        }
        Span<byte> signature = stackalloc byte[SignatureSize];
        HMACSHA256.HashData(_key, bytes[..(ExpirySize + NonceSize)], signature);
        return CryptographicOperations.FixedTimeEquals(signature, bytes[(ExpirySize + NonceSize)..])
            && BinaryPrimitives.ReadInt64BigEndian(bytes) > clock.GetUtcNow().ToUnixTimeSeconds();
    }
}
