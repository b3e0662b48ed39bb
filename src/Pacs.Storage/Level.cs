namespace Pacs.Storage;

/// <summary>The four levels of DICOM's information model (PS3.3 §A.1.2), as Orthanc counts them in its REST API.</summary>
public enum Level : byte
{
    /// <summary>A person.</summary>
    Patient,

    /// <summary>One visit.</summary>
    Study,

    /// <summary>What one device made in one go.</summary>
    Series,

    /// <summary>One image, report or document.</summary>
    Instance,
}
