using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>The numbers <c>R0000000001</c>, <c>R0000000002</c>, … that tie an order, its study and its GDT files together.</summary>
public static class AccessionNumbers
{
    /// <summary>A number as devices and practice software see it: R and at least ten digits, as the old plugin wrote it.</summary>
    public static string Format(long number) => string.Create(CultureInfo.InvariantCulture, $"R{number:0000000000}");

    /// <summary>
    /// Takes the next number. In the transaction of the entry that gets it, so that a number is neither given twice nor lost with an entry that was
    /// not made.
    /// </summary>
    internal static async Task<string> TakeAsync(PacsDb db, CancellationToken ct)
    {
        while (true)
        {
            var last = await db.Settings.Where(s => s.Name == Setting.Accession).Select(s => s.Value).SingleOrDefaultAsync(ct);
            if (last is null)
            {
                await RaiseAsync(db, 0, ct);
                continue;
            }
            var next = long.Parse(last, CultureInfo.InvariantCulture) + 1;
            var text = next.ToString(CultureInfo.InvariantCulture);
            // compare and set: with PostgreSQL other processes count as well
            if (await db.Settings.Where(s => s.Name == Setting.Accession && s.Value == last).ExecuteUpdateAsync(set => set.SetProperty(s => s.Value, text), ct) == 1)
            {
                return Format(next);
            }
        }
    }

    /// <summary>Makes sure that no number up to <paramref name="last"/> is given (again).</summary>
    internal static async Task RaiseAsync(PacsDb db, long last, CancellationToken ct)
    {
        var setting = await db.Settings.FindAsync([Setting.Accession], ct);
        if (setting is null)
        {
            db.Settings.Add(new Setting { Name = Setting.Accession, Value = last.ToString(CultureInfo.InvariantCulture) });
        }
        else if (long.Parse(setting.Value, CultureInfo.InvariantCulture) < last)
        {
            setting.Value = last.ToString(CultureInfo.InvariantCulture);
        }
        await db.SaveChangesAsync(ct);
    }
}
