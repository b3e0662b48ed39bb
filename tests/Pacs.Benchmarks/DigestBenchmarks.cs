using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Pacs.Storage;

namespace Pacs.Benchmarks;

/// <summary>What telling instances apart costs: the digest of the store beside SHA-256, over pieces as large as the network hands them on.</summary>
[MemoryDiagnoser]
public class DigestBenchmarks
{
    private const int PieceSize = 64 * 1024;

    private readonly ContentDigest _digest = new();
    private readonly ContentDigest _scalar = new(scalar: true);
    private readonly IncrementalHash _sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _bytes = [];

    /// <summary>A report, a CT slice, an ultrasound frame.</summary>
    [Params(4 * 1024, 512 * 1024, 4 * 1024 * 1024)]
    public int Length { get; set; }

    /// <summary>Makes the bytes.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[Length];
        new Random(1).NextBytes(_bytes);
    }

    /// <summary>What the operating system's library does.</summary>
    [Benchmark(Baseline = true)]
    public byte[] Sha256()
    {
        for (var at = 0; at < _bytes.Length; at += PieceSize)
        {
            _sha.AppendData(_bytes, at, Math.Min(PieceSize, _bytes.Length - at));
        }
        return _sha.GetHashAndReset();
    }

    /// <summary>XXH3-128 by vectors, where the machine has them.</summary>
    [Benchmark]
    public byte[] Xxh3() => Digest(_digest);

    /// <summary>XXH3-128 as a machine without them does it.</summary>
    [Benchmark]
    public byte[] Xxh3Scalar() => Digest(_scalar);

    private byte[] Digest(ContentDigest digest)
    {
        for (var at = 0; at < _bytes.Length; at += PieceSize)
        {
            digest.Append(_bytes.AsSpan(at, Math.Min(PieceSize, _bytes.Length - at)));
        }
        return digest.Finish();
    }
}
