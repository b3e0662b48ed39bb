namespace Pacs.Gdt;

/// <summary>What a GDT file says: <see cref="Pacs.Storage.GdtFile.Kind"/>. The words are in the index and in names of temporary files.</summary>
public static class GdtKind
{
    /// <summary>There is a new study; the resource is the study.</summary>
    public const string Study = "study";

    /// <summary>The measured values of a report; the resource is its instance.</summary>
    public const string Report = "report";
}

/// <summary>How far the delivery of a file is: <see cref="Pacs.Storage.GdtFile.State"/>. The words are in the index.</summary>
public static class GdtState
{
    /// <summary>Promised; nothing in the folder counts yet. The path is the name it should get.</summary>
    public const string Queued = "queued";

    /// <summary>In the folder under a temporary name, durably; about to get its name. The path is what it becomes.</summary>
    public const string Ready = "ready";

    /// <summary>Handed over.</summary>
    public const string Written = "written";

    /// <summary>Handed over by the old plugin, before the migration.</summary>
    public const string Imported = "imported";
}
