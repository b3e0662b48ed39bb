using System.Collections.Concurrent;
using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>
/// Two practice softwares that do what theirs do: read and delete, hold files open, lose their share; and a server that is restarted in between. Every study reaches each of them once.
/// PACS_GDT_STUDIES=500 is the long run.
/// </summary>
public sealed class GdtPracticeTests
{
    private static readonly int StudyCount = int.Parse(Environment.GetEnvironmentVariable("PACS_GDT_STUDIES") ?? "12", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Whatever_the_practice_software_and_its_share_do_every_study_comes_once()
    {
        var ct = TestContext.Current.CancellationToken;
        var random = new Random(6310);
        await using var host = await GdtHost.StartAsync(o => o.Receivers =
        [
            new GdtReceiverSettings
            {
                Name = "one", Folder = Path.Join(Path.GetDirectoryName(o.IncomingDir), "one"), Profile = "gdt-2.1", Delivery = GdtDelivery.HoldBack, StudyFile = "PACS.GDT", ReportFile = "PACS.GDT",
            },
        ]);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((_, _) => Task.FromResult(host.Names.Length == 1 && Directory.Exists(Path.Join(host.Folder, "one")))); // both folders are known from now on
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var fetched = new ConcurrentDictionary<(string Folder, string Patient), int>();
        var readers = new[] { host.Incoming, Path.Join(host.Folder, "one") }.Select(f => Task.Run(() => ReadAsync(f, fetched, stop.Token), ct)).ToArray();
        for (var study = 2; study <= StudyCount; study++)
        {
            await host.StoreAsync(Studies.Image(study, $"R{study / 2}"));
            switch (random.Next(4))
            {
                case 0:
                    await host.RestartAsync();
                    break;
                case 1:
                    await AwayAsync(random.Next(2) == 0 ? host.Incoming : Path.Join(host.Folder, "one"), ct);
                    break;
            }
        }
        await host.UntilAsync((_, _) => Task.FromResult(fetched.Count == 2 * StudyCount));
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.All(fetched, f => Assert.Equal(1, f.Value));
        await host.UntilAsync(async (db, token) => await Task.FromResult(db.GdtFiles.All(g => g.State == GdtState.Fetched)));
    }

    // the share is gone for a while; what is in it comes back with it
    private static async Task AwayAsync(string folder, CancellationToken ct)
    {
        Directory.Move(folder, folder + "-away");
        await Task.Delay(300, ct);
        Assert.False(Directory.Exists(folder), "the folder was made where the share was");
        Directory.Move(folder + "-away", folder);
    }

    private static async Task ReadAsync(string folder, ConcurrentDictionary<(string Folder, string Patient), int> fetched, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                foreach (var file in Directory.GetFiles(folder).Where(f => !Path.GetFileName(f).StartsWith('.')))
                {
                    byte[] bytes;
                    await using (var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None))
                    {
                        bytes = new byte[open.Length];
                        await open.ReadExactlyAsync(bytes, CancellationToken.None);
                        await Task.Delay(30, CancellationToken.None); // it thinks about it
                    }
                    File.Delete(file);
                    var message = GdtReader.Read(bytes);
                    Assert.Empty(message.Remarks);
                    fetched.AddOrUpdate((folder, message.Records[0]["3000"]!), 1, (_, n) => n + 1);
                }
            }
            catch (IOException)
            {
                await Task.Delay(10, CancellationToken.None); // the share is away
            }
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
