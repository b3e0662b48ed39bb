using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

/// <summary>Damaged and hostile frames over HTTP, for each codec: an error for that frame, soon, without its claims becoming memory, and the server goes on.</summary>
public sealed class DamagedFrameTests : IAsyncLifetime
{
    private const int Side = 64;

    // of all processes of the tests on a loaded machine; a frame takes milliseconds
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private TestServer _server = null!;
    private int _number;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Codecs() => ["rle", "jpeg", "jpeg-lossless", "jpeg-ls", "jpeg-2000", "deflated"];

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task A_damaged_frame_is_an_error_of_that_frame(string codec)
    {
        var (syntax, whole) = Frame(codec);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Image().Set(Encapsulated(whole)), syntax, "frames/1"));
        var random = new Random(7);
        var noise = new byte[whole.Length];
        random.NextBytes(noise);
        foreach (var bytes in new[] { whole[..4], whole[..(whole.Length / 8)], noise, [.. whole[..(whole.Length / 2)], .. noise[(whole.Length / 2)..]] })
        {
            foreach (var resource in new[] { "frames/1", "rendered", "thumbnail" })
            {
                // some decoders make a picture of what is there
                Assert.Contains(await StatusAsync(Image().Set(Encapsulated(bytes)), syntax, resource), new[] { HttpStatusCode.OK, HttpStatusCode.InternalServerError });
            }
        }
        Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(Image().Set(Encapsulated(noise)), syntax, "frames/1"));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task What_a_frame_claims_does_not_become_memory(string codec)
    {
        var (syntax, whole) = Frame(codec);
        var larger = Larger(codec, whole);
        var before = GC.GetTotalAllocatedBytes();
        // a few bytes of a picture that the header says is enormous
        var huge = Image().Set(DicomTag.Rows, 65535).Set(DicomTag.Columns, 65535);
        foreach (var resource in new[] { "frames/1", "rendered", "thumbnail?viewport=8192,8192" })
        {
            Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(Copy(huge).Set(Encapsulated(whole)), syntax, resource));
        }
        // a header of few pixels, and a stream of many
        foreach (var resource in new[] { "frames/1", "rendered" })
        {
            Assert.Contains(await StatusAsync(Image().Set(Encapsulated(larger)), syntax, resource), new[] { HttpStatusCode.OK, HttpStatusCode.InternalServerError });
        }
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 400_000_000);
    }

    [Fact]
    public async Task Offset_tables_that_lie_do_not_lead_astray()
    {
        var (syntax, whole) = Frame("rle");
        foreach (var offsets in new uint[][] { [0, 4], [0, uint.MaxValue], [8, 0], [0, (uint)whole.Length], [uint.MaxValue, uint.MaxValue] })
        {
            var table = new byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(table, offsets[0]);
            BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(4), offsets[1]);
            // one fragment is one frame: that counts
            var image = Image().Set(DicomTag.NumberOfFrames, 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [table, whole, whole]));
            foreach (var resource in new[] { "frames/1", "frames/2", "frames/1,2", "frames/2/rendered" })
            {
                Assert.Equal(HttpStatusCode.OK, await StatusAsync(Copy(image), syntax, resource));
            }
            // one frame of two is there
            var less = Image().Set(DicomTag.NumberOfFrames, 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [table, whole]));
            Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(less, syntax, "frames/2"));
        }
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Image().Set(Encapsulated(whole)), syntax, "frames/2"));
        var many = Image().Set(DicomTag.NumberOfFrames, int.MaxValue).Set(Encapsulated(whole));
        Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(many, syntax, "frames/2000000000"));
        Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(Image().Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[100])), TransferSyntax.ExplicitVRLittleEndian, "frames/1"));
    }

    // what the data set says of 64 x 64 pixels is true
    private static (TransferSyntax Syntax, byte[] Frame) Frame(string codec, int side = Side)
    {
        var samples = TestPicture.Create8(side, side, 1);
        var bytes = new ArrayBufferWriter<byte>();
        switch (codec)
        {
            case "rle":
                RleEncoder.Encode(samples, side, side, 1, 1, bytes);
                return (TransferSyntax.Get(DicomUid.RLELossless), bytes.WrittenSpan.ToArray());
            case "jpeg":
                JpegEncoder.Encode(samples, side, side, 1, 90, bytes);
                return (TransferSyntax.JpegBaseline, bytes.WrittenSpan.ToArray());
            case "jpeg-lossless":
                JpegLosslessEncoder.Encode(samples, side, side, 1, 8, bytes);
                return (TransferSyntax.Get(DicomUid.JPEGLosslessSV1), bytes.WrittenSpan.ToArray());
            case "jpeg-ls":
                JpegLsEncoder.Encode(samples, side, side, 1, 8, bytes);
                return (TransferSyntax.Get(DicomUid.JPEGLSLossless), bytes.WrittenSpan.ToArray());
            case "deflated":
                using (var deflated = new MemoryStream())
                {
                    using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest, leaveOpen: true))
                    {
                        deflate.Write(samples);
                    }
                    return (TransferSyntax.Get(DicomUid.DeflatedImageFrameCompression), deflated.ToArray());
                }
            default:
                var file = DicomFile.Open(Path.Join(AppContext.BaseDirectory, "Golden", "jpeg-2000", "j2k90_g8.dcm"));
                return (file.Syntax, [.. file.Dataset.Get(DicomTag.PixelData)!.Fragments!.Skip(1).SelectMany(f => f.ToArray())]);
        }
    }

    /// <summary>A stream of the same kind that is, or claims to be, many times as large.</summary>
    private static byte[] Larger(string codec, byte[] whole)
    {
        switch (codec)
        {
            case "jpeg" or "jpeg-lossless" or "jpeg-ls":
                // the sizes in the frame header: SOF0, SOF3, SOF55
                var at = Enumerable.Range(0, whole.Length - 9).First(i => whole[i] == 0xFF && whole[i + 1] is 0xC0 or 0xC3 or 0xF7);
                byte[] jpeg = [.. whole];
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(at + 5), 65000);
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(at + 7), 65000);
                return jpeg;
            case "jpeg-2000":
                // SIZ: Xsiz, Ysiz
                var siz = whole.AsSpan().IndexOf(new byte[] { 0xFF, 0x51 });
                byte[] j2k = [.. whole];
                BinaryPrimitives.WriteUInt32BigEndian(j2k.AsSpan(siz + 6), 0x7FFFFFFF);
                BinaryPrimitives.WriteUInt32BigEndian(j2k.AsSpan(siz + 10), 0x7FFFFFFF);
                return j2k;
            case "deflated":
                // a thousand to one
                using (var deflated = new MemoryStream())
                {
                    using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest, leaveOpen: true))
                    {
                        for (var i = 0; i < 200; i++)
                        {
                            deflate.Write(new byte[1 << 20]);
                        }
                    }
                    return deflated.ToArray();
                }
            default:
                // runs of 128 zeros in one segment
                byte[] head = [1, 0, 0, 0, 64, 0, 0, 0, .. new byte[56]];
                return [.. head, .. Enumerable.Repeat(new byte[] { 0x81, 0 }, 100_000).SelectMany(b => b)];
        }
    }

    private DicomDataset Image() => PagesKit.Image("Müller^Jörg", "P1", "1.2.1", number: ++_number).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
        .Set(DicomTag.Rows, Side).Set(DicomTag.Columns, Side).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);

    private DicomDataset Copy(DicomDataset image)
    {
        var copy = new DicomDataset();
        foreach (var element in image)
        {
            copy.Set(element);
        }
        return copy.Set(DicomTag.SOPInstanceUID, $"1.2.1.1.{++_number}");
    }

    private static DicomElement Encapsulated(byte[] frame) => new(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, (byte[])[.. frame, .. new byte[frame.Length & 1]]]);

    private async Task<HttpStatusCode> StatusAsync(DicomDataset image, TransferSyntax syntax, string resource)
    {
        await PagesKit.StoreAsync(_server, image, syntax);
        var query = resource.Contains('?', StringComparison.Ordinal) ? "&" : "?";
        var accept = resource.StartsWith("frames", StringComparison.Ordinal) && !resource.EndsWith("rendered", StringComparison.Ordinal) ? "multipart/related;type=application/octet-stream" : "image/png";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Soon);
        using var answer = await _server.Http.GetAsync(
            new Uri($"dicom-web/studies/1.2.1/series/1.2.1.1/instances/{image.GetString(DicomTag.SOPInstanceUID)}/{resource}{query}accept={Uri.EscapeDataString(accept)}", UriKind.Relative), limit.Token);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
        Assert.Equal(HttpStatusCode.OK, (await _server.Http.GetAsync(new Uri("health/live", UriKind.Relative), limit.Token)).StatusCode);
        return answer.StatusCode;
    }
}
