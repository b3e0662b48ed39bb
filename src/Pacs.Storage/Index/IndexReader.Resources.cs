using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Resources by their rows: lists that show many of them read each table once for a block.</summary>
public sealed partial class IndexReader
{
    private static readonly string[] LevelTables = ["patient", "study", "series", "instance"];

    /// <summary>Which of these instances are there.</summary>
    public IReadOnlyList<bool> AreStored(IReadOnlyList<ResourceId> instances)
    {
        ArgumentNullException.ThrowIfNull(instances);
        using var lease = _pool.Rent();
        return [.. instances.Select(id => lease.Connection.Command("SELECT id FROM instance WHERE public_id = @1", id.ToBytes()).ExecuteScalar() is long)];
    }

    /// <summary>The row of a resource, or null when there is none.</summary>
    public ValueTask<long?> FindRowAsync(Level level, ResourceId id, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        return new(lease.Connection.Command($"SELECT id FROM {LevelTables[(int)level]} WHERE public_id = @1", id.ToBytes()).ExecuteScalar() as long?);
    }

    /// <summary>The row before the one at a place in the order of arrival, for <see cref="DicomQuery.After"/>.</summary>
    /// <param name="level">The level.</param>
    /// <param name="offset">How many to pass over, at least one.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when there are not so many.</returns>
    public ValueTask<long?> RowBeforeAsync(Level level, int offset, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        return new(lease.Connection.Command($"SELECT id FROM {LevelTables[(int)level]} ORDER BY id LIMIT 1 OFFSET @1", offset - 1).ExecuteScalar() as long?);
    }

    /// <summary>Resources of one level with their parents and children, by row. Those that have gone meanwhile are missing.</summary>
    public Task<IReadOnlyDictionary<long, ResourceEntry>> ResourcesAsync(Level level, IReadOnlyCollection<long> rows, CancellationToken ct) =>
        ReadAsync<IReadOnlyDictionary<long, ResourceEntry>>(async (db, token) =>
        {
            var children = level == Level.Instance ? null : Children(level, rows);
            var entries = await Entries(db, level, rows).ToListAsync(token);
            var labels = Beside(level, rows, "label", "name", row => row.GetString(1));
            var metadata = Beside(level, rows, "metadata", "number, b.value, b.revision", row => new UserMetadata(row.GetInt32(1), row.GetString(2), row.GetInt64(3)));
            return entries.ToDictionary(e => e.Row, e => e with { Children = children?.GetValueOrDefault(e.Row) ?? [], Labels = [.. labels[e.Row]], Metadata = [.. metadata[e.Row]] });
        }, ct);

    /// <summary>The labels of a resource, by name; null when there is no such resource.</summary>
    public Task<IReadOnlyList<string>?> LabelsAsync(Level level, ResourceId id, CancellationToken ct) => ReadAsync<IReadOnlyList<string>?>(async (db, token) =>
        await db.HasResourceAsync(level, id, token)
            ? await db.Labels.Where(l => l.Level == level && l.Resource == id).OrderBy(l => l.Name).Select(l => l.Name).ToListAsync(token) : null, ct);

    /// <summary>Every label that some resource has, by name.</summary>
    public Task<IReadOnlyList<string>> LabelsAsync(CancellationToken ct) => ListAsync(db => db.Labels.Select(l => l.Name).Distinct().Order(), ct);

    /// <summary>Every label of a level and how many resources have it, by name: the column beside a list.</summary>
    public Task<IReadOnlyList<LabelCount>> LabelCountsAsync(Level level, CancellationToken ct) =>
        ListAsync(db => db.Labels.Where(l => l.Level == level).GroupBy(l => l.Name).OrderBy(g => g.Key).Select(g => new LabelCount(g.Key, g.Count())), ct);

    /// <summary>How many studies, series and instances a resource has and how many bytes; null when there is none.</summary>
    public async Task<Statistics?> StatisticsAsync(Level level, ResourceId id, CancellationToken ct)
    {
        if (await FindRowAsync(level, id, ct) is not { } row || !(await ResourcesAsync(level, [row], ct)).TryGetValue(row, out var entry))
        {
            return null;
        }
        return level switch
        {
            Level.Patient => new Statistics(1, entry.Patient.StudyCount, SeriesOf(row), entry.Patient.InstanceCount, entry.Patient.Size, 0),
            Level.Study => new Statistics(0, 1, entry.Study!.SeriesCount, entry.Study.InstanceCount, entry.Study.Size, 0),
            Level.Series => new Statistics(0, 0, 1, entry.Series!.InstanceCount, entry.Series.Size, 0),
            _ => new Statistics(0, 0, 0, 1, entry.Instance!.Size, 0),
        };
    }

