namespace Pacs.Storage;

/// <summary>
/// Which instances are meant, by the unique keys of the four levels (PS3.4 §C.4.2.1.4.1). At least those of <see cref="Level"/> are given; those of the levels above narrow it where
/// they are given, too. Any of a list matches.
/// </summary>
public sealed record RetrieveKeys(Level Level)
{
    /// <summary>(0010,0020), compared as it is.</summary>
    public IReadOnlyList<string> PatientIds { get; init; } = [];

    /// <summary>(0020,000D).</summary>
    public IReadOnlyList<string> Studies { get; init; } = [];

    /// <summary>(0020,000E).</summary>
    public IReadOnlyList<string> Series { get; init; } = [];

    /// <summary>(0008,0018).</summary>
    public IReadOnlyList<string> Instances { get; init; } = [];

    /// <summary>The keys of <see cref="Level"/>.</summary>
    public IReadOnlyList<string> Own => Level switch
    {
        Level.Patient => PatientIds,
        Level.Study => Studies,
        Level.Series => Series,
        _ => Instances,
    };
}
