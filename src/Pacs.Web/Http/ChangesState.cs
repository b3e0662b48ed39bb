namespace Pacs.Web.Http;

/// <summary>
/// Marks an endpoint that changes something although its verb is GET, such as the old <c>/worklist/add</c>: <see cref="RequestGuard"/> refuses it to pages of other
/// sites, as it refuses POST, PUT and DELETE.
/// </summary>
public sealed class ChangesState
{
    private ChangesState()
    {
    }

    /// <summary>The mark.</summary>
    public static ChangesState Mark { get; } = new();
}

/// <summary>Puts <see cref="ChangesState"/> on endpoints.</summary>
public static class ChangesStateExtensions
{
    /// <summary>Says that this endpoint changes something, whatever its verb.</summary>
    public static TBuilder ChangesState<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Http.ChangesState.Mark);
}
