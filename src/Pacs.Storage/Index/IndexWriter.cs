using Microsoft.Extensions.Hosting;

namespace Pacs.Storage;

/// <summary>
/// The only one who writes to the index: one thread, one connection, one queue. Whatever waits is written in one transaction and one fsync (at most
/// 256 items); an answer comes after the commit. Stopping writes what is queued.
/// </summary>
public sealed class IndexWriter : IHostedService
{
    /// <summary>
    /// Runs a piece of work inside the writer's next transaction and completes after its commit. Must be short and must not wait for anything but the
    /// context it is given: everybody's writes wait for it. <c>SaveChangesAsync</c> is called for it.
    /// </summary>
    /// <exception cref="IndexUnavailableException">The index cannot be written: the disk is full or failing, or another process holds it.</exception>
    public Task<T> WriteAsync<T>(Func<PacsDb, CancellationToken, Task<T>> work, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>As <see cref="WriteAsync{T}"/>, without a result.</summary>
    public Task WriteAsync(Func<PacsDb, CancellationToken, Task> work, CancellationToken ct) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>The index cannot be written at the moment: the disk is full or failing, or another process holds it.</summary>
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
}
