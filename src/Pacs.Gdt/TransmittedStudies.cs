using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>Reads the old plugin's list of studies it had announced: table <c>transmitted_studies(uuid)</c> with Orthanc's ids of studies.</summary>
internal sealed partial class TransmittedStudies(IndexWriter writer, IndexReader reader, TimeProvider time, ILogger logger)
{
    private const string DoneSetting = "gdt_transmitted";
    private const int BatchSize = 500;

    /// <summary>Makes a row for each study, so that it is not announced again. Does nothing when this was done before with the same file.</summary>
    public async Task TakeOverAsync(string file, CancellationToken ct)
    {
        if (await reader.ReadAsync((db, token) => db.Settings.AnyAsync(s => s.Name == DoneSetting && s.Value == file, token), ct))
        {
            return;
        }
        if (!File.Exists(file))
        {
            LogAbsent();
            return;
        }
        List<ResourceId> studies;
        try
        {
            studies = Read(file);
        }
        catch (SqliteException e)
        {
            // better to announce a study twice than to announce none until somebody reads the log
            LogUnreadable(e);
            return;
        }
        foreach (var batch in studies.Distinct().Chunk(BatchSize))
        {
            await writer.WriteAsync(
                async (db, token) =>
                {
                    var known = (await db.GdtFiles.Where(g => g.Kind == GdtKind.Study && batch.Contains(g.Resource)).Select(g => g.Resource).ToListAsync(token)).ToHashSet();
                    db.GdtFiles.AddRange(batch.Where(s => !known.Contains(s))
                        .Select(s => new GdtFile { Kind = GdtKind.Study, Resource = s, State = GdtState.Imported, At = time.GetUtcNow() }));
                },
                ct);
        }
        await writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Settings.FirstOrDefaultAsync(s => s.Name == DoneSetting, token) is { } setting)
                {
                    setting.Value = file;
                }
                else
                {
                    db.Settings.Add(new Setting { Name = DoneSetting, Value = file });
                }
            },
            ct);
        LogTakenOver(studies.Count);
    }

    private static List<ResourceId> Read(string file)
    {
        var studies = new List<ResourceId>();
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select uuid from transmitted_studies";
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            if (!rows.IsDBNull(0) && ResourceId.TryParse(rows.GetString(0), out var id))
            {
                studies.Add(id);
            }
        }
        return studies;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "TransmittedStudiesDatabase: {Count} studies were announced by the old image and are not announced again")]
    private partial void LogTakenOver(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "TransmittedStudiesDatabase: no such file; nothing to take over")]
    private partial void LogAbsent();

    [LoggerMessage(Level = LogLevel.Error, Message = "TransmittedStudiesDatabase cannot be read: studies the old image announced may be announced again when more of them arrives")]
    private partial void LogUnreadable(Exception e);
}
