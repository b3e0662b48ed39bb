using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>Who an instance is: the UIDs of its place in the information model and the ids made of them.</summary>
internal sealed record Identity(string PatientId, string StudyUid, string SeriesUid, string InstanceUid, string SopClass)
{
    public ResourceId Patient { get; } = ResourceId.ForPatient(PatientId);

    public ResourceId Study { get; } = ResourceId.ForStudy(PatientId, StudyUid);

    public ResourceId Series { get; } = ResourceId.ForSeries(PatientId, StudyUid, SeriesUid);

    public ResourceId Instance { get; } = ResourceId.ForInstance(PatientId, StudyUid, SeriesUid, InstanceUid);

    /// <summary>Reads it from a header.</summary>
    /// <returns>False with the keyword of the first UID that is missing or none.</returns>
    public static bool TryRead(DicomDataset header, [NotNullWhen(true)] out Identity? identity, [NotNullWhen(false)] out string? problem)
    {
        identity = null;
        ReadOnlySpan<DicomTag> tags = [DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID];
        foreach (var tag in tags)
        {
            if (!DicomUid.IsTolerable(header.GetString(tag)))
            {
                problem = DicomDictionary.Find(tag)!.Name + " is missing or not a UID";
                return false;
            }
        }
        problem = null;
        identity = new Identity(
            PatientIdOf(header), header.GetString(tags[2])!, header.GetString(tags[3])!, header.GetString(tags[1])!, header.GetString(tags[0])!);
        return true;
    }

    public StoreResult Result(StoreOutcome outcome) => new(outcome, Instance, Series, Study, Patient);

    // leading blanks belong to it, trailing ones are padding: the public ids depend on it
    private static string PatientIdOf(DicomDataset header) => header.TryGet(DicomTag.PatientID, out var element)
        ? header.CharacterSet.Decode(element.Value.Span, DicomVr.LO).TrimEnd(' ', '\0')
        : "";
}

/// <summary>Where a published file is and what it is like.</summary>
internal sealed record StoredFile(
    string Key, long Size, int DataOffset, long HeaderLength, string Syntax, byte[]? Digest, byte[]? ReceivedDigest, DateTimeOffset ReceivedAt, Origin Origin);

/// <summary>
/// Everything the index keeps of one instance, in the form it is written in. Made on the receiving thread, so that the one writing thread only writes.
/// </summary>
internal sealed class InstanceRecord
{
    // what a sender may make the index keep of one element
    private const int MaxText = 64 * 1024;

    private readonly DicomDataset _header;

