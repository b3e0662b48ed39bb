using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Comparing data sets as the standard does: padding does not count, the way of writing neither.</summary>
internal static class Datasets
{
    /// <summary>Where two data sets differ, or null.</summary>
    public static string? Difference(DicomDataset expected, DicomDataset actual)
    {
        var left = expected.Where(e => !e.Tag.IsGroupLength || e.Tag.Group <= 2).ToList();
        var right = actual.Where(e => !e.Tag.IsGroupLength || e.Tag.Group <= 2).ToList();
        for (var i = 0; i < Math.Max(left.Count, right.Count); i++)
        {
            if (i >= left.Count)
            {
                return $"one more: {right[i]}";
            }
            if (i >= right.Count)
            {
                return $"missing: {left[i]}";
            }
            if (!Same(left[i], right[i]))
            {
                return $"{left[i]} became {right[i]}{Inside(left[i], right[i])}";
            }
        }
        return null;
    }

    private static string Inside(DicomElement a, DicomElement b) => a.Items is { } items && b.Items is { } others
        ? ", in an item: " + items.Zip(others, Difference).FirstOrDefault(d => d is not null)
        : $", {Convert.ToHexString(a.Value.Span[..Math.Min(40, a.Value.Length)])} became {Convert.ToHexString(b.Value.Span[..Math.Min(40, b.Value.Length)])}";

    /// <summary>Whether two elements have the same tag, VR and content.</summary>
    public static bool Same(DicomElement a, DicomElement b)
    {
        if (a.Tag != b.Tag || a.Vr != b.Vr || a.IsSequence != b.IsSequence || a.IsEncapsulated != b.IsEncapsulated)
        {
            return false;
        }
        if (a.Items is { } items)
        {
            return items.Count == b.Items!.Count && items.Zip(b.Items).All(p => Difference(p.First, p.Second) is null);
        }
        if (a.Fragments is { } fragments)
        {
            return fragments.Count == b.Fragments!.Count && fragments.Zip(b.Fragments).All(p => SameBytes(p.First.Span, p.Second.Span, 0));
        }
        return SameBytes(a.Value.Span, b.Value.Span, a.Vr.Padding);
    }

    private static bool SameBytes(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, byte padding)
    {
        if (a.Length > b.Length)
        {
            return SameBytes(b, a, padding);
        }
        return b.StartsWith(a) && (b.Length == a.Length || (b.Length == a.Length + 1 && (a.Length & 1) == 1 && b[^1] == padding));
    }
}
