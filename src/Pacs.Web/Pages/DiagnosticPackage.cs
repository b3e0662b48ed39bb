using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/status/diagnosepaket</c>: a ZIP that a practice sends to who helps it. How the server is, what is set, what waits, which devices were seen, and the log of today; nothing of patients, no UID of
/// anything stored, no secret. All of it is text that the practice can read before it sends it.
/// </summary>
public sealed partial class DiagnosticPackage(
    PacsOptions options, PacsConfiguration configuration, SavedSettings saved, StorageOptions storage, Readiness readiness, OpenProblems problems, IndexReader index, Listener listener, Callers callers,
    Modalities modalities, GdtReceivers receivers, GdtFiles files, LogOfToday log, TimeProvider time)
{
    /// <summary>For how long the index is looked at. A practice's is read in a second; one of hundreds of gigabytes is not read to its end.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Maps the download.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/status/diagnosepaket", async (DiagnosticPackage package, TimeProvider time, HttpContext context) =>
    {
        var content = await package.CreateAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Bytes(content, "application/zip", $"Pacs-Diagnose-{time.GetLocalNow().ToString("yyyy-MM-dd-HHmm", CultureInfo.InvariantCulture)}.zip");
    });

    /// <summary>The ZIP.</summary>
    public async Task<byte[]> CreateAsync(CancellationToken ct)
    {
        var parts = new (string Name, string Text)[]
        {
            ("LIESMICH.txt", Readme),
            ("system.json", Text(Machine())),
            ("checks.json", Text(new JsonObject((await readiness.CheckAsync(ct)).Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Value))))),
            ("options.json", Text(Options())),
            ("disks.json", Text(new JsonObject { ["storage"] = Disk(options.StorageDirectory), ["index"] = Disk(storage.ResolvedIndexDirectory) })),
            ("index.json", Text(await Task.Run(() => Index(ct), ct))),
            ("queues.json", Text(await QueuesAsync(ct))),
            ("devices.json", Text(Devices())),
            ("log.txt", Log()),
        };
        using var content = new MemoryStream();
        await using (var zip = await ZipArchive.CreateAsync(content, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, ct))
        {
            foreach (var (name, text) in parts)
            {
                await using var entry = await zip.CreateEntry(name).OpenAsync(ct);
                await entry.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
            }
        }
        return content.ToArray();
    }

    private const string Readme = """
        Diagnosepaket von Pacs
        ======================
        Dieses Paket beschreibt den Zustand des Servers für jemanden, der Ihnen hilft. Es enthält keine Bilder, keine Namen, Nummern oder Geburtsdaten
        von Patienten, keine Kennungen von Untersuchungen, keine Kennwörter und keine Benutzernamen. Alle Dateien sind Text: Sie können sie lesen, bevor Sie sie
        weitergeben. Enthalten sind Namen und Adressen von Geräten und Ordnern Ihrer Praxis.

        system.json    Version, Betriebssystem, .NET, Anschlüsse
        checks.json    die Prüfungen der Seite Status
        options.json   die Einstellungen, die gelten, ohne Geheimnisse, und woher sie kommen
        disks.json     Größe und freier Platz der Datenträger
        index.json     Größe des Verzeichnisses der Bilder, Zeilen je Tabelle, Prüfung der Datei
        queues.json    Aufträge, GDT-Dateien und offene Probleme nach ihrem Stand
        devices.json   Geräte, die gesendet oder gefragt haben, und die eingetragenen
        log.txt        die letzten Zeilen des Protokolls von heute

        What is in this package describes the state of the server for somebody who helps you: no images, no names, numbers or birth dates of patients, no
        identifiers of studies, no passwords, no names of users. All of it is text that you can read before you pass it on.

        """;

    private static string Text(JsonNode node) => node.ToJsonString(Json) + "\n";

    private JsonObject Machine()
    {
        var memory = GC.GetGCMemoryInfo();
        return new JsonObject
        {
            ["version"] = PacsServer.Version,
            ["made"] = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
            ["runningSince"] = StatusModel.Since.ToString("O", CultureInfo.InvariantCulture),
            ["timeZone"] = time.LocalTimeZone.Id,
            ["operatingSystem"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
            ["runtime"] = RuntimeInformation.RuntimeIdentifier,
            ["dotnet"] = RuntimeInformation.FrameworkDescription,
            ["inContainer"] = Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") is "true" or "1",
            ["processors"] = Environment.ProcessorCount,
            ["memoryOfTheProcess"] = Environment.WorkingSet,
            ["memoryForTheProcess"] = memory.TotalAvailableMemoryBytes,
            ["dicomPort"] = listener.DicomPort,
            ["dicomTlsPort"] = listener.DicomTlsPort,
            ["httpPort"] = listener.HttpPort,
        };
    }

    private JsonObject Options() => new(SettingBinder.Keys.Select(k => KeyValuePair.Create(k.Path.Replace(':', '.'), (JsonNode?)new JsonObject
    {
        ["value"] = MaskedOptions.Of(k, options),
        ["from"] = saved.FixedBy(k) ?? (SavedSettings.Keys.Contains(k) && saved.IsSaved(k) ? "the page of settings" : configuration.Origins.GetValueOrDefault(k.Path) ?? "default"),
    })));

    private static JsonObject Disk(string folder)
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(folder));
            return new JsonObject { ["folder"] = folder, ["format"] = drive.DriveFormat, ["size"] = drive.TotalSize, ["free"] = drive.AvailableFreeSpace };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new JsonObject { ["folder"] = folder, ["problem"] = e.GetType().Name };
        }
    }

    private JsonObject Index(CancellationToken ct)
    {
        var found = index.Examine(storage.ResolvedIndexDirectory, Patience, ct);
        return new JsonObject
        {
            // what SQLite finds wrong names pages and tables; of a row it shows nothing
            ["quickCheck"] = found.Check ?? $"not read to its end within {Patience.TotalSeconds:0} s",
            ["files"] = new JsonObject(found.Files.Select(f => KeyValuePair.Create(f.Name, (JsonNode?)f.Size))),
            ["rows"] = new JsonObject(found.Rows.Select(r => KeyValuePair.Create(r.Table, (JsonNode?)r.Rows))),
        };
    }

    private async Task<JsonObject> QueuesAsync(CancellationToken ct)
    {
        var jobs = await index.ReadAsync((db, token) => db.Jobs.GroupBy(j => new { j.State, j.Fault }).Select(g => new { g.Key.State, g.Key.Fault, Count = g.Count() }).ToListAsync(token), ct);
        var gdt = await index.ReadAsync((db, token) => db.GdtFiles.GroupBy(f => new { f.Receiver, f.State }).Select(g => new { g.Key.Receiver, g.Key.State, Count = g.Count() }).ToListAsync(token), ct);
        var parked = await index.ReadAsync((db, token) => db.ParkedEvents.GroupBy(p => p.Consumer).Select(g => new { Consumer = g.Key, Count = g.Count() }).ToListAsync(token), ct);
        var conflicts = await index.ReadAsync((db, token) => db.Conflicts.GroupBy(c => c.Kind).Select(g => new { Kind = g.Key, Count = g.Count() }).ToListAsync(token), ct);
        var counts = await problems.CountAsync(ct);
        return new JsonObject
        {
            ["jobs"] = new JsonArray([.. jobs.Select(j => new JsonObject { ["state"] = j.State.ToString(), ["fault"] = j.Fault.ToString(), ["count"] = j.Count })]),
            ["gdtFiles"] = new JsonArray([.. gdt.Select(g => new JsonObject { ["receiver"] = g.Receiver, ["state"] = g.State, ["count"] = g.Count })]),
            ["gdtReceivers"] = new JsonArray([.. receivers.All.Select(r => new JsonObject
            {
                ["name"] = r.Name,
                ["folder"] = r.Folder,
                ["profile"] = r.Settings.Profile,
                ["trigger"] = r.Settings.Trigger.ToString(),
                ["delivery"] = r.Settings.Delivery.ToString(),
                ["waiting"] = files.StatusOf(r.Name)?.Waiting ?? 0,
                ["problem"] = files.StatusOf(r.Name)?.Problem,
            })]),
            ["setAside"] = new JsonObject(parked.Select(p => KeyValuePair.Create(p.Consumer, (JsonNode?)p.Count))),
            ["conflicts"] = new JsonObject(conflicts.Select(c => KeyValuePair.Create(c.Kind.ToString(), (JsonNode?)c.Count))),
            ["problemsOnThePage"] = counts.Total,
        };
    }

    private JsonObject Devices() => new()
    {
        ["seen"] = new JsonArray([.. callers.All.Select(c => new JsonObject
        {
            ["aeTitle"] = c.AeTitle,
            ["address"] = c.Host,
            ["first"] = c.FirstSeenAt.ToString("O", CultureInfo.InvariantCulture),
            ["last"] = c.SeenAt.ToString("O", CultureInfo.InvariantCulture),
            ["asked"] = c.Asked.ToString(),
            ["refused"] = c.Refused.ToString(),
            ["rejected"] = c.IsRejected,
            ["hasStored"] = c.LastInstance is not null,
        })]),
        ["entered"] = new JsonArray([.. modalities.All.Select(m => new JsonObject
        {
            ["name"] = m.Name,
            ["aeTitle"] = m.AeTitle,
            ["address"] = m.Host,
            ["port"] = m.Port,
            ["tls"] = m.UseTls,
            ["manufacturer"] = m.Manufacturer.ToString(),
            ["may"] = m.Permissions.ToString(),
        })]),
    };

    private string Log()
    {
        var text = new StringBuilder();
        foreach (var line in log.Lines())
        {
            text.Append(TimeZoneInfo.ConvertTime(line.At, time.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss.fff ", CultureInfo.InvariantCulture)).Append(line.Level).Append(' ').Append(line.Part).Append(": ");
            // what the reason of a failure, which others have written, may still name
            foreach (var c in Named().Replace(line.Text, "…"))
            {
                text.Append(char.IsControl(c) ? '·' : c);
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    // a UID (PS3.5 §9.1) has more parts than an address or a version; an id of ours is five times eight digits (Orthanc's), a file's name a GUID or what a GDT record is called by
    [GeneratedRegex(@"\b[0-2](\.\d+){4,}\b|\b[0-9a-f]{8}(-[0-9a-f]{8}){4}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|[^\s\\/'""]+\.gdt\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();
}
