using System.Collections.Concurrent;
using System.Text;

namespace Pacs.Interop;

/// <summary>What an AIS does with its import folder: it looks again and again, reads what ends in <c>.gdt</c>, and deletes it.</summary>
public sealed class PracticeSoftware(string folder) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;

    /// <summary>How often a file about this accession number was read.</summary>
    public ConcurrentDictionary<string, int> Read { get; } = new();

    /// <summary>Files that were not whole records.</summary>
    public ConcurrentQueue<string> Torn { get; } = new();

    public PracticeSoftware Start()
    {
        _work = Task.Run(WatchAsync);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var file in Directory.GetFiles(folder, "*.gdt"))
                {
                    Take(file);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopped
        }
    }

    private void Take(string file)
    {
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
        var lines = text.Split("\r\n");
        var whole = lines.Length > 3 && lines[^1].Length == 0 && lines[0] == "01380006310" && lines[^2] == "01380016310"
            && lines[..^1].All(l => int.Parse(l[..3]) == l.Length + 2);
        if (!whole)
        {
            Torn.Enqueue($"{Path.GetFileName(file)}: {text.Length} bytes");
        }
        var accession = lines.FirstOrDefault(l => l.Length > 7 && l[3..7] == "8413")?[7..] ?? Path.GetFileName(file);
        Read.AddOrUpdate(accession, 1, (_, n) => n + 1);
        File.Delete(file);
    }
}
