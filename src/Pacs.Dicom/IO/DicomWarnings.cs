using System.Collections;

namespace Pacs.Dicom;

/// <summary>Something that the standard does not allow and that was read nevertheless.</summary>
/// <param name="Message">What it is, without patient data.</param>
/// <param name="Tag">The element concerned, if any.</param>
/// <param name="Offset">Bytes from the start of the file, or of the data set where there is no file.</param>
public sealed record DicomWarning(string Message, DicomTag? Tag, long Offset)
{
    /// <inheritdoc/>
    public override string ToString() => Tag is { } tag ? $"{Message} in {tag} at offset {Offset}" : $"{Message} at offset {Offset}";
}

/// <summary>What a reader had to forgive, in the order of the bytes. Keeps the first <see cref="Kept"/> and counts the rest.</summary>
public sealed class DicomWarnings : IReadOnlyList<DicomWarning>
{
    /// <summary>The most warnings that are kept: hostile bytes can deserve millions.</summary>
    public const int Kept = 100;

    private readonly List<DicomWarning> _first = [];

    /// <summary>How many there were, those that are not kept included.</summary>
    public long Total { get; private set; }

    /// <summary>How many are kept.</summary>
    public int Count => _first.Count;

    /// <summary>One that is kept.</summary>
    public DicomWarning this[int index] => _first[index];

    /// <inheritdoc/>
    public IEnumerator<DicomWarning> GetEnumerator() => _first.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(string message, DicomTag? tag, long offset)
    {
        Total++;
        if (_first.Count < Kept)
        {
            _first.Add(new DicomWarning(message, tag, offset));
        }
    }

    internal void AddAll(DicomWarnings others)
    {
        Total += others.Total - others.Count;
        foreach (var warning in others)
        {
            Add(warning.Message, warning.Tag, warning.Offset);
        }
    }
}
