namespace Pacs.Web.Jobs;

/// <summary>Puts the jobs together.</summary>
public static class JobServices
{
    /// <summary>Registers who works on the jobs. Needs storage and DIMSE to be registered before.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services) => services
        .AddSingleton<JobRunner>()
        .AddHostedService(s => s.GetRequiredService<JobRunner>());
}
