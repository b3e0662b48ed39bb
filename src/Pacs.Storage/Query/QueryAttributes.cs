using System.Collections.Frozen;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>How much the information model asks for matching on a key (PS3.4 §C.2.2.1).</summary>
public enum QueryKeyType
{
    /// <summary>U: identifies an entity of its level.</summary>
    Unique,

    /// <summary>R: every provider matches on it.</summary>
    Required,

    /// <summary>O: we match on it all the same.</summary>
    Optional,
}

/// <summary>An attribute that the index knows: matched and returned without opening files.</summary>
/// <param name="Tag">The attribute.</param>
/// <param name="Level">The level whose entities have it.</param>
/// <param name="Type">How much PS3.4 tables C.6-1 to C.6-5 ask for it.</param>
/// <param name="IsComputed">Whether it is worked out and not taken from the instances.</param>
public sealed record QueryAttribute(DicomTag Tag, Level Level, QueryKeyType Type, bool IsComputed)
{
    /// <summary>The value as an SQL expression over the level's alias; null for what is the same everywhere.</summary>
    internal string? Sql { get; init; }

    internal AttributeForm Form { get; init; }

    /// <summary>The column that has an index, or null.</summary>
    internal string? Indexed { get; init; }

    /// <summary>The VR it is compared and returned with.</summary>
    public DicomVr Vr { get; } = DicomDictionary.GetVr(Tag);
}

/// <summary>What an expression gives.</summary>
internal enum AttributeForm
{
    /// <summary>A UID, checked when it arrived.</summary>
    Uid,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A person name with a folded column beside it.</summary>
    Name,

    /// <summary>A date as it came: most often <c>YYYYMMDD</c>.</summary>
    Date,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Any text, several values perhaps.</summary>
    Several,

    /// <summary>Nothing that SQL could narrow down.</summary>
    Opaque,
}

/// <summary>
/// The keys that the index supports, by level: the source of the tables of the conformance statement. Other attributes are read from the first instance of an
/// entity.
/// </summary>
public static class QueryAttributes
{
    private static readonly QueryAttribute[] Table =
    [
        // PS3.4 tables C.6-1 and C.6-2
        new(DicomTag.PatientName, Level.Patient, QueryKeyType.Required, false) { Sql = "p.name", Form = AttributeForm.Name, Indexed = "name_fold" },
        new(DicomTag.PatientID, Level.Patient, QueryKeyType.Unique, false) { Sql = "p.patient_id", Form = AttributeForm.Text, Indexed = "patient_id" },
        new(DicomTag.PatientBirthDate, Level.Patient, QueryKeyType.Optional, false) { Sql = "p.birth_date", Form = AttributeForm.Date, Indexed = "birth_date" },
        new(DicomTag.PatientSex, Level.Patient, QueryKeyType.Optional, false) { Sql = "p.sex", Form = AttributeForm.Text },
        new(DicomTag.NumberOfPatientRelatedStudies, Level.Patient, QueryKeyType.Optional, true) { Sql = "p.study_count", Form = AttributeForm.Number },
        new(DicomTag.NumberOfPatientRelatedSeries, Level.Patient, QueryKeyType.Optional, true)
        {
            Sql = "(SELECT sum(x.series_count) FROM study x WHERE x.patient = p.id)", Form = AttributeForm.Number,
        },
        new(DicomTag.NumberOfPatientRelatedInstances, Level.Patient, QueryKeyType.Optional, true) { Sql = "p.instance_count", Form = AttributeForm.Number },

        // table C.6-3
        new(DicomTag.StudyInstanceUID, Level.Study, QueryKeyType.Unique, false) { Sql = "s.uid", Form = AttributeForm.Uid, Indexed = "uid" },
        new(DicomTag.StudyDate, Level.Study, QueryKeyType.Required, false) { Sql = "s.date", Form = AttributeForm.Date, Indexed = "date" },
        new(DicomTag.StudyTime, Level.Study, QueryKeyType.Required, false) { Sql = "s.time", Form = AttributeForm.Opaque },
        new(DicomTag.AccessionNumber, Level.Study, QueryKeyType.Required, false) { Sql = "s.accession", Form = AttributeForm.Text, Indexed = "accession" },
        new(DicomTag.StudyID, Level.Study, QueryKeyType.Required, false) { Sql = "s.study_id", Form = AttributeForm.Text },
        new(DicomTag.StudyDescription, Level.Study, QueryKeyType.Optional, false) { Sql = "s.description", Form = AttributeForm.Text },
        new(DicomTag.ReferringPhysicianName, Level.Study, QueryKeyType.Optional, false) { Sql = "s.referring", Form = AttributeForm.Name },
        new(DicomTag.ModalitiesInStudy, Level.Study, QueryKeyType.Optional, true) { Sql = "s.modalities", Form = AttributeForm.Several },
        // not an attribute of a study, but workstations ask for it at this level and mean (0008,0061)
        new(DicomTag.Modality, Level.Study, QueryKeyType.Optional, true) { Sql = "s.modalities", Form = AttributeForm.Several },
        new(DicomTag.SOPClassesInStudy, Level.Study, QueryKeyType.Optional, true)
        {
            Sql = """
                (SELECT group_concat(c, '\') FROM (SELECT DISTINCT y.sop_class AS c FROM series x CROSS JOIN instance y ON y.series = x.id WHERE x.study = s.id ORDER BY 1))
                """,
            Form = AttributeForm.Opaque,
        },
        new(DicomTag.NumberOfStudyRelatedSeries, Level.Study, QueryKeyType.Optional, true) { Sql = "s.series_count", Form = AttributeForm.Number },
        new(DicomTag.NumberOfStudyRelatedInstances, Level.Study, QueryKeyType.Optional, true) { Sql = "s.instance_count", Form = AttributeForm.Number },

        // table C.6-4
        new(DicomTag.SeriesInstanceUID, Level.Series, QueryKeyType.Unique, false) { Sql = "e.uid", Form = AttributeForm.Uid, Indexed = "uid" },
        new(DicomTag.Modality, Level.Series, QueryKeyType.Required, false) { Sql = "e.modality", Form = AttributeForm.Text },
        new(DicomTag.SeriesNumber, Level.Series, QueryKeyType.Required, false) { Sql = "e.number", Form = AttributeForm.Number },
        new(DicomTag.SeriesDescription, Level.Series, QueryKeyType.Optional, false) { Sql = "e.description", Form = AttributeForm.Text },
        new(DicomTag.BodyPartExamined, Level.Series, QueryKeyType.Optional, false) { Sql = "e.body_part", Form = AttributeForm.Text },
        new(DicomTag.StationName, Level.Series, QueryKeyType.Optional, false) { Sql = "e.station", Form = AttributeForm.Text },
        new(DicomTag.ProtocolName, Level.Series, QueryKeyType.Optional, false) { Sql = "e.protocol", Form = AttributeForm.Text },
        new(DicomTag.NumberOfSeriesRelatedInstances, Level.Series, QueryKeyType.Optional, true) { Sql = "e.instance_count", Form = AttributeForm.Number },

        // table C.6-5
        new(DicomTag.SOPInstanceUID, Level.Instance, QueryKeyType.Unique, false) { Sql = "i.uid", Form = AttributeForm.Uid, Indexed = "uid" },
        new(DicomTag.SOPClassUID, Level.Instance, QueryKeyType.Optional, false) { Sql = "i.sop_class", Form = AttributeForm.Uid },
        new(DicomTag.InstanceNumber, Level.Instance, QueryKeyType.Required, false) { Sql = "i.number", Form = AttributeForm.Number },
        // 1 where the instance does not say
        new(DicomTag.NumberOfFrames, Level.Instance, QueryKeyType.Optional, true) { Sql = "i.frames", Form = AttributeForm.Number },
        new(DicomTag.AvailableTransferSyntaxUID, Level.Instance, QueryKeyType.Optional, true) { Sql = "i.syntax", Form = AttributeForm.Uid },

        // PS3.4 §C.4.1.1.3.2: the same for everything we have
        new(DicomTag.RetrieveAETitle, Level.Patient, QueryKeyType.Optional, true) { Form = AttributeForm.Opaque },
        new(DicomTag.InstanceAvailability, Level.Patient, QueryKeyType.Optional, true) { Form = AttributeForm.Opaque },

        .. InJson(Level.Patient, 'p'), .. InJson(Level.Study, 's'), .. InJson(Level.Series, 'e'), .. InJson(Level.Instance, 'i'),
    ];

