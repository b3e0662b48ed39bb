namespace Pacs.Gdt;

/// <summary>Why a record that came in was not taken. The words are in the index and, as text, on the pages.</summary>
public enum GdtRefusal
{
    /// <summary>The file is no GDT.</summary>
    NoGdt,

    /// <summary>The file is empty, or larger than <see cref="GdtReader.MaxBytes"/>.</summary>
    Size,

    /// <summary>8000 is absent, or none of 6301, 6302, 6303, 6311.</summary>
    RecordType,

    /// <summary>3000 is absent, longer than 64 characters, or has a backslash.</summary>
    PatientId,

    /// <summary>3101 is absent, or name and first name are too long together.</summary>
    PatientName,

    /// <summary>3103 is no date.</summary>
    BirthDate,

    /// <summary>8402 and 8410 are too long.</summary>
    TestType,

    /// <summary>There is no open order to cancel, or more than one that fits.</summary>
    NoOrder,

    /// <summary>The device has begun the examination that is to be cancelled.</summary>
    Started,

    /// <summary>There is no study to be shown.</summary>
    NoStudy,

    /// <summary>To show a study <see cref="GdtOptions.LinkAddress"/> must be configured.</summary>
    NoLinkAddress,
}

/// <summary>The reasons as sentences for the file beside a refused one: whoever looks into the folder sits in a German practice.</summary>
internal static class GdtRefusals
{
    public static string Explain(GdtRefusal refusal) => refusal switch
    {
        GdtRefusal.NoGdt => "Die Datei ist keine GDT-Datei: Keine Zeile beginnt mit Länge und Feldkennung.",
        GdtRefusal.Size => "Die Datei ist leer oder zu groß.",
        GdtRefusal.RecordType => "Die Satzart (Feld 8000) wird hier nicht angenommen. Angenommen werden 6301, 6302, 6303 und 6311.",
        GdtRefusal.PatientId => "Die Patientennummer (Feld 3000) fehlt oder ist ungültig.",
        GdtRefusal.PatientName => "Der Name (Felder 3101, 3102) fehlt oder ist zu lang.",
        GdtRefusal.BirthDate => "Das Geburtsdatum (Feld 3103) ist kein Datum.",
        GdtRefusal.TestType => "Die Untersuchung (Felder 8402, 8410) ist zu lang.",
        GdtRefusal.NoOrder => "Es gibt keinen offenen Auftrag dazu, oder mehrere, und der Satz sagt nicht, welchen (Felder 8310, 8314, 8402).",
        GdtRefusal.Started => "Das Gerät hat die Untersuchung schon begonnen; der Auftrag ist nicht storniert.",
        GdtRefusal.NoStudy => "Zu diesem Patienten gibt es keine Untersuchung.",
        _ => "Zum Zeigen von Untersuchungen fehlt die Einstellung GdtGenerator.LinkAddress.",
    };
}
