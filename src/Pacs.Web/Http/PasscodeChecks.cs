using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pacs.Web.Dimse;

namespace Pacs.Web.Http;

/// <summary>Checks names with their passcodes, for devices and for people: slow for who guesses, fast for who has shown his passcode before.</summary>
/// <param name="users">The passcodes by name; asked each time, because people change them.</param>
public sealed class PasscodeChecks(Func<IReadOnlyDictionary<string, Passcode>> users) : IDisposable
{
    // one check at a time: it is slow on purpose, and must not take the cores away from everybody else
    private readonly SemaphoreSlim _gate = new(1);

    // a device makes an association for each examination, a browser a request for each picture. What is kept is worth nothing outside of this process.
    private readonly ConcurrentDictionary<string, (Passcode Right, byte[] Proof)> _known = new(StringComparer.Ordinal);
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    // for names that nobody has: the time that a refusal takes must not tell which do
    private readonly Passcode _nobody = Passcode.Of(RandomNumberGenerator.GetBytes(16));

    /// <summary>Whether there is anybody.</summary>
    public bool IsEmpty => users().Count == 0;

    /// <summary>Whether a name and a passcode belong together.</summary>
    public async ValueTask<bool> IsGoodAsync(string name, ReadOnlyMemory<byte> passcode, CancellationToken ct)
    {
        var proof = HMACSHA256.HashData(_key, passcode.Span);
        var isUser = users().TryGetValue(name, out var right);
        // what was shown before counts as long as the passcode is the same
        if (_known.TryGetValue(name, out var earlier) && ReferenceEquals(earlier.Right, right) && CryptographicOperations.FixedTimeEquals(earlier.Proof, proof))
        {
            return true;
        }
        await _gate.WaitAsync(ct);
        try
        {
            var isRight = await Task.Run(() => (right ?? _nobody).Is(passcode.Span), ct);
            if (isUser && isRight)
            {
                _known[name] = (right!, proof);
                return true;
            }
            return false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
