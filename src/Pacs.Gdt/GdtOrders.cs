using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>What became of a record that came in: <see cref="GdtIncoming.State"/>. The words are in the index.</summary>
public static class GdtIncomingState
{
    /// <summary>It was taken.</summary>
    public const string Done = "done";

    /// <summary>It was there already: nothing was done.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>It was not taken; the reason is a <see cref="GdtRefusal"/>.</summary>
    public const string Refused = "refused";

    /// <summary>An order that was taken, and cancelled later by a 6303.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>
/// Does what practice software asks for: 6302 makes a worklist entry, 6303 cancels it, 6301 brings the patient's data up to date in open entries, 6311 wants a study shown and gets its record with a
/// link. Entry and protocol are one transaction, so that a crash makes no second entry.
/// </summary>
public sealed class GdtOrders(Worklist worklist, GdtFiles files, GdtContents contents, GdtOptions options, IndexWriter writer, IndexReader reader, TimeProvider time)
{
    /// <summary>How long after the last one about a study no further record answers a 6311. Somebody who asks again will have waited longer; a program that answers by itself has not.</summary>
    private static readonly TimeSpan AnswerPause = TimeSpan.FromSeconds(20);

    /// <summary>Takes a file.</summary>
    /// <param name="receiver">Whose it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Its bytes, or null when it is empty or too large.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when every record of it was taken, else why the first was not.</returns>
    public async Task<GdtRefusal?> TakeAsync(GdtReceiver receiver, string name, byte[]? bytes, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (bytes is null)
        {
            return await RefuseAsync(Row(receiver, name, [], null), GdtRefusal.Size, ct);
        }
        GdtMessage message;
        try
        {
            message = GdtReader.Read(bytes, receiver.Settings.InboxCharacterSet is { } set ? GdtCharacterSet.Find(set) : null);
        }
        catch (GdtException)
        {
            return await RefuseAsync(Row(receiver, name, bytes, null), GdtRefusal.NoGdt, ct);
        }
        GdtRefusal? first = null;
        foreach (var record in message.Records)
        {
            var refusal = await TakeAsync(receiver, record, Row(receiver, name, bytes, record), ct);
            first ??= refusal;
        }
        return first;
    }

    private async Task<GdtRefusal?> TakeAsync(GdtReceiver receiver, GdtRecord record, GdtIncoming row, CancellationToken ct)
    {
        if (row.Type is not ("6301" or "6302" or "6303" or "6311"))
        {
            return await RefuseAsync(row, GdtRefusal.RecordType, ct);
        }
        if (row.PatientId.Length is 0 or > 64 || row.PatientId.Contains('\\', StringComparison.Ordinal) || row.PatientId.Any(char.IsControl))
        {
            return await RefuseAsync(row, GdtRefusal.PatientId, ct);
        }
        if (row.TestType.Length > 60)
        {
            return await RefuseAsync(row, GdtRefusal.TestType, ct);
        }
        return row.Type switch
        {
            "6302" => await OrderAsync(receiver, record, row, ct),
            "6303" => await CancelAsync(row, ct),
            "6301" => await UpdateAsync(record, row, ct),
            _ => await ShowAsync(receiver, record, row, ct),
        };
    }

    private async Task<GdtRefusal?> OrderAsync(GdtReceiver receiver, GdtRecord record, GdtIncoming row, CancellationToken ct)
    {
        if (ReadPatient(record) is var (name, born, sex, refusal) && refusal is { } wrong)
        {
            return await RefuseAsync(row, wrong, ct);
        }
        if (await EarlierAsync(row, ct) is { } earlier)
        {
            row.State = GdtIncomingState.Duplicate;
            row.Accession = ""; // the numbers of the first are those of the answer
            row.Reason = earlier;
            await AddAsync(row, ct);
            return null;
        }
        var rule = receiver.Settings.Orders?.FirstOrDefault(r => r.Fits(row.TestType)) ?? GdtOrderRule.Default;
        var words = rule.Procedure ?? Clean(record["8411"], 64) ?? Clean(row.TestType, 64);
        await worklist.AddAsync(
            new WorklistOrder
            {
                PatientId = row.PatientId,
                PatientName = name,
                BirthDate = born,
                Sex = sex,
                Modality = rule.Modality,
                StationAe = rule.Station,
                Procedure = words,
                Source = "gdt:" + receiver.Name,
            },
            (db, entry) =>
            {
                row.State = GdtIncomingState.Done;
                row.Accession = entry.Accession;
                db.GdtIncoming.Add(row);
            },
            ct);
        return null;
    }

