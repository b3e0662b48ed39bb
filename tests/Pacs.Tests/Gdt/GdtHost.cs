using System.Buffers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Storage and GDT without doors, in a temporary folder: what is stored comes out as files. <see cref="RestartAsync"/> keeps the folder.</summary>
internal sealed class GdtHost : IAsyncDisposable
{
    private readonly Action<GdtOptions>? _configure;
    private readonly Action<string>? _beforeStep;
    private readonly bool _keep;
    private ServiceProvider _services = null!;
    private IHostedService[] _running = [];

    private GdtHost(string folder, bool keep, Action<GdtOptions>? configure, Action<string>? beforeStep) =>
        (Folder, _keep, _configure, _beforeStep) = (folder, keep, configure, beforeStep);

    /// <summary>The folder of everything.</summary>
    public string Folder { get; }

    /// <summary>The import folder.</summary>
    public string Incoming => Path.Join(Folder, "incoming");

    public Archive Archive => _services.GetRequiredService<Archive>();

    public IndexReader Reader => _services.GetRequiredService<IndexReader>();

    public IndexWriter Writer => _services.GetRequiredService<IndexWriter>();

    public GdtFiles Files => _services.GetRequiredService<GdtFiles>();

    public GdtReceivers Receivers => _services.GetRequiredService<GdtReceivers>();

    public GdtReceiverStore Store => _services.GetRequiredService<GdtReceiverStore>();

    public GdtContents Contents => _services.GetRequiredService<GdtContents>();

    /// <summary>What was logged, without exceptions.</summary>
    public List<string> Log { get; } = [];

    /// <summary>The names of the files the practice software sees, in order.</summary>
    public string[] Names => Directory.Exists(Incoming) ? [.. Directory.GetFiles(Incoming, "*.gdt").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)] : [];

    public static async Task<GdtHost> StartAsync(Action<GdtOptions>? configure = null, Action<string>? beforeStep = null, string? folder = null)
    {
        var host = new GdtHost(folder ?? Directory.CreateTempSubdirectory("pacs-gdt-").FullName, folder is not null, configure, beforeStep);
        await host.StartServicesAsync();
        return host;
    }

    public byte[] Read(string name) => File.ReadAllBytes(Path.Join(Incoming, name));

    public async Task RestartAsync()
    {
        await StopServicesAsync();
        await StartServicesAsync();
    }

    /// <summary>Stores a file as a device would send it.</summary>
    public Task<StoreResult> StoreAsync(string path) => StoreAsync(DicomFile.Open(path));

    public Task<StoreResult> StoreAsync(DicomDataset dataset) => StoreAsync(new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian));

    public async Task<StoreResult> StoreAsync(DicomFile file)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var staged = Archive.Stage(
            file.Dataset.GetString(DicomTag.SOPClassUID)!, file.Dataset.GetString(DicomTag.SOPInstanceUID)!, file.Syntax, "MODALITY");
        await staged.AppendAsync(new ReadOnlySequence<byte>(DicomWriter.ToBytes(file.Dataset, file.Syntax)));
        var result = await Archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "MODALITY", "PACS", "127.0.0.1"), ct);
        Assert.True(result.IsSafe, result.Reason);
        return result;
    }

    /// <summary>Waits until every event was seen and every file handed over.</summary>
    public Task SettleAsync() => UntilAsync(async (db, ct) => await AllSeenAsync(db, ct)
        && !await db.GdtFiles.AnyAsync(g => g.State == GdtState.Queued || g.State == GdtState.Ready, ct));

    /// <summary>Waits until every event was seen and so many files wait because they cannot be handed over.</summary>
    public Task WaitForWaitingAsync(int count) => UntilAsync(async (db, ct) => await AllSeenAsync(db, ct)
        && Files.Status.Problem is not null && await db.GdtFiles.CountAsync(g => g.State == GdtState.Queued || g.State == GdtState.Ready, ct) == count);

    public async Task UntilAsync(Func<PacsDb, CancellationToken, Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await Reader.ReadAsync(condition, limit.Token))
        {
            await Task.Delay(10, limit.Token);
        }
    }

    /// <summary>The row of a file.</summary>
    public Task<List<GdtFile>> RowsAsync() => Reader.ReadAsync((db, ct) => db.GdtFiles.OrderBy(g => g.At).ToListAsync(ct), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await StopServicesAsync();
        if (!_keep)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static async Task<bool> AllSeenAsync(PacsDb db, CancellationToken ct)
    {
        var last = await db.Events.MaxAsync(e => (long?)e.Seq, ct) ?? 0;
        return await db.Consumers.CountAsync(c => (c.Name == "gdt-study" || c.Name == "gdt-report") && c.Seq >= last, ct) == 2;
    }

    private async Task StartServicesAsync()
    {
        var options = new GdtOptions { IncomingDir = Incoming };
        _configure?.Invoke(options);
        var services = new ServiceCollection();
        services.AddLogging(l => l.AddProvider(new ListProvider(Log)));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new StorageOptions { StorageDirectory = Path.Join(Folder, "dicom"), IndexDirectory = Path.Join(Folder, "index"), MinimumFreeSpace = 0 });
        services.AddSingleton(options);
        services.AddStorage();
        services.AddGdt();
        if (_beforeStep is not null)
        {
            services.AddSingleton(p => new GdtFiles(
                options, p.GetRequiredService<GdtReceivers>(), p.GetRequiredService<GdtAttachments>(), p.GetRequiredService<IndexWriter>(), p.GetRequiredService<IndexReader>(), TimeProvider.System,
                p.GetRequiredService<ILogger<GdtFiles>>(), _beforeStep));
        }
        _services = services.BuildServiceProvider();
        _running = [.. _services.GetServices<IHostedService>()];
        foreach (var service in _running)
        {
            await service.StartAsync(CancellationToken.None);
        }
    }

    private async Task StopServicesAsync()
    {
        foreach (var service in _running.Reverse())
        {
            await service.StopAsync(CancellationToken.None);
        }
        await _services.DisposeAsync();
    }

    private sealed class ListProvider(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add($"{logLevel} {formatter(state, exception)}{(exception is null ? "" : " " + exception)}");
            }
        }

        public void Dispose()
        {
        }
    }
}
