namespace Pacs.Dicom.Modification;

/// <summary>A new value of an attribute: a text, or the items of a sequence.</summary>
/// <param name="Text">The text; several values are separated by <c>\</c>. Null for a sequence.</param>
/// <param name="Items">The items, each a list of attributes. Null for a text.</param>
public sealed record Replacement(string? Text, IReadOnlyList<IReadOnlyDictionary<DicomTag, Replacement>>? Items = null)
{
    /// <summary>Puts the value into a data set, with the dictionary's VR, or that of the element it replaces. A character set that lacks a character gives way to UTF-8.</summary>
    /// <exception cref="DicomException">The attribute takes no such value.</exception>
    public void Set(DicomDataset dataset, DicomTag tag)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (Items is not null)
        {
            var items = new List<DicomDataset>();
            dataset.Set(new DicomElement(tag, []));
            foreach (var values in Items)
            {
                var item = new DicomDataset();
                items.Add(item);
                dataset.Set(new DicomElement(tag, items)); // it inherits the character set
                foreach (var (inner, value) in values)
                {
                    value.Set(item, inner);
                }
            }
            return;
        }
        var vr = tag.IsPrivate ? dataset.Get(tag)?.Vr is { IsString: true } own ? own : DicomVr.LO : DicomDictionary.GetVr(tag);
        if (!vr.IsString)
        {
            dataset.Set(tag, double.TryParse(Text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw new DicomException($"VR {vr} takes a number", tag));
            return;
        }
        if (vr.IsText && !dataset.CharacterSet.TryEncode(Text!, vr, out _))
        {
            var root = dataset;
            while (root.Parent is { } parent)
            {
                root = parent;
            }
            root.ConvertCharacterSet(CharacterSet.Utf8);
        }
        dataset.Set(tag, vr, Text!);
    }
}
