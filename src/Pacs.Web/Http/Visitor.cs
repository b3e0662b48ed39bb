namespace Pacs.Web.Http;

/// <summary>Who makes a request, in words for a history: the user who has logged in, and from which address.</summary>
public static class Visitor
{
    private static readonly object Key = new();

    /// <summary>Notes who has logged in.</summary>
    public static void SetUser(this HttpContext context, string name)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Items[Key] = name;
    }

    /// <summary>The user and his address; the address alone without a log-in.</summary>
    public static string Who(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var address = context.Address() ?? "?";
        return context.Items[Key] is string user ? $"{user} ({address})" : address;
    }

    /// <summary>The address as people write it: one of IPv4 without the <c>::ffff:</c> (RFC 4291 §2.5.5.2) that it has on a socket for both. Null without a network.</summary>
    public static string? Address(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Connection.RemoteIpAddress is { } remote ? (remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote).ToString() : null;
    }
}
