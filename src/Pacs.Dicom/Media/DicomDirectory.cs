using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Pacs.Dicom.Media;

/// <summary>
/// The file DICOMDIR of a medium (PS3.10 §8.6, PS3.3 annex F): records of patients, studies, series and instances, and for each instance the name of its file. Instances may be added in any order.
/// Texts stand in it in ASCII or ISO 8859-1 where that is enough, because readers on old workstations know no more, and else in UTF-8.
/// </summary>
/// <param name="isExtended">Whether records also have attributes that the standard leaves to choice (type 3).</param>
public sealed class DicomDirectory(bool isExtended = false)
{
    /// <summary>The name of the file in the root of the medium (PS3.10 §8.6).</summary>
    public const string FileName = "DICOMDIR";

    // (0004,1220) with its length
    private const int SequenceHeader = 12;

    // tag and length of an item
    private const int ItemHeader = 8;

    // in each record the first elements are (0004,1400), (0004,1410), (0004,1420): where the values of the first and the last are
    private const int NextOffset = 8;
    private const int LowerOffset = 30;

    private readonly List<Record> _patients = [];
    private readonly Dictionary<string, Record> _records = new(StringComparer.Ordinal);

    /// <summary>How many instances there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an instance.</summary>
    /// <param name="header">Its data set; the pixel data need not be in it. It is changed: its texts become UTF-8.</param>
    /// <param name="syntax">The transfer syntax of the file.</param>
    /// <param name="fileId">The parts of the file's path, each of at most eight capital letters, digits and underscores (PS3.10 §8.2).</param>
    /// <exception cref="DicomException">The instance has no UID of its own, of its class, series or study.</exception>
    public void Add(DicomDataset header, TransferSyntax syntax, params IReadOnlyList<string> fileId)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(fileId);
        if (fileId.Count is 0 or > 8 || fileId.Any(part => part.Length is 0 or > 8 || !part.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')))
        {
            throw new ArgumentException("A file ID has up to eight parts of up to eight capital letters, digits and underscores", nameof(fileId));
        }
        try
        {
            header.ConvertCharacterSet(CharacterSet.Utf8);
        }
        catch (DicomException)
        {
            // bytes that are no characters: each text is read as well as can be
        }
        var sopClass = Uid(header, DicomTag.SOPClassUID);
        var patientKey = header.GetString(DicomTag.PatientID) ?? "";
        var studyKey = $"{patientKey}\n{Uid(header, DicomTag.StudyInstanceUID)}";
        var seriesKey = $"{studyKey}\n{Uid(header, DicomTag.SeriesInstanceUID)}";
        var patient = Below(_patients, patientKey, () => Make("PATIENT", header, DirectoryRecordTypes.Patient, 0, []));
        var study = Below(patient.Lower, studyKey, () => Make("STUDY", header, DirectoryRecordTypes.Study, 1, []));
        var series = Below(study.Lower, seriesKey, () => Make("SERIES", header, DirectoryRecordTypes.Series, 2, []));
        var (type, keys, sequences) = DirectoryRecordTypes.Of(sopClass, header);
        var record = Make(type, header, keys, 3, sequences);
        record.Set(DicomTag.ReferencedFileID, [.. fileId]);
        record.Set(DicomTag.ReferencedSOPClassUIDInFile, sopClass);
        record.Set(DicomTag.ReferencedSOPInstanceUIDInFile, Uid(header, DicomTag.SOPInstanceUID));
        record.Set(DicomTag.ReferencedTransferSyntaxUIDInFile, syntax.Uid);
        series.Lower.Add(new Record(record));
        Count++;
    }

    /// <summary>The file.</summary>
    /// <param name="fileSetId">(0004,1130): what the medium is called, at most 16 characters.</param>
    public byte[] ToBytes(string fileSetId)
    {
        var file = new ArrayBufferWriter<byte>();
        FileMetaInformation.Write(file, DicomUid.MediaStorageDirectoryStorage, DicomUid.New(), TransferSyntax.ExplicitVRLittleEndian);
        var all = new List<Record>();
        Collect(_patients, all);
        var at = file.WrittenCount + Head(fileSetId, 0, 0).Length + SequenceHeader;
        foreach (var record in all)
        {
            record.Offset = checked((uint)at);
            record.Bytes = DicomWriter.ToBytes(record.Dataset, TransferSyntax.ExplicitVRLittleEndian);
            at = checked(at + ItemHeader + record.Bytes.Length);
        }
        file.Write(Head(fileSetId, _patients.FirstOrDefault()?.Offset ?? 0, _patients.LastOrDefault()?.Offset ?? 0));
        ElementHeader.WriteLong(file, DicomTag.DirectoryRecordSequence, DicomVr.SQ, (uint)all.Sum(r => ItemHeader + r.Bytes.Length), TransferSyntax.ExplicitVRLittleEndian);
        Link(_patients);
        var item = new byte[ItemHeader];
        foreach (var record in all)
        {
            ReadOnlySpan<byte> tag = [0xFE, 0xFF, 0x00, 0xE0];
            tag.CopyTo(item);
            BinaryPrimitives.WriteInt32LittleEndian(item.AsSpan(4), record.Bytes.Length);
            file.Write(item);
            file.Write(record.Bytes);
        }
        return file.WrittenSpan.ToArray();
    }

    private Record Below(List<Record> level, string key, Func<DicomDataset> make)
    {
        if (!_records.TryGetValue(key, out var record))
        {
            _records[key] = record = new Record(make());
            level.Add(record);
        }
        return record;
    }

    private static byte[] Head(string fileSetId, uint first, uint last) => DicomWriter.ToBytes(
        new DicomDataset().Set(DicomTag.FileSetID, fileSetId).Set(DicomTag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, first)
            .Set(DicomTag.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity, last).Set(DicomTag.FileSetConsistencyFlag, 0d), TransferSyntax.ExplicitVRLittleEndian);

    // each record is followed by what is below it; four levels, no deeper
    private static void Collect(List<Record> level, List<Record> all)
    {
        foreach (var record in level)
        {
            all.Add(record);
            Collect(record.Lower, all);
        }
    }

    private static void Link(List<Record> level)
    {
        for (var i = 0; i < level.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(level[i].Bytes.AsSpan(NextOffset), i + 1 < level.Count ? level[i + 1].Offset : 0);
            BinaryPrimitives.WriteUInt32LittleEndian(level[i].Bytes.AsSpan(LowerOffset), level[i].Lower.FirstOrDefault()?.Offset ?? 0);
            Link(level[i].Lower);
        }
    }

    private DicomDataset Make(string type, DicomDataset header, DirectoryRecordTypes.Key[] keys, int level, DicomTag[] sequences)
    {
        var record = new DicomDataset().Set(DicomTag.OffsetOfTheNextDirectoryRecord, 0d).Set(DicomTag.RecordInUseFlag, 65535d)
            .Set(DicomTag.OffsetOfReferencedLowerLevelDirectoryEntity, 0d).Set(DicomTag.DirectoryRecordType, type);
        record.Set(new DicomElement(DicomTag.SpecificCharacterSet, DicomVr.CS, Encoding.ASCII.GetBytes(CharacterSet.Utf8.Value)));
        foreach (var (tag, fallback) in isExtended ? [.. DirectoryRecordTypes.Extended[level], .. keys] : keys)
        {
            var element = header.Get(tag);
            if (element is { IsEmpty: false, Vr.IsString: false, Items: null })
            {
                record.Set(element);
            }
            else if (header.GetString(tag) is { Length: > 0 } text)
            {
                record.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.UTF8.GetBytes(text)));
            }
            else if (fallback is not null)
            {
                // where there is no date, the study has one, perhaps
                var value = fallback == DirectoryRecordTypes.NoDate && header.GetString(DicomTag.StudyDate) is { Length: > 0 } date ? date : fallback;
                record.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.ASCII.GetBytes(value)));
            }
        }
        foreach (var tag in sequences)
        {
            if (header.Get(tag) is { Items: not null } sequence)
            {
                record.Set(sequence);
            }
        }
        return Shorten(record);
    }

    // the smallest character set that has all of it
    private static DicomDataset Shorten(DicomDataset record)
    {
        foreach (var set in new[] { CharacterSet.Default, CharacterSet.Latin1 })
        {
            try
            {
                return record.ConvertCharacterSet(set);
            }
            catch (DicomException)
            {
                // lacks a character
            }
        }
        return record;
    }

    private static string Uid(DicomDataset header, DicomTag tag) => header.GetString(tag) is { } uid && DicomUid.IsTolerable(uid) ? uid : throw new DicomException("Not a UID", tag);

    private sealed class Record(DicomDataset dataset)
    {
        public DicomDataset Dataset => dataset;

        public List<Record> Lower { get; } = [];

        public uint Offset { get; set; }

        public byte[] Bytes { get; set; } = [];
    }
}
