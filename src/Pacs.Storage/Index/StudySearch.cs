using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;

namespace Pacs.Storage;

// EF translates this overload, and no other, to SQL's < and >=, which compare bytes in both databases
#pragma warning disable CA1309

/// <summary>
/// What somebody types to find a study: the beginning of a name (<c>müller</c>, <c>müller jörg</c>, <c>Müller, Jörg</c>), of a patient or accession number,
/// or a date of birth (<c>07.03.1958</c>). Only beginnings, because those have indexes: the answer is there at once in a large archive, too.
/// </summary>
public sealed record StudySearch
{
    // sorts after every character that can follow a prefix, in UTF-8 as in UTF-32
    private const string AfterAll = "\U0010FFFF";

    /// <summary>Beginnings of <see cref="Patient.NameFold"/>; any of them matches.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Beginning of the patient's or the accession number, as typed and in capitals.</summary>
    public IReadOnlyList<string> Numbers { get; private init; } = [];

    /// <summary>Date of birth (DA); null when none was typed.</summary>
    public string? BirthDate { get; private init; }

    /// <summary>Reads what was typed. Everything means something: what is no date is a name or a number.</summary>
    public static StudySearch Parse(string text)
    {
        text = text.Trim();
        if (DateOnly.TryParseExact(text, ["d.M.yyyy", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var born))
        {
            return new StudySearch { BirthDate = born.ToString("yyyyMMdd", CultureInfo.InvariantCulture) };
        }
        var numbers = new List<string> { text };
        if (text.ToUpperInvariant() is var capitals && capitals != text)
        {
            numbers.Add(capitals);
        }
        if (text.Length <= 10 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            // our own accession numbers without their leading letter and zeros
            numbers.Add(string.Create(CultureInfo.InvariantCulture, $"R{number:D10}"));
        }
        return new StudySearch { Numbers = numbers, Names = [.. NamesOf(text).Distinct().Where(n => n.Length > 0)] };
    }

    private static IEnumerable<string> NamesOf(string text)
    {
        // devices write ü as it is, as u or as ue; people type it in either way
        var spellings = new[] { PersonName.Fold(text), PersonName.FoldGerman(text), PersonName.Fold(WithoutUmlauts(text)) };
        foreach (var name in spellings)
        {
            yield return name;
            var comma = name.IndexOf(',', StringComparison.Ordinal);
            var gap = comma >= 0 ? comma : name.LastIndexOf(' ');
            if (gap > 0)
            {
                yield return $"{name[..gap].Trim()}^{name[(gap + 1)..].Trim()}";
            }
        }
    }

    private static string WithoutUmlauts(string text) => text.ToLowerInvariant()
        .Replace("ä", "ae", StringComparison.Ordinal).Replace("ö", "oe", StringComparison.Ordinal).Replace("ü", "ue", StringComparison.Ordinal);

    internal IQueryable<Study> In(PacsDb db)
    {
        if (BirthDate is not null)
        {
            return db.Studies.Where(s => db.Patients.Any(p => p.Id == s.ParentId && p.BirthDate == BirthDate));
        }
        var patients = db.Patients.Where(p => false).Select(p => p.Id);
        foreach (var name in Names)
        {
            var end = name + AfterAll;
            patients = patients.Concat(db.Patients.Where(p => string.Compare(p.NameFold, name) >= 0 && string.Compare(p.NameFold, end) < 0).Select(p => p.Id));
        }
        var studies = db.Studies.Where(s => false).Select(s => s.Id);
        foreach (var number in Numbers)
        {
            var end = number + AfterAll;
            patients = patients.Concat(db.Patients.Where(p => string.Compare(p.PatientId, number) >= 0 && string.Compare(p.PatientId, end) < 0).Select(p => p.Id));
            studies = studies.Concat(db.Studies.Where(s => string.Compare(s.Accession, number) >= 0 && string.Compare(s.Accession, end) < 0).Select(s => s.Id));
        }
        return db.Studies.Where(s => patients.Contains(s.ParentId) || studies.Contains(s.Id));
    }
}

/// <summary>Lists of studies.</summary>
public static class StudyLists
{
    /// <summary>Studies by <see cref="Study.SortKey"/>, from a place in the list downwards or upwards.</summary>
    /// <param name="reader">The index.</param>
    /// <param name="search">Which studies; null for all.</param>
    /// <param name="from">The place, itself not included; null for the newest (or, upwards, the oldest).</param>
    /// <param name="newerFirst">True: downwards, to older ones. False: upwards, the answer starts with the one next to the place.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public static Task<IReadOnlyList<StudyEntry>> StudiesAsync(
        this IndexReader reader, StudySearch? search, StudyCursor? from, bool newerFirst, int limit, CancellationToken ct) => reader.ReadAsync<IReadOnlyList<StudyEntry>>(async (db, token) =>
    {
        var studies = search is null ? db.Studies : search.In(db);
        if (from is var (key, id))
        {
            studies = newerFirst
                ? studies.Where(s => string.Compare(s.SortKey, key) < 0 || (s.SortKey == key && s.Id < id))
                : studies.Where(s => string.Compare(s.SortKey, key) > 0 || (s.SortKey == key && s.Id > id));
        }
        studies = newerFirst
            ? studies.OrderByDescending(s => s.SortKey).ThenByDescending(s => s.Id)
            : studies.OrderBy(s => s.SortKey).ThenBy(s => s.Id);
        var rows = await studies.Take(limit)
            .Join(db.Patients, s => s.ParentId, p => p.Id, (s, p) => new { Study = s, Patient = p })
            .ToListAsync(token);
        var entries = rows.Select(r => new StudyEntry(r.Patient, r.Study));
        // a join need not keep the order
        return [.. newerFirst
            ? entries.OrderByDescending(e => e.Study.SortKey, StringComparer.Ordinal).ThenByDescending(e => e.Study.Id)
            : entries.OrderBy(e => e.Study.SortKey, StringComparer.Ordinal).ThenBy(e => e.Study.Id)];
    }, ct);
}
