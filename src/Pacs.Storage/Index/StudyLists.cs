using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>By what a list of studies is ordered.</summary>
public enum StudyOrder
{
    /// <summary>By <see cref="Study.SortKey"/>.</summary>
    Time,

    /// <summary>By the patient's name.</summary>
    Name,

    /// <summary>By the patient's number.</summary>
    PatientId,

    /// <summary>By the description.</summary>
    Description,

    /// <summary>By the accession number.</summary>
    Accession,

    /// <summary>By the number of instances.</summary>
    Images,
}

/// <summary>Which studies a list shows, and which page of them.</summary>
/// <param name="Search">What was searched for; null for all.</param>
public sealed record StudyQuery(StudySearch? Search)
{
    /// <summary>The first day (DA), or null.</summary>
    public string? FirstDay { get; init; }

    /// <summary>The last day (DA), or null.</summary>
    public string? LastDay { get; init; }

    /// <summary>Whether only studies without an accession number count: what was made without an order.</summary>
    public bool WithoutOrder { get; init; }

    /// <summary>Only studies with this label, or null.</summary>
    public string? Label { get; init; }

    /// <summary>Only these rows, or null.</summary>
    public IReadOnlyCollection<long>? Rows { get; init; }

    /// <summary>By what the list is ordered.</summary>
    public StudyOrder Order { get; init; }

    /// <summary>Whether the greatest comes first.</summary>
    public bool IsDescending { get; init; } = true;

    /// <summary>The place after which the page starts, or, with <see cref="IsBackwards"/>, before which it ends. Null for the first page. In other orders than by time it is the study of that row.</summary>
    public StudyCursor? Place { get; init; }

    /// <summary>Whether the page before <see cref="Place"/> is wanted.</summary>
    public bool IsBackwards { get; init; }

    /// <summary>At most so many.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>
/// Lists of studies, in SQL (ADR 0009): a word that few patients have is looked up first, over its indexes; one that many have is compared while walking along the order of
/// the list, which has its page full soon.
/// </summary>
public static class StudyLists
{
    // sorts after every character that can follow a prefix, in UTF-8 as in UTF-32
    private const string AfterAll = "\U0010FFFF";

    // fewer are fetched and sorted at once; with more of them each page along the order is full soon
    private const int Few = 2000;

    /// <summary>The studies of one page, in the order of the list.</summary>
    public static Task<IReadOnlyList<StudyEntry>> StudiesAsync(this IndexReader reader, StudyQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(query);
        ct.ThrowIfCancellationRequested();
        var rows = Rows(reader, query);
        return reader.ReadAsync<IReadOnlyList<StudyEntry>>(async (db, token) =>
        {
            var entries = await (
                from study in db.Studies
                join patient in db.Patients on study.ParentId equals patient.Id
                where EF.Parameter(rows).Contains(study.Id)
                select new StudyEntry(patient, study)).ToDictionaryAsync(e => e.Study.Id, token);
            // one may have gone between the two
            return [.. rows.Where(entries.ContainsKey).Select(row => entries[row])];
        }, ct);
    }

    /// <summary>Patients whom a search finds, by name. Words that mean a modality are names here.</summary>
    public static Task<IReadOnlyList<Patient>> PatientsAsync(this IndexReader reader, StudySearch search, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(search);
        ct.ThrowIfCancellationRequested();
        var sql = new Sql();
        var conditions = search.Words.Select(word => $"({string.Join(" OR ", Meanings(sql, word).Where(m => m.IsOfPatient).Select(m => m.Condition))})").ToList();
        if (conditions.Count == 0)
        {
            return Task.FromResult<IReadOnlyList<Patient>>([]);
        }
        var rows = new List<long>();
        using (var lease = reader.Rent())
        {
            // parameters of conditions that are left out are bound and not used
            using var row = lease.Connection.Query($"SELECT p.id FROM patient p WHERE {string.Join(" AND ", conditions)} ORDER BY p.name_fold, p.id LIMIT {sql.Add(limit)}", [.. sql.Values]).ExecuteReader();
            while (row.Read())
            {
                rows.Add(row.GetInt64(0));
            }
        }
        return reader.ReadAsync<IReadOnlyList<Patient>>(async (db, token) =>
        {
            var patients = await db.Patients.Where(p => EF.Parameter(rows).Contains(p.Id)).ToDictionaryAsync(p => p.Id, token);
            return [.. rows.Where(patients.ContainsKey).Select(row => patients[row])];
        }, ct);
    }

