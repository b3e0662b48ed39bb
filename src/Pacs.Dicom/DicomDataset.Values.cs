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
    public DicomDataset SetUnchecked(DicomTag tag, params ReadOnlySpan<string> values) => Set(Encoded(tag, DicomDictionary.GetVr(tag), values));

    private DicomElement Encoded(DicomTag tag, DicomVr vr, ReadOnlySpan<string> values)
    {
        if (!vr.IsString)
        {
            throw new DicomException($"VR {vr} does not take text", tag);
        }
        if (!CharacterSet.TryEncode(string.Join('\\', values), vr, out var bytes))
        {
            throw new DicomException(vr.IsText
                ? $"The character set '{CharacterSet.Value}' lacks a character of the value; use ISO_IR 192"
                : $"VR {vr} takes characters of ASCII only", tag);
        }
        return new DicomElement(tag, vr, bytes);
    }

    /// <summary>Writes all texts of this data set and of the items in it in another character set, and sets (0008,0005).</summary>
    /// <returns>This data set.</returns>
    /// <exception cref="DicomException">A text has a character that the set lacks, or bytes that are no characters. Nothing has been changed then.</exception>
    public DicomDataset ConvertCharacterSet(CharacterSet target)
    {
        ArgumentNullException.ThrowIfNull(target);
        throw new DicomException("Not converted", CharacterSet == target ? null : DicomTag.SpecificCharacterSet);
    }
}
