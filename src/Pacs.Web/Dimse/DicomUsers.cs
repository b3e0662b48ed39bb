using Pacs.Dicom.Network;
using Pacs.Web.Configuration;
using Pacs.Web.Http;

namespace Pacs.Web.Dimse;

/// <summary>
/// Checks user identities (PS3.7 §D.3.3.7) against the setting <c>DicomUsers</c>: user name and passcode. The other kinds prove nothing here: a name alone is a claim, and
/// there is no Kerberos, SAML or token service to ask.
/// </summary>
public sealed partial class DicomUsers : IDisposable
{
    private readonly PasscodeChecks _users;
    private readonly ILogger<DicomUsers> _logger;

    /// <summary>The users of the configuration.</summary>
    public DicomUsers(PacsOptions options, ILogger<DicomUsers> logger)
    {
        _logger = logger;
        var users = new Dictionary<string, Passcode>(StringComparer.Ordinal);
        foreach (var entry in options.DicomUsers)
        {
            if (DicomUsersAttribute.TryParse(entry, out var name, out var passcode))
            {
                users[name] = passcode;
            }
        }
        _users = new PasscodeChecks(() => users);
    }

    /// <summary>The check, or null when no users are configured and everybody is who he says.</summary>
    public Func<UserIdentity?, string, CancellationToken, ValueTask<bool>>? Check => _users.IsEmpty ? null : IsGoodAsync;

    /// <inheritdoc/>
    public void Dispose() => _users.Dispose();

    private async ValueTask<bool> IsGoodAsync(UserIdentity? identity, string remoteHost, CancellationToken ct)
    {
        if (identity is not { Type: UserIdentityType.UsernameAndPasscode, Username: { } name })
        {
            LogNothingToCheck(remoteHost, identity?.Type);
            return false;
        }
        if (await _users.IsGoodAsync(name, identity.Secondary, ct))
        {
            return true;
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