    private static List<long> Rows(IndexReader reader, StudyQuery query)
    {
        using var lease = reader.Rent();
        var few = query.Rows;
        foreach (var word in query.Search?.Words ?? [])
        {
            if (few is null && word.Modalities.Count == 0)
            {
                few = Candidates(lease.Connection, word);
            }
        }
        var rows = new List<long>();
        foreach (var segment in Segments(lease.Connection, query))
        {
            var sql = new Sql();
            var statement = Statement(sql, query with { Limit = query.Limit - rows.Count }, few, segment);
            using var row = lease.Connection.Query(statement, [.. sql.Values]).ExecuteReader();
            while (row.Read())
            {
                rows.Add(row.GetInt64(0));
            }
            if (rows.Count >= query.Limit)
            {
                break;
            }
        }
        if (query.IsBackwards)
        {
            rows.Reverse();
        }
        return rows;
    }

    /// <returns>The studies that a word alone finds, or null when they are more than a few.</returns>
    private static HashSet<long>? Candidates(ReaderPool.ReaderConnection connection, SearchWord word)
    {
        var sql = new Sql();
        var parts = new List<string>();
        foreach (var (isOfPatient, condition) in Meanings(sql, word))
        {
            parts.Add($"SELECT s.id FROM {(isOfPatient ? "patient p CROSS JOIN study s ON s.patient = p.id" : "study s")} WHERE {condition}");
        }
        var rows = new HashSet<long>();
        // ALL: the statement ends with the limit instead of collecting everything first
        var limit = sql.Add(2 * Few);
        using var row = connection.Query($"{string.Join(" UNION ALL ", parts)} LIMIT {limit}", [.. sql.Values]).ExecuteReader();
        while (row.Read())
        {
            rows.Add(row.GetInt64(0));
        }
        return rows.Count <= Few ? rows : null;
    }

    /// <summary>
    /// The parts in which a page is read. What has no value comes first in SQLite, and a comparison finds it neither greater nor smaller than anything: after a place among those without a value come the rest of
    /// them and then all others, or the other way round.
    /// </summary>
    private static IReadOnlyList<Segment> Segments(ReaderPool.ReaderConnection connection, StudyQuery query)
    {
        if (query.Order == StudyOrder.Time || query.Place is not { Id: var id })
        {
            return [new Segment(null, null)];
        }
        using var row = connection.Query($"SELECT {Column(query.Order)}, p.id, s.sort_key, s.id FROM study s JOIN patient p ON p.id = s.patient WHERE s.id = @1", id).ExecuteReader();
        if (!row.Read())
        {
            return [new Segment(null, null)]; // it is gone: from the beginning
        }
        var place = new ListPlace(row.IsDBNull(0) ? null : row.GetValue(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3));
        var here = new Segment(place, place.Key is not null);
        return IsDown(query) == (place.Key is null) ? [here] : [here, new Segment(null, place.Key is null)];
    }

    private static bool IsDown(StudyQuery query) => query.IsDescending != query.IsBackwards;

    private static string Column(StudyOrder order) => order switch
    {
        StudyOrder.Name => "p.name_fold",
        StudyOrder.PatientId => "p.patient_id",
        StudyOrder.Description => "s.description_fold",
        StudyOrder.Accession => "s.accession",
        StudyOrder.Images => "s.instance_count",
        _ => "s.sort_key",
    };

