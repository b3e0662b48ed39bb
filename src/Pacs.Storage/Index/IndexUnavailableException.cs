namespace Pacs.Storage;

/// <summary>The index cannot be written at the moment: the disk is full or failing, another process holds it, or the server is stopping.</summary>
public sealed class IndexUnavailableException : IOException
{
    /// <summary>An exception without a reason.</summary>
    public IndexUnavailableException()
    {
    }

    /// <summary>An exception with a reason.</summary>
    public IndexUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a reason and what caused it.</summary>
    public IndexUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether it failed so late that after a crash the commit might be found done: files it refers to must stay.</summary>
    internal bool MayBeCommitted { get; init; }
}
