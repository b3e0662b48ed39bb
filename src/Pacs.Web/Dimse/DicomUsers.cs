using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pacs.Dicom.Network;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Checks user identities (PS3.7 §D.3.3.7) against the setting <c>DicomUsers</c>: user name and passcode. The other kinds prove nothing here: a name alone is a claim, and
/// there is no Kerberos, SAML or token service to ask.
/// </summary>
public sealed partial class DicomUsers : IDisposable
{
    private readonly Dictionary<string, Passcode> _users = new(StringComparer.Ordinal);
    private readonly ILogger<DicomUsers> _logger;

    // one check at a time: it is slow on purpose, and must not take the cores away from everybody else
    private readonly SemaphoreSlim _gate = new(1);

    // who has shown his passcode need not wait again: a device makes an association for each examination. What is kept is worth nothing outside of this process.
    private readonly ConcurrentDictionary<string, byte[]> _known = new(StringComparer.Ordinal);
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    // for names that nobody has: the time that a refusal takes must not tell which do
    private readonly Passcode _nobody = Passcode.Of(RandomNumberGenerator.GetBytes(16));

    /// <summary>The users of the configuration.</summary>
    public DicomUsers(PacsOptions options, ILogger<DicomUsers> logger)
    {
        _logger = logger;
        foreach (var entry in options.DicomUsers)
        {
            if (DicomUsersAttribute.TryParse(entry, out var name, out var passcode))
            {
                _users[name] = passcode;
            }
        }
    }

    /// <summary>The check, or null when no users are configured and everybody is who he says.</summary>
    public Func<UserIdentity?, string, CancellationToken, ValueTask<bool>>? Check => _users.Count == 0 ? null : IsGoodAsync;

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async ValueTask<bool> IsGoodAsync(UserIdentity? identity, string remoteHost, CancellationToken ct)
    {
        if (identity is not { Type: UserIdentityType.UsernameAndPasscode, Username: { } name })
        {
            LogNothingToCheck(remoteHost, identity?.Type);
            return false;
        }
        var proof = HMACSHA256.HashData(_key, identity.Secondary.Span);
        if (_known.TryGetValue(name, out var earlier) && CryptographicOperations.FixedTimeEquals(earlier, proof))
        {
            return true;
        }
        await _gate.WaitAsync(ct);
        try
        {
            var isUser = _users.TryGetValue(name, out var passcode);
            var isRight = await Task.Run(() => (passcode ?? _nobody).Is(identity.Secondary.Span), ct);
            if (isUser && isRight)
            {
                _known[name] = proof;
                return true;
            }
        }
        finally
        {
            _gate.Release();
        }
        LogWrong(remoteHost);
        return false;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{RemoteHost} shows no user name with a passcode, but {Kind}: DicomUsers asks for one")]
    private partial void LogNothingToCheck(string remoteHost, UserIdentityType? kind);

    // not the name: people type the passcode there
    [LoggerMessage(Level = LogLevel.Warning, Message = "{RemoteHost} shows a user name or passcode that is not in DicomUsers")]
    private partial void LogWrong(string remoteHost);
}