    /// <summary>Reads the header of a file in the store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="file">Makes what is kept of the file from what can be seen of it: size, offsets and transfer syntax.</param>
    /// <param name="rebuilt">Whether the instance was announced before.</param>
    /// <returns>Null when it is no instance.</returns>
    /// <exception cref="DicomException">The file is damaged.</exception>
    public static InstanceRecord? FromFile(string path, Func<StoredFile, StoredFile> file, bool rebuilt)
    {
        using var handle = System.IO.File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(handle);
        var start = new byte[144];
        // all files here begin with a file meta group of known length: PS3.10 §7.1, FileMetaInformation
        if (RandomAccess.Read(handle, start, 0) < start.Length || !start.AsSpan(128, 4).SequenceEqual("DICM"u8))
        {
            return null;
        }
        var offset = (int)Math.Min(144L + BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(140)), length);
        var syntax = DicomFile.Open(path, new DicomReadOptions { StopBefore = new DicomTag(0x0004_0000) }).Syntax;
        var scanner = new HeaderScanner(syntax, IndexTags.Scanned);
        var block = new byte[64 * 1024];
        for (long at = offset; at < length && (!scanner.Done || syntax.IsDeflated);)
        {
            var read = RandomAccess.Read(handle, block, at);
            scanner.Push(block.AsSpan(0, read));
            at += read;
        }
        if (!scanner.Done || syntax.IsDeflated)
        {
            scanner.Complete();
        }
        var found = new StoredFile("", length, offset, offset + scanner.HeaderLength, syntax.Uid, null, null, default, new Origin(OriginKind.Recovered));
        return Identity.TryRead(scanner.Header, out var identity, out _) ? new InstanceRecord(identity, file(found), scanner.Header, rebuilt) : null;
    }

    public InstanceRecord(Identity identity, StoredFile file, DicomDataset header, bool rebuilt = false)
    {
        _header = header;
        Identity = identity;
        File = file;
        Rebuilt = rebuilt;
        PatientName = Text(DicomTag.PatientName);
        PatientNameFold = FoldName(PatientName);
        BirthDate = Text(DicomTag.PatientBirthDate);
        Sex = Text(DicomTag.PatientSex);
        PatientTags = Json(Level.Patient);
        StudyDate = Text(DicomTag.StudyDate);
        StudyTime = Text(DicomTag.StudyTime);
        Accession = Text(DicomTag.AccessionNumber);
        StudyDescription = Text(DicomTag.StudyDescription);
        StudyDescriptionFold = StudyDescription is null ? null : TextFolding.Fold(StudyDescription);
        StudyId = Text(DicomTag.StudyID);
        Referring = Text(DicomTag.ReferringPhysicianName);
        ReferringFold = FoldName(Referring);
        SortKey = MakeSortKey(StudyDate, StudyTime, file.ReceivedAt);
        StudyTags = Json(Level.Study);
        Modality = Text(DicomTag.Modality);
        SeriesNumber = header.GetInt32(DicomTag.SeriesNumber);
        SeriesDescription = Text(DicomTag.SeriesDescription);
        BodyPart = Text(DicomTag.BodyPartExamined);
        Station = Text(DicomTag.StationName);
        Protocol = Text(DicomTag.ProtocolName);
        SeriesTags = Json(Level.Series);
        InstanceNumber = header.GetInt32(DicomTag.InstanceNumber);
        Frames = Math.Max(1, header.GetInt32(DicomTag.NumberOfFrames) ?? 1);
        InstanceTags = Json(Level.Instance);
    }

    public Identity Identity { get; }

    public StoredFile File { get; }

    /// <summary>Whether a lost index is being rebuilt: see <see cref="PacsEvent.Rebuilt"/>.</summary>
    public bool Rebuilt { get; }

    /// <summary>Whether it was announced before: here, or by the archive it is taken over from.</summary>
    public bool IsOld => Rebuilt || File.Origin.IsImported;

    public string? PatientName { get; }

    public string? PatientNameFold { get; }

    public string? BirthDate { get; }

    public string? Sex { get; }

    public string PatientTags { get; }

    public string? StudyDate { get; }

    public string? StudyTime { get; }

    public string? Accession { get; }

    public string? StudyDescription { get; }

    public string? StudyDescriptionFold { get; }

    public string? StudyId { get; }

    public string? Referring { get; }

    public string? ReferringFold { get; }

    public string SortKey { get; }

    public string StudyTags { get; }

    public string? Modality { get; }

    public int? SeriesNumber { get; }

    public string? SeriesDescription { get; }

    public string? BodyPart { get; }

    public string? Station { get; }

    public string? Protocol { get; }

    public string SeriesTags { get; }

    public int? InstanceNumber { get; }

    public int Frames { get; }

    public string InstanceTags { get; }

    /// <summary>The SHA-256 that tells whether the same instance came again.</summary>
    public byte[]? ContentDigest => File.ReceivedDigest ?? File.Digest;

    private static string? FoldName(string? name) => name is null ? null : PersonName.Fold(name);

    private static string MakeSortKey(string? date, string? time, DateTimeOffset receivedAt)
    {
        if (date is not { Length: 8 } || !DateOnly.TryParseExact(date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            return receivedAt.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        }
        var digits = time?.TakeWhile(char.IsAsciiDigit).Take(6).ToArray() ?? [];
        return date + new string(digits).PadRight(6, '0');
    }

    private string? Text(DicomTag tag)
    {
        var text = _header.GetString(tag);
        if (text is null)
        {
            return null;
        }
        if (text.Length > MaxText)
        {
            text = text[..MaxText];
        }
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            text = text.Replace("\0", "", StringComparison.Ordinal);
        }
        // half of a surrogate pair has no UTF-8, which SQLite and JSON want
        return text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
    }

    private string Json(Level level)
    {
        var tags = IndexTags.Json(level);
        var any = false;
        foreach (var tag in tags)
        {
            any |= _header.Contains(tag);
        }
        if (!any)
        {
            return "{}";
        }
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, JsonOptions))
        {
            json.WriteStartObject();
            foreach (var tag in tags)
            {
                if (Text(tag) is { } text)
                {
                    json.WriteString(tag.ToHexString(), text);
                }
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // it is read by SQLite and by us, never put into a page as it is
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
