using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pacs.Storage;
using Pacs.Web;

namespace Pacs.Tests.Web;

public sealed class StatusPageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_works_says_so()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAet"] = "PRAXIS" });
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var page = await GetAsync(server);
        Assert.Contains("Alles in Ordnung", page, StringComparison.Ordinal);
        Assert.Contains("<dd>PRAXIS</dd>", page, StringComparison.Ordinal);
        Assert.Contains($"Port {server.DicomPort}", page, StringComparison.Ordinal);
        Assert.Contains($"Port {server.HttpPort}", page, StringComparison.Ordinal);
        Assert.Contains("1 Studie, 1 Bild", page, StringComparison.Ordinal);
        Assert.Matches("<td data-label=\"Gerät \\(AE-Titel\\)\"><bdi>TEST</bdi></td>\\s*<td data-label=\"Adresse\">127.0.0.1</td>", page);
        Assert.DoesNotContain("gestört", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Müller", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_long_the_disk_lasts_is_told_from_what_has_come()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains("noch nicht abzuschätzen", await GetAsync(server), StringComparison.Ordinal);
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        Assert.Contains("noch nicht abzuschätzen", await GetAsync(server), StringComparison.Ordinal); // a day that has just begun says nothing

        // half of what is free within ten days: twenty more, give or take what other programs do to the disk meanwhile
        var free = new DriveInfo(server.Folder).AvailableFreeSpace;
        await GrowAsync(server, days: 10, size: free / 2);
        Assert.Matches("etwa (1[89]|2[01]) Tage", await GetAsync(server));
        // as much as a tenth of the disk in thirty days, and a year is not full yet
        await GrowAsync(server, days: 29.99, size: free / 10);
        Assert.Matches("etwa (9|10) Monate", await GetAsync(server));
        await GrowAsync(server, days: 29.99, size: free / 100);
        Assert.Contains("mehr als zwei Jahre", await GetAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_broken_is_named()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:Enable"] = "true", ["GdtGenerator:IncomingDir"] = "gdt" });
        Directory.CreateDirectory(server.GdtFolder);
        Assert.Contains("Alles in Ordnung", await GetAsync(server), StringComparison.Ordinal);
        Directory.Delete(server.GdtFolder, recursive: true);
        var page = await GetAsync(server);
        Assert.Contains("Bitte ansehen", page, StringComparison.Ordinal);
        Assert.Contains("nicht erreichbar", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_backup_is_as_old_as_the_file_it_writes()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains("welche Datei Ihre Sicherung schreibt", await GetAsync(server), StringComparison.Ordinal);
        var file = server.Options.BackupFile = Path.Join(server.Folder, "copy of the index.db");
        var page = await GetAsync(server);
        Assert.Contains("Die Datei der Sicherung ist nicht da", page, StringComparison.Ordinal);
        Assert.Contains("Bitte ansehen", page, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(file, [], Ct);
        Assert.Contains("Alles in Ordnung", await GetAsync(server), StringComparison.Ordinal);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddDays(19000)); // 8 January 2022
        page = await GetAsync(server);
        Assert.Contains("08.01.2022", page, StringComparison.Ordinal);
        Assert.Contains("Bitte ansehen", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_of_today_are_told_and_those_of_yesterday_are_over()
    {
        var clock = new FakeTimeProvider();
        using var today = new LogOfToday(clock);
        var logger = today.CreateLogger("Pacs.Web.Dimse.StoreScp");
#pragma warning disable CA1848, CA2254 // the text is the test's
        logger.LogWarning("only a warning");
        for (var i = 1; i <= 30; i++)
        {
            logger.LogError(new InvalidOperationException("secret"), $"error {i}");
        }
        var (count, last) = today.Errors();
        Assert.Equal((30, LogOfToday.MaxEntries, "StoreScp", "error 30"), (count, last.Count, last[0].Part, last[0].Text));
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, today.Errors().Count);

        await using var server = await TestServer.StartAsync();
        Assert.Contains("Heute keine", await GetAsync(server), StringComparison.Ordinal);
        server.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Pacs.Web.Test").LogError("<b>disk</b> is ill");
#pragma warning restore CA1848, CA2254
        Assert.Contains("Test: <bdi>&lt;b&gt;disk&lt;/b&gt; is ill</bdi>", await GetAsync(server), StringComparison.Ordinal);
    }

    private static Task GrowAsync(TestServer server, double days, long size) => server.Services.GetRequiredService<IndexWriter>().WriteAsync(
        (db, _) =>
        {
            var study = db.Studies.Single();
            (study.CreatedAt, study.Size) = (DateTimeOffset.UtcNow.AddDays(-days), size);
            return Task.CompletedTask;
        },
        Ct);

    private static async Task<string> GetAsync(TestServer server)
    {
        using var answer = await server.Http.GetAsync("/status", Ct);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, page);
        return page;
    }
}