    private static readonly FrozenDictionary<(DicomTag Tag, Level Level), QueryAttribute> ByTag = Table.ToFrozenDictionary(a => (a.Tag, a.Level));

    /// <summary>All of them, by level, then by tag.</summary>
    public static IReadOnlyList<QueryAttribute> All { get; } = [.. Table.OrderBy(a => a.Level).ThenBy(a => a.Tag)];

    /// <summary>The attribute as an entity of a level has it: its own, or that of the nearest level above. Null when there is none.</summary>
    public static QueryAttribute? Find(DicomTag tag, Level level)
    {
        for (var at = (int)level; at >= 0; at--)
        {
            if (ByTag.TryGetValue((tag, (Level)at), out var attribute))
            {
                return attribute;
            }
        }
        return null;
    }

    /// <summary>The attribute of the nearest level below, or null.</summary>
    public static QueryAttribute? FindBelow(DicomTag tag, Level level)
    {
        for (var at = level + 1; at <= Level.Instance; at++)
        {
            if (ByTag.TryGetValue((tag, at), out var attribute))
            {
                return attribute;
            }
        }
        return null;
    }

    // (0008,0201) is about the times of an answer and no key (PS3.4 §C.4.1.1.3)
    private static IEnumerable<QueryAttribute> InJson(Level level, char alias) => IndexTags.Json(level).Where(t => t != DicomTag.TimezoneOffsetFromUTC)
        .Select(t => new QueryAttribute(t, level, QueryKeyType.Optional, false) { Sql = $"{alias}.tags ->> '$.\"{t.ToHexString()}\"'", Form = Form(DicomDictionary.GetVr(t)) });

    // names must be folded, numbers and times read before they can be compared
    private static AttributeForm Form(DicomVr vr) =>
        vr == DicomVr.PN || vr == DicomVr.DA || vr == DicomVr.TM || vr == DicomVr.DT || vr == DicomVr.IS || vr == DicomVr.DS ? AttributeForm.Opaque : AttributeForm.Several;
}
