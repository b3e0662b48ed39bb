using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Puts this floor together.</summary>
public static class StorageServices
{
    /// <summary>
    /// Registers <see cref="Archive"/>, <see cref="IndexWriter"/>, <see cref="IndexReader"/>, <see cref="Finder"/>, <see cref="EventFeed"/> and the background services, which
    /// must start before any door opens (recovery runs in them) and stop after. Uses <see cref="StorageOptions"/> and logging from the container,
    /// <see cref="TimeProvider"/> if there is one, every registered <see cref="ICoercion"/> and every registered <see cref="IEventConsumer"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="whenOpen">Registers hosted services that start as soon as the index can be read, before anything works with it: what the others are to know first.</param>
    public static IServiceCollection AddStorage(this IServiceCollection services, Action<IServiceCollection>? whenOpen = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Reserve>();
        services.AddSingleton(p => new FileInstanceStore(p.GetRequiredService<StorageOptions>(), p.GetRequiredService<Reserve>()));
        services.AddSingleton(p => new IndexDatabase(
            p.GetRequiredService<StorageOptions>(), p.GetRequiredService<Reserve>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<IndexDatabase>>()));
        services.AddSingleton(p => new EventFeed(new Lazy<IndexReader>(p.GetRequiredService<IndexReader>)));
        services.AddSingleton(p => new IndexWriter(
            p.GetRequiredService<IndexDatabase>(), p.GetRequiredService<Reserve>(), p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<EventFeed>(),
            p.GetRequiredService<StorageOptions>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<IndexWriter>>()));
        services.AddSingleton(p => new IndexReader(p.GetRequiredService<IndexDatabase>(), p.GetRequiredService<IndexWriter>()));
        services.AddSingleton(p => new Finder(p.GetRequiredService<IndexReader>(), p.GetRequiredService<FileInstanceStore>()));
        services.AddSingleton<ProcedureSteps>();
        services.AddSingleton(p => new IntakeJournal(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IndexDatabase>(), p.GetRequiredService<StorageOptions>(),
            p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<IntakeJournal>>()));
        services.AddSingleton(p => new Archive(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IntakeJournal>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(),
            p.GetServices<ICoercion>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<Archive>>()));
        services.AddSingleton<Commitments>();
        services.AddSingleton(p => new Conflicts(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(), p.GetRequiredService<StorageOptions>(),
            p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<Conflicts>>()));
        services.AddSingleton<Labels>();
        services.AddSingleton<ResourceMetadata>();
        services.AddSingleton(p => new Attachments(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(), p.GetRequiredService<StorageOptions>(),
            p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Recovery(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IntakeJournal>(), p.GetRequiredService<IndexDatabase>(), p.GetRequiredService<IndexWriter>(),
            p.GetRequiredService<IndexReader>(), p.GetRequiredService<KeyImages>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<Recovery>>()));
        services.AddSingleton<EventPump>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<KeyImages>();
        services.AddSingleton<CommitmentRequests>();
        services.AddSingleton<StabilityWorker>();
        services.AddSingleton(p => new Bin(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IntakeJournal>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(),
            p.GetRequiredService<StorageOptions>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<Bin>>()));
        services.AddSingleton<BinWorker>();
        services.AddSingleton(p => new PatientNames(
            p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(), p.GetRequiredService<ILogger<PatientNames>>()));
        services.AddSingleton(p => new TrashWorker(
            p.GetRequiredService<IndexReader>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<FileInstanceStore>(), p.GetRequiredService<IntakeJournal>(),
            p.GetRequiredService<StorageOptions>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<TrashWorker>>()));

        // started in this order, stopped in the opposite one
        services.AddHostedService(p => p.GetRequiredService<IndexWriter>());
        whenOpen?.Invoke(services);
        services.AddHostedService(p => p.GetRequiredService<Recovery>());
        services.AddHostedService(p => p.GetRequiredService<IntakeJournal>());
        services.AddHostedService(p => p.GetRequiredService<EventPump>());
        services.AddHostedService(p => p.GetRequiredService<StabilityWorker>());
        services.AddHostedService(p => p.GetRequiredService<BinWorker>());
        services.AddHostedService(p => p.GetRequiredService<TrashWorker>());
        return services;
    }
}
