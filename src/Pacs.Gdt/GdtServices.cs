using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>Puts this floor together.</summary>
public static class GdtServices
{
    /// <summary>Registers the inboxes of the receivers. Call it after <see cref="AddGdt"/>, and only where there is a worklist for the orders.</summary>
    public static IServiceCollection AddGdtInbox(this IServiceCollection services) =>
        services.AddSingleton<GdtOrders>().AddSingleton<GdtInbox>().AddSingleton<IHostedService>(s => s.GetRequiredService<GdtInbox>());

    /// <summary>
    /// Registers the writer of GDT files, the two consumers that feed it and the repairs of devices. Call it after <c>AddStorage</c>: the index must be
    /// open before files are handed over. Uses <see cref="GdtOptions"/> and <see cref="TimeProvider"/> from the container.
    /// </summary>
    public static IServiceCollection AddGdt(this IServiceCollection services)
    {
        services.AddSingleton(s => GdtReceivers.Create(s.GetRequiredService<GdtOptions>()));
        services.AddSingleton<GdtReceiverStore>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<GdtReceiverStore>());
        services.AddSingleton<GdtAttachments>().AddSingleton<GdtContents>().AddSingleton<GdtResend>();
        services.AddSingleton<GdtFiles>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<GdtFiles>());
        services.AddSingleton<IEventConsumer, StudyConsumer>();
        services.AddSingleton<IEventConsumer, ReportConsumer>();
        services.AddSingleton<ICoercion, SonoscapeReportCoercion>();
        services.AddSingleton<ICoercion, SonoscapeImageCoercion>();
        return services;
    }
}
