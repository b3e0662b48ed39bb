using System.Collections.Frozen;

namespace Pacs.Dicom.Modification;

/// <summary>What de-identification leaves although the basic profile takes it away (PS3.15 §E.3).</summary>
[Flags]
public enum DeidentificationOptions
{
    /// <summary>The basic profile alone.</summary>
    None = 0,

    /// <summary>Retain UIDs (§E.3.9).</summary>
    RetainUids = 1,

    /// <summary>Retain device identity (§E.3.8).</summary>
    RetainDevice = 2,

    /// <summary>Retain institution identity (§E.3.11).</summary>
    RetainInstitution = 4,

    /// <summary>Retain patient characteristics (§E.3.7).</summary>
    RetainPatientCharacteristics = 8,

    /// <summary>Retain longitudinal temporal information with full dates (§E.3.6).</summary>
    RetainDates = 16,

    /// <summary>Retain longitudinal temporal information with modified dates (§E.3.6): all of one job are shifted by the same number of days.</summary>
    RetainShiftedDates = 32,
}

/// <summary>What happens to an attribute (PS3.15 §E.1).</summary>
internal enum DeidentificationAction
{
    /// <summary>It stays.</summary>
    Keep,

    /// <summary>It goes.</summary>
    Remove,

    /// <summary>It becomes empty.</summary>
    Empty,

    /// <summary>It gets a value that says nothing.</summary>
    Dummy,

    /// <summary>Each of its UIDs becomes another, always the same for the same one.</summary>
    Map,

    /// <summary>Its date is shifted.</summary>
    Shift,
}

/// <summary>PS3.15 table E.1-1 of the edition 2026c, from <c>deidentification.tsv</c>.</summary>
internal static class DeidentificationTable
{
    private static readonly (string Name, DeidentificationOptions Option)[] Names =
    [
        ("UIDs", DeidentificationOptions.RetainUids), ("Device", DeidentificationOptions.RetainDevice), ("Institution", DeidentificationOptions.RetainInstitution),
        ("Patient", DeidentificationOptions.RetainPatientCharacteristics), ("Dates", DeidentificationOptions.RetainDates), ("ShiftedDates", DeidentificationOptions.RetainShiftedDates),
    ];

    private static readonly Lazy<FrozenDictionary<DicomTag, (DeidentificationAction Action, DeidentificationOptions Retained)>> Rows = new(Read);

    /// <summary>What happens to an attribute; what the table does not name stays.</summary>
    public static DeidentificationAction Of(DicomTag tag, DicomVr vr, DeidentificationOptions options)
    {
        if (!Rows.Value.TryGetValue(tag, out var row))
        {
            return DeidentificationAction.Keep;
        }
        var retained = row.Retained & options;
        if ((retained & ~DeidentificationOptions.RetainShiftedDates) != DeidentificationOptions.None)
        {
            return DeidentificationAction.Keep;
        }
        // times say nothing without their date
        return retained == DeidentificationOptions.None ? row.Action : vr == DicomVr.DA || vr == DicomVr.DT ? DeidentificationAction.Shift : vr == DicomVr.TM ? DeidentificationAction.Keep : row.Action;
    }

    private static FrozenDictionary<DicomTag, (DeidentificationAction, DeidentificationOptions)> Read()
    {
        using var reader = new StreamReader(typeof(DeidentificationTable).Assembly.GetManifestResourceStream("deidentification.tsv")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.TrimEnd('\r').Split('\t'))
            .ToFrozenDictionary(c => DicomTag.Parse(c[0]), c => (Action(c[1]), Names.Where(n => c[2].Split(' ').Contains(n.Name)).Aggregate(DeidentificationOptions.None, (all, n) => all | n.Option)));
    }

    // where the action depends on the type that the attribute has in its IOD, the one that is right for the strictest of them: nothing that must be there is missing
    private static DeidentificationAction Action(string code) => code switch
    {
        "X" => DeidentificationAction.Remove,
        "Z" or "X/Z" => DeidentificationAction.Empty,
        "U" or "X/Z/U*" => DeidentificationAction.Map,
        "D" or "X/D" or "Z/D" or "X/Z/D" => DeidentificationAction.Dummy,
        _ => DeidentificationAction.Remove,
    };
}
