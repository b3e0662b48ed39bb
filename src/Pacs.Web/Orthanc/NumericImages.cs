using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>image-uint8</c>, <c>image-uint16</c> and <c>image-int16</c> of grey frames: the stored values as a PNG or PAM file, those out of range as the end of it. Who computes with them wants no window.
/// </summary>
internal sealed class NumericImages(IndexReader index, Archive archive, DecodingSlots slots)
{
    private const string Png = "image/png";
    private const string Pam = "image/x-portable-arbitrarymap";

    private static readonly (string Name, int Least, int Largest)[] Ranges =
        [("image-uint8", 0, byte.MaxValue), ("image-uint16", 0, ushort.MaxValue), ("image-int16", short.MinValue, short.MaxValue)];

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (name, least, largest) in Ranges)
        {
            routes.MapMethods($"/instances/{{id}}/{name}", [HttpMethods.Get, HttpMethods.Head], (string id, HttpContext context, NumericImages images) =>
                images.AnswerAsync(id, "0", least, largest, context));
            routes.MapMethods($"/instances/{{id}}/frames/{{frame}}/{name}", [HttpMethods.Get, HttpMethods.Head], (string id, string frame, HttpContext context, NumericImages images) =>
                images.AnswerAsync(id, frame, least, largest, context));
        }
    }

    // as Orthanc, 404 and 415 have no body
    private async Task<IResult> AnswerAsync(string id, string frame, int least, int largest, HttpContext context)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.LocateAsync(resource, context.RequestAborted) is not { } location
            || !int.TryParse(frame, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == int.MaxValue)
        {
            return Results.NotFound();
        }
        if (MediaRange.Choose(MediaRange.Of(context.Request), Png, Pam) is not { Type: var type })
        {
            return Results.StatusCode(StatusCodes.Status406NotAcceptable);
        }
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return OrthancError.InexistentFile.Answer(context.Request);
        }
        if (!InstanceHeader.MayHavePixels(location))
        {
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }
        try
        {
            using var pixels = InstancePixels.Open(path);
            if (number >= pixels.Count)
            {
                return Results.NotFound();
            }
            using var slot = await slots.TakeAsync(context.RequestAborted);
            using var decoded = pixels.Decode(number + 1);
            var bytes = largest == byte.MaxValue ? 1 : 2;
            var values = new byte[decoded.Width * decoded.Height * bytes];
            StoredValues.Clip(decoded, pixels.Image, least, largest, values);
            var file = new PooledBuffer(values.Length + 1024);
            if (type == Png)
            {
                PngEncoder.Encode(values, decoded.Width, decoded.Height, 1, 8 * bytes, file);
            }
            else
            {
                WritePam(values, decoded, bytes, file);
            }
            var tag = WadoTarget.Tag([location], string.Create(CultureInfo.InvariantCulture, $"{type}|{number}|{least}|{largest}"));
            return new ByteAnswer(type, tag, file);
        }
        catch (DicomException)
        {
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }
    }

    // netpbm's PAM: big endian
    private static void WritePam(byte[] values, DecodedFrame frame, int bytes, PooledBuffer file)
    {
        var header = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"P7\nWIDTH {frame.Width}\nHEIGHT {frame.Height}\nDEPTH 1\nMAXVAL {(bytes == 1 ? byte.MaxValue : ushort.MaxValue)}\nTUPLTYPE GRAYSCALE\nENDHDR\n"));
        header.CopyTo(file.GetSpan(header.Length));
        file.Advance(header.Length);
        var output = file.GetSpan(values.Length);
        if (bytes == 1)
        {
            values.CopyTo(output);
        }
        else
        {
            for (var at = 0; at < values.Length; at += 2)
            {
                BinaryPrimitives.WriteUInt16BigEndian(output[at..], BinaryPrimitives.ReadUInt16LittleEndian(values.AsSpan(at)));
            }
        }
        file.Advance(values.Length);
    }
}
