using System.Globalization;

namespace Pacs.Gdt;

/// <summary>
/// The record 6310 that announces an examination: the study file, and the answer of <c>GET /worklist/add</c>. Fields, order and constants are
/// those of the old plugin, which practice software has been configured for: 3.0-style object names in 3.5-style brackets (8002/8003).
/// </summary>
public static class StudyRecord
{
    /// <summary>Makes the record.</summary>
    /// <param name="patientId">3000, the patient's number in the practice software.</param>
    /// <param name="testId">8410, by which the practice software knows what to do with the record.</param>
    /// <param name="testDescription">8411.</param>
    /// <param name="accession">8413 and 8428; may be empty.</param>
    /// <param name="date">8432, written as DDMMYYYY.</param>
    /// <param name="time">8439, written as HHMMSS.</param>
    /// <param name="text">6228, the line that people read.</param>
    public static GdtRecord Create(string patientId, string testId, string testDescription, string accession, DateOnly date, TimeOnly time, string text) => new()
    {
        { "8000", "6310" },
        { "8002", "Obj_Kopfdaten" },
        { "8315", "PRAX_EDV" },
        { "8316", "ORTHANC" },
        { "9218", "03.1" },
        { "8003", "Obj_Kopfdaten" },
        { "8002", "Obj_Patient" },
        { "3000", patientId },
        { "8003", "Obj_Patient" },
        { "8002", "Obj_Untersuchung" },
        { "8410", testId },
        { "8411", testDescription },
        { "8413", accession },
        { "8428", accession },
        { "8432", Date(date) },
        { "8439", Time(time) },
        { "6228", text },
        { "8003", "Obj_Untersuchung" },
        { "8001", "6310" },
    };

    /// <summary>A date as GDT 2.1 and 3.0 write it: TTMMJJJJ.</summary>
    public static string Date(DateOnly date) => date.ToString("ddMMyyyy", CultureInfo.InvariantCulture);

    /// <summary>A time as GDT 2.1 and 3.0 write it: HHMMSS.</summary>
    public static string Time(TimeOnly time) => time.ToString("HHmmss", CultureInfo.InvariantCulture);
}
