namespace Pacs.Gdt;

/// <summary>The record 6310 with the measured values of a report, as the old plugin wrote it.</summary>
public static class ReportRecord
{
    /// <summary>Makes the record. A report without values gives one with a head and no tests.</summary>
    /// <param name="patientId">3000, the patient's number in the practice software.</param>
    /// <param name="date">6200, and 8432 of every test: the date of the study.</param>
    /// <param name="time">8439 of every test: the time of the study.</param>
    /// <param name="measurements">The tests.</param>
    public static GdtRecord Create(string patientId, DateOnly date, TimeOnly time, IEnumerable<Measurement> measurements)
    {
        ArgumentNullException.ThrowIfNull(measurements);
        var record = new GdtRecord
        {
            { "8000", "6310" },
            { "8315", "MEDOFF" },
            { "8316", "ORTHANC" },
            { "9218", "01.0" },
            { "3000", patientId },
            { "6200", StudyRecord.Date(date) },
        };
        foreach (var measurement in measurements)
        {
            record.Add("8410", measurement.Identifier);
            record.Add("8411", measurement.Name);
            record.Add("8420", measurement.Value);
            record.Add("8421", measurement.Unit);
            record.Add("8432", StudyRecord.Date(date));
            record.Add("8439", StudyRecord.Time(time));
            if (measurement.RealId is { } realId)
            {
                record.Add("8470", $"Id: {realId}");
            }
            if (measurement.Source is { } source)
            {
                record.Add("8470", $"Quelle: {source}");
            }
        }
        record.Add("8001", "6310");
        return record;
    }
}
