namespace Pacs.Web.Http;

/// <summary>Who may use an endpoint when there is a log-in. Without this mark: users with their passwords.</summary>
public sealed class Access
{
    private Access()
    {
    }

    /// <summary>Everybody: what the answer to who has not logged in needs, and health checks, which have no passwords.</summary>
    public static Access Everybody { get; } = new();

    /// <summary>Also who has a token, for reading (GET and HEAD).</summary>
    public static Access Token { get; } = new();
}

/// <summary>Puts <see cref="Access"/> on endpoints.</summary>
public static class AccessExtensions
{
    /// <summary>Says that this endpoint needs no log-in.</summary>
    public static TBuilder OpenToEverybody<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Access.Everybody);

    /// <summary>Says that this endpoint can be read with a token.</summary>
    public static TBuilder ReadableByToken<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Access.Token);
}
