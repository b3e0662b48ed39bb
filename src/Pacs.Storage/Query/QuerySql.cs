using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// A query as two statements: one that lists the keys of the entities, in order of arrival, and one that reads a block of them. The tables are joined in an order
/// chosen here, from the condition that leaves least over: SQLite, which knows nothing of the data, would have to guess.
/// </summary>
internal sealed class QuerySql
{
    private static readonly string[] Tables = ["patient", "study", "series", "instance"];
    private static readonly string[] Aliases = ["p", "s", "e", "i"];

    private readonly List<(QueryAttribute Attribute, TagMatch Match)> _own = [];
    private readonly List<(QueryAttribute Attribute, TagMatch Match)> _below = [];
    private readonly List<DicomTag> _headerTags = [];

    /// <summary>Reads a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="parent">The table key of <see cref="DicomQuery.Under"/>, whose level only counts then; null to look the resource up by its id.</param>
    public QuerySql(DicomQuery query, long? parent = null)
    {
        Query = query;
        var wanted = new SortedDictionary<DicomTag, QueryAttribute>();
        foreach (var match in query.Matches)
        {
            Sort(match, wanted);
        }
        foreach (var key in query.Return)
        {
            if (QueryAttributes.Find(key.Tag, query.Level) is { } attribute)
            {
                wanted[key.Tag] = attribute;
            }
            else if (QueryAttributes.FindBelow(key.Tag, query.Level) is not null || IsBulk(key.Tag, key.Vr))
            {
                HasUnsupportedKeys = true;
            }
            // the character set of an answer is that of the index, not of a file
            else if (!key.Tag.IsPrivateCreator && key.Tag != DicomTag.SpecificCharacterSet)
            {
                _headerTags.Add(key.Tag);
                MustReadHeader |= !key.IsOptional;
            }
        }
        Attributes = [.. wanted.Values];
        Matches = [.. _own.Select(o => o.Match)];
        ReturnedFromHeader = [.. _headerTags.Distinct()];
        (Keys, KeyValues, HasQuickStart) = BuildKeys(parent);
        Rows = BuildRows();
        // a UID is found by its index or not at all
        if (_below.Count > 1 || (_below.Count == 1 && _below[0] is not ({ Form: AttributeForm.Uid }, TagMatch.Exact)))
        {
            var level = _below.Max(b => b.Attribute.Level);
            Below = new QuerySql(new DicomQuery(level, [.. _below.Select(b => b.Match)], []) { Under = (query.Level, default), RetrieveAe = query.RetrieveAe }, 0);
        }
    }

    /// <summary>The query.</summary>
    public DicomQuery Query { get; }

    /// <summary>Lists keys: those after the parameter before the last, at most as many as the last says; ascending.</summary>
    public string Keys { get; }

    /// <summary>The parameters of <see cref="Keys"/> but for those two.</summary>
    public IReadOnlyList<object> KeyValues { get; }

    /// <summary>
    /// Whether the first few of <see cref="Keys"/> are found much sooner than all: they come in order, or by an index, and then SQLite sorts no more than the few. Only a look at each row of a
    /// table above costs the same for few and for all.
    /// </summary>
    public bool HasQuickStart { get; }

    /// <summary>Reads the entities of a JSON array of keys, in its order: the key, the public id, the file (or null), <see cref="Attributes"/>.</summary>
    public string Rows { get; }

    /// <summary>The attributes that <see cref="Rows"/> gives, by tag. Those without SQL are not columns.</summary>
    public IReadOnlyList<QueryAttribute> Attributes { get; }

    /// <summary>The conditions on the row itself.</summary>
    public IReadOnlyList<TagMatch> Matches { get; }

    /// <summary>The conditions that only a file can answer.</summary>
    public List<TagMatch> HeaderMatches { get; } = [];

    /// <summary>What is returned from a file.</summary>
    public IReadOnlyList<DicomTag> ReturnedFromHeader { get; }

    /// <summary>Whether somebody waits for an attribute of <see cref="ReturnedFromHeader"/>; else they are returned where that costs little.</summary>
    public bool MustReadHeader { get; private set; }

    /// <summary>The query for an entity below that has what is asked of the levels below; its first parameter is the key of the row. Null when nothing is.</summary>
    public QuerySql? Below { get; }

    /// <summary>Whether a key of the query cannot be matched or returned at this level.</summary>
    public bool HasUnsupportedKeys { get; private set; }

    private string Alias => Aliases[(int)Query.Level];

    /// <summary>The file of the first instance of an entity whose key is the parameter.</summary>
    public static string FirstFile(Level level) => level switch
    {
        Level.Patient => """
            SELECT i.key FROM study s CROSS JOIN series e ON e.study = s.id CROSS JOIN instance i ON i.series = e.id WHERE s.patient = @1 ORDER BY s.id, e.id, i.id LIMIT 1
            """,
        Level.Study => "SELECT i.key FROM series e CROSS JOIN instance i ON i.series = e.id WHERE e.study = @1 ORDER BY e.id, i.id LIMIT 1",
        Level.Series => "SELECT key FROM instance WHERE series = @1 ORDER BY id LIMIT 1",
        _ => "SELECT key FROM instance WHERE id = @1",
    };

