using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pacs.Dicom.Modification;

/// <summary>
/// How instances are changed: attributes replaced and removed, UIDs made anew, or everything taken away that tells whose they are (PS3.15 annex E). The same <see cref="Seed"/> gives the same UIDs
/// for the same ones, so that instances that are changed one after the other, or again after a crash, still belong together.
/// </summary>
public sealed record DatasetModification
{
    /// <summary>What (0012,0063) says.</summary>
    public const string Method = "PACS - PS 3.15-2026c Table E.1-1 Basic Profile";

    private static readonly DicomTag[] Identifiers = [DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID];

    /// <summary>What new UIDs are made of; must not be known outside when instances are de-identified.</summary>
    public required string Seed { get; init; }

    /// <summary>New values.</summary>
    public IReadOnlyDictionary<DicomTag, Replacement> Replace { get; init; } = new Dictionary<DicomTag, Replacement>();

    /// <summary>What goes.</summary>
    public IReadOnlySet<DicomTag> Remove { get; init; } = new HashSet<DicomTag>();

    /// <summary>What stays as it is, also among the identifiers.</summary>
    public IReadOnlySet<DicomTag> Keep { get; init; } = new HashSet<DicomTag>();

    /// <summary>Which of Study, Series and SOP Instance UID are made anew: those from this position on, 0 to 2; 3 for none.</summary>
    public int NewFrom { get; init; } = 2;

    /// <summary>Whether private attributes go, other than those of <see cref="Keep"/> and <see cref="Replace"/>.</summary>
    public bool RemovesPrivate { get; init; }

    /// <summary>What the blocks of private attributes of <see cref="Replace"/> are called (PS3.5 §7.8.1); null when they are there.</summary>
    public string? PrivateCreator { get; init; }

    /// <summary>Whether instances are de-identified.</summary>
    public bool Deidentifies { get; init; }

    /// <summary>What de-identification leaves.</summary>
    public DeidentificationOptions Options { get; init; }

