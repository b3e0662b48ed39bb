using System.Buffers;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom;

namespace Pacs.Benchmarks;

/// <summary>Reading and writing data sets in memory: a CT slice and a report.</summary>
[MemoryDiagnoser]
public class ReadBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private byte[] _slice = [];
    private byte[] _report = [];
    private DicomDataset _reportDataset = [];

    /// <summary>Builds both, so that no file is needed.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _slice = BenchmarkData.File(BenchmarkData.Slice(DicomUid.CTImageStorage, 512, 512, 16), TransferSyntax.ExplicitVRLittleEndian);
        _reportDataset = BenchmarkData.Report(300);
        _report = BenchmarkData.File(_reportDataset, TransferSyntax.ExplicitVRLittleEndian);
    }

    /// <summary>Everything before the pixel data of a 512 x 512 CT slice.</summary>
    [Benchmark]
    public DicomFile CtHeader() => DicomFile.Parse(_slice, DicomReadOptions.HeaderOnly);

    /// <summary>The whole slice; its pixels are not copied.</summary>
    [Benchmark]
    public DicomFile CtSlice() => DicomFile.Parse(_slice);

    /// <summary>A Structured Report of 300 measurements.</summary>
    [Benchmark]
    public DicomFile Report() => DicomFile.Parse(_report);

    /// <summary>The same report written.</summary>
    [Benchmark]
    public int WriteReport()
    {
        _output.ResetWrittenCount();
        DicomWriter.Write(_reportDataset, TransferSyntax.ExplicitVRLittleEndian, _output);
        return _output.WrittenCount;
    }
}
