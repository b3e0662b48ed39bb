using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Web.Dimse;

namespace Pacs.Web.Configuration;

/// <summary>Somebody who may use the HTTP port.</summary>
/// <param name="Name">What he types.</param>
/// <param name="Passcode">The hash of his password; what the configuration has in plain text is hashed when it is read, and not kept.</param>
public sealed record RegisteredUser(string Name, Passcode Passcode);

/// <summary>Orthanc's object of passwords by name; a password may be a hash of <c>Pacs.Web hash passcode</c>.</summary>
internal sealed class RegisteredUsersConverter : JsonConverter<IReadOnlyList<RegisteredUser>>
{
    public override IReadOnlyList<RegisteredUser> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("it must be an object of passwords by the names of users");
        }
        var users = new List<RegisteredUser>();
        foreach (var user in document.RootElement.EnumerateObject())
        {
            // HTTP Basic ends the name with a colon (RFC 7617 §2). No message shows a password
            if (user.Name.Length == 0 || user.Name.Contains(':', StringComparison.Ordinal) || users.Exists(u => u.Name == user.Name)
                || user.Value.ValueKind != JsonValueKind.String || user.Value.GetString() is not { Length: > 0 } password)
            {
                throw new FormatException($"user {users.Count + 1}: every user has a name without a colon, each name once, and a password that is not empty");
            }
            users.Add(new RegisteredUser(user.Name, Passcode.TryParse(password, out var passcode) ? passcode : Passcode.Of(Encoding.UTF8.GetBytes(password))));
        }
        return users;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<RegisteredUser> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var user in value)
        {
            writer.WriteString(user.Name, user.Passcode.ToString());
        }
        writer.WriteEndObject();
    }
}
