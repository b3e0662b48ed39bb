using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

/// <summary>
/// Compressed frames with random damage. The seed of each round is its number, so a failure names the round that repeats it.
/// <c>PACS_FUZZ_SECONDS</c> sets how long each target runs (2 seconds by default), <c>PACS_FUZZ_ROUND</c> the first round.
/// </summary>
public sealed class CodecFuzz
{
    private static TimeSpan Duration => TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 2);

    [Fact]
    public void Jpeg_ls_throws_nothing_but_DicomException() => Fuzz(new JpegLsCodec(), "jpeg-ls", "jls");

    [Fact]
    public void Jpeg_2000_throws_nothing_but_DicomException() => Fuzz(new Jpeg2000Codec(), "jpeg-2000", "j2k");

    [Fact]
    public void High_throughput_jpeg_2000_throws_nothing_but_DicomException() => Fuzz(new Jpeg2000Codec(), "jpeg-2000", "htj2k");

    private static void Fuzz(ICodec codec, string folder, string prefix)
    {
        var frames = Directory.GetFiles(CompressedFrames.Golden(folder, ""), prefix + "*.dcm").Order(StringComparer.Ordinal)
            .Select(CompressedFrames.Read).Select(file => (file.Image, Frame: file.Frames[0].ToArray())).ToArray();
        var started = TimeProvider.System.GetTimestamp();
        var first = int.TryParse(Environment.GetEnvironmentVariable("PACS_FUZZ_ROUND"), CultureInfo.InvariantCulture, out var round) ? round : 1;
        var seed = first - 1;
        var refused = 0;
        while (TimeProvider.System.GetElapsedTime(started) < Duration)
        {
            var random = new Random(++seed);
            var (image, frame) = frames[random.Next(frames.Length)];
            var bytes = Damage(random, frame);
            var before = GC.GetTotalAllocatedBytes();
            var begun = TimeProvider.System.GetTimestamp();
            try
            {
                codec.Decode(bytes, image).Dispose();
            }
            catch (DicomException)
            {
                refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"round {seed}: {Convert.ToHexString(bytes)}", e);
            }
            Assert.True(GC.GetTotalAllocatedBytes() - before < 300_000_000, $"round {seed} allocates too much");
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(20), $"round {seed} takes too long");
        }
        Assert.True(seed - first > 50 && refused > 5, $"only {seed} rounds, {refused} refused");
    }

    private static byte[] Damage(Random random, byte[] frame)
    {
        byte[] bytes = [.. frame];
        // headers are short, and most of what can go wrong is in them
        var reach = random.Next(3) == 0 ? bytes.Length : Math.Min(bytes.Length, 160);
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(Math.Min(reach, bytes.Length));
            switch (random.Next(6))
            {
                case 0 or 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 3:
                    bytes[at] = 0xFF;
                    break;
                case 4:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(8))..]];
                    break;
                default:
                    bytes = bytes[..Math.Max(Math.Min(8, bytes.Length), random.Next(bytes.Length))];
                    break;
            }
        }
        return bytes;
    }
}