    private static string Statement(Sql sql, StudyQuery query, IReadOnlyCollection<long>? few, Segment segment)
    {
        var conditions = (query.Search?.Words ?? []).Select(word => Condition(sql, word)).ToList();
        if (few is not null)
        {
            conditions.Add($"s.id IN (SELECT value FROM json_each({sql.Add($"[{string.Join(',', few.Select(id => id.ToString(CultureInfo.InvariantCulture)))}]")}))");
        }
        if (query.FirstDay is { } first)
        {
            conditions.Add($"s.sort_key >= {sql.Add(first)}");
        }
        if (query.LastDay is { } last)
        {
            conditions.Add($"s.sort_key < {sql.Add(last + "3")}"); // no hour begins with it
        }
        if (query.WithoutOrder)
        {
            conditions.Add("(s.accession IS NULL OR s.accession = '')"); // the filter of ix_study_without_order
        }
        if (query.Label is { } label)
        {
            // the key of the table
            conditions.Add($"EXISTS (SELECT 1 FROM label l WHERE l.level = {sql.Add((int)Level.Study)} AND l.resource = s.public_id AND l.name = {sql.Add(label)})");
        }
        var direction = IsDown(query) ? "DESC" : "ASC";
        if (query is { Order: StudyOrder.Time, Place: var (key, id) })
        {
            // a row value comparison, which ix_study_newest serves as it is
            conditions.Add($"(s.sort_key, s.id) {(direction == "DESC" ? "<" : ">")} ({sql.Add(key)}, {sql.Add(id)})");
        }
        var (column, isOfPatient) = (Column(query.Order), query.Order is StudyOrder.Name or StudyOrder.PatientId);
        // of one patient the newest study comes first in either direction
        var (within, isAfter) = query.IsBackwards ? ("ASC", ">") : ("DESC", "<");
        if (segment.HasKey is { } hasKey)
        {
            conditions.Add($"{column} IS {(hasKey ? "NOT NULL" : "NULL")}");
        }
        if (segment.Place is { } place)
        {
            var (than, value) = (direction == "DESC" ? "<" : ">", place.Key is null ? null : sql.Add(place.Key));
            var row = sql.Add(isOfPatient ? place.Patient : place.Study);
            conditions.Add((isOfPatient, value) switch
            {
                // the first comparison is what the index serves, the second cuts off what is of the same patient and before the place
                (true, null) => $"p.id {than}= {row}",
                (true, _) => $"({column}, p.id) {than}= ({value}, {row})",
                (false, null) => $"s.id {than} {row}",
                _ => $"({column}, s.id) {than} ({value}, {row})",
            });
            if (isOfPatient)
            {
                conditions.Add($"(p.id <> {row} OR (s.sort_key, s.id) {isAfter} ({sql.Add(place.SortKey)}, {sql.Add(place.Study)}))");
            }
        }
        // CROSS JOIN: SQLite does not change the order of the tables then. The first one's index is the order of the list.
        var tables = isOfPatient && few is null ? "patient p CROSS JOIN study s ON s.patient = p.id" : "study s CROSS JOIN patient p ON p.id = s.patient";
        var order = isOfPatient ? $"{column} {direction}, p.id {direction}, s.sort_key {within}, s.id {within}" : $"{column} {direction}, s.id {direction}";
        return $"SELECT s.id FROM {tables}{(conditions.Count > 0 ? " WHERE " : "")}{string.Join(" AND ", conditions)} ORDER BY {order} LIMIT {sql.Add(query.Limit)}";
    }

    private static string Condition(Sql sql, SearchWord word) => $"({string.Join(" OR ", Meanings(sql, word).Select(m => m.Condition))})";

    // whatever a word can be, and whether of the patient
    private static IEnumerable<(bool IsOfPatient, string Condition)> Meanings(Sql sql, SearchWord word)
    {
        if (word.Name is { } name)
        {
            yield return (true, $"instr(p.name_search, {sql.Add(name)}) > 0");
        }
        if (word.BirthDate is { } born)
        {
            yield return (true, $"p.birth_date = {sql.Add(born)}");
        }
        foreach (var number in word.Numbers)
        {
            var (from, to) = (sql.Add(number), sql.Add(number + AfterAll));
            yield return (true, $"p.patient_id >= {from} AND p.patient_id < {to}");
            yield return (false, $"s.accession >= {from} AND s.accession < {to}");
        }
        foreach (var modality in word.Modalities)
        {
            yield return (false, $"instr('\\' || s.modalities || '\\', {sql.Add($"\\{modality}\\")}) > 0");
        }
    }

    /// <summary>Where a page begins or ends: what its study has of what lists are ordered by.</summary>
    private sealed record ListPlace(object? Key, long Patient, string SortKey, long Study);

    /// <summary>A part of a list.</summary>
    /// <param name="Place">Where it begins; null for its beginning.</param>
    /// <param name="HasKey">Whether its studies have a value in the column of the order; null for all.</param>
    private sealed record Segment(ListPlace? Place, bool? HasKey);

    /// <summary>The parameters of a statement.</summary>
    private sealed class Sql
    {
        public List<object> Values { get; } = [];

        public string Add(object value)
        {
            Values.Add(value);
            return string.Create(CultureInfo.InvariantCulture, $"@{Values.Count}");
        }
    }
}
