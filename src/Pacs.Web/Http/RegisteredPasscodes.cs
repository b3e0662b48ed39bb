using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Http;

/// <summary>The users of the HTTP port by name, made anew when the setting <c>RegisteredUsers</c> has changed.</summary>
public sealed class RegisteredPasscodes(PacsOptions options)
{
    private volatile Known? _known;

    /// <summary>Passcodes by name.</summary>
    public IReadOnlyDictionary<string, Passcode> ByName
    {
        get
        {
            var users = options.RegisteredUsers;
            if (_known is not { } known || !ReferenceEquals(known.Of, users))
            {
                _known = known = new Known(users, users.ToDictionary(u => u.Name, u => u.Passcode, StringComparer.Ordinal));
            }
            return known.ByName;
        }
    }

    private sealed record Known(IReadOnlyList<RegisteredUser> Of, IReadOnlyDictionary<string, Passcode> ByName);
}
