using Pacs.Storage;
using Pacs.Web.Import;
using Pacs.Web.Peers;

namespace Pacs.Web.Jobs;

/// <summary>Puts the jobs together.</summary>
public static class JobServices
{
    /// <summary>Registers who works on the jobs and who makes them of what comes in. Needs storage and DIMSE to be registered before.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services) => services
        .AddSingleton<ModificationWork>()
        .AddSingleton<ILocalWork>(s => s.GetRequiredService<ModificationWork>())
        .AddSingleton<ImportSources>().AddSingleton<ILocalWork, ImportWork>().AddSingleton<ILocalWork, ArchiveWork>()
        .AddSingleton<PeerList>().AddSingleton<ILocalWork, PeerWork>()
        .AddSingleton<ImportStarter>().AddHostedService(s => s.GetRequiredService<ImportStarter>())
        .AddSingleton<JobRunner>()
        .AddHostedService(s => s.GetRequiredService<JobRunner>())
        .AddSingleton<ForwardingConsumer>()
        .AddSingleton<IEventConsumer>(s => s.GetRequiredService<ForwardingConsumer>())
        .AddHostedService(s => s.GetRequiredService<ForwardingConsumer>());
}
