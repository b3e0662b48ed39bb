using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests.Fuzz;

/// <summary>JPEG streams with damage, seeded: they decode to a frame or throw the documented exception, within memory in proportion to the image.</summary>
public sealed class JpegFuzz
{
    public static TheoryData<string> Files() => ["jpeg50_g8.dcm", "jpeg50_rgb_ybr422.dcm", "jpeg50_rgb_ybr411.dcm", "jpeg51_u12.dcm", "jpeg57_u12_sv7.dcm", "jpeg57_rgb_sv6.dcm", "jpeg70_u16.dcm", "progressive.jpg"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Damaged_streams_are_decoded_or_refused(string file)
    {
        var (stream, image) = file == "progressive.jpg"
            ? (File.ReadAllBytes(Path.Join(AppContext.BaseDirectory, "Golden", "jpeg", file)), JpegDecoderTests.Describe(61, 47, 3, "YBR_FULL"))
            : JpegDecoderTests.First(file);
        var codec = new JpegCodec();
        codec.Decode(stream, image).Dispose();
        var headers = stream.Span.IndexOf(new byte[] { 0xFF, 0xDA });
        var decoded = 0;
        for (var round = 0; round < 1500; round++)
        {
            var random = new Random(round);
            var bytes = Damage(stream.ToArray(), random, round % 2 == 0 ? headers : stream.Length);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var begun = TimeProvider.System.GetTimestamp();
            try
            {
                codec.Decode(bytes, image).Dispose();
                decoded++;
            }
            catch (DicomException)
            {
                // the documented answer
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{file}, round {round}: {Convert.ToHexString(bytes)}", e);
            }
            _ = BrowserJpeg.Prepare(bytes, image);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8_000_000, $"{file}, round {round} allocates too much");
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(20), $"{file}, round {round} takes too long");
        }
        Assert.InRange(decoded, 50, 1490);
    }

    private static byte[] Damage(byte[] bytes, Random random, int most)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(2, Math.Min(most, bytes.Length));
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = 0xFF;
                    break;
                case 3 when random.Next(4) == 0:
                    return bytes[..at];
                default:
                    var end = random.Next(at, Math.Min(bytes.Length, at + 40));
                    bytes = random.Next(2) == 0 ? [.. bytes[..at], .. bytes[end..]] : [.. bytes[..end], .. bytes[at..]];
                    break;
            }
        }
        return bytes;
    }
}
