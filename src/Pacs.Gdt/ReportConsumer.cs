using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Sends the measured values of reports to the receivers, once for each: of Comprehensive SR of the templates the old plugin knew, and of every other
/// report where <see cref="MeasurementOptions.AllReports"/> says so.
/// </summary>
public sealed class ReportConsumer(GdtOptions options, GdtReceivers receivers, GdtReceiverStore store, GdtFiles files, GdtContents contents, IndexReader reader) : IEventConsumer
{
    /// <inheritdoc/>
    public string Name => "gdt-report";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        await store.ReadAsync(ct);
        if (receivers.IsIdle
            || await reader.LocateAsync(e.Resource, ct) is not { } located
            || !(located.SopClass == DicomUid.ComprehensiveSRStorage || (options.Measurements.AllReports && SrReader.IsReport(located.SopClass)))
            || await reader.InstanceAsync(e.Resource, ct) is not { Instance.Origin: not OriginKind.Modification } entry)
        {
            return;
        }
        foreach (var receiver in receivers.All)
        {
            if (!await files.KnowsAsync(receiver.Name, GdtKind.Report, e.Resource, ct) && await contents.ReportAsync(receiver, entry, ct) is { } content)
            {
                await files.AddAsync(receiver, GdtKind.Report, e.Resource, content, ct);
            }
        }
        store.ThrowIfBroken();
    }
}
