using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>
/// Valid data sets with random damage. The seed of each round is its number, so a failure names the round that repeats it.
/// <c>PACS_FUZZ_SECONDS</c> sets how long each target runs (2 seconds by default), <c>PACS_FUZZ_ROUND</c> the first round.
/// </summary>
public sealed class DatasetFuzzTests
{
    private static readonly byte[][] Interesting =
    [
        [0xFF, 0xFF, 0xFF, 0xFF], [0xFE, 0xFF, 0x00, 0xE0], [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
        [0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF], [0xE0, 0x7F, 0x10, 0x00], [0xF0, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0],
        "SQ"u8.ToArray(), "UN"u8.ToArray(), "OB"u8.ToArray(), "??"u8.ToArray(), "US"u8.ToArray(), [0x08, 0x00, 0x15, 0x11], [0xFF, 0xFE, 0xE0, 0x00],
    ];

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 2);

    [Fact]
    public void The_reader_throws_nothing_but_DicomException_and_what_it_reads_can_be_written_and_read_again() => Fuzz((bytes, syntax, random) =>
    {
        var options = new DicomReadOptions { AllowTruncation = random.Next(2) == 0 };
        var dataset = DicomReader.Read(bytes, syntax, options);
        if (dataset.Count == 0 || dataset[0].Tag.Group is 0x0800 or 0x1000)
        {
            // a data set that begins so looks as if it were big endian
            return;
        }
        var target = dataset.Get(DicomTag.PixelData) is { IsEncapsulated: true } ? TransferSyntax.JpegBaseline : TransferSyntax.ExplicitVRLittleEndian;
        var again = DicomReader.Read(DicomWriter.ToBytes(dataset, target), target);
        var difference = Datasets.Difference(dataset, again);
        Assert.True(difference is null, difference);
    });

    [Fact]
    public void The_scanner_throws_nothing_but_DicomException_however_the_bytes_are_cut() => Fuzz((bytes, syntax, random) =>
        Assert.Equal(HeaderScannerTests.Outcome(bytes, syntax, [bytes.Length]), HeaderScannerTests.Outcome(bytes, syntax, HeaderScannerTests.Cuts(random, bytes.Length))));

    [Fact]
    public void A_file_throws_nothing_but_DicomException() => Fuzz((bytes, syntax, random) =>
    {
        var meta = new System.Buffers.ArrayBufferWriter<byte>();
        FileMetaInformation.Write(meta, "1.2.3", "1.2.3.4", syntax);
        byte[] file = [.. meta.WrittenSpan, .. bytes];
        Mutate(random, ref file);
        using var stream = new MemoryStream(file);
        DicomFile.Read(stream, random.Next(2) == 0 ? DicomReadOptions.HeaderOnly : null);
    });

    private static void Fuzz(Action<byte[], TransferSyntax, Random> target)
    {
        var started = TimeProvider.System.GetTimestamp();
        var first = int.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_ROUND"), CultureInfo.InvariantCulture, out var round) ? round : 1;
        var seed = first - 1;
        while (TimeProvider.System.GetElapsedTime(started) < Duration)
        {
            var random = new Random(++seed);
            var syntax = DicomWriterTests.Syntaxes[random.Next(DicomWriterTests.Syntaxes.Length)];
            var plain = syntax.IsDeflated ? TransferSyntax.ExplicitVRLittleEndian : syntax;
            var bytes = DicomWriter.ToBytes(RandomDataset.Create(random, plain), plain, new DicomWriteOptions { UndefinedLengths = random.Next(2) == 0 });
            Mutate(random, ref bytes);
            if (syntax.IsDeflated)
            {
                // damage under the compression reaches the parser, damage above it the inflater
                bytes = Deflated(bytes);
                if (random.Next(2) == 0)
                {
                    Mutate(random, ref bytes);
                }
            }
            var before = GC.GetAllocatedBytesForCurrentThread();
            var begun = TimeProvider.System.GetTimestamp();
            try
            {
                target(bytes, syntax, random);
            }
            catch (DicomException)
            {
                // the documented answer to bytes that are no data set
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"round {seed}, {syntax}: {Convert.ToHexString(bytes)}", e);
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16_000_000 + (2000L * bytes.Length), $"round {seed} allocates too much");
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"round {seed} takes too long");
        }
        Assert.True(seed - first > 20, $"only {seed} rounds");
    }

    private static void Mutate(Random random, ref byte[] bytes)
    {
        for (var i = random.Next(1, 5); i > 0 && bytes.Length > 0; i--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    var word = Interesting[random.Next(Interesting.Length)];
                    word.AsSpan(0, Math.Min(word.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. Interesting[random.Next(Interesting.Length)], .. bytes[at..]];
                    break;
                case 4:
                    bytes = bytes[..at];
                    break;
                default:
                    var end = random.Next(at, bytes.Length);
                    bytes = [.. bytes[..end], .. bytes[at..]];
                    break;
            }
        }
    }

    private static byte[] Deflated(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var deflate = new System.IO.Compression.DeflateStream(target, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(bytes);
        }
        return target.ToArray();
    }
}
