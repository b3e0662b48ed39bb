using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Pacs.Gdt;
using Pacs.Web.Dimse;

namespace Pacs.Web.Configuration;

// What a setting may be. The error message completes the sentence "It must be ...".

/// <summary>An AE title (PS3.5 §6.2, AE).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AeTitleAttribute() : ValidationAttribute("an AE title: 1 to 16 printable ASCII characters without backslash, not only blanks")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) =>
        value is string { Length: >= 1 and <= 16 } text && text.All(c => c is >= ' ' and <= '~' and not '\\') && text.Trim().Length > 0;
}

/// <summary>An IP address to listen on, or <c>*</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BindAddressAttribute() : ValidationAttribute("an IP address of this machine, or * for all of them")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is "*" || (value is string text && IPAddress.TryParse(text, out _));
}

/// <summary>Host names without scheme and port.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HostNamesAttribute() : ValidationAttribute("a list of host names without scheme and port, or *")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) =>
        value is IReadOnlyList<string> names && names.All(n => n == "*" || Uri.CheckHostName(n) != UriHostNameType.Unknown);
}

/// <summary>Nodes by name.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ModalitiesAttribute() : ValidationAttribute("an object of nodes by name, each [\"AET\", \"host\", port] or an object with AET, Host and Port")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>Peers by name.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PeersAttribute() : ValidationAttribute("an object of peers by name, each [\"http://host:8042/\", \"user\", \"password\"] or an object with Url")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>Forwarding rules.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ForwardingRulesAttribute() : ValidationAttribute("a list of rules, each an object with Name, To and conditions")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>Names with numbers of their own.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UserNamesAttribute() : ValidationAttribute("an object of names without slashes that begin with a letter, each with a number from 1024 to 65535 of its own")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is IReadOnlyDictionary<string, int> names && names.Values.Distinct().Count() == names.Count
        && names.All(n => n.Key.Length is > 0 and <= 64 && char.IsAsciiLetter(n.Key[0]) && n.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && n.Value is >= 1024 and <= 65535);
}

/// <summary>A folder or file; it need not exist.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FolderPathAttribute() : ValidationAttribute("a path")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is null || (value is string { Length: > 0 } path && !path.Contains('\0'));
}

/// <summary>A folder or file by its whole path, which is the same wherever it is written; it need not exist.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AbsolutePathAttribute() : ValidationAttribute("an absolute path")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is null || (value is string { Length: > 0 } path && !path.Contains('\0') && Path.IsPathRooted(path));
}

/// <summary>A program: a name that PATH knows, or a path.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ProgramNameAttribute() : ValidationAttribute("the name of a program, or an absolute path of one")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) =>
        value is null || (value is string { Length: > 0 } name && !name.Contains('\0') && (Path.IsPathRooted(name) || name.IndexOfAny(['/', '\\']) < 0));
}

/// <summary>The name of a file, without a folder.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FileNameAttribute() : ValidationAttribute("the name of a file without a folder")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) =>
        value is null || (value is string { Length: >= 1 and <= 255 } name && name is not ("." or "..") && name.IndexOfAny(['/', '\\', '\0']) < 0);
}

/// <summary>An absolute http or https address.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WebAddressAttribute() : ValidationAttribute("an address that starts with http:// or https://")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is null || (value is Uri { IsAbsoluteUri: true } uri && uri.Scheme is "http" or "https");
}

/// <summary>A path of ours.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WebPathAttribute() : ValidationAttribute("a path such as /dicom-web/: letters, digits, and - _ . in between")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is string path && path is ['/', not '/', ..] && path.TrimEnd('/') is { Length: <= 100 } text
        && text[1..].Split('/').All(part => part.Length > 0 && part is not ("." or "..") && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
}

/// <summary>Origins of web pages (RFC 6454).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OriginsAttribute() : ValidationAttribute("a list of origins such as http://viewer.lan:3000: scheme, host and port, without a path")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is IReadOnlyList<string> origins
        && origins.All(o => Uri.TryCreate(o, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == o);
}

/// <summary>The content of a GDT field (GDT 3.0 §2): a line of at most 990 bytes, here far below.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GdtTextAttribute() : ValidationAttribute("1 to 60 characters without control characters")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is string { Length: >= 1 and <= 60 } text && !text.Any(char.IsControl);
}

/// <summary>The name of a GDT profile; whether there is one says <see cref="GdtReceivers.Problems"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GdtProfileNameAttribute() : ValidationAttribute("the name of a profile: small letters, digits, - _ and .")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => GdtProfiles.IsName(value as string);
}

/// <summary>What GDT orders become.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GdtOrderRulesAttribute() : ValidationAttribute("a list of rules, each an object with TestType, Modality, Station and Procedure")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>Receivers of GDT files; what is wrong inside of one says <see cref="Pacs.Gdt.GdtReceivers.Problems"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GdtReceiversAttribute() : ValidationAttribute("a list of receivers, each an object with Name, Folder and Profile")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>AE titles.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AeTitlesAttribute() : ValidationAttribute("a list of AE titles: 1 to 16 printable ASCII characters without backslash, not only blanks")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is IReadOnlyList<string> titles && titles.All(new AeTitleAttribute().IsValid);
}

/// <summary>IP addresses and networks.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NetworksAttribute() : ValidationAttribute("a list of IP addresses and of networks such as 192.168.1.0/24")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) =>
        value is IReadOnlyList<string> networks && networks.All(n => IPAddress.TryParse(n, out _) || IPNetwork.TryParse(n, out _));

    /// <summary>A valid entry as a network; an address is a network of one.</summary>
    public static IPNetwork Parse(string entry) =>
        IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : IPNetwork.Parse(entry);
}

/// <summary>Users with the hashes of their passcodes.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DicomUsersAttribute() : ValidationAttribute("a list of NAME:HASH, each name once, with hashes made by \"Pacs.Web hash passcode\"")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        return value is IReadOnlyList<string> users && users.All(u => TryParse(u, out var name, out _) && names.Add(name));
    }

    /// <summary>Takes an entry apart.</summary>
    public static bool TryParse(string entry, out string name, [NotNullWhen(true)] out Passcode? passcode)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        name = colon > 0 ? entry[..colon] : "";
        passcode = null;
        return colon > 0 && Passcode.TryParse(entry[(colon + 1)..], out passcode);
    }
}

/// <summary>Users of the HTTP port.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RegisteredUsersAttribute() : ValidationAttribute("an object of passwords by the names of users, each a text or a hash made by \"Pacs.Web hash passcode\"")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is not null;
}

/// <summary>A name for people: one line.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ShortTextAttribute() : ValidationAttribute("1 to 60 characters without control characters")
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is string { Length: >= 1 and <= 60 } text && !text.Any(char.IsControl) && text.Trim().Length > 0;
}

/// <summary>One of a few words.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOfAttribute(params string[] words) : ValidationAttribute("one of: " + string.Join(", ", words))
{
    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words => words;

    /// <inheritdoc/>
    public override bool IsValid(object? value) => value is null || words.Contains(value);
}
