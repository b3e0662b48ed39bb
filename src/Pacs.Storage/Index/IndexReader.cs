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

/// <summary>Everything that is read from the index. Any number at a time; connections are read-only and see the last commit.</summary>
public sealed class IndexReader
{
    /// <summary>Runs a query over a read-only context that tracks nothing.</summary>
    public Task<T> ReadAsync<T>(Func<PacsDb, CancellationToken, Task<T>> query, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Where an instance is, or null.</summary>
    public ValueTask<InstanceLocation?> LocateAsync(ResourceId instance, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Where the instances with a SOP Instance UID are: one as a rule, several when studies share the UID, none when there is none.</summary>
    public ValueTask<IReadOnlyList<InstanceLocation>> LocateAsync(string sopInstanceUid, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>A patient, or null.</summary>
    public Task<Patient?> PatientAsync(ResourceId id, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>A study and its patient, or null.</summary>
    public Task<StudyEntry?> StudyAsync(ResourceId id, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>A series and its parents, or null.</summary>
    public Task<SeriesEntry?> SeriesAsync(ResourceId id, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>An instance and its parents, or null.</summary>
    public Task<InstanceEntry?> InstanceAsync(ResourceId id, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Studies, newest first by <see cref="Study.SortKey"/>.</summary>
    /// <param name="after">Where the last page ended, or null for the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<StudyEntry>> NewestStudiesAsync(StudyCursor? after, int limit, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The studies of a patient, newest first.</summary>
    public Task<IReadOnlyList<Study>> StudiesOfAsync(ResourceId patient, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The series of a study, by series number, those without one last.</summary>
    public Task<IReadOnlyList<Series>> SeriesOfAsync(ResourceId study, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The instances of a series, by instance number, those without one last.</summary>
    /// <param name="series">The series.</param>
    /// <param name="offset">How many to pass over.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<Instance>> InstancesOfAsync(ResourceId series, int offset, int limit, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The ids of what is directly below a resource, in order of arrival; empty for instances and for what is not there.</summary>
    public Task<IReadOnlyList<ResourceId>> ChildrenAsync(Level level, ResourceId id, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The ids of a level in order of arrival.</summary>
    /// <param name="level">The level.</param>
    /// <param name="offset">How many to pass over.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<ResourceId>> ListAsync(Level level, int offset, int limit, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The studies with an accession number, newest first.</summary>
    public Task<IReadOnlyList<StudyEntry>> StudiesByAccessionAsync(string accession, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The studies with a Study Instance UID: one as a rule, several when patients share it.</summary>
    public Task<IReadOnlyList<StudyEntry>> StudiesByUidAsync(string studyUid, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>How much there is.</summary>
    public Task<Statistics> StatisticsAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The feed after a number, oldest first.</summary>
    /// <param name="since">Events with a greater <see cref="PacsEvent.Seq"/>; 0 for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public ValueTask<IReadOnlyList<PacsEvent>> ChangesAsync(long since, int limit, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The number of the last event, 0 when there is none.</summary>
    public ValueTask<long> LastSeqAsync(CancellationToken ct) => throw new NotSupportedException();
}
