using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web;
using Pacs.Web.Configuration;

namespace Pacs.Benchmarks;

/// <summary>
/// Queries of a large archive: <c>scale FOLDER [STUDIES] [INSTANCES] [KEY]</c>. An index of so many studies with so many instances each is made by the writer that devices' images go through,
/// once; there are no files. Then the server is started on it and asked over the network, by one kind of key or by all.
/// </summary>
internal static class ScaleRun
{
    private const string Root = "1.2.826.0.1.3680043.9";

    private static readonly string[] Syllables = ["BA", "KO", "MER", "LIN", "SOR", "TA", "VEN", "GRU", "PEL", "DRA", "FOR", "NI", "HAU", "ZEL", "WIT", "RO"];
    private static readonly string[] Given = ["ANNA", "BERND", "CLARA", "DIETER", "EVA", "FRANZ", "GRETA", "HANS", "INGE", "JÖRG"];
    private static readonly string[] Modalities = ["US", "US", "US", "CT", "MR", "SR"];

    private static readonly DicomTag[] Returned =
    [
        DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.AccessionNumber, DicomTag.ModalitiesInStudy, DicomTag.ReferringPhysicianName, DicomTag.StudyDescription, DicomTag.PatientName,
        DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.StudyInstanceUID, DicomTag.StudyID, DicomTag.NumberOfStudyRelatedSeries,
        DicomTag.NumberOfStudyRelatedInstances,
    ];

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(string[] args)
    {
        var folder = Path.GetFullPath(args[0]);
        var studies = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 100_000;
        var instances = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10;
        if (!Directory.Exists(folder))
        {
            await FillAsync(folder, studies, instances);
        }
        await AskAsync(folder, studies, args.Length > 3 ? args[3] : null);
    }

    private static async Task FillAsync(string folder, int studies, int instances)
    {
        var options = new PacsOptions { DataDirectory = folder };
        await using var services = new ServiceCollection().AddLogging(l => l.SetMinimumLevel(LogLevel.Error)).AddSingleton(options.ToStorageOptions()).AddStorage().BuildServiceProvider();
        var hosted = services.GetServices<IHostedService>().ToList();
        foreach (var service in hosted)
        {
            await service.StartAsync(CancellationToken.None);
        }
        var writer = services.GetRequiredService<IndexWriter>();
        var begin = Stopwatch.GetTimestamp();
        var waiting = new List<Task>();
        for (var study = 0; study < studies; study++)
        {
            foreach (var header in Study(study, instances))
            {
                _ = Identity.TryRead(header, out var identity, out _);
                var key = $"2024/01/01/{Guid.CreateVersion7():N}.dcm";
                var file = new Storage.StoredFile(key, 500_000, 350, 1500, DicomUid.ExplicitVRLittleEndian, new byte[32], null, DateTimeOffset.UtcNow, new Origin(OriginKind.Dimse, "DEVICE"));
                // as after a rebuild: nothing is announced to the practice software
                waiting.Add(writer.StoreAsync(new InstanceRecord(identity!, file, header, rebuilt: true)));
            }
            if (waiting.Count >= 1000)
            {
                await Task.WhenAll(waiting);
                waiting.Clear();
            }
        }
        await Task.WhenAll(waiting);
        Console.WriteLine($"{studies * instances} instances in {studies} studies indexed in {Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s");
        foreach (var service in Enumerable.Reverse(hosted))
        {
            await service.StopAsync(CancellationToken.None);
        }
    }

