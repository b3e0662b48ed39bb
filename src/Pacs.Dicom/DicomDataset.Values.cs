namespace Pacs.Dicom;

public sealed partial class DicomDataset
{
    /// <summary>The value at an index as a date, or null when it is absent or no date. Read leniently, see <see cref="DicomDate.TryParse"/>.</summary>
    public DicomDate? GetDate(DicomTag tag, int index = 0) => DicomDate.Parse(Value(tag, index));

    /// <summary>The value at an index as a time of day, or null when it is absent or none. Read leniently, see <see cref="DicomTime.TryParse"/>.</summary>
    public DicomTime? GetTime(DicomTag tag, int index = 0) => DicomTime.Parse(Value(tag, index));

    /// <summary>The value at an index as a date time, or null when it is absent or none. Read leniently, see <see cref="DicomDateTime.TryParse"/>.</summary>
    public DicomDateTime? GetDateTime(DicomTag tag, int index = 0) => DicomDateTime.Parse(Value(tag, index));

    /// <summary>A DA and the TM that belongs to it, such as Study Date and Study Time, as one; with the date alone when there is no time. Null without a date.</summary>
    public DicomDateTime? GetDateTime(DicomTag date, DicomTag time) => GetDate(date) is not { } day ? null
        : GetTime(time) is { } clock ? new DicomDateTime(day.Date.ToDateTime(clock.Time), clock.Precision)
        : new DicomDateTime(day.Date.ToDateTime(TimeOnly.MinValue), DicomPrecision.Day);

    /// <summary>The value at an index as a person name, or null when it is absent or empty.</summary>
    public PersonName? GetPersonName(DicomTag tag, int index = 0) =>
        Value(tag, index) is { Length: > 0 } text && PersonName.Parse(text) is { IsEmpty: false } name ? name : null;

    private string? Value(DicomTag tag, int index)
    {
        var values = GetStrings(tag);
        return (uint)index < (uint)values.Length ? values[index] : null;
    }

    /// <summary>
    /// Sets a text value with the dictionary's VR and checks only that the character set has its characters. For matching keys
    /// (<c>MUE*</c>, <c>20200101-20201231</c>, a list of UIDs), which PS3.5 §6.2 does not allow as values, and for values of another system that
    /// are passed on as they are.
    /// </summary>
    /// <exception cref="DicomException">The VR takes no text, or the data set's character set lacks a character.</exception>
    public DicomDataset SetUnchecked(DicomTag tag, params ReadOnlySpan<string> values)
    {
        var vr = DicomDictionary.GetVr(tag);
        return vr.IsString ? Set(Encoded(tag, vr, values)) : throw new DicomException($"VR {vr} does not take text", tag);
    }

    private DicomElement Encoded(DicomTag tag, DicomVr vr, ReadOnlySpan<string> values)
    {
        if (!CharacterSet.TryEncode(string.Join('\\', values), vr, out var bytes))
        {
            throw new DicomException(vr.IsText
                ? $"The character set '{CharacterSet.Value}' lacks a character of the value; use ISO_IR 192"
                : $"VR {vr} takes characters of ASCII only", tag);
        }
        return new DicomElement(tag, vr, bytes);
    }

    private static void Check(DicomTag tag, DicomVr vr, ReadOnlySpan<string> values)
    {
        if (!vr.IsString)
        {
            throw new DicomException($"VR {vr} does not take text", tag);
        }
        if (!vr.IsMultiString && values.Length > 1)
        {
            throw new DicomException($"VR {vr} takes one value, not {values.Length}", tag);
        }
        var count = 0;
        foreach (var value in values)
        {
            // one string may hold several values, as GetString gives them
            foreach (var single in vr.IsMultiString ? value.Split('\\') : [value])
            {
                count++;
                if (ValueRules.Violation(vr, single) is { } rule)
                {
                    throw new DicomException(rule + " (PS3.5 §6.2)", tag);
                }
            }
        }
        if ((count > 1 || (count == 1 && values[0] is { Length: > 0 })) && ValueRules.CountViolation(tag, count) is { } countRule)
        {
            throw new DicomException(countRule + " (PS3.6 §6)", tag);
        }
    }

    /// <summary>Writes all texts of this data set and of the items in it in another character set, and sets (0008,0005) here and nowhere below.</summary>
    /// <returns>This data set.</returns>
    /// <exception cref="DicomException">A text has a character that the set lacks, or bytes that are no characters. Nothing has been changed then.</exception>
    public DicomDataset ConvertCharacterSet(CharacterSet target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var changes = new List<(DicomDataset Dataset, DicomElement Element)>();
        var declarations = new List<DicomDataset>();
        // depth comes from the peer: no recursion
        var work = new Stack<DicomDataset>([this]);
        while (work.TryPop(out var next))
        {
            if (next != this && next.Contains(DicomTag.SpecificCharacterSet))
            {
                declarations.Add(next);
            }
            foreach (var element in next._elements)
            {
                if (element.Items is { } items)
                {
                    foreach (var item in items)
                    {
                        work.Push(item);
                    }
                }
                else if (element.Vr.IsText && next.Converted(element, target) is { } converted)
                {
                    changes.Add((next, converted));
                }
            }
        }
        foreach (var (dataset, element) in changes)
        {
            dataset.Set(element);
        }
        foreach (var dataset in declarations)
        {
            dataset.Remove(DicomTag.SpecificCharacterSet);
        }
        // an item says even that it is ASCII: its parent may not be
        if (target.Value.Length > 0 || Parent is not null)
        {
            return Set(new DicomElement(DicomTag.SpecificCharacterSet, DicomVr.CS, System.Text.Encoding.ASCII.GetBytes(target.Value)));
        }
        Remove(DicomTag.SpecificCharacterSet);
        return this;
    }

    // null when the bytes stay the same
    private DicomElement? Converted(DicomElement element, CharacterSet target)
    {
        var bytes = element.Value.Span;
        if (System.Text.Ascii.IsValid(bytes) && !bytes.Contains(CodeExtensions.Escape))
        {
            return null;
        }
        var text = CharacterSet.Decode(bytes, element.Vr).TrimEnd(' ', '\0');
        // U+FFFD is a character too, if it has been written as one
        if (text.Contains(CodedSet.None) && !(CharacterSet.TryEncode(text, element.Vr, out var same) && bytes.StartsWith(same)))
        {
            throw new DicomException($"Bytes that are no characters of '{CharacterSet.Value}'", element.Tag);
        }
        return target.TryEncode(text, element.Vr, out var encoded)
            ? new DicomElement(element.Tag, element.Vr, encoded)
            : throw new DicomException($"The character set '{target.Value}' lacks a character of the value", element.Tag);
    }
}
