using Pacs.Dicom.Network;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>Puts the DICOM port together.</summary>
public static class DimseServices
{
    /// <summary>Registers the DIMSE server and what <paramref name="handlers"/> says about who answers for which SOP class.</summary>
    public static IServiceCollection AddDimse(this IServiceCollection services, Func<IServiceProvider, DimseHandlers> handlers) => services
        .AddSingleton<StoreScp>()
        .AddSingleton<RetrieveScp>()
        .AddSingleton<FindScp>()
        .AddSingleton<Modalities>()
        .AddSingleton<ModalityConnections>()
        .AddSingleton<ModalityFinder>()
        .AddHostedService(s => s.GetRequiredService<Modalities>())
        .AddSingleton<HiddenCallers>().AddSingleton<Callers>().AddHostedService(s => s.GetRequiredService<Callers>())
        .AddSingleton<DicomTls>().AddHostedService(s => s.GetRequiredService<DicomTls>())
        .AddSingleton<DicomDoor>()
        .AddSingleton<DicomUsers>()
        .AddSingleton<CommitmentScp>()
        .AddSingleton<CommitmentScu>().AddHostedService(s => s.GetRequiredService<CommitmentScu>())
        .AddSingleton<CommitmentReports>().AddHostedService(s => s.GetRequiredService<CommitmentReports>())
        .AddSingleton<AssociationLog>()
        .AddSingleton<DicomConnectionHandler>()
        .AddSingleton(handlers)
        .AddSingleton(s => new DimseServer(
            Policy(s.GetRequiredService<PacsOptions>(), s.GetRequiredService<Modalities>(), s.GetRequiredService<DicomUsers>(), s.GetRequiredService<TimeProvider>()),
            s.GetRequiredService<DimseHandlers>(),
            s.GetRequiredService<AssociationLog>()));

    private static AcceptorPolicy Policy(PacsOptions options, Modalities modalities, DicomUsers users, TimeProvider time) => new()
    {
        AcceptsTitle = called => !options.DicomCheckCalledAet || options.DicomCalledAets.Append(options.DicomAet).Any(t => t.Trim() == called),
        AcceptsCaller = modalities.AcceptsCaller,
        Authorize = modalities.Authorize,
        AcceptsUser = users.Check,
        AnswersExtended = proposed => FindScp.SopClasses.Contains(proposed.SopClass) ? QueryNegotiation.Answer(proposed.Information) : null,
        MaxAssociations = options.MaximumAssociations,
        MaxAssociationsPerHost = options.MaximumAssociationsPerHost,
        Datasets = new DatasetBudget(options.MaximumDatasetMemory * 1024L * 1024),
        Limits = AssociationLimits.Default with
        {
            MaxPdu = (uint)options.MaximumPduLength,
            Artim = TimeSpan.FromSeconds(options.DicomScpTimeout),
            MidPdu = TimeSpan.FromSeconds(options.DicomScpTimeout),
            Idle = TimeSpan.FromSeconds(options.DicomIdleTimeout),
        },
        TimeProvider = time,
    };
}
