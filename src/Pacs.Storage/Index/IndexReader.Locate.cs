namespace Pacs.Storage;

/// <summary>Where instances are.</summary>
public sealed partial class IndexReader
{
    private const string LocatedColumns = """
        SELECT i.public_id, i.key, i.size, i.data_offset, i.header_length, i.syntax, i.sop_class, i.uid, i.frames, r.uid, s.uid, p.patient_id
        FROM instance i JOIN series r ON r.id = i.series JOIN study s ON s.id = r.study JOIN patient p ON p.id = s.patient
        """;

    // as a viewer wants them: the series one after the other, and each in the order of its numbers
    private const string LocatedOrder = " ORDER BY s.id, r.number IS NULL, r.number, r.id, i.number IS NULL, i.number, i.id";

    /// <summary>
    /// Where all instances below some keys are, each once, by study, series and instance number. Each key is a statement of its own, so that nothing keeps the log of the
    /// index from being folded while thousands of them are sent.
    /// </summary>
    /// <param name="keys">What is meant.</param>
    /// <param name="limit">The most that are wanted.</param>
    /// <param name="ct">Cancels, between two keys.</param>
    /// <returns>Null when there are more than <paramref name="limit"/>.</returns>
    public ValueTask<IReadOnlyList<InstanceLocation>?> LocateAsync(RetrieveKeys keys, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var sql = keys.Level switch
        {
            Level.Patient => LocatedColumns + " WHERE p.patient_id = @1" + LocatedOrder,
            Level.Study => LocatedColumns + " WHERE s.uid = @1" + LocatedOrder,
            Level.Series => LocatedColumns + " WHERE r.uid = @1" + LocatedOrder,
            _ => LocatedColumns + " WHERE i.uid = @1" + LocatedOrder,
        };
        var patients = Narrowing(keys, Level.Patient, keys.PatientIds);
        var studies = Narrowing(keys, Level.Study, keys.Studies);
        var series = Narrowing(keys, Level.Series, keys.Series);
        // a handful of texts stands in all rows
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var locations = new List<InstanceLocation>();
        using var lease = _pool.Rent();
        foreach (var key in keys.Own.Distinct(StringComparer.Ordinal))
        {
            ct.ThrowIfCancellationRequested();
            using var row = lease.Connection.Command(sql, key).ExecuteReader();
            while (row.Read())
            {
                if (series?.Contains(row.GetString(9)) == false || studies?.Contains(row.GetString(10)) == false || patients?.Contains(row.GetString(11)) == false)
                {
                    continue;
                }
                if (locations.Count == limit)
                {
                    return new((IReadOnlyList<InstanceLocation>?)null);
                }
                locations.Add(new InstanceLocation(ResourceId.FromBytes((byte[])row[0]), row.GetString(1), row.GetInt64(2), row.GetInt32(3), row.GetInt64(4),
                    Once(row.GetString(5)), Once(row.GetString(6)), row.GetString(7), row.GetInt32(8)));
            }
        }
        return new(locations);

        string Once(string text) => texts.TryGetValue(text, out var known) ? known : texts[text] = text;
    }

    /// <summary>
    /// The transfer syntaxes of the instances that came last, by SOP class, the commonest first: what somebody who retrieves is likely to get.
    /// </summary>
    /// <param name="count">How many instances to look at.</param>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> RecentSyntaxes(int count)
    {
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command("""
            SELECT sop_class, syntax FROM (SELECT sop_class, syntax FROM instance ORDER BY id DESC LIMIT @1) GROUP BY sop_class, syntax ORDER BY sop_class, count(*) DESC
            """, count).ExecuteReader();
        var syntaxes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        while (row.Read())
        {
            var sopClass = row.GetString(0);
            syntaxes[sopClass] = [.. syntaxes.GetValueOrDefault(sopClass) ?? [], row.GetString(1)];
        }
        return syntaxes;
    }

    private static HashSet<string>? Narrowing(RetrieveKeys keys, Level level, IReadOnlyList<string> values) =>
        level < keys.Level && values.Count > 0 ? new HashSet<string>(values, StringComparer.Ordinal) : null;
}
