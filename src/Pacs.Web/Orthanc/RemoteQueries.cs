using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>What a node answered to a query, kept for whoever looks at it later.</summary>
/// <param name="Id">A UUID.</param>
/// <param name="Node">The name of the node.</param>
/// <param name="Level">What was asked for.</param>
/// <param name="Query">The keys as they were given.</param>
/// <param name="LocalAet">By which AE title, or null for the usual one.</param>
/// <param name="Timeout">Seconds the node may take, or null for the usual ones.</param>
internal sealed record RemoteQuery(string Id, string Node, Level Level, DicomDataset Query, string? LocalAet, int? Timeout)
{
    /// <summary>The answers, in Explicit VR Little Endian.</summary>
    public required IReadOnlyList<byte[]> Answers { get; init; }

    /// <summary>Bytes of all answers.</summary>
    public long Size => Answers.Sum(a => (long)a.Length);

    /// <summary>One answer.</summary>
    public DicomDataset Answer(int index) => DicomReader.Read(Answers[index], TransferSyntax.ExplicitVRLittleEndian);
}

/// <summary>
/// The last queries to nodes, in memory: they are of use for minutes, and asking again costs little. The oldest go when there are too many or they are too large.
/// </summary>
internal sealed class RemoteQueries
{
    /// <summary>How many are kept: Orthanc's <c>QueryRetrieveSize</c>.</summary>
    public const int MaxQueries = 100;

    /// <summary>Bytes of all answers together; that of one query has a limit of its own, <see cref="Dimse.ModalityFinder.MaxBytes"/>.</summary>
    public const long MaxBytes = 32 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly List<RemoteQuery> _queries = []; // the oldest first

    /// <summary>The ids, oldest first.</summary>
    public IReadOnlyList<string> Ids
    {
        get
        {
            lock (_lock)
            {
                return [.. _queries.Select(q => q.Id)];
            }
        }
    }

    /// <summary>Keeps a query.</summary>
    public void Add(RemoteQuery query)
    {
        lock (_lock)
        {
            _queries.Add(query);
            while (_queries.Count > MaxQueries || _queries.Sum(q => q.Size) > MaxBytes)
            {
                _queries.RemoveAt(0);
            }
        }
    }

    /// <summary>A query, or null.</summary>
    public RemoteQuery? Find(string id)
    {
        lock (_lock)
        {
            return _queries.Find(q => q.Id == id);
        }
    }

    /// <summary>Forgets a query; none is no error.</summary>
    public void Remove(string id)
    {
        lock (_lock)
        {
            _queries.RemoveAll(q => q.Id == id);
        }
    }
}
