using Microsoft.Extensions.Localization;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>What is wrong with GDT folders, records and profiles, in the language of the page.</summary>
public static class GdtWords
{
    /// <summary>Why something does not go on; a reason that nobody foresaw stays as it is.</summary>
    public static string Reason(this IStringLocalizer<Texts> texts, string? reason)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (reason is null)
        {
            return "";
        }
        if (reason.StartsWith(GdtReasons.Attachments, StringComparison.Ordinal))
        {
            return texts["GdtReason.Attachments", texts.Reason(reason[GdtReasons.Attachments.Length..])];
        }
        return GdtReasons.Names.TryGetValue(reason, out var name) ? texts["GdtReason." + name]
            : GdtReasons.ReadTooLong(reason) is { } parts ? texts["GdtReason.TooLong", [.. parts]]
            : GdtReasons.ReadTooLarge(reason) is { } sizes ? texts["GdtReason.TooLarge", [.. sizes]] : reason;
    }

    /// <summary>What could not be in a record; what a report says of its items stays as it is in the log.</summary>
    public static string LeftOut(this IStringLocalizer<Texts> texts, string sentence)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return GdtReasons.ReadLines(sentence) is { } lines ? texts["GdtReason.Lines", lines] : sentence;
    }

    /// <summary>What is wrong with a profile, without the name of the field: the form shows it there.</summary>
    public static string Problem(this IStringLocalizer<Texts> texts, GdtProblem problem)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(problem);
        var sentence = texts["GdtProblem." + problem.Kind, [.. problem.Arguments]].Value;
        return problem.Line is { } line ? $"{texts["GdtLog.Line", line]}: {sentence}" : sentence;
    }

    /// <summary>Puts problems to the fields of a form that they are about.</summary>
    public static void Say(this IStringLocalizer<Texts> texts, IEnumerable<GdtProblem> problems, Dictionary<string, List<string>> wrong)
    {
        ArgumentNullException.ThrowIfNull(problems);
        foreach (var problem in problems)
        {
            wrong.Say(problem.Field, texts.Problem(problem));
        }
    }

    /// <summary>Puts a sentence to the field of a form that it is about.</summary>
    public static void Say(this Dictionary<string, List<string>> wrong, string field, string sentence)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        if (!wrong.TryGetValue(field, out var sentences))
        {
            wrong.Add(field, sentences = []);
        }
        sentences.Add(sentence);
    }
}
