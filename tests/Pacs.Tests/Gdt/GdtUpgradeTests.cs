using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>An index from before there were several receivers: what was announced is not announced again, and what had been begun is finished.</summary>
public sealed class GdtUpgradeTests
{
    private const string LastOfOneReceiver = "20261122174034_CommitmentRequests";

    [Fact]
    public async Task Files_of_the_index_before_several_receivers_go_on_where_they_were()
    {
        var ct = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-upgrade-").FullName;
        try
        {
            var incoming = Directory.CreateDirectory(Path.Join(folder, "incoming")).FullName;
            var (written, begun, waiting) = (Of(1), Of(2), Of(3));
            await WriteOldIndexAsync(folder, async db =>
            {
                await AddAsync(db, "study", written, Path.Join(incoming, "R1.gdt"), "first", "written", ct);
                await AddAsync(db, "study", begun, Path.Join(incoming, "R2.gdt"), "second", "ready", ct);
                await AddAsync(db, "report", waiting, "R3-sr.gdt", "third", "queued", ct);
                await db.Database.ExecuteSqlRawAsync("INSERT INTO setting (name, value) VALUES ('gdt_folder', {0})", [incoming], ct);
            }, ct);
            // the two tokens of a delivery that the old version had begun, under the names it gave them
            await File.WriteAllTextAsync(Path.Join(incoming, $".study-{begun}.witness"), "", ct);
            await File.WriteAllTextAsync(Path.Join(incoming, $".study-{begun}.tmp"), "second", ct);

            await using var host = await GdtHost.StartAsync(folder: folder);
            await host.UntilAsync((db, token) => db.GdtFiles.AllAsync(g => g.State == GdtState.Written || g.State == GdtState.Fetched, token));
            Assert.Equal(["R2.gdt", "R3-sr.gdt"], host.Names);
            Assert.Equal(("second", "third"), (Encoding.ASCII.GetString(host.Read("R2.gdt")), Encoding.ASCII.GetString(host.Read("R3-sr.gdt"))));
            var rows = await host.RowsAsync();
            Assert.All(rows, r => Assert.Equal((GdtFile.DefaultReceiver, 0, null), (r.Receiver, r.Revision, r.Attachments)));
            // the practice software had taken it while the server was being replaced
            await host.UntilAsync((db, token) => db.GdtFiles.AnyAsync(g => g.Resource == written && g.State == GdtState.Fetched, token));

            // none is announced once more
            await host.StoreAsync(Studies.Image(1, "R1"));
            await host.SettleAsync();
            Assert.Equal(["R2.gdt", "R3-sr.gdt"], host.Names);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ResourceId Of(int study) => ResourceId.ForStudy($"P{study}", $"2.25.{study}");

    private static async Task WriteOldIndexAsync(string folder, Func<PacsDb, Task> fill, CancellationToken ct)
    {
        var index = Directory.CreateDirectory(Path.Join(folder, "index")).FullName;
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Join(index, "index.db"), Pooling = false }.ToString());
        await connection.OpenAsync(ct);
        await using var db = new PacsDb(new DbContextOptionsBuilder<PacsDb>().UseSqlite(connection).Options);
        await db.GetService<IMigrator>().MigrateAsync(LastOfOneReceiver, ct);
        await fill(db);
    }

    private static Task AddAsync(PacsDb db, string kind, ResourceId resource, string path, string body, string state, CancellationToken ct) => db.Database.ExecuteSqlRawAsync(
        "INSERT INTO gdt_file (kind, resource, path, body, state, attempts, error, at) VALUES ({0}, {1}, {2}, {3}, {4}, 0, NULL, {5})",
        [kind, resource.ToBytes(), path, Encoding.ASCII.GetBytes(body), state, DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds()], ct);
}