    /// <summary>The UID that takes the place of another.</summary>
    public string NewUid(string uid)
    {
        // a version 8 UUID (RFC 9562 §5.8): the standard wants UIDs below 2.25 to be made of UUIDs (PS3.5 §B.2)
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed}\n{uid}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return DicomUid.FromGuid(new Guid(bytes, bigEndian: true));
    }

    /// <summary>Changes a data set.</summary>
    /// <param name="dataset">It; pixel data stay as they are.</param>
    /// <param name="level">Whether a UID is one of a study (0), series (1) or instance (2) that is changed in the same go: references to it follow. -1 for none.</param>
    /// <exception cref="DicomException">A new value is not allowed.</exception>
    public void Apply(DicomDataset dataset, Func<string, int> level)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(level);
        var before = Identifiers.Select(tag => dataset.GetString(tag) ?? "").ToArray();
        var patient = dataset.GetString(DicomTag.PatientID) ?? "";
        if (Deidentifies)
        {
            Deidentify(dataset);
            Describe(dataset, patient);
        }
        else
        {
            if (RemovesPrivate)
            {
                Walk(dataset, (owner, element) => RemovePrivate(owner, element));
            }
            Walk(dataset, (owner, element) => Refer(owner, element, level));
        }
        for (var i = 0; i < Identifiers.Length; i++)
        {
            var tag = Identifiers[i];
            if (!Replace.ContainsKey(tag))
            {
                var isNew = i >= NewFrom && !Keep.Contains(tag) && !(Deidentifies && Options.HasFlag(DeidentificationOptions.RetainUids));
                dataset.Set(tag, isNew ? NewUid(before[i]) : before[i]);
            }
        }
        foreach (var tag in Remove.Where(t => !Identifiers.Contains(t)))
        {
            dataset.Remove(tag);
        }
        foreach (var (tag, value) in Replace)
        {
            if (tag.IsPrivate && PrivateCreator is { } creator && !tag.IsPrivateCreator)
            {
                dataset.Set(new DicomTag(tag.Group, (ushort)(tag.Element >> 8)), DicomVr.LO, creator);
            }
            value.Set(dataset, tag);
        }
    }

    private void RemovePrivate(DicomDataset owner, DicomElement element)
    {
        if (element.Tag.IsPrivate && !Keep.Contains(element.Tag))
        {
            owner.Remove(element.Tag);
        }
    }

    // references between instances of the same job stay right; others are none of ours
    private void Refer(DicomDataset owner, DicomElement element, Func<string, int> level)
    {
        if (element.Vr != DicomVr.UI || (owner.Parent is null && Identifiers.Contains(element.Tag)) || element.Tag == DicomTag.SOPClassUID)
        {
            return;
        }
        var uids = owner.GetStrings(element.Tag);
        var mapped = uids.Select(uid => level(uid) is var known and >= 0 && known >= NewFrom && !Keep.Contains(Identifiers[known])
            ? Replace.TryGetValue(Identifiers[known], out var other) ? other.Text! : NewUid(uid) : uid).ToArray();
        if (!mapped.SequenceEqual(uids))
        {
            owner.Set(new DicomElement(element.Tag, DicomVr.UI, Encoding.ASCII.GetBytes(string.Join('\\', mapped))));
        }
    }

    private void Deidentify(DicomDataset dataset)
    {
        var shift = Shift();
        Walk(dataset, (owner, element) =>
        {
            var tag = element.Tag;
            if (Keep.Contains(tag))
            {
                return;
            }
            // private attributes may say anything; curves and overlays may show a name (table E.1-1: 50xx, 60xx)
            if ((tag.IsPrivate && RemovesPrivate) || tag.Group is >= 0x5000 and <= 0x501E or >= 0x6000 and <= 0x601E)
            {
                owner.Remove(tag);
                return;
            }
            // the table wants the content of a report made harmless (Content Sequence, D): what it says in words may name anybody
            switch (tag == DicomTag.TextValue ? DeidentificationAction.Dummy : DeidentificationTable.Of(tag, element.Vr, Options))
            {
                case DeidentificationAction.Remove:
                    owner.Remove(tag);
                    break;
                case DeidentificationAction.Empty:
                    owner.Set(element.IsSequence ? new DicomElement(tag, []) : new DicomElement(tag, element.Vr, ReadOnlyMemory<byte>.Empty));
                    break;
                case DeidentificationAction.Dummy:
                    Say(owner, element);
                    break;
                case DeidentificationAction.Map when element.Vr == DicomVr.UI:
                    owner.Set(new DicomElement(tag, DicomVr.UI, Encoding.ASCII.GetBytes(string.Join('\\', owner.GetStrings(tag).Select(NewUid)))));
                    break;
                case DeidentificationAction.Shift:
                    owner.Set(new DicomElement(tag, element.Vr, Encoding.ASCII.GetBytes(string.Join('\\', owner.GetStrings(tag).Select(d => Moved(d, shift))))));
                    break;
            }
        });
    }

    // of a sequence the items stay, and are gone through themselves
    private static void Say(DicomDataset owner, DicomElement element)
    {
        var text = element.Vr.ToString() switch
        {
            "DA" => "19000101",
            "TM" => "000000",
            "DT" => "19000101000000",
            "AS" => "000Y",
            "IS" or "DS" => "0",
            "PN" or "LO" or "SH" or "ST" or "LT" or "UT" or "UC" or "AE" => "ANONYMIZED",
            "CS" => "ANONYMIZED",
            _ => null,
        };
        if (text is not null)
        {
            owner.Set(new DicomElement(element.Tag, element.Vr, Encoding.ASCII.GetBytes(text)));
        }
        else if (!element.IsSequence)
        {
            owner.Set(new DicomElement(element.Tag, element.Vr, ReadOnlyMemory<byte>.Empty));
        }
    }

    private void Describe(DicomDataset dataset, string patient)
    {
        var pseudonym = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed}\npatient\n{patient}")))[..12];
        if (!Keep.Contains(DicomTag.PatientID))
        {
            dataset.Set(DicomTag.PatientID, pseudonym);
        }
        if (!Keep.Contains(DicomTag.PatientName))
        {
            dataset.Set(DicomTag.PatientName, $"Anonymized^{pseudonym[..6]}");
        }
        dataset.Set(DicomTag.PatientIdentityRemoved, "YES");
        dataset.Set(DicomTag.DeidentificationMethod, Method);
        dataset.Set(DicomTag.DeidentificationMethodCodeSequence, Codes().Select(c => new DicomDataset()
            .Set(DicomTag.CodeValue, c.Code).Set(DicomTag.CodingSchemeDesignator, "DCM").Set(DicomTag.CodeMeaning, c.Meaning)));
        dataset.Set(DicomTag.LongitudinalTemporalInformationModified, Options.HasFlag(DeidentificationOptions.RetainDates) ? "UNMODIFIED"
            : Options.HasFlag(DeidentificationOptions.RetainShiftedDates) ? "MODIFIED" : "REMOVED");
    }

    // PS3.16 CID 7050
    private IEnumerable<(string Code, string Meaning)> Codes() => new[]
    {
        (DeidentificationOptions.None, "113100", "Basic Application Confidentiality Profile"),
        (DeidentificationOptions.RetainDates, "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
        (DeidentificationOptions.RetainShiftedDates, "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
        (DeidentificationOptions.RetainPatientCharacteristics, "113108", "Retain Patient Characteristics Option"),
        (DeidentificationOptions.RetainDevice, "113109", "Retain Device Identity Option"),
        (DeidentificationOptions.RetainUids, "113110", "Retain UIDs Option"),
        (DeidentificationOptions.RetainInstitution, "113112", "Retain Institution Identity Option"),
    }.Where(c => Options.HasFlag(c.Item1)).Select(c => (c.Item2, c.Item3));

    // one to ten years back, the same for all of a job
    private int Shift() => 365 + (BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(Seed + "\ndates")), 0) % 3285);

    private static string Moved(string text, int days) =>
        text.Length >= 8 && DateTime.TryParseExact(text[..8], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year > 11
            ? date.AddDays(-days).ToString("yyyyMMdd", CultureInfo.InvariantCulture) + text[8..] : "";

    // depth comes from whoever made the file: no recursion. What is removed is not gone into
    private static void Walk(DicomDataset root, Action<DicomDataset, DicomElement> visit)
    {
        var work = new Stack<DicomDataset>([root]);
        while (work.TryPop(out var next))
        {
            foreach (var element in next.ToList())
            {
                visit(next, element);
                if (next.Get(element.Tag)?.Items is { } items)
                {
                    foreach (var item in items)
                    {
                        work.Push(item);
                    }
                }
            }
        }
    }
}
