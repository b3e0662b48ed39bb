using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// A query over the archive, whichever door it came through: C-FIND, QIDO-RS or /tools/find. The answers are the entities of one level for which every
/// condition holds (PS3.4 §C.2.2.2, relational as in §C.4.1.3.2: conditions may be on any level).
/// </summary>
/// <param name="Level">What is looked for.</param>
/// <param name="Matches">
/// The conditions. One on an attribute of this level or of a level above is about the entity; those on levels below hold when one entity below satisfies all of
/// them. Attributes that the index lacks (<see cref="QueryAttributes"/>) are those of the entity's first instance.
/// </param>
/// <param name="Return">What will be asked of the answers; only this is read.</param>
public sealed record DicomQuery(Level Level, IReadOnlyList<TagMatch> Matches, IReadOnlyList<ReturnKey> Return)
{
    /// <summary>How many answers to pass over. Default 0.</summary>
    public int Offset { get; init; }

    /// <summary>The most answers. Default null: all.</summary>
    public int? Limit { get; init; }

    /// <summary>Only entities that arrived after this one: <see cref="QueryRow.RowId"/> of the last answer of the page before. Default 0.</summary>
    public long After { get; init; }

    /// <summary>Only what is below this resource, which must be of a level above. Default null: the whole archive.</summary>
    public (Level Level, ResourceId Id)? Under { get; init; }

    /// <summary>Only entities with, or without, these labels. Default null: whatever their labels.</summary>
    public LabelMatch? Labels { get; init; }

    /// <summary>Our AE title: the value of (0008,0054) in every answer (PS3.4 §C.4.1.1.3.2). Default empty: the attribute is unknown.</summary>
    public string RetrieveAe { get; init; } = "";

    /// <summary>
    /// How many files may be opened for attributes that the index lacks. Default 10,000, some seconds: enough for a year of an office's studies, and an end to a
    /// query that would read the whole archive.
    /// </summary>
    public int MaxHeaders { get; init; } = 10_000;

    /// <summary>How many of these files may be opened when nothing is wanted of them but <see cref="ReturnKey.IsOptional"/> attributes. Default 1,000: nobody waits for what he has not asked for.</summary>
    public int MaxOptionalHeaders { get; init; } = 1000;
}

/// <summary>A query would have to open more files than it may; the answers that it gave until then are right, others are missing.</summary>
/// <param name="tag">The attribute that the index lacks.</param>
public sealed class QueryTooBroadException(DicomTag tag) : Exception($"{tag} is matched in files, of which a query opens a limited number")
{
    /// <summary>The attribute that the index lacks.</summary>
    public DicomTag Tag { get; } = tag;
}