    // an order number is the order's for ever; without one the same words on the same day are the same order
    private async Task<string?> EarlierAsync(GdtIncoming row, CancellationToken ct)
    {
        var midnight = new DateTimeOffset(time.GetLocalNow().Date, time.GetLocalNow().Offset);
        return await reader.ReadAsync(
            (db, token) => db.GdtIncoming
                .Where(g => g.PatientId == row.PatientId && g.Type == "6302" && g.Receiver == row.Receiver && g.State == GdtIncomingState.Done
                    && ((row.OrderId != "" && g.OrderId == row.OrderId && g.OrderUid == row.OrderUid) || (g.Digest == row.Digest && g.At >= midnight)))
                .OrderByDescending(g => g.Id).Select(g => g.Accession).FirstOrDefaultAsync(token),
            ct);
    }

    private async Task<GdtRefusal?> CancelAsync(GdtIncoming row, CancellationToken ct)
    {
        var open = await reader.ReadAsync(
            (db, token) => db.GdtIncoming
                .Where(g => g.PatientId == row.PatientId && g.Type == "6302" && g.Receiver == row.Receiver && g.State == GdtIncomingState.Done
                    && (row.OrderId == "" || g.OrderId == row.OrderId) && (row.OrderUid == "" || g.OrderUid == row.OrderUid) && (row.TestType == "" || g.TestType == row.TestType)
                    && db.Worklist.Any(w => w.Accession == g.Accession && w.State != WorklistState.Completed && w.State != WorklistState.Expired))
                .ToListAsync(token),
            ct);
        if (open is not [var order])
        {
            return await RefuseAsync(row, GdtRefusal.NoOrder, ct);
        }
        var outcome = await worklist.CancelAsync(
            order.Accession,
            async db =>
            {
                await db.GdtIncoming.Where(g => g.Id == order.Id).ExecuteUpdateAsync(g => g.SetProperty(x => x.State, GdtIncomingState.Cancelled));
                row.State = GdtIncomingState.Done;
                db.GdtIncoming.Add(row);
            },
            ct);
        return outcome ? null : await RefuseAsync(row, GdtRefusal.Started, ct);
    }

    private async Task<GdtRefusal?> UpdateAsync(GdtRecord record, GdtIncoming row, CancellationToken ct)
    {
        if (ReadPatient(record) is var (name, born, sex, refusal) && refusal is { } wrong)
        {
            return await RefuseAsync(row, wrong, ct);
        }
        await worklist.UpdatePatientAsync(row.PatientId, name, born, sex, ct);
        row.State = GdtIncomingState.Done;
        await AddAsync(row, ct);
        return null;
    }

    private async Task<GdtRefusal?> ShowAsync(GdtReceiver receiver, GdtRecord record, GdtIncoming row, CancellationToken ct)
    {
        if (options.LinkAddress is null)
        {
            return await RefuseAsync(row, GdtRefusal.NoLinkAddress, ct);
        }
        if (await FindStudyAsync(record, ct) is not { } study || await contents.SpokesmanAsync(study, ct) is not { } entry)
        {
            return await RefuseAsync(row, GdtRefusal.NoStudy, ct);
        }
        // some practice software answers every record with a 6311 by itself (Elexis): an answer to the answer, without end
        if (await files.LastAsync(receiver.Name, GdtKind.Study, study, ct) is { Revision: > 0 } last && last.At > time.GetUtcNow() - AnswerPause)
        {
            (row.State, row.Reason) = (GdtIncomingState.Duplicate, entry.Study.Accession);
            await AddAsync(row, ct);
            return null;
        }
        await files.AddAgainAsync(receiver, GdtKind.Study, study, await contents.StudyAsync(receiver, entry, ct, withLink: true), ct);
        row.State = GdtIncomingState.Done;
        await AddAsync(row, ct);
        return null;
    }

