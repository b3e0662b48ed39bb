using System.Globalization;
using Pacs.Storage;

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

    /// <summary>Promised, to be handed over when somebody asks for it (<see cref="GdtDelivery.OnDemand"/>).</summary>
    public const string Held = "held";

    /// <summary>In the folder under a temporary name, durably; about to get its name. The path is what it becomes.</summary>
    public const string Ready = "ready";

    /// <summary>Handed over.</summary>
    public const string Written = "written";

    /// <summary>Handed over, and gone from the folder since: the practice software has taken it.</summary>
    public const string Fetched = "fetched";

    /// <summary>No record can be made of it; the error says why. It stays so until somebody sends it again.</summary>
    public const string Failed = "failed";

    /// <summary>No record could be made of it, and somebody has decided that none is needed.</summary>
    public const string Dropped = "dropped";

    /// <summary>Handed over by the old plugin, before the migration.</summary>
    public const string Imported = "imported";
}

/// <summary>Which file: the key of <see cref="Pacs.Storage.GdtFile"/>.</summary>
/// <param name="Receiver">The receiver's name.</param>
/// <param name="Kind"><see cref="GdtKind"/>.</param>
/// <param name="Resource">The study or instance it is about.</param>
/// <param name="Revision">0 for the first file about it.</param>
public readonly record struct GdtKey(string Receiver, string Kind, ResourceId Resource, int Revision)
{
    private const int ResourceLength = 44;

    /// <summary>The key of a row.</summary>
    public static GdtKey Of(GdtFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new GdtKey(file.Receiver, file.Kind, file.Resource, file.Revision);
    }

    /// <summary>The key in names of temporary files: <c>study-f3a0…</c>, and with what is not the default <c>study~1~sono-f3a0…</c>.</summary>
    public override string ToString() => Revision == 0 && Receiver == GdtFile.DefaultReceiver ? $"{Kind}-{Resource}" : $"{Kind}~{Revision}~{Receiver}-{Resource}";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static GdtKey? Parse(ReadOnlySpan<char> text)
    {
        if (text.Length < ResourceLength + 2 || text[^(ResourceLength + 1)] != '-' || !ResourceId.TryParse(text[^ResourceLength..].ToString(), out var resource))
        {
            return null;
        }
        return text[..^(ResourceLength + 1)].ToString().Split('~') switch
        {
            [var kind] => new GdtKey(GdtFile.DefaultReceiver, kind, resource, 0),
            [var kind, var revision, var receiver] when int.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => new GdtKey(receiver, kind, resource, number),
            _ => null,
        };
    }
}