    private void Sort(TagMatch match, SortedDictionary<DicomTag, QueryAttribute> wanted)
    {
        if (QueryAttributes.Find(match.Tag, Query.Level) is { } attribute)
        {
            if (match is TagMatch.Moment { TimeTag: var time })
            {
                if (QueryAttributes.Find(time, Query.Level) is not { } clock)
                {
                    HeaderMatches.Add(match);
                    return;
                }
                wanted[time] = clock;
            }
            wanted[match.Tag] = attribute;
            _own.Add((attribute, match));
        }
        else if (QueryAttributes.FindBelow(match.Tag, Query.Level) is { } below)
        {
            _below.Add((below, match));
        }
        else if (IsBulk(match.Tag, match.Vr))
        {
            HasUnsupportedKeys = true; // PS3.4 §C.2.2.1.3: an optional key that is not matched on
        }
        else
        {
            HeaderMatches.Add(match);
        }
    }

    // pixels and the like are no keys; files are read up to them only
    private static bool IsBulk(DicomTag tag, DicomVr vr) => tag.Group >= 0x7FE0
        || vr == DicomVr.OB || vr == DicomVr.OW || vr == DicomVr.OD || vr == DicomVr.OF || vr == DicomVr.OL || vr == DicomVr.OV;

    private (string Sql, IReadOnlyList<object> Values, bool HasQuickStart) BuildKeys(long? parent)
    {
        var values = new List<object>();
        var sql = new MatchSql(values);
        var level = Query.Level;
        var (arms, start, driver) = Start(sql, parent);
        var filters = new List<string>();
        var top = Level.Instance;
        foreach (var own in _own)
        {
            // the arms have answered the condition they are for
            if (own != driver && sql.Filter(own.Attribute, own.Match) is { } filter)
            {
                filters.Add(filter);
                top = (Level)Math.Min((int)top, (int)own.Attribute.Level);
            }
        }
        if (_below.Count > 0 && !(_below.Count == 1 && _below[0] == driver))
        {
            filters.Add(Exists(sql));
        }
        filters.AddRange(LabelFilters(sql));
        // without an index from the top: a look at each patient and not at each of its instances
        start = arms.Count == 0 && top < start ? top : start;
        var inOrder = arms.Count == 0 && start == level;

        var (table, alias) = (Tables[(int)start], Aliases[(int)start]);
        var isAnswer = arms.Count > 0 && start == level && filters.Count == 0;
        var key = isAnswer ? "k.id" : Alias + ".id";
        var text = new StringBuilder("SELECT ").Append(key).Append(" FROM ");
        if (arms.Count == 0)
        {
            text.Append(table).Append(' ').Append(alias);
        }
        else
        {
            text.Append('(').AppendJoin(" UNION ", arms).Append(") k");
            if (!isAnswer)
            {
                text.Append(" CROSS JOIN ").Append(table).Append(' ').Append(alias).Append(" ON ").Append(alias).Append(".id = k.id");
            }
        }
        for (var at = start; at < level; at++)
        {
            Join(text, at + 1, $"{Aliases[(int)at + 1]}.{Tables[(int)at]} = {Aliases[(int)at]}.id");
        }
        for (var at = start; at > top; at--)
        {
            Join(text, at - 1, $"{Aliases[(int)at - 1]}.id = {Aliases[(int)at]}.{Tables[(int)at - 1]}");
        }
        var plus = inOrder ? "" : "+";
        filters.Add(string.Create(CultureInfo.InvariantCulture, $"{plus}{key} > @{values.Count + 1}"));
        text.Append(" WHERE ").AppendJoin(" AND ", filters).Append(CultureInfo.InvariantCulture, $" ORDER BY {plus}{key} LIMIT @{values.Count + 2}");
        return (text.ToString(), values, inOrder || arms.Count > 0);
    }

