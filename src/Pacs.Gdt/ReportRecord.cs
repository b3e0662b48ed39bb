using System.Globalization;

namespace Pacs.Gdt;

/// <summary>The record 6310 with the measured values of a report, as the old plugin wrote it; what it did not know are limits (8461, 8462), notes and text.</summary>
public static class ReportRecord
{
    /// <summary>Makes the record. A report without values gives one with a head and no tests.</summary>
    /// <param name="patientId">3000, the patient's number in the practice software.</param>
    /// <param name="date">6200, and 8432 of every test: the date of the study.</param>
    /// <param name="time">8439 of every test: the time of the study.</param>
    /// <param name="measurements">The tests.</param>
    /// <param name="textField">The field that gets <paramref name="lines"/>: <c>6220</c>, or <c>6228</c> with their number before it in 6226.</param>
    /// <param name="lines">The report in words; none by default.</param>
    public static GdtRecord Create(
        string patientId, DateOnly date, TimeOnly time, IEnumerable<Measurement> measurements, string textField = "6220", params IReadOnlyList<string> lines)
    {
        ArgumentNullException.ThrowIfNull(measurements);
        ArgumentNullException.ThrowIfNull(lines);
        var record = new GdtRecord
        {
            { "8000", "6310" },
            { "8315", "MEDOFF" },
            { "8316", "ORTHANC" },
            { "9218", "01.0" },
            { "3000", patientId },
            { "6200", StudyRecord.Date(date) },
        };
        if (lines.Count > 0 && textField == "6228")
        {
            record.Add("6226", lines.Count.ToString(CultureInfo.InvariantCulture));
        }
        foreach (var line in lines)
        {
            record.Add(textField, line);
        }
        foreach (var measurement in measurements)
        {
            record.Add("8410", measurement.Identifier);
            record.Add("8411", measurement.Name);
            record.Add("8420", measurement.Value);
            record.Add("8421", measurement.Unit);
            record.Add("8432", StudyRecord.Date(date));
            record.Add("8439", StudyRecord.Time(time));
            if (measurement.Lower is { } lower)
            {
                record.Add("8461", lower);
            }
            if (measurement.Upper is { } upper)
            {
                record.Add("8462", upper);
            }
            if (measurement.RealId is { } realId)
            {
                record.Add("8470", $"Id: {realId}");
            }
            if (measurement.Source is { } source)
            {
                record.Add("8470", $"Quelle: {source}");
            }
            foreach (var note in measurement.Notes)
            {
                record.Add("8470", note);
            }
        }
        record.Add("8001", "6310");
        return record;
    }
}
