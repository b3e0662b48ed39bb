using System.Runtime.CompilerServices;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>
/// Answers queries for patients, studies, series and instances (PS3.4 annex C). Relational queries are answered whether they were negotiated or not
/// (§C.4.1.3.2): a hierarchical one is one that says more. Who may ask is decided before, by <see cref="Modalities.Authorize"/>.
/// </summary>
public sealed class FindScp(Finder finder, PacsOptions options) : IFindHandler
{
    /// <summary>The information models: Patient Root, Study Root, and the retired Patient/Study Only.</summary>
    public static IReadOnlyList<string> SopClasses { get; } =
    [
        DicomUid.PatientRootQueryRetrieveInformationModelFind, DicomUid.StudyRootQueryRetrieveInformationModelFind,
        DicomUid.PatientStudyOnlyQueryRetrieveInformationModelFind,
    ];

    /// <summary>The levels of an information model (PS3.4 tables C.6.1-1, C.6.2-1 and, retired, C.6.3-1).</summary>
    public static IReadOnlyList<Level> LevelsOf(string sopClass) => sopClass switch
    {
        DicomUid.PatientRootQueryRetrieveInformationModelFind => [Level.Patient, Level.Study, Level.Series, Level.Instance],
        DicomUid.StudyRootQueryRetrieveInformationModelFind => [Level.Study, Level.Series, Level.Instance],
        DicomUid.PatientStudyOnlyQueryRetrieveInformationModelFind => [Level.Patient, Level.Study],
        _ => [],
    };

    /// <inheritdoc/>
    public async IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        var level = LevelOf(request);
        var keys = Parse(request);
        var query = new DicomQuery(level, keys.Matches, WithRetrieveAe(keys.Return)) { RetrieveAe = options.DicomAet };
        var asked = keys with { Return = query.Return };
        // §C.4.1.1.3.2: the level as it was asked for
        var levelElement = new DicomElement(DicomTag.QueryRetrieveLevel, DicomVr.CS, Encoding.ASCII.GetBytes(Name(level)));
        await using var rows = finder.FindAsync(query, ct).GetAsyncEnumerator(ct);
        while (await NextAsync(rows))
        {
            var answer = ResultBuilder.Build(rows.Current, asked);
            answer.Set(levelElement);
            // FF01H: an optional key is not supported (table C.4-1)
            yield return new FindMatch(answer, rows.Current.HasUnsupportedKeys);
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<QueryRow> rows)
    {
        try
        {
            return await rows.MoveNextAsync();
        }
        catch (QueryTooBroadException e)
        {
            // what was answered is right, but it is not everything: no success
            throw new DimseStatusException(DimseStatus.OutOfResources.With("A key is matched in files, and there are too many: narrow the query", e.Tag), e);
        }
    }

    private static Level LevelOf(FindRequest request)
    {
        var text = request.Identifier.GetString(DicomTag.QueryRetrieveLevel);
        if (string.IsNullOrEmpty(text))
        {
            throw Refused("Query/Retrieve Level is missing", DicomTag.QueryRetrieveLevel);
        }
        Level? level = text.ToUpperInvariant() switch
        {
            "PATIENT" => Level.Patient,
            "STUDY" => Level.Study,
            "SERIES" => Level.Series,
            "IMAGE" or "INSTANCE" => Level.Instance, // the second is what some call it by mistake
            _ => null,
        };
        return level is { } known && LevelsOf(request.SopClass).Contains(known) ? known
            : throw Refused("The information model has no such Query/Retrieve Level", DicomTag.QueryRetrieveLevel);
    }

    private static QueryKeys Parse(FindRequest request)
    {
        var agreed = QueryNegotiation.Of(request.Peer, request.SopClass);
        try
        {
            return MatchParser.Parse(request.Identifier, agreed.CombinedDateTime, agreed.FuzzyNames);
        }
        catch (DicomException e)
        {
            throw e.Tag is { } tag ? Refused("A key cannot be matched", tag) : Refused("The identifier cannot be matched");
        }
    }

    // §C.4.1.1.3.2: each answer says where its instances are to be had
    private static IReadOnlyList<ReturnKey> WithRetrieveAe(IReadOnlyList<ReturnKey> keys) =>
        keys.Any(k => k.Tag == DicomTag.RetrieveAETitle) ? keys
            : [.. keys.Append(new ReturnKey(DicomTag.RetrieveAETitle, DicomVr.AE, [])).OrderBy(k => k.Tag)];

    private static string Name(Level level) => level switch
    {
        Level.Patient => "PATIENT",
        Level.Study => "STUDY",
        Level.Series => "SERIES",
        _ => "IMAGE",
    };

    // A900H: the identifier does not match the SOP class (table C.4-1)
    private static DimseStatusException Refused(string comment, params ReadOnlySpan<DicomTag> offending) =>
        new(DimseStatus.DataSetDoesNotMatchSopClass.With(comment, offending));
}
