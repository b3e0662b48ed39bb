using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// The field list of a profile: one text for each field, four digits and what follows after a blank, with variables in braces: <c>6228 {Accession} / {Modality}</c>.
/// <c>{A|B}</c> is the first of the two that is not empty. A question mark behind the digits leaves the field out when one of its variables is empty:
/// <c>3103? {BirthDate}</c>. A line of its own, <c>{Measurements}</c>, <c>{Lines}</c> or <c>{Attachments}</c>, in a measurement <c>{Notes}</c>, stands for a list.
/// </summary>
public sealed class GdtTemplate
{
    /// <summary>The line that stands for the measured values of a report.</summary>
    public const string Measurements = "{Measurements}";

    /// <summary>The line that stands for a report in words.</summary>
    public const string Lines = "{Lines}";

    /// <summary>The line that stands for what else there is to say of a measured value.</summary>
    public const string Notes = "{Notes}";

    /// <summary>The line that stands for links and files.</summary>
    public const string Attachments = "{Attachments}";

    private readonly List<Line> _lines;

    private GdtTemplate(List<Line> lines) => _lines = lines;

    private sealed record Line(string Id, bool IsOptional, IReadOnlyList<Part> Parts);

    // text, or the variables of which the first that is not empty is taken
    private readonly record struct Part(string? Text, string[] Variables);

    /// <summary>Reads a field list.</summary>
    /// <param name="name">What it is called in messages: <c>Study</c>.</param>
    /// <param name="fields">The list.</param>
    /// <param name="variables">The variables there are.</param>
    /// <param name="lists">The lists that may stand in it.</param>
    /// <param name="problems">Gets everything that is wrong, with the line it is in.</param>
    public static GdtTemplate Parse(string name, IReadOnlyList<string> fields, IReadOnlySet<string> variables, IReadOnlySet<string> lists, ICollection<GdtProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(fields);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(lists);
        ArgumentNullException.ThrowIfNull(problems);
        var lines = new List<Line>();
        foreach (var (i, field) in fields.Index())
        {
            if (lists.Contains(field))
            {
                lines.Add(new Line(field, false, []));
                continue;
            }
            var optional = field.Length > 4 && field[4] == '?';
            var head = optional ? 5 : 4;
            if (field.Length < 4 || !field.Take(4).All(char.IsAsciiDigit) || (field.Length > head && field[head] != ' '))
            {
                problems.Add(new GdtProblem(name, GdtProblemKind.FieldId, $"[{i}]", Shorten(field)));
                continue;
            }
            var parts = Parts(field.Length > head ? field[(head + 1)..] : "", variables, out var unknown, out var isClosed);
            if (unknown is not null || !isClosed)
            {
                problems.Add(new GdtProblem(name, isClosed ? GdtProblemKind.Variable : GdtProblemKind.Brace, $"[{i}], field {field[..4]}", Shorten(unknown ?? "")));
            }
            lines.Add(new Line(field[..4], optional, parts));
        }
        return new GdtTemplate(lines);
    }

    /// <summary>The field ids in their order, lists by their names.</summary>
    public IEnumerable<string> Ids => _lines.Select(l => l.Id);

    /// <summary>Adds the fields to a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="values">The values of the variables; absent is the same as empty.</param>
    /// <param name="list">Adds the fields of a list.</param>
    public void Render(GdtRecord record, IReadOnlyDictionary<string, string?> values, Action<string>? list = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        foreach (var line in _lines)
        {
            if (line.Id.Length > 4)
            {
                list?.Invoke(line.Id);
                continue;
            }
            var text = new StringBuilder();
            var isWhole = true;
            foreach (var part in line.Parts)
            {
                var value = part.Text ?? part.Variables.Select(v => values.GetValueOrDefault(v)).FirstOrDefault(v => !string.IsNullOrEmpty(v));
                isWhole &= !string.IsNullOrEmpty(value);
                text.Append(value);
            }
            if (isWhole || !line.IsOptional)
            {
                record.Add(line.Id, text.ToString());
            }
        }
    }

    private static List<Part> Parts(string text, IReadOnlySet<string> variables, out string? unknown, out bool isClosed)
    {
        (unknown, isClosed) = (null, true);
        var parts = new List<Part>();
        while (text.Length > 0)
        {
            var open = text.IndexOf('{', StringComparison.Ordinal);
            if (open != 0)
            {
                parts.Add(new Part(open < 0 ? text : text[..open], []));
                text = open < 0 ? "" : text[open..];
                continue;
            }
            var close = text.IndexOf('}', StringComparison.Ordinal);
            if (close < 0)
            {
                isClosed = false;
                return parts;
            }
            var names = text[1..close].Split('|');
            unknown ??= names.FirstOrDefault(n => !variables.Contains(n));
            parts.Add(new Part(null, names));
            text = text[(close + 1)..];
        }
        return parts;
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
