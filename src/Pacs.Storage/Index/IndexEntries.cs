namespace Pacs.Storage;

/// <summary>Where an instance is and what is needed to send it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">Its file, see <see cref="Archive.TryGetPath"/>.</param>
/// <param name="Size">Bytes of the file.</param>
/// <param name="DataOffset">Where in the file the data set starts.</param>
/// <param name="HeaderLength">How many bytes from the start of the file are before the pixel data.</param>
/// <param name="SyntaxUid">The transfer syntax of the file.</param>
/// <param name="SopClass">SOP Class UID.</param>
/// <param name="SopInstance">SOP Instance UID.</param>
/// <param name="Frames">Number of frames.</param>
public sealed record InstanceLocation(
    ResourceId Id, string Key, long Size, int DataOffset, long HeaderLength, string SyntaxUid, string SopClass, string SopInstance, int Frames);

/// <summary>A study with its patient, as lists show it.</summary>
/// <param name="Patient">The patient.</param>
/// <param name="Study">The study.</param>
public sealed record StudyEntry(Patient Patient, Study Study);

/// <summary>Where a page of <see cref="IndexReader.NewestStudiesAsync"/> ended. Of the last entry: its <see cref="Study.SortKey"/> and <see cref="Study.Id"/>.</summary>
/// <param name="SortKey"><see cref="Study.SortKey"/> of the last entry.</param>
/// <param name="Id"><see cref="Study.Id"/> of the last entry.</param>
public sealed record StudyCursor(string SortKey, long Id);

/// <summary>An instance with all its parents: everything the index knows about it.</summary>
/// <param name="Patient">The patient.</param>
/// <param name="Study">The study.</param>
/// <param name="Series">The series.</param>
/// <param name="Instance">The instance.</param>
public sealed record InstanceEntry(Patient Patient, Study Study, Series Series, Instance Instance);

/// <summary>A series with its parents.</summary>
/// <param name="Patient">The patient.</param>
/// <param name="Study">The study.</param>
/// <param name="Series">The series.</param>
public sealed record SeriesEntry(Patient Patient, Study Study, Series Series);

/// <summary>How much there is.</summary>
/// <param name="Patients">Number of patients.</param>
/// <param name="Studies">Number of studies.</param>
/// <param name="Series">Number of series.</param>
/// <param name="Instances">Number of instances.</param>
/// <param name="Size">Bytes of all files.</param>
/// <param name="Conflicts">Number of conflicts.</param>
public sealed record Statistics(long Patients, long Studies, long Series, long Instances, long Size, long Conflicts);

/// <summary>A label and how many resources have it.</summary>
/// <param name="Name">The label.</param>
/// <param name="Count">How many resources of the level have it.</param>
public sealed record LabelCount(string Name, int Count);

/// <summary>A resource of any level: what the index knows of it and of its parents.</summary>
/// <param name="Row">Its row number in the table of its level.</param>
/// <param name="Patient">The patient.</param>
/// <param name="Study">The study; null for patients.</param>
/// <param name="Series">The series; null for what is above.</param>
/// <param name="Instance">The instance; null for what is above.</param>
public sealed record ResourceEntry(long Row, Patient Patient, Study? Study, Series? Series, Instance? Instance)
{
    /// <summary>The ids of what is directly below, in order of arrival.</summary>
    public IReadOnlyList<ResourceId> Children { get; init; } = [];

    /// <summary>Its labels, by name.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What somebody has noted about it, by number.</summary>
    public IReadOnlyList<UserMetadata> Metadata { get; init; } = [];

    /// <summary>Its level.</summary>
    public Level Level => Instance is not null ? Level.Instance : Series is not null ? Level.Series : Study is not null ? Level.Study : Level.Patient;

    /// <summary>Its id.</summary>
    public ResourceId Id => Instance?.PublicId ?? Series?.PublicId ?? Study?.PublicId ?? Patient.PublicId;
}
