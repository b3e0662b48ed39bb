using System.Globalization;
using System.Text;

namespace Pacs.Dicom;

/// <summary>The place of an element in a data set, as <see cref="BulkDataUri"/> gives it.</summary>
public static class BulkDataPath
{
    /// <summary>Finds the element at a place.</summary>
    /// <param name="dataset">Where to look.</param>
    /// <param name="path">The place, e.g. <c>00400555/1/0040A13A</c>.</param>
    /// <returns>Null when there is no such element, or this is no place.</returns>
    public static DicomElement? Find(DicomDataset dataset, string path)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.Split('/');
        for (var i = 0; ; i += 2)
        {
            if (parts[i].Length != 8 || !DicomTag.TryParse(parts[i], out var tag) || !dataset.TryGet(tag, out var element))
            {
                return null;
            }
            if (i + 1 == parts.Length)
            {
                return element;
            }
            if (i + 2 >= parts.Length || element.Items is not { } items
                || !int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var item) || item < 1 || item > items.Count)
            {
                return null;
            }
            dataset = items[item - 1];
        }
    }

    internal static string Of(Stack<(DicomTag Tag, int Item)> path, DicomTag tag)
    {
        if (path.Count == 0)
        {
            return tag.ToHexString();
        }
        var text = new StringBuilder();
        foreach (var (sequence, item) in path.Reverse())
        {
            text.Append(CultureInfo.InvariantCulture, $"{sequence.ToHexString()}/{item}/");
        }
        return text.Append(tag.ToHexString()).ToString();
    }
}
