namespace Pacs.Storage;

/// <summary>Which of some labels an entity must have.</summary>
public enum LabelConstraint
{
    /// <summary>Each of them.</summary>
    All,

    /// <summary>At least one of them.</summary>
    Any,

    /// <summary>None of them.</summary>
    None,
}

/// <summary>A condition on the labels of the entity that is looked for.</summary>
/// <param name="Names">The labels. None at all with <see cref="LabelConstraint.None"/>: only entities without any label; with the others no condition.</param>
/// <param name="Constraint">Which of them.</param>
public sealed record LabelMatch(IReadOnlyList<string> Names, LabelConstraint Constraint);
