namespace Pacs.Gdt;

/// <summary>
/// Bytes that are no GDT at all, or values that cannot be a record of the chosen version. The message names the field and what is wrong with it, never the value: it
/// may be shown and logged.
/// </summary>
public sealed class GdtException : FormatException
{
    /// <summary>An exception without a reason.</summary>
    public GdtException()
    {
    }

    /// <summary>An exception with a reason.</summary>
    public GdtException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a reason and what caused it.</summary>
    public GdtException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
