using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Benchmarks;

/// <summary>
/// Instances through <see cref="Archive"/>: staging file, hash, fsync, rename, fsync of the folder, index with <c>synchronous=FULL</c>. What devices can send at
/// most, without the network. One operation is one instance.
/// </summary>
[SimpleJob(launchCount: 1, warmupCount: 1, iterationCount: 5)]
[MemoryDiagnoser]
public class IndexBenchmarks
{
    private const int Instances = 512;

    private string _folder = "";
    private ServiceProvider _services = null!;
    private Archive _archive = null!;
    private byte[] _template = [];
    private int _next;

    /// <summary>How many send at the same time.</summary>
    [Params(1, 4, 16)]
    public int Senders { get; set; }

    /// <summary>Bytes of pixel data: a report, an ultrasound frame.</summary>
    [Params(2_000, 500_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public async Task StartAsync()
    {
        _folder = Directory.CreateTempSubdirectory("pacs-bench-").FullName;
        _services = new ServiceCollection().AddLogging(l => l.SetMinimumLevel(LogLevel.Error)).AddSingleton(new StorageOptions { StorageDirectory = Path.Join(_folder, "dicom") })
            .AddStorage().BuildServiceProvider();
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }
        _archive = _services.GetRequiredService<Archive>();
        var dataset = new DicomDataset();
        dataset.Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage);
        dataset.Set(DicomTag.SOPInstanceUID, Uid(0));
        dataset.Set(DicomTag.StudyDate, "20260105");
        dataset.Set(DicomTag.Modality, "US");
        dataset.Set(DicomTag.PatientName, "Muster^Maria");
        dataset.Set(DicomTag.PatientID, "4711");
        dataset.Set(DicomTag.StudyInstanceUID, "1.2.3");
        dataset.Set(DicomTag.SeriesInstanceUID, "1.2.3.4");
        dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[Size]));
        _template = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        foreach (var service in _services.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
        }
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Instances)]
    public Task StoreAsync() => Parallel.ForEachAsync(
        Enumerable.Range(0, Instances), new ParallelOptions { MaxDegreeOfParallelism = Senders }, async (_, ct) => await StoreOneAsync(ct));

    private async Task StoreOneAsync(CancellationToken ct)
    {
        const int Pdu = 64 * 1024;
        var uid = Uid(Interlocked.Increment(ref _next));
        // the same data set under another UID of the same length
        var bytes = _template.AsSpan().ToArray();
        System.Text.Encoding.ASCII.GetBytes(uid, bytes.AsSpan(bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(Uid(0)))));
        await using var staged = _archive.Stage(DicomUid.UltrasoundImageStorage, uid, TransferSyntax.ExplicitVRLittleEndian);
        for (var at = 0; at < bytes.Length; at += Pdu)
        {
            await staged.AppendAsync(bytes.AsMemory(at, Math.Min(Pdu, bytes.Length - at)));
        }
        var result = await _archive.CommitAsync(staged, new Origin(OriginKind.Dimse), ct);
        if (result.Outcome != StoreOutcome.Stored)
        {
            throw new InvalidOperationException(result.Outcome.ToString());
        }
    }

    private static string Uid(int number) => $"1.2.3.4.{1_000_000_000 + number}";
}
