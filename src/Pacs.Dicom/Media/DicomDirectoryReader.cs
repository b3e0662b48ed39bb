using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Media;

/// <summary>A file that a DICOMDIR names, with the records above it; those are null where the medium has none.</summary>
/// <param name="Patient">The PATIENT record.</param>
/// <param name="Study">The STUDY record.</param>
/// <param name="Series">The SERIES record.</param>
/// <param name="Record">The record of the file.</param>
public sealed record DirectoryFile(DicomDataset? Patient, DicomDataset? Study, DicomDataset? Series, DicomDataset Record)
{
    /// <summary>(0004,1500): the parts of the file's path from the folder of the DICOMDIR.</summary>
    public IReadOnlyList<string> FileId => Record.GetStrings(DicomTag.ReferencedFileID);
}

/// <summary>
/// Reads the DICOMDIR of a medium (PS3.3 annex F). Records are found by their offsets, as the standard wants; a directory whose offsets lead nowhere (they are zero, or of another file) is read in the
/// order in which its records stand, which is what most programs write.
/// </summary>
public static class DicomDirectoryReader
{
    // patient, study, series, file, and what some have below it
    private const int MaxDepth = 8;

    // tag, VR and length of (0004,1400), after tag and length of the item
    private const int BeforeFirstValue = 16;

    /// <summary>The files that a DICOMDIR names.</summary>
    /// <param name="file">The whole file.</param>
    /// <exception cref="DicomException">It is no DICOMDIR.</exception>
    public static IReadOnlyList<DirectoryFile> Read(ReadOnlyMemory<byte> file)
    {
        // a scratched CD: what can be read of it is better than nothing
        var directory = DicomFile.Parse(file, new DicomReadOptions { AllowTruncation = true }).Dataset;
        if (!directory.Contains(DicomTag.DirectoryRecordSequence))
        {
            throw new DicomException("Not a DICOMDIR", DicomTag.DirectoryRecordSequence);
        }
        var records = directory.GetSequence(DicomTag.DirectoryRecordSequence);
        // what no offset leads to is no part of the directory: in the order of the records it could be taken for another patient's
        return Linked(file, directory, records) is { Count: > 0 } linked ? linked : InOrder(records);
    }

    // (0004,1410): 0000H is a record that is not in use any more
    private static bool IsInUse(DicomDataset record) => Number(record, DicomTag.RecordInUseFlag) != 0;

    private static bool IsFile(DicomDataset record) => IsInUse(record) && record.GetStrings(DicomTag.ReferencedFileID).Any(part => part.Length > 0);

    private static List<DirectoryFile> Linked(ReadOnlyMemory<byte> file, DicomDataset directory, IReadOnlyList<DicomDataset> records)
    {
        var byOffset = new Dictionary<long, DicomDataset>();
        foreach (var record in records)
        {
            if (OffsetOf(file, record) is { } offset)
            {
                byOffset[offset] = record;
            }
        }
        var found = new List<DirectoryFile>();
        var seen = new HashSet<DicomDataset>(ReferenceEqualityComparer.Instance); // offsets may go in circles
        var open = new Stack<(long Offset, DirectoryFile Above, int Depth)>();
        open.Push((Number(directory, DicomTag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity) ?? 0, new DirectoryFile(null, null, null, directory), 0));
        while (open.TryPop(out var next))
        {
            if (next.Depth > MaxDepth || !byOffset.TryGetValue(next.Offset, out var record) || !seen.Add(record))
            {
                continue;
            }
            open.Push((Number(record, DicomTag.OffsetOfTheNextDirectoryRecord) ?? 0, next.Above, next.Depth));
            if (!IsInUse(record))
            {
                continue;
            }
            var here = Below(next.Above, record);
            if (IsFile(record))
            {
                found.Add(here);
            }
            open.Push((Number(record, DicomTag.OffsetOfReferencedLowerLevelDirectoryEntity) ?? 0, here, next.Depth + 1));
        }
        return found;
    }

    private static List<DirectoryFile> InOrder(IReadOnlyList<DicomDataset> records)
    {
        var found = new List<DirectoryFile>();
        var here = new DirectoryFile(null, null, null, []);
        foreach (var record in records.Where(IsInUse))
        {
            here = Below(here, record);
            if (IsFile(record))
            {
                found.Add(here);
            }
        }
        return found;
    }

    private static DirectoryFile Below(DirectoryFile above, DicomDataset record) => record.GetString(DicomTag.DirectoryRecordType) switch
    {
        "PATIENT" => new DirectoryFile(record, null, null, record),
        "STUDY" => above with { Study = record, Series = null, Record = record },
        "SERIES" => above with { Series = record, Record = record },
        _ => above with { Record = record },
    };

    // the values are slices of the file: where the first one lies says where the item begins. In big endian they are copies, and there is no offset.
    private static long? OffsetOf(ReadOnlyMemory<byte> file, DicomDataset record) =>
        record.Get(DicomTag.OffsetOfTheNextDirectoryRecord) is { Value.Length: 4 } element && record[0] == element
        && MemoryMarshal.TryGetArray(file, out var whole) && MemoryMarshal.TryGetArray(element.Value, out var value) && whole.Array == value.Array
            ? value.Offset - whole.Offset - BeforeFirstValue
            : null;

    private static long? Number(DicomDataset record, DicomTag tag)
    {
        var value = record.Get(tag) is { } element ? element.Value.Span : [];
        return value.Length switch
        {
            4 => BinaryPrimitives.ReadUInt32LittleEndian(value),
            2 => BinaryPrimitives.ReadUInt16LittleEndian(value),
            _ => null,
        };
    }
}
