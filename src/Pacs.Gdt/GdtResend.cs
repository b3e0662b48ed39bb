using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>Sends a file again because somebody wants it: with what the archive says now.</summary>
public sealed class GdtResend(GdtReceivers receivers, GdtFiles files, GdtContents contents, IndexReader reader)
{
    /// <summary>Sends again. A file that waits for a request goes into the folder instead, and one that waits for the folder stays as it is.</summary>
    /// <returns>The key of the file that goes out; null when the resource or the receiver is not there any more.</returns>
    public async Task<GdtKey?> SendAsync(GdtKey key, CancellationToken ct)
    {
        if (receivers.Find(key.Receiver) is not { } receiver)
        {
            return null;
        }
        if (await files.ReleaseAsync(key, ct) || await files.FindAsync(key, ct) is { State: GdtState.Queued or GdtState.Ready })
        {
            return key;
        }
        var content = key.Kind == GdtKind.Report
            ? await reader.InstanceAsync(key.Resource, ct) is { } report ? await contents.ReportAsync(receiver, report, ct) : null
            : await contents.SpokesmanAsync(key.Resource, ct) is { } entry ? await contents.StudyAsync(receiver, entry, ct) : null;
        return content is null ? null : await files.AddAgainAsync(receiver, key.Kind, key.Resource, content, ct);
    }
}
