using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Pacs.Interop;

/// <summary>
/// What practice software does with its import folder when it has a bad day: it holds files open, reads them slowly, takes them by a rename, looks at the files they name, and goes on when the share
/// comes back. What it could not take it has not read.
/// </summary>
public sealed class ImportingSoftware(string folder, int seed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random = new(seed);
    private Task _work = Task.CompletedTask;

    /// <summary>How often a record was taken: "P17 study", "P17 report".</summary>
    public ConcurrentDictionary<string, int> Read { get; } = new();

    /// <summary>Files that were not whole records, or named a picture that was not whole.</summary>
    public ConcurrentQueue<string> Torn { get; } = new();

    public ImportingSoftware Start()
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
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var file in Directory.GetFiles(folder).Where(f => !Path.GetFileName(f).StartsWith('.') && Path.GetFileName(f) != Share.Marker))
                {
                    await TakeAsync(file);
                }
                foreach (var taken in Directory.GetFiles(folder, ".taken-*"))
                {
                    File.Delete(taken);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // the share is away, read-only, or somebody else has the file
            }
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task TakeAsync(string file)
    {
        byte[] bytes;
        await using (var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None))
        {
            bytes = new byte[open.Length];
            await Task.Delay(_random.Next(10) == 0 ? _random.Next(500) : _random.Next(20), CancellationToken.None); // it thinks about it
            await open.ReadExactlyAsync(bytes, CancellationToken.None);
        }
        // a rename fails where a file is gone, and deleting does not: what cannot be taken will be read again
        File.Move(file, Path.Join(folder, $".taken-{Guid.NewGuid():N}"));
        var lines = Encoding.Latin1.GetString(bytes).Split("\r\n");
        if (Fault(lines, bytes.Length) is { } fault)
        {
            Torn.Enqueue($"{Path.GetFileName(file)}: {fault}");
        }
        foreach (var picture in Values(lines, "6305").Where(p => p.EndsWith(".jpg", StringComparison.Ordinal)))
        {
            CheckPicture(picture);
        }
        var patient = Values(lines, "3000").FirstOrDefault() ?? Path.GetFileName(file);
        Read.AddOrUpdate($"{patient} {(Values(lines, "8420").Any() ? "report" : "study")}", 1, (_, n) => n + 1);
    }

    private void CheckPicture(string picture)
    {
        try
        {
            var jpeg = File.ReadAllBytes(picture);
            if (jpeg is not [0xFF, 0xD8, .., 0xFF, 0xD9])
            {
                Torn.Enqueue($"{Path.GetFileName(picture)}: no whole JPEG");
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && File.Exists(Path.Join(folder, Share.Marker)))
        {
            Torn.Enqueue($"{Path.GetFileName(picture)}: named and not there");
        }
        catch (IOException)
        {
            return; // the share has just gone away with it
        }
    }

    private static IEnumerable<string> Values(string[] lines, string field) => lines.Where(l => l.Length > 7 && l.AsSpan(3, 4).SequenceEqual(field)).Select(l => l[7..]);

    // QMS GDT: each line begins with its length in bytes, line end included; 8100 is the length of the whole, 8202 and 8001 are its end
    private static string? Fault(string[] lines, int length)
    {
        if (lines.Length < 4 || lines[^1].Length > 0 || lines[0] != "01380006310")
        {
            return "no record";
        }
        if (lines[..^1].FirstOrDefault(l => l.Length < 7 || !int.TryParse(l.AsSpan(0, 3), CultureInfo.InvariantCulture, out var said) || said != l.Length + 2) is { } line)
        {
            return $"a line of {line.Length} characters";
        }
        return Values(lines, "8100").FirstOrDefault() is { } all ? int.Parse(all, CultureInfo.InvariantCulture) == length ? null : $"{length} bytes, 8100 says {all}"
            : lines[^2] == "01380016310" ? null : "no end";
    }
}
