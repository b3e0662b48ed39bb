using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Worklist;

/// <summary>Puts the worklist together.</summary>
public static class WorklistServices
{
    /// <summary>Registers the worklist, its clean-up, the C-FIND and MPPS handlers and the webhooks that are configured. Needs storage to be registered before.</summary>
    public static IServiceCollection AddWorklist(this IServiceCollection services, PacsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Worklists.Enable)
        {
            services.AddSingleton(options.ToWorklistOptions());
            services.AddSingleton<Storage.Worklist>().AddSingleton<WorklistQueries>().AddSingleton<WorklistScp>().AddSingleton<MppsScp>().AddHostedService<WorklistCleanup>();
            services.AddGdtInbox();
            if (options.Worklists.UrlOnWorklistEntryAdded is { } added)
            {
                services.AddSingleton<IEventConsumer>(s => Webhook.OnWorklistEntryAdded(added, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<Webhook>>()));
            }
        }
        if (options.GdtGenerator is { Enable: true, UrlOnGdtWritten: { } written })
        {
            services.AddSingleton<IEventConsumer>(s => Webhook.OnGdtWritten(written, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<Webhook>>()));
        }
        return services;
    }
}
