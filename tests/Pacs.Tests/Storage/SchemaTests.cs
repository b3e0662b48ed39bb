using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class SchemaTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_migrated_tables_are_those_of_the_model()
    {
        await using var box = await TestArchive.StartAsync();
        await box.Reader.ReadAsync(
            (db, _) =>
            {
                foreach (var entity in db.Model.GetEntityTypes())
                {
                    var table = entity.GetTableName()!;
                    var expected = entity.GetProperties().Select(p => $"{p.GetColumnName()} {p.GetColumnType()} {(p.IsNullable ? "NULL" : "NOT NULL")} {(p.IsPrimaryKey() ? "PK" : "")}");
                    var actual = Rows(db, $"SELECT name || ' ' || type || ' ' || iif(\"notnull\", 'NOT NULL', 'NULL') || ' ' || iif(pk, 'PK', '') FROM pragma_table_xinfo('{table}')");
                    Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
                    Assert.Equal("1", Assert.Single(Rows(db, $"SELECT strict FROM pragma_table_list WHERE name = '{table}'")));
                    AssertIndexes(db, entity, table);
                }
                return Task.FromResult(true);
            }, Ct);
    }

    [Fact]
    public async Task The_model_has_no_change_that_a_migration_lacks()
    {
        await using var box = await TestArchive.StartAsync();
        Assert.False(await box.Reader.ReadAsync((db, _) => Task.FromResult(db.Database.HasPendingModelChanges()), Ct));
    }

    [Fact]
    public async Task A_reader_cannot_write()
    {
        await using var box = await TestArchive.StartAsync();
        await Assert.ThrowsAsync<SqliteException>(() => box.Reader.ReadAsync((db, ct) => db.Database.ExecuteSqlRawAsync("DELETE FROM setting", ct), Ct));
    }

    [Fact]
    public async Task The_writer_is_the_only_one_who_checkpoints()
    {
        await using var box = await TestArchive.StartAsync();
        // NORMAL: the log is flushed behind the commits that need it, which PowerCutTests show
        Assert.Equal(["1", "wal", "1"], await box.Writer.WriteAsync(
            (db, _) => Task.FromResult(new[] { "PRAGMA synchronous", "PRAGMA journal_mode", "PRAGMA foreign_keys" }.SelectMany(p => Rows(db, p)).ToArray()), Ct));
        Assert.Equal(["1", "0"], await box.Reader.ReadAsync(
            (db, _) => Task.FromResult(new[] { "PRAGMA query_only", "PRAGMA wal_autocheckpoint" }.SelectMany(p => Rows(db, p)).ToArray()), Ct));
    }

    [Fact]
    public async Task Newest_studies_are_read_from_an_index_page_by_page()
    {
        await using var box = await TestArchive.StartAsync();
        for (var i = 1; i <= 25; i++)
        {
            // some without a date: they count by their arrival
            await box.StoreAsync(TestArchive.Image(patient: i % 3, study: i, change: d => _ = i % 5 == 0 ? d.Remove(Dicom.DicomTag.StudyDate) : d.Set(Dicom.DicomTag.StudyDate, $"202601{i:00}") is null));
        }
        var all = new List<StudyEntry>();
        StudyCursor? after = null;
        while (await box.Reader.NewestStudiesAsync(after, 10, Ct) is { Count: > 0 } page)
        {
            all.AddRange(page);
            after = new StudyCursor(page[^1].Study.SortKey, page[^1].Study.Id);
        }
        Assert.Equal(25, all.Select(e => e.Study.PublicId).Distinct().Count());
        Assert.Equal(all.OrderByDescending(e => e.Study.SortKey, StringComparer.Ordinal).ThenByDescending(e => e.Study.Id).Select(e => e.Study.Id), all.Select(e => e.Study.Id));
        Assert.All(all, e => Assert.Equal(e.Study.ParentId, e.Patient.Id));

        var plan = await box.Reader.ReadAsync(
            (db, _) => Task.FromResult(Rows(db, "EXPLAIN QUERY PLAN SELECT * FROM study WHERE (sort_key, id) < ('2026', 5) ORDER BY sort_key DESC, id DESC LIMIT 10", 3)), Ct);
        Assert.Contains("ix_study_newest", Assert.Single(plan), StringComparison.Ordinal);
    }

    private static void AssertIndexes(PacsDb db, IEntityType entity, string table)
    {
        var expected = entity.GetIndexes()
            // a foreign key's own index is the one with our name
            .Select(i => $"{string.Join(',', i.Properties.Select(p => p.GetColumnName()))} {i.IsUnique} {i.GetFilter() is not null}");
        var actual = Rows(db, $"""
            SELECT (SELECT group_concat(name, ',') FROM pragma_index_info(l.name)) || ' ' || iif("unique", 'True', 'False') || ' ' || iif(partial, 'True', 'False')
            FROM pragma_index_list('{table}') l WHERE origin <> 'pk'
            """);
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
    }

    private static List<string> Rows(PacsDb db, string sql, int column = 0)
    {
        using var command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = (db.Database.CurrentTransaction as Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction) is null
            ? null : Microsoft.EntityFrameworkCore.Storage.DbContextTransactionExtensions.GetDbTransaction(db.Database.CurrentTransaction!);
        command.CommandText = sql;
        var rows = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            rows.Add(Convert.ToString(reader.GetValue(column), System.Globalization.CultureInfo.InvariantCulture)!);
        }
        return rows;
    }
}
