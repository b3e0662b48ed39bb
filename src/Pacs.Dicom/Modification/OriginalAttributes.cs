using System.Globalization;

namespace Pacs.Dicom.Modification;

/// <summary>A value that was replaced.</summary>
/// <param name="Tag">The attribute.</param>
/// <param name="Old">What it said before; empty when it had no value.</param>
/// <param name="New">What it said afterwards; empty when it was removed.</param>
public sealed record AttributeChange(DicomTag Tag, string Old, string New);

/// <summary>Values that were replaced in one go: an item of Original Attributes Sequence.</summary>
/// <param name="At">(0400,0562), or null when it cannot be read.</param>
/// <param name="System">(0400,0563): who replaced them.</param>
/// <param name="Reason">(0400,0565): <c>COERCE</c> or <c>CORRECT</c> as a rule.</param>
/// <param name="Changes">The texts among them.</param>
public sealed record OriginalAttributesItem(DateTimeOffset? At, string System, string Reason, IReadOnlyList<AttributeChange> Changes);

/// <summary>What an instance said before somebody changed it (PS3.3 §C.12.1.1.9): it stays with the instance, goes with it when it is sent, and when it is deleted.</summary>
public static class OriginalAttributes
{
    /// <summary>Values were replaced with those of a real-world object (PS3.3 table C.12-1).</summary>
    public const string Coerced = "COERCE";

    /// <summary>Values were wrong.</summary>
    public const string Corrected = "CORRECT";

    private const string Moment = "yyyyMMddHHmmss.ffffffzzz";

    /// <summary>Notes what was replaced.</summary>
    /// <param name="dataset">The changed data set.</param>
    /// <param name="characterSet">(0008,0005) as it was: the texts keep their bytes.</param>
    /// <param name="replaced">The elements as they were.</param>
    /// <param name="source">Who sent them; empty when it is not known.</param>
    /// <param name="at">When.</param>
    /// <param name="reason"><see cref="Coerced"/> or <see cref="Corrected"/>.</param>
    public static void Note(DicomDataset dataset, DicomElement? characterSet, IEnumerable<DicomElement> replaced, string source, DateTimeOffset at, string reason)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(replaced);
        var previous = new DicomDataset();
        if (characterSet is not null)
        {
            previous.Set(characterSet);
        }
        foreach (var element in replaced)
        {
            previous.Set(element);
        }
        var item = new DicomDataset().Set(DicomTag.SourceOfPreviousValues, source)
            .Set(DicomTag.AttributeModificationDateTime, at.UtcDateTime.ToString("yyyyMMddHHmmss.ffffff'+0000'", CultureInfo.InvariantCulture))
            .Set(DicomTag.ModifyingSystem, FileMetaInformation.ImplementationVersionName).Set(DicomTag.ReasonForTheAttributeModification, reason)
            .Set(DicomTag.ModifiedAttributesSequence, previous);
        dataset.Set(DicomTag.OriginalAttributesSequence, dataset.GetSequence(DicomTag.OriginalAttributesSequence).Append(item));
    }

    /// <summary>What was replaced, in the order of the sequence, with what took its place.</summary>
    public static IReadOnlyList<OriginalAttributesItem> Read(DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var items = dataset.GetSequence(DicomTag.OriginalAttributesSequence);
        var before = items.Select(item => item.GetSequence(DicomTag.ModifiedAttributesSequence) is [var first, ..] ? first : []).ToList();
        return [.. items.Select((item, i) => new OriginalAttributesItem(
            At(item.GetString(DicomTag.AttributeModificationDateTime)), item.GetString(DicomTag.ModifyingSystem) ?? "", item.GetString(DicomTag.ReasonForTheAttributeModification) ?? "",
            [.. before[i].Where(e => e.Vr.IsString && e.Tag != DicomTag.SpecificCharacterSet)
                // what came after is what the next change found
                .Select(e => new AttributeChange(e.Tag, before[i].GetString(e.Tag) ?? "", (before.Skip(i + 1).FirstOrDefault(later => later.Contains(e.Tag)) ?? dataset).GetString(e.Tag) ?? ""))
                .Where(change => change.Old != change.New)]))];
    }

    private static DateTimeOffset? At(string? text) =>
        text is { Length: >= 5 } && DateTimeOffset.TryParseExact(text.Insert(text.Length - 2, ":"), Moment, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at : null;
}