    /// <summary>The study that a 6311 means: that of the order, else of the day and time in 8432 and 8439, else the patient's newest. Null when there is none.</summary>
    public async Task<ResourceId?> FindStudyAsync(GdtRecord record, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(record);
        var patient = record["3000"]?.Trim() ?? "";
        var order = record["8310"]?.Trim() ?? "";
        var day = (ReadDate(record, "8432") ?? ReadDate(record, "6200"))?.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var clock = record["8439"]?.Trim() is { Length: >= 4 } text && text.All(char.IsAsciiDigit) ? text : null;
        var found = await reader.ReadAsync(
            async (db, token) =>
            {
                var studies = await (from s in db.Studies
                                     join p in db.Patients on s.ParentId equals p.Id
                                     where p.PatientId == patient && (day == null || s.Date == day)
                                     orderby s.SortKey descending
                                     select new { s.PublicId, s.Accession, s.Time }).Take(200).ToListAsync(token);
                var accessions = order.Length == 0 ? [] : await db.GdtIncoming.Where(g => g.PatientId == patient && g.OrderId == order && g.Accession != "").Select(g => g.Accession).ToListAsync(token);
                return studies.Find(s => s.Accession == order || accessions.Contains(s.Accession ?? ""))
                    ?? studies.Find(s => clock is not null && s.Time?.StartsWith(clock[..Math.Min(6, clock.Length)], StringComparison.Ordinal) == true)
                    ?? studies.FirstOrDefault();
            },
            ct);
        return found?.PublicId;
    }

    private static (string Name, DateOnly? Born, string Sex, GdtRefusal? Refusal) ReadPatient(GdtRecord record)
    {
        // PS3.5 §6.2: ^ and = part a name, the backslash parts values
        var family = string.Join(' ', new[] { record["3100"], record["3101"] }.Select(p => Clean(p, 64, '^', '=')).Where(p => p is not null));
        var given = Clean(record["3102"], 64, '^', '=') ?? "";
        var name = $"{family}^{given}^^{Clean(record["3104"], 64, '^', '=')}".TrimEnd('^');
        var birth = record["3103"]?.Trim() ?? "";
        var born = ReadDate(record, "3103");
        var sex = record["3110"]?.Trim().ToUpperInvariant() switch
        {
            "1" or "M" => "M",
            "2" or "W" or "F" => "F",
            "0" or "3" or "D" or "X" => "O",
            _ => "",
        };
        GdtRefusal? refusal = family.Length == 0 || name.Length > 64 ? GdtRefusal.PatientName : birth.Trim('0').Length > 0 && born is null ? GdtRefusal.BirthDate : null;
        return (name, born, sex, refusal);
    }

    // TTMMJJJJ, in 3.5 JJJJMMTT; programs that mix the two up are told by the year
    private static DateOnly? ReadDate(GdtRecord record, string field)
    {
        var text = record[field]?.Trim();
        string[] formats = GdtVersions.Of(record) == GdtVersion.Gdt35 ? ["yyyyMMdd", "ddMMyyyy"] : ["ddMMyyyy", "yyyyMMdd"];
        foreach (var format in formats)
        {
            if (DateOnly.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year is >= 1850 and <= 2200)
            {
                return date;
            }
        }
        return null;
    }

    private static string? Clean(string? text, int most, params ReadOnlySpan<char> delimiters)
    {
        var clean = new StringBuilder();
        foreach (var c in text ?? "")
        {
            clean.Append(char.IsControl(c) || c == '\\' || delimiters.Contains(c) ? ' ' : c);
        }
        var trimmed = clean.ToString().Trim();
        return trimmed.Length == 0 ? null : trimmed[..Math.Min(most, trimmed.Length)];
    }

    private GdtIncoming Row(GdtReceiver receiver, string name, byte[] bytes, GdtRecord? record) => new()
    {
        Receiver = receiver.Name,
        Name = name,
        Type = Clean(record?["8000"], 4) ?? "",
        Body = bytes,
        Digest = SHA256.HashData(Encoding.UTF8.GetBytes(record is null ? "" : string.Join('\n', record.Select(f => f.Id + f.Value)))),
        PatientId = record?["3000"]?.Trim() ?? "",
        OrderId = Clean(record?["8310"], 60) ?? "",
        OrderUid = Clean(record?["8314"], 60) ?? "",
        TestType = (record?["8402"] is { Length: > 0 } type ? type : record?["8410"])?.Trim() ?? "",
        At = time.GetUtcNow(),
    };

    private async Task<GdtRefusal?> RefuseAsync(GdtIncoming row, GdtRefusal refusal, CancellationToken ct)
    {
        (row.State, row.Reason) = (GdtIncomingState.Refused, refusal.ToString());
        await AddAsync(row, ct);
        return refusal;
    }

    private Task AddAsync(GdtIncoming row, CancellationToken ct) => writer.WriteAsync(
        (db, _) =>
        {
            db.GdtIncoming.Add(row);
            return Task.CompletedTask;
        },
        ct);
}
