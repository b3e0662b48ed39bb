namespace Pacs.Dicom;

/// <summary>What DA, TM and DT have in common: a stretch of time, as long as what is not given leaves open.</summary>
/// <typeparam name="T">The type itself.</typeparam>
public interface IDicomMoment<T>
    where T : struct
{
    /// <summary>Its first moment, in ticks of 100 ns.</summary>
    long FirstTick { get; }

    /// <summary>Its last moment, in ticks of 100 ns.</summary>
    long LastTick { get; }

    /// <summary>Reads a value leniently.</summary>
    static abstract bool TryParse(ReadOnlySpan<char> text, out T value);
}

/// <summary>
/// A range of dates or times for matching (PS3.4 §C.2.2.2.5): <c>a-b</c>, <c>a-</c> (a and later) or <c>-b</c> (b and earlier); bounds belong
/// to it. A single value is a range from it to it.
/// </summary>
/// <typeparam name="T"><see cref="DicomDate"/>, <see cref="DicomTime"/> or <see cref="DicomDateTime"/>.</typeparam>
/// <param name="From">The first value, or null for no bound.</param>
/// <param name="To">The last value, or null for no bound; <c>-11</c> as a time ends with the eleventh hour.</param>
public readonly record struct DicomRange<T>(T? From, T? To)
    where T : struct, IDicomMoment<T>
{
    /// <summary>Whether a value may lie in the range: whether any moment of it does.</summary>
    public bool Contains(T value) => !(From is { } from && value.LastTick < from.FirstTick) && !(To is { } to && value.FirstTick > to.LastTick);

    /// <summary>The range as DICOM writes it; a single value if both ends are the same.</summary>
    public override string ToString() => From is { } from && To is { } to && from.Equals(to) ? from.ToString()! : $"{From}-{To}";
}

/// <summary>Reading of <see cref="DicomRange{T}"/>.</summary>
public static class DicomRange
{
    /// <summary>Reads a range or a single value. False when a part is not a <typeparamref name="T"/>, or both are missing.</summary>
    public static bool TryParse<T>(ReadOnlySpan<char> text, out DicomRange<T> range)
        where T : struct, IDicomMoment<T>
    {
        range = default;
        text = text.Trim(" \0");
        // -0500 behind a DT is an offset and no year: what can be read as one value is one (PS3.4 §C.2.2.2.5.3)
        if (T.TryParse(text, out var single))
        {
            range = new DicomRange<T>(single, single);
            return true;
        }
        for (var i = text.IndexOf('-'); i >= 0;)
        {
            var before = text[..i].Trim(' ');
            var after = text[(i + 1)..].Trim(' ');
            T from = default, to = default;
            if ((!before.IsEmpty || !after.IsEmpty) && (before.IsEmpty || T.TryParse(before, out from)) && (after.IsEmpty || T.TryParse(after, out to)))
            {
                range = new DicomRange<T>(before.IsEmpty ? null : from, after.IsEmpty ? null : to);
                return true;
            }
            var next = text[(i + 1)..].IndexOf('-');
            i = next < 0 ? -1 : i + 1 + next;
        }
        return false;
    }

    /// <summary>As <see cref="TryParse{T}"/>, or null.</summary>
    public static DicomRange<T>? Parse<T>(string? text)
        where T : struct, IDicomMoment<T> => TryParse<T>(text, out var range) ? range : null;
}