    /// <summary>Where the joins start: the statements that find the first table's rows by an index, all of them together, or none; and the condition they are for.</summary>
    private (IReadOnlyList<string> Arms, Level Level, (QueryAttribute Attribute, TagMatch Match)? Driver) Start(MatchSql sql, long? parent)
    {
        if (Query.Under is { } under)
        {
            if (under.Level >= Query.Level)
            {
                throw new InvalidOperationException("The resource must be of a level above the one that is looked for");
            }
            var (table, below) = (Tables[(int)under.Level], under.Level + 1);
            return parent is null ? ([$"SELECT id FROM {table} WHERE public_id = {sql.Parameter(under.Id.ToBytes())}"], under.Level, null)
                : ([$"SELECT id FROM {Tables[(int)below]} WHERE {table} = {sql.Parameter(parent.Value)}"], below, null);
        }
        var best = _own.Concat(_below).Select(c => (Condition: c, Rank: MatchSql.Rank(c.Attribute, c.Match)))
            .Where(c => c.Rank < int.MaxValue).OrderBy(c => c.Rank).ThenByDescending(c => c.Condition.Attribute.Level).ToList();
        if (best is not [var ((attribute, match), _), ..])
        {
            return Query.Labels is { Constraint: not LabelConstraint.None, Names.Count: > 0 } labels
                ? ([$"SELECT id FROM {Tables[(int)Query.Level]} WHERE public_id IN (SELECT resource FROM label WHERE {Labelled(sql, labels.Constraint == LabelConstraint.All ? [labels.Names[0]] : labels.Names)})"], Query.Level, null)
                : ([], Query.Level, null);
        }
        var conditions = sql.Arms(attribute, match);
        return attribute.Level > Query.Level
            ? ([.. conditions.Select(c => Ancestors(attribute.Level, c))], Query.Level, (attribute, match))
            : ([.. conditions.Select(c => $"SELECT id FROM {Tables[(int)attribute.Level]} WHERE {c}")], attribute.Level, (attribute, match));
    }

    private IEnumerable<string> LabelFilters(MatchSql sql)
    {
        if (Query.Labels is not { } labels || (labels.Names.Count == 0 && labels.Constraint != LabelConstraint.None))
        {
            return [];
        }
        string Having(string condition) => $"EXISTS (SELECT 1 FROM label l WHERE l.resource = {Alias}.public_id AND {condition})";
        return labels.Constraint switch
        {
            LabelConstraint.All => [.. labels.Names.Distinct(StringComparer.Ordinal).Select(name => Having(Labelled(sql, [name])))],
            LabelConstraint.Any => [Having(Labelled(sql, labels.Names))],
            _ => ["NOT " + Having(labels.Names.Count > 0 ? Labelled(sql, labels.Names) : OfLevel)],
        };
    }

    private string OfLevel => string.Create(CultureInfo.InvariantCulture, $"level = {(int)Query.Level}");

    private string Labelled(MatchSql sql, IReadOnlyList<string> names) => $"{OfLevel} AND name {(names.Count == 1 ? "= " + sql.Parameter(names[0]) : "IN " + sql.List(names))}";

    /// <summary>The ancestors, at the query's level, of the rows below that satisfy a condition.</summary>
    private string Ancestors(Level from, string condition)
    {
        var text = new StringBuilder();
        var parent = Tables[(int)from - 1];
        text.Append(CultureInfo.InvariantCulture, $" FROM (SELECT {parent} AS up FROM {Tables[(int)from]} WHERE {condition}) a{(int)from}");
        for (var at = (int)from - 1; at > (int)Query.Level; at--)
        {
            text.Append(CultureInfo.InvariantCulture, $" CROSS JOIN (SELECT id, {Tables[at - 1]} AS up FROM {Tables[at]}) a{at} ON a{at}.id = a{at + 1}.up");
        }
        return $"SELECT DISTINCT a{(int)Query.Level + 1}.up AS id{text}";
    }

    private string Exists(MatchSql sql)
    {
        var deepest = _below.Max(b => b.Attribute.Level);
        var first = Query.Level + 1;
        var text = new StringBuilder("EXISTS (SELECT 1 FROM ").Append(Tables[(int)first]).Append(' ').Append(Aliases[(int)first]);
        for (var at = first + 1; at <= deepest; at++)
        {
            Join(text, at, $"{Aliases[(int)at]}.{Tables[(int)at - 1]} = {Aliases[(int)at - 1]}.id");
        }
        text.Append(CultureInfo.InvariantCulture, $" WHERE {Aliases[(int)first]}.{Tables[(int)Query.Level]} = {Alias}.id");
        foreach (var (attribute, match) in _below)
        {
            if (sql.Filter(attribute, match) is { } filter)
            {
                text.Append(" AND ").Append(filter);
            }
        }
        return text.Append(')').ToString();
    }

    private string BuildRows()
    {
        var level = (int)Query.Level;
        var text = new StringBuilder($"SELECT {Alias}.id, {Alias}.public_id, {(Query.Level == Level.Instance ? "i.key" : "NULL")}");
        var top = level;
        foreach (var attribute in Attributes)
        {
            if (attribute.Sql is not null)
            {
                text.Append(", ").Append(attribute.Sql);
                top = Math.Min(top, (int)attribute.Level);
            }
        }
        text.Append(CultureInfo.InvariantCulture, $" FROM json_each(@1) k CROSS JOIN {Tables[level]} {Alias} ON {Alias}.id = k.value");
        for (var at = level - 1; at >= top; at--)
        {
            Join(text, (Level)at, $"{Aliases[at]}.id = {Aliases[at + 1]}.{Tables[at]}");
        }
        return text.ToString();
    }

    private static void Join(StringBuilder text, Level level, string on) =>
        text.Append(" CROSS JOIN ").Append(Tables[(int)level]).Append(' ').Append(Aliases[(int)level]).Append(" ON ").Append(on);
}
