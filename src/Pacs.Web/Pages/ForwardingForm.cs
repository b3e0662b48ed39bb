using System.Globalization;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary>The fields of a forwarding rule as somebody typed them; patterns are separated by commas or lines.</summary>
public sealed class ForwardingForm
{
    /// <summary><see cref="ForwardingRule.Name"/>.</summary>
    public string? Name { get; set; }

    /// <summary><see cref="ForwardingRule.To"/>.</summary>
    public IReadOnlyList<string>? To { get; set; }

    /// <summary><see cref="ForwardingRule.CallingAet"/>.</summary>
    public string? CallingAet { get; set; }

    /// <summary><see cref="ForwardingRule.Modality"/>.</summary>
    public string? Modality { get; set; }

    /// <summary><see cref="ForwardingRule.StationName"/>.</summary>
    public string? StationName { get; set; }

    /// <summary><see cref="ForwardingRule.StudyDescription"/>.</summary>
    public string? StudyDescription { get; set; }

    /// <summary><see cref="ForwardingRule.SeriesDescription"/>.</summary>
    public string? SeriesDescription { get; set; }

    /// <summary><see cref="ForwardingRule.InstitutionName"/>.</summary>
    public string? InstitutionName { get; set; }

    /// <summary><see cref="ForwardingRule.Delay"/>.</summary>
    public string? Delay { get; set; } = "10";

    /// <summary><see cref="ForwardingRule.StorageCommitment"/>.</summary>
    public bool StorageCommitment { get; set; }

    /// <summary>The form for a rule.</summary>
    public static ForwardingForm Of(ForwardingRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return new ForwardingForm
        {
            Name = rule.Name,
            To = rule.To,
            CallingAet = string.Join(", ", rule.CallingAet),
            Modality = string.Join(", ", rule.Modality),
            StationName = string.Join(", ", rule.StationName),
            StudyDescription = string.Join(", ", rule.StudyDescription),
            SeriesDescription = string.Join(", ", rule.SeriesDescription),
            InstitutionName = string.Join(", ", rule.InstitutionName),
            Delay = rule.Delay.ToString(CultureInfo.InvariantCulture),
            StorageCommitment = rule.StorageCommitment,
        };
    }

    /// <summary>The rule that is described.</summary>
    /// <param name="wrong">Gets what is wrong: a text's key for the name of each field. Nothing, and the rule counts.</param>
    public ForwardingRule Read(Dictionary<string, string> wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        var rule = new ForwardingRule
        {
            Name = (Name ?? "").Trim(),
            To = To ?? [],
            CallingAet = Patterns(CallingAet),
            Modality = Patterns(Modality),
            StationName = Patterns(StationName),
            StudyDescription = Patterns(StudyDescription),
            SeriesDescription = Patterns(SeriesDescription),
            InstitutionName = Patterns(InstitutionName),
            Delay = int.TryParse(Delay?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : -1,
            StorageCommitment = StorageCommitment,
        };
        if (rule.Name.Length is 0 or > 64 || rule.Name.Any(char.IsControl))
        {
            wrong[nameof(Name)] = "Forwarding.Wrong.Name";
        }
        if (rule.To.Count == 0)
        {
            wrong[nameof(To)] = "Forwarding.Wrong.To";
        }
        if (rule.Delay is < 0 or > 86400)
        {
            wrong[nameof(Delay)] = "Forwarding.Wrong.Delay";
        }
        if (wrong.Count == 0 && rule.Problem is not null)
        {
            wrong[nameof(Modality)] = "Forwarding.Wrong.Pattern"; // the only thing left that can be wrong is a pattern's length
        }
        return rule;
    }

    private static string[] Patterns(string? text) => (text ?? "").Split(['\n', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
