using System.Runtime.CompilerServices;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Worklist;

namespace Pacs.Web.Dimse;

/// <summary>Answers Modality Worklist queries (PS3.4 annex K), by default of any device, see <see cref="Modalities"/>.</summary>
public sealed class WorklistScp(Storage.Worklist worklist, WorklistQueries queries, PacsOptions options) : IFindHandler
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        var keys = Parse(request.Identifier);
        var matches = options.Worklists.FilterIssuerAet ? OnlyFor(request.Peer.CallingAe, keys.Matches) : keys.Matches;
        var found = await worklist.FindAsync(matches, ct);
        var count = options.Worklists.LimitAnswers is var limit and > 0 ? Math.Min(limit, found.Count) : found.Count;
        queries.Note(request.Peer.CallingAe, request.Peer.RemoteHost, count);
        foreach (var entry in found.Take(count))
        {
            ct.ThrowIfCancellationRequested();
            yield return ResultBuilder.Build(entry, keys);
        }
    }

    private static QueryKeys Parse(DicomDataset identifier)
    {
        try
        {
            return MatchParser.Parse(identifier, combineDateTime: true);
        }
        catch (DicomException e)
        {
            var status = DimseStatus.DataSetDoesNotMatchSopClass;
            throw new DimseStatusException(e.Tag is { } tag ? status.With("A key cannot be matched", tag) : status.With("The identifier cannot be matched"), e);
        }
    }

    // Orthanc's FilterIssuerAet: a device that does not say whose entries it wants gets its own
    private static IReadOnlyList<TagMatch> OnlyFor(string callingAe, IReadOnlyList<TagMatch> matches)
    {
        var step = matches.OfType<TagMatch.Item>().FirstOrDefault(i => i.Tag == DicomTag.ScheduledProcedureStepSequence);
        if (step?.Inner.Any(m => m.Tag == DicomTag.ScheduledStationAETitle) == true)
        {
            return matches;
        }
        var own = new TagMatch.Exact(DicomTag.ScheduledStationAETitle, DicomVr.AE, callingAe);
        return [.. matches.Where(m => m != step), new TagMatch.Item(DicomTag.ScheduledProcedureStepSequence, [.. step?.Inner ?? [], own])];
    }
}
