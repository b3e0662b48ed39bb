using Microsoft.Extensions.DependencyInjection;

namespace Pacs.Storage;

/// <summary>Puts this floor together.</summary>
public static class StorageServices
{
    /// <summary>
    /// Registers <see cref="Archive"/>, <see cref="IndexWriter"/>, <see cref="IndexReader"/>, <see cref="EventFeed"/> and the background services, which
    /// must start before any door opens (recovery runs in them) and stop after. Uses <see cref="StorageOptions"/> and <see cref="TimeProvider"/> from the
    /// container, every registered <see cref="ICoercion"/> and every registered <see cref="IEventConsumer"/>.
    /// </summary>
    public static IServiceCollection AddStorage(this IServiceCollection services) => throw new NotSupportedException();
}