    private static IEnumerable<DicomDataset> Study(int study, int instances)
    {
        var (patient, name, date) = (PatientOf(study), NameOf(PatientOf(study)), DateOf(study));
        for (var i = 0; i < instances; i++)
        {
            var series = i < instances / 2 ? 1 : 2;
            yield return new DicomDataset()
                .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, $"{StudyUid(study)}.{series}.{i + 1}")
                .Set(DicomTag.StudyDate, date).Set(DicomTag.StudyTime, string.Create(CultureInfo.InvariantCulture, $"{8 + (study % 10):00}{study % 60:00}00"))
                .Set(DicomTag.AccessionNumber, Accession(study)).Set(DicomTag.Modality, Modalities[(study + series) % Modalities.Length]).Set(DicomTag.InstitutionName, "Praxis")
                .Set(DicomTag.ReferringPhysicianName, "Hoffmann^Eva^^Dr.").Set(DicomTag.StudyDescription, "Sonographie Abdomen").Set(DicomTag.SeriesDescription, "Oberbauch")
                .Set(DicomTag.PatientName, name).Set(DicomTag.PatientID, PatientId(patient)).Set(DicomTag.PatientBirthDate, "19580307").Set(DicomTag.PatientSex, "F")
                .Set(DicomTag.StudyInstanceUID, StudyUid(study)).Set(DicomTag.SeriesInstanceUID, $"{StudyUid(study)}.{series}").Set(DicomTag.StudyID, "1")
                .Set(DicomTag.SeriesNumber, series).Set(DicomTag.InstanceNumber, i + 1);
        }
    }

    private static async Task AskAsync(string folder, int studies, string? only)
    {
        var options = new PacsOptions { DataDirectory = folder, BindAddress = "127.0.0.1", DicomPort = 0, HttpPort = 0, DicomAlwaysAllowFind = true, MinimumFreeDiskSpace = 0 };
        await using var server = PacsServer.Build(PacsConfiguration.Of(options), s => s.AddLogging(l => l.SetMinimumLevel(LogLevel.Error)));
        await server.StartAsync();
        var port = server.Services.GetRequiredService<Listener>().DicomPort;
        var random = new Random(1);
        int Any() => random.Next(studies);
        (string Name, string Level, Func<(DicomTag, string)[]> Keys)[] kinds =
        [
            ("patient id", "STUDY", () => [(DicomTag.PatientID, PatientId(PatientOf(Any())))]),
            ("accession number", "STUDY", () => [(DicomTag.AccessionNumber, Accession(Any()))]),
            ("study UID", "STUDY", () => [(DicomTag.StudyInstanceUID, StudyUid(Any()))]),
            ("series of a study", "SERIES", () => [(DicomTag.StudyInstanceUID, StudyUid(Any())), (DicomTag.SeriesInstanceUID, "")]),
            ("instances of a series", "IMAGE", () => [(DicomTag.SeriesInstanceUID, StudyUid(Any()) + ".1"), (DicomTag.SOPInstanceUID, "")]),
            ("name prefix", "STUDY", () => [(DicomTag.PatientName, NameOf(PatientOf(Any()))[..4] + "*")]),
            ("short name prefix", "STUDY", () => [(DicomTag.PatientName, NameOf(PatientOf(Any()))[..2] + "*")]),
            ("name contains", "STUDY", () => [(DicomTag.PatientName, $"*{NameOf(PatientOf(Any()))[2..6]}*")]),
            ("day", "STUDY", () => [(DicomTag.StudyDate, DateOf(Any()))]),
            ("week", "STUDY", () => [(DicomTag.StudyDate, Days(Any(), 6))]),
            ("month", "STUDY", () => [(DicomTag.StudyDate, Days(Any(), 30))]),
            ("week, one modality", "STUDY", () => [(DicomTag.StudyDate, Days(Any(), 6)), (DicomTag.ModalitiesInStudy, "MR")]),
            ("description", "STUDY", () => [(DicomTag.StudyDescription, "*Thorax*")]),
            ("institution", "STUDY", () => [(DicomTag.InstitutionName, "Klinik*")]),
            ("everything", "STUDY", () => []),
            ("every instance", "IMAGE", () => [(DicomTag.SOPInstanceUID, "")]),
        ];
        Console.WriteLine("| key | answers | p50 ms | p99 ms | p50 ms of the first 100 | p99 ms of the first 100 |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (name, level, keys) in kinds.Where(k => only is null || k.Name == only))
        {
            await MeasureAsync(port, name, level, keys);
        }
        foreach (var associations in only is null ? new[] { 1, 8 } : [])
        {
            var begin = Stopwatch.GetTimestamp();
            const int Requests = 2000;
            await Task.WhenAll(Enumerable.Range(0, associations).Select(a => Task.Run(async () =>
            {
                await using var client = await ConnectAsync(port);
                for (var i = 0; i < Requests; i++)
                {
                    await FindAsync(client, "STUDY", [(DicomTag.PatientID, PatientId(PatientOf((a * 7919 + i * 104_729) % studies)))], int.MaxValue);
                }
                await client.ReleaseAsync(CancellationToken.None);
            })));
            Console.WriteLine($"{associations} associations: {associations * Requests / Stopwatch.GetElapsedTime(begin).TotalSeconds:0} requests/s by patient id");
        }
        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"most resident memory, server and client: {process.PeakWorkingSet64 / 1e6:0} MB");
        await server.StopAsync();
    }

    private static string Days(int study, int more)
    {
        var day = DateOnly.ParseExact(DateOf(study), "yyyyMMdd", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{day:yyyyMMdd}-{day.AddDays(more):yyyyMMdd}");
    }

    private static async Task MeasureAsync(int port, string name, string level, Func<(DicomTag, string)[]> keys)
    {
        await using var client = await ConnectAsync(port);
        var (whole, first, answers, begin) = (new List<double>(), new List<double>(), 0L, Stopwatch.GetTimestamp());
        while (whole.Count < 1000 && (whole.Count < 5 || Stopwatch.GetElapsedTime(begin).TotalSeconds < 10))
        {
            var (count, firstMs, ms) = await FindAsync(client, level, keys(), 5000);
            if (whole.Count == 0 && answers == 0)
            {
                answers++; // the first one compiles
                continue;
            }
            whole.Add(ms);
            first.Add(firstMs);
            answers += count;
        }
        await client.ReleaseAsync(CancellationToken.None);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {answers / (double)whole.Count:0.#} | {At(whole, 50):0.00} | {At(whole, 99):0.00} | {At(first, 50):0.00} | {At(first, 99):0.00} |"));
    }

    private static double At(List<double> values, int percent) => values.Order().ElementAt(Math.Min(values.Count - 1, values.Count * percent / 100));

    private static Task<DimseClient> ConnectAsync(int port) => DimseClient.ConnectAsync("127.0.0.1", port,
        new AssociationRequest { CallingAe = "BENCH", CalledAe = "ORTHANC" }.Propose(DicomUid.StudyRootQueryRetrieveInformationModelFind), null, CancellationToken.None);

    private static async Task<(int Answers, double FirstMs, double Ms)> FindAsync(DimseClient client, string level, (DicomTag Tag, string Value)[] keys, int most)
    {
        var identifier = new DicomDataset().Set(DicomTag.QueryRetrieveLevel, level);
        foreach (var tag in Returned)
        {
            identifier.SetUnchecked(tag, "");
        }
        foreach (var (tag, value) in keys)
        {
            identifier.SetUnchecked(tag, value);
        }
        var begin = Stopwatch.GetTimestamp();
        var (answers, first) = (0, 0.0);
        await foreach (var _ in client.FindAsync(DicomUid.StudyRootQueryRetrieveInformationModelFind, identifier, CancellationToken.None))
        {
            if (++answers == 100)
            {
                first = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            }
            if (answers == most)
            {
                break;
            }
        }
        var ms = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        return (answers, answers < 100 ? ms : first, ms);
    }

    private static int PatientOf(int study) => (int)((uint)study * 2654435761u % 40_000);

    private static string PatientId(int patient) => string.Create(CultureInfo.InvariantCulture, $"P{patient:000000}");

    private static string Accession(int study) => string.Create(CultureInfo.InvariantCulture, $"R{study:0000000000}");

    private static string StudyUid(int study) => string.Create(CultureInfo.InvariantCulture, $"{Root}.{study + 1}");

    private static string NameOf(int patient)
    {
        var random = new Random(patient);
        return string.Concat(Enumerable.Range(0, 3).Select(_ => Syllables[random.Next(Syllables.Length)])) + "^" + Given[random.Next(Given.Length)];
    }

    private static string DateOf(int study) => new DateOnly(2019, 1, 1).AddDays((int)((uint)study * 40503u % 1826)).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
