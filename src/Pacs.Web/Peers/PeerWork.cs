using System.IO.Compression;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Instances;
using Pacs.Web.Jobs;

namespace Pacs.Web.Peers;

/// <summary>Sends instances to peers, one after the other. A peer that is not there makes the rest of a job fail at once; resubmitting the job sends what is missing.</summary>
internal sealed class PeerWork(JobQueue queue, IndexReader index, Archive archive, PeerList peers, DecodingSlots slots) : ILocalWork
{
    // instances in a turn: others have theirs after it
    private const int Turn = 100;

    // a converted or packed file up to this size is made in memory; larger ones on the disk
    private const int MaxMemory = 16 << 20;

    /// <inheritdoc/>
    public bool Does(Job job) => PeerJob.Is(job);

    /// <inheritdoc/>
    public bool MayFail(Job job) => PeerJob.Of(job).Permissive;

    /// <inheritdoc/>
    public async Task RunAsync(JobTurn turn, CancellationToken halt)
    {
        var content = PeerJob.Of(turn.Job);
        var waiting = await queue.WaitingAsync(turn.Job, Turn, halt);
        if (await peers.FindAsync(content.Peer, halt) is not { } peer)
        {
            turn.Error = JobErrors.NoNode(content.Peer);
            await FailAsync(turn, waiting);
            return;
        }
        using var client = new PeerClient(peer);
        var size = content.Size;
        for (var i = 0; i < waiting.Count && !halt.IsCancellationRequested; i++)
        {
            try
            {
                var sent = await SendAsync(client, content, waiting[i].Instance, turn, halt);
                size += sent;
                await turn.AddAsync(new JobOutcome(waiting[i].Ordinal, sent > 0 ? JobItemState.Sent : JobItemState.Failed, 0));
            }
            catch (HttpRequestException e)
            {
                turn.Error = new JobError(JobErrors.NetworkProtocol, JobFault.Unreachable, $"{content.Peer} cannot be reached: {e.HttpRequestError}");
                await FailAsync(turn, waiting.Skip(i));
                break;
            }
        }
        await turn.SaveAsync();
        await queue.NoteContentAsync(turn.Job, (content with { Size = size }).ToJson(), CancellationToken.None);
    }

    private static async Task FailAsync(JobTurn turn, IEnumerable<JobItem> items)
    {
        foreach (var item in items)
        {
            await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Failed, 0));
        }
    }

    /// <returns>How many bytes were stored there; 0 for none.</returns>
    private async Task<long> SendAsync(PeerClient client, PeerJob content, ResourceId instance, JobTurn turn, CancellationToken ct)
    {
        if (await index.LocateAsync(instance, ct) is not { } location || archive.TryGetPath(location.Key) is not { } path)
        {
            turn.Error = JobErrors.Gone;
            return 0;
        }
        if (OutgoingFile.For(location, content.Transcode ?? "*", out var reason) is not { } file)
        {
            turn.Error = new JobError(JobErrors.NetworkProtocol, JobFault.Unreadable, reason!);
            return 0;
        }
        try
        {
            await using var stream = await OpenAsync(file, path, content.Compress, ct);
            var length = stream.Length;
            using var answer = await client.StoreAsync(stream, content.Compress, ct);
            if (answer.IsSuccessStatusCode)
            {
                return length;
            }
            var status = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
            turn.Error = new JobError(JobErrors.NetworkProtocol, JobFault.Refused, $"{content.Peer} answers {status}", status);
            return 0;
        }
        catch (DicomException e)
        {
            turn.Error = new JobError(JobErrors.NetworkProtocol, JobFault.Unreadable, e.Message);
            return 0;
        }
        catch (FileNotFoundException)
        {
            turn.Error = JobErrors.Gone;
            return 0;
        }
    }

    private async Task<Stream> OpenAsync(OutgoingFile file, string path, bool isPacked, CancellationToken ct)
    {
        if (file.IsAsStored && !isPacked)
        {
            return File.OpenRead(path);
        }
        Stream made = file.Location.Size <= MaxMemory ? new MemoryStream()
            : new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.DeleteOnClose);
        try
        {
            var packed = isPacked ? new GZipStream(made, CompressionLevel.Fastest, leaveOpen: true) : null;
            await using (packed)
            {
                await WriteAsync(file, path, packed ?? made, ct);
            }
            made.Position = 0;
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    private async Task WriteAsync(OutgoingFile file, string path, Stream target, CancellationToken ct)
    {
        if (file.IsAsStored)
        {
            await using var stored = File.OpenRead(path);
            await stored.CopyToAsync(target, ct);
            return;
        }
        await foreach (var piece in file.ConvertAsync(path, slots, ct))
        {
            await target.WriteAsync(piece, ct);
        }
    }
}