    /// <summary>Where all instances of a resource are, by study, series and instance number.</summary>
    /// <param name="level">The level.</param>
    /// <param name="id">The resource.</param>
    /// <param name="limit">The most that are wanted.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Empty when there is no such resource; null when there are more than <paramref name="limit"/>.</returns>
    public ValueTask<IReadOnlyList<InstanceLocation>?> LocateAsync(Level level, ResourceId id, int limit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var alias = level switch { Level.Patient => "p", Level.Study => "s", Level.Series => "r", _ => "i" };
        var locations = Locations($"{LocatedColumns} WHERE {alias}.public_id = @1{LocatedOrder}", id.ToBytes(), limit + 1);
        return new(locations.Count > limit ? null : locations);
    }

    /// <summary>The instance numbers of a series, one for each instance; null where it has none.</summary>
    public ValueTask<IReadOnlyList<int?>> InstanceNumbersAsync(long series, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command("SELECT number FROM instance WHERE series = @1", series).ExecuteReader();
        var numbers = new List<int?>();
        while (row.Read())
        {
            numbers.Add(row.IsDBNull(0) ? null : row.GetInt32(0));
        }
        return new(numbers);
    }

    private static IQueryable<ResourceEntry> Entries(PacsDb db, Level level, IReadOnlyCollection<long> rows) => level switch
    {
        Level.Patient => from patient in db.Patients where EF.Parameter(rows).Contains(patient.Id) select new ResourceEntry(patient.Id, patient, null, null, null),
        Level.Study =>
            from study in db.Studies
            join patient in db.Patients on study.ParentId equals patient.Id
            where EF.Parameter(rows).Contains(study.Id)
            select new ResourceEntry(study.Id, patient, study, null, null),
        Level.Series =>
            from series in db.Series
            join study in db.Studies on series.ParentId equals study.Id
            join patient in db.Patients on study.ParentId equals patient.Id
            where EF.Parameter(rows).Contains(series.Id)
            select new ResourceEntry(series.Id, patient, study, series, null),
        _ =>
            from instance in db.Instances
            join series in db.Series on instance.ParentId equals series.Id
            join study in db.Studies on series.ParentId equals study.Id
            join patient in db.Patients on study.ParentId equals patient.Id
            where EF.Parameter(rows).Contains(instance.Id)
            select new ResourceEntry(instance.Id, patient, study, series, instance),
    };

    // what lies beside the resources of some rows, in the order of its own key
    private ILookup<long, T> Beside<T>(Level level, IReadOnlyCollection<long> rows, string table, string columns, Func<SqliteDataReader, T> read)
    {
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command(
            $"SELECT k.value, b.{columns} FROM json_each(@1) k CROSS JOIN {LevelTables[(int)level]} r ON r.id = k.value CROSS JOIN {table} b ON b.level = @2 AND b.resource = r.public_id",
            Json(rows), (int)level).ExecuteReader();
        var all = new List<(long Row, T Value)>();
        while (row.Read())
        {
            all.Add((row.GetInt64(0), read(row)));
        }
        return all.ToLookup(a => a.Row, a => a.Value);
    }

    private static string Json(IReadOnlyCollection<long> rows) => $"[{string.Join(',', rows.Select(r => r.ToString(CultureInfo.InvariantCulture)))}]";

    private Dictionary<long, List<ResourceId>> Children(Level level, IReadOnlyCollection<long> rows)
    {
        var (table, below) = (LevelTables[(int)level], LevelTables[(int)level + 1]);
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command(
            $"SELECT {table}, public_id FROM {below} WHERE {table} IN (SELECT value FROM json_each(@1)) ORDER BY id", Json(rows)).ExecuteReader();
        var children = new Dictionary<long, List<ResourceId>>();
        while (row.Read())
        {
            if (!children.TryGetValue(row.GetInt64(0), out var list))
            {
                children[row.GetInt64(0)] = list = [];
            }
            list.Add(ResourceId.FromBytes((byte[])row[1]));
        }
        return children;
    }

    private long SeriesOf(long patient)
    {
        using var lease = _pool.Rent();
        return (long)lease.Connection.Command("SELECT coalesce(sum(series_count), 0) FROM study WHERE patient = @1", patient).ExecuteScalar()!;
    }
}
