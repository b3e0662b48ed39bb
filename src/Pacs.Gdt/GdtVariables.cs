using System.Collections.Frozen;
using System.Globalization;

namespace Pacs.Gdt;

/// <summary>A link or file that a record names: 6302 to 6305.</summary>
/// <param name="Id">6302, the number under which the practice software files it.</param>
/// <param name="Format">6303: <c>URL</c>, <c>JPG</c>, <c>PDF</c>.</param>
/// <param name="Title">6304, for people.</param>
/// <param name="Path">6305: where it is.</param>
public sealed record GdtAttachment(string Id, string Format, string Title, string Path);

/// <summary>A report in words.</summary>
/// <param name="Field">The field of its lines: <c>6220</c>, or <c>6228</c> with their number before it in 6226.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Instead">The one line that stands for them where they are too many for a record.</param>
public sealed record GdtText(string Field, IReadOnlyList<string> Lines, string Instead);

/// <summary>What an order said that its answer repeats.</summary>
/// <param name="OrderId">8310; empty when it had none.</param>
/// <param name="OrderUid">8314; empty when it had none.</param>
/// <param name="TestType">8402; empty when it had none.</param>
public sealed record GdtOrderNumbers(string OrderId, string OrderUid, string TestType);

/// <summary>What a record can say: the values of the variables in templates.</summary>
/// <param name="Examination">What the images say.</param>
public sealed record GdtVariables(Examination Examination)
{
    private static readonly string[] Common =
    [
        "PatientId", "LastName", "FirstName", "Title", "BirthDate", "Sex", "Accession", "OrderId", "OrderUid", "TestType", "TestId", "TestDescription", "Modality", "Description",
        "Date", "Time", "Zone", "Text", "StudyUid", "Link", "Series", "Images", "ReceiverId", "SenderId", "CharacterSet", "Version",
    ];

    /// <summary>The variables of a study's or a report's record.</summary>
    public static IReadOnlySet<string> Record { get; } = Common.ToFrozenSet();

    /// <summary>The variables of a measured value.</summary>
    public static IReadOnlySet<string> Measurement { get; } = Common.Concat(["Identifier", "Name", "Value", "Unit", "RealId", "Source", "Lower", "Upper"]).ToFrozenSet();

    /// <summary>The variables of a link or file.</summary>
    public static IReadOnlySet<string> Attachment { get; } = Common.Concat(["AttachmentId", "AttachmentFormat", "AttachmentTitle", "AttachmentPath"]).ToFrozenSet();

    /// <summary>The order the examination answers, or null.</summary>
    public GdtOrderNumbers? Order { get; init; }

    /// <summary>A link to the study's page, or null when no address is configured.</summary>
    public Uri? Link { get; init; }

    /// <summary>How many series the study has; null when nobody counted.</summary>
    public int? Series { get; init; }

    /// <summary>How many images and other objects the study has; null when nobody counted.</summary>
    public int? Images { get; init; }

    /// <summary>Links and files.</summary>
    public IReadOnlyList<GdtAttachment> Attachments { get; init; } = [];

    /// <summary>The values as a profile writes them.</summary>
    internal IReadOnlyDictionary<string, string?> For(GdtProfile profile)
    {
        var (data, e) = (profile.Data, Examination);
        return new Dictionary<string, string?>
        {
            ["PatientId"] = e.PatientId,
            ["LastName"] = e.PatientName.Alphabetic.FamilyName,
            ["FirstName"] = string.Join(' ', new[] { e.PatientName.Alphabetic.GivenName, e.PatientName.Alphabetic.MiddleName }.Where(n => n.Length > 0)),
            ["Title"] = e.PatientName.Alphabetic.Prefix,
            ["BirthDate"] = e.BirthDate is { } born ? Date(profile, born) : null,
            ["Sex"] = data.Sex?.GetValueOrDefault(e.Sex),
            ["Accession"] = e.Accession,
            ["OrderId"] = Order?.OrderId,
            ["OrderUid"] = Order?.OrderUid,
            ["TestType"] = Order is { TestType.Length: > 0 } && profile.Fits("8402", Order.TestType) ? Order.TestType
                : data.TestTypes?.GetValueOrDefault(e.Modality ?? "") ?? data.TestTypes?.GetValueOrDefault("*"),
            ["TestId"] = data.TestId,
            ["TestDescription"] = data.TestDescription,
            ["Modality"] = e.Modality,
            ["Description"] = e.Description,
            ["Date"] = Date(profile, e.Date),
            ["Time"] = e.Time.ToString("HHmmss", CultureInfo.InvariantCulture),
            ["Zone"] = Zone(e),
            ["Text"] = e.Text,
            ["StudyUid"] = e.StudyUid,
            ["Link"] = Link?.AbsoluteUri,
            ["Series"] = Series?.ToString(CultureInfo.InvariantCulture),
            ["Images"] = Images?.ToString(CultureInfo.InvariantCulture),
            ["ReceiverId"] = data.ReceiverId,
            ["SenderId"] = data.SenderId,
            ["CharacterSet"] = data.NamesCharacterSet == false ? null : profile.CharacterSet.Code,
            ["Version"] = data.VersionText ?? profile.Version switch { GdtVersion.Gdt21 => "02.10", GdtVersion.Gdt30 => "03.00", GdtVersion.Gdt31 => "03.01", GdtVersion.Gdt35 => "3.5", _ => "03.1" },
        };
    }

    /// <summary>The values, and those of a measurement.</summary>
    internal static Dictionary<string, string?> With(IReadOnlyDictionary<string, string?> values, Measurement measurement) => new(values)
    {
        ["Identifier"] = measurement.Identifier,
        ["Name"] = measurement.Name,
        ["Value"] = measurement.Value,
        ["Unit"] = measurement.Unit,
        ["RealId"] = measurement.RealId,
        ["Source"] = measurement.Source,
        ["Lower"] = measurement.Lower,
        ["Upper"] = measurement.Upper,
    };

    /// <summary>The values, and those of a link or file.</summary>
    internal static Dictionary<string, string?> With(IReadOnlyDictionary<string, string?> values, GdtAttachment attachment) => new(values)
    {
        ["AttachmentId"] = attachment.Id,
        ["AttachmentFormat"] = attachment.Format,
        ["AttachmentTitle"] = attachment.Title,
        ["AttachmentPath"] = attachment.Path,
    };

    // GDT until 3.1 writes TTMMJJJJ, 3.5 JJJJMMTT
    private static string Date(GdtProfile profile, DateOnly date) => date.ToString(profile.Version == GdtVersion.Gdt35 ? "yyyyMMdd" : "ddMMyyyy", CultureInfo.InvariantCulture);

    // 7273 of GDT 3.5: UTC+1
    private static string Zone(Examination examination)
    {
        var offset = TimeZoneInfo.Local.GetUtcOffset(examination.Date.ToDateTime(examination.Time, DateTimeKind.Unspecified));
        return $"UTC{(offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(offset.Hours)}{(offset.Minutes == 0 ? "" : $":{Math.Abs(offset.Minutes):00}")}";
    }
}
