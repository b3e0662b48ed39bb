using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>
/// The storage floor alone, with its background services, in a temporary folder. The folder goes when it is disposed; <see cref="RestartAsync"/> keeps it.
/// </summary>
public sealed class TestArchive : IAsyncDisposable
{
    private readonly Action<IServiceCollection>? _services;
    private ServiceProvider _provider;
    private bool _running;

    private TestArchive(StorageOptions options, Action<IServiceCollection>? services)
    {
        Options = options;
        _services = services;
        _provider = Build();
    }

    public StorageOptions Options { get; }

    public string Folder => Path.GetDirectoryName(Options.StorageDirectory)!;

    public string IndexPath => Path.Join(Options.ResolvedIndexDirectory, "index.db");

    public Archive Archive => _provider.GetRequiredService<Archive>();

    public IndexReader Reader => _provider.GetRequiredService<IndexReader>();

    public IndexWriter Writer => _provider.GetRequiredService<IndexWriter>();

    public RecoveryReport Recovered => _provider.GetRequiredService<Recovery>().Report;

    public ConcurrentQueue<string> Log { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public T Get<T>()
        where T : notnull => _provider.GetRequiredService<T>();

    /// <param name="configure">Changes the options.</param>
    /// <param name="services">Adds services, or puts others in their place.</param>
    /// <param name="folder">An existing folder to start on.</param>
    /// <param name="stop">Tells it to stop while it starts; the folder is then as a stopped server leaves it.</param>
    public static async Task<TestArchive> StartAsync(
        Action<StorageOptions>? configure = null, Action<IServiceCollection>? services = null, string? folder = null, CancellationToken? stop = null)
    {
        folder ??= Directory.CreateTempSubdirectory("pacs-test-").FullName;
        var options = new StorageOptions { StorageDirectory = Path.Join(folder, "dicom"), MinimumFreeSpace = 0, DiskThreads = 8 };
        configure?.Invoke(options);
        var archive = new TestArchive(options, services);
        try
        {
            await archive.StartAsync(stop ?? Ct);
        }
        catch
        {
            await archive.StopAsync();
            throw;
        }
        return archive;
    }

    /// <summary>Stops it properly, lets something happen to the folder, and starts it again.</summary>
    public async Task RestartAsync(Action? meanwhile = null)
    {
        await StopAsync();
        meanwhile?.Invoke();
        _provider = Build();
        await StartAsync(Ct);
    }

    /// <summary>Looks from outside like a process that was killed: takes a copy of the folder as it is now and starts on that.</summary>
    public async Task<TestArchive> StartOnCopyAsync(Action<string>? meanwhile = null)
    {
        var copy = Copy(Folder);
        meanwhile?.Invoke(copy);
        return await StartAsync(
            o => (o.StableAge, o.TrashAge, o.OverwriteInstances) = (Options.StableAge, Options.TrashAge, Options.OverwriteInstances), _services, copy);
    }

    /// <summary>A folder as a server that is killed now leaves it.</summary>
    public static string Copy(string folder)
    {
        var copy = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        // the lock files are held, which File.Copy respects
        using var cp = Process.Start("cp", ["-r", folder + "/.", copy]);
        cp.WaitForExit();
        Assert.Equal(0, cp.ExitCode);
        return copy;
    }

    public async Task StopAsync()
    {
        if (_running)
        {
            _running = false;
            foreach (var service in _provider.GetServices<IHostedService>().Reverse())
            {
                await service.StopAsync(CancellationToken.None);
            }
        }
        await _provider.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Stores a data set as a door does.</summary>
    public Task<StoreResult> StoreAsync(DicomDataset dataset, TransferSyntax? syntax = null) =>
        StoreAsync(DicomWriter.ToBytes(dataset, syntax ?? TransferSyntax.ExplicitVRLittleEndian), dataset.GetString(DicomTag.SOPClassUID)!,
            dataset.GetString(DicomTag.SOPInstanceUID)!, syntax);

    /// <summary>Stores bytes as a door does, in pieces.</summary>
    public async Task<StoreResult> StoreAsync(byte[] bytes, string sopClass, string sopInstance, TransferSyntax? syntax = null, int piece = 16 * 1024)
    {
        await using var staged = Archive.Stage(sopClass, sopInstance, syntax ?? TransferSyntax.ExplicitVRLittleEndian, "DEVICE");
        for (var at = 0; at < bytes.Length; at += piece)
        {
            await staged.AppendAsync(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at)));
        }
        return await Archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "DEVICE", "PACS", "192.0.2.7"), Ct);
    }

    /// <summary>Removes at once what waits in the trash.</summary>
    public async Task EmptyTrashAsync()
    {
        await Writer.WriteAsync((db, ct) => db.Trash.ExecuteUpdateAsync(set => set.SetProperty(t => t.DueAt, DateTimeOffset.UnixEpoch), ct), Ct);
        await Get<TrashWorker>().EmptyAsync(Ct);
    }

    public async Task<IReadOnlyList<PacsEvent>> EventsAsync() => await Reader.ChangesAsync(0, int.MaxValue, Ct);

    /// <summary>The files under the storage folder that are instances.</summary>
    public string[] Files() => Directory.GetFiles(Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories);

    /// <summary>What must be true at any time: counts, sizes, files and rows agree, and the staging folder is empty when nothing is received.</summary>
    public async Task AssertConsistentAsync(bool trashEmptied = false)
    {
        var (patients, studies, series, instances, trash, conflicts, bin) = await Reader.ReadAsync(
            async (db, ct) => (db.Patients.ToList(), db.Studies.ToList(), db.Series.ToList(), db.Instances.ToList(), db.Trash.ToList(), db.Conflicts.ToList(), db.BinFiles.ToList()), Ct);
        foreach (var one in series)
        {
            var below = instances.Where(i => i.ParentId == one.Id).ToList();
            Assert.Equal((below.Count, below.Sum(i => i.Size)), (one.InstanceCount, one.Size));
        }
        foreach (var one in studies)
        {
            var below = series.Where(s => s.ParentId == one.Id).ToList();
            Assert.Equal((below.Count, below.Sum(s => s.InstanceCount), below.Sum(s => s.Size)), (one.SeriesCount, one.InstanceCount, one.Size));
            Assert.Equal(string.Join('\\', below.Select(s => s.Modality).Where(m => !string.IsNullOrEmpty(m)).Distinct()), one.Modalities);
        }
        foreach (var one in patients)
        {
            var below = studies.Where(s => s.ParentId == one.Id).ToList();
            Assert.Equal((below.Count, below.Sum(s => s.InstanceCount), below.Sum(s => s.Size)), (one.StudyCount, one.InstanceCount, one.Size));
        }
        Assert.All(instances, i => Assert.Equal(i.Size, new FileInfo(Path.Join(Options.StorageDirectory, i.Key)).Length));
        var known = instances.Select(i => i.Key).Concat(conflicts.Select(c => c.Key).OfType<string>()).Concat(trash.Select(t => t.Key)).Concat(bin.Select(b => b.Key)).Order(StringComparer.Ordinal);
        var found = Files().Select(f => Path.GetRelativePath(Options.StorageDirectory, f)).Order(StringComparer.Ordinal);
        Assert.Equal(known, found);
        Assert.Empty(Directory.GetFiles(Path.Join(Options.StorageDirectory, "incoming")));
        if (trashEmptied)
        {
            Assert.Empty(trash);
        }
    }

    private async Task StartAsync(CancellationToken ct)
    {
        _running = true;
        foreach (var service in _provider.GetServices<IHostedService>())
        {
            await service.StartAsync(ct);
        }
    }

    private ServiceProvider Build()
    {
        var services = new ServiceCollection();
        services.AddSingleton(Options);
        services.AddLogging(logging => logging.AddProvider(new QueueLogs(Log)));
        _services?.Invoke(services);
        services.AddStorage();
        return services.BuildServiceProvider();
    }

    /// <summary>A small ultrasound image. The same arguments give the same bytes.</summary>
    public static DicomDataset Image(int patient = 1, int study = 1, int series = 1, int instance = 1, int size = 100, string modality = "US", Action<DicomDataset>? change = null)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTag.SpecificCharacterSet, "ISO_IR 100");
        dataset.Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage);
        dataset.Set(DicomTag.SOPInstanceUID, Uid(study, series, instance));
        dataset.Set(DicomTag.StudyDate, "20260105");
        dataset.Set(DicomTag.StudyTime, "0930");
        dataset.Set(DicomTag.AccessionNumber, string.Create(CultureInfo.InvariantCulture, $"R{study:0000000000}"));
        dataset.Set(DicomTag.Modality, modality);
        dataset.Set(DicomTag.Manufacturer, "ACME");
        dataset.Set(DicomTag.StudyDescription, "Schilddrüse");
        dataset.Set(DicomTag.PatientName, "Müller^Jörg");
        dataset.Set(DicomTag.PatientID, $"P{patient}");
        dataset.Set(DicomTag.PatientBirthDate, "19580307");
        dataset.Set(DicomTag.StudyInstanceUID, Uid(study));
        dataset.Set(DicomTag.SeriesInstanceUID, Uid(study, series));
        dataset.Set(DicomTag.SeriesNumber, series.ToString(CultureInfo.InvariantCulture));
        dataset.Set(DicomTag.InstanceNumber, instance.ToString(CultureInfo.InvariantCulture));
        var pixels = new byte[size];
        new Random(instance).NextBytes(pixels);
        dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
        change?.Invoke(dataset);
        return dataset;
    }

    /// <summary>The UIDs of <see cref="Image"/>.</summary>
    public static string Uid(params int[] path) => "1.2.3." + string.Join('.', path);

    private sealed class QueueLogs(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
