using System.Buffers;
using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS frames (PS3.18 §10.4.1.1.6): the stored bytes where the client takes them, else the samples.</summary>
internal sealed class FrameRoutes(WadoTarget target, DecodingSlots slots)
{
    // what nobody asks for at once
    private const int MaxFrames = 10_000;

    /// <summary>Answers for some frames.</summary>
    /// <param name="context">The request.</param>
    /// <param name="study">Study Instance UID.</param>
    /// <param name="series">Series Instance UID.</param>
    /// <param name="instance">SOP Instance UID.</param>
    /// <param name="list">Their numbers, from 1, separated by commas.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string series, string instance, string list)
    {
        if (!TryParse(list, out var numbers))
        {
            return HttpProblem.BadRequest("Frames are numbers from 1, separated by commas");
        }
        return await target.FindInstanceAsync(study, series, instance, context.RequestAborted) is { } location ? await AnswerAsync(context, location, numbers) : HttpProblem.NotFound;
    }

    /// <summary>Answers for all frames of an instance: the bulk data of compressed pixels.</summary>
    public Task<IResult> AllAsync(HttpContext context, InstanceLocation location) => AnswerAsync(context, location, null);

    private async Task<IResult> AnswerAsync(HttpContext context, InstanceLocation location, List<int>? numbers)
    {
        if (!FrameForm.TryChoose(MediaRange.Of(context.Request), TransferSyntax.Get(location.SyntaxUid), out var form, out var reason))
        {
            return HttpProblem.NotAcceptable(reason);
        }
        if (target.PathOf(location) is not { } path)
        {
            return HttpProblem.NotFound;
        }
        if (!InstanceHeader.MayHavePixels(location))
        {
            return InstanceHeader.NoPixels;
        }
        try
        {
            using var pixels = InstancePixels.Open(path);
            numbers ??= [.. Enumerable.Range(1, Math.Min(pixels.Count, MaxFrames))];
            if (numbers.Exists(n => n > pixels.Count))
            {
                return HttpProblem.NotFound;
            }
            if (form is { IsStored: false, Syntax.IsEncapsulated: true } && !Transcoder.CanEncode(pixels.Image, form.Syntax))
            {
                return HttpProblem.NotAcceptable($"{form.Syntax.Name} has no samples like these; ask for application/octet-stream");
            }
            if (!form.IsMultipart && numbers.Count > 1)
            {
                return HttpProblem.NotAcceptable("Several frames are multipart/related only");
            }
            return await WriteAsync(context, location, pixels, form, numbers);
        }
        catch (NoPixelDataException)
        {
            return InstanceHeader.NoPixels;
        }
        catch (DicomException e) when (!context.Response.HasStarted)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The frame cannot be read: {e.Message}");
        }
        catch (FileNotFoundException) when (!context.Response.HasStarted)
        {
            return HttpProblem.NotFound;
        }
    }

    private async Task<IResult> WriteAsync(HttpContext context, InstanceLocation location, InstancePixels pixels, FrameForm form, List<int> numbers)
    {
        var (response, ct) = (context.Response, context.RequestAborted);
        var boundary = MultipartWriter.NewBoundary();
        for (var i = 0; i < numbers.Count; i++)
        {
            if (!form.IsMultipart)
            {
                var tag = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(location.Key)}-{numbers[i]}-{form.Syntax.Uid}");
                return new ByteAnswer(form.ContentType, tag, await ReadAsync(pixels, numbers[i], form, ct));
            }
            using var frame = await ReadAsync(pixels, numbers[i], form, ct);
            var head = MultipartWriter.PartHead(boundary, form.ContentType, frame.Memory.Length);
            if (i == 0)
            {
                // only now is it sure that there is something to send
                response.ContentType = MultipartWriter.ContentType(form.Type, boundary);
                response.Headers.CacheControl = "private, no-cache";
                if (numbers.Count == 1)
                {
                    response.ContentLength = head.Length + frame.Memory.Length + MultipartWriter.End(boundary).Length;
                }
                if (HttpMethods.IsHead(context.Request.Method))
                {
                    return Results.Empty;
                }
            }
            response.BodyWriter.Write(head);
            await response.Body.WriteAsync(frame.Memory, ct);
        }
        await response.Body.WriteAsync(MultipartWriter.End(boundary), ct);
        return Results.Empty;
    }

    private async ValueTask<IMemoryOwner<byte>> ReadAsync(InstancePixels pixels, int number, FrameForm form, CancellationToken ct)
    {
        if (form.IsStored)
        {
            return pixels.ReadFrame(number);
        }
        using var slot = await slots.TakeAsync(ct);
        if (form.Syntax.IsEncapsulated)
        {
            var encoded = new PooledBuffer(64 * 1024);
            try
            {
                Transcoder.EncodeFrame(pixels, number, form.Syntax, encoded);
                return encoded;
            }
            catch
            {
                encoded.Dispose();
                throw;
            }
        }
        using var decoded = pixels.Decode(number);
        var bytes = new PooledBuffer(decoded.Data.Length);
        bytes.Write(decoded.Data);
        return bytes;
    }

    private static bool TryParse(string list, out List<int> numbers)
    {
        numbers = [];
        foreach (var part in list.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || numbers.Count == MaxFrames)
            {
                return false;
            }
            numbers.Add(number);
        }
        return true;
    }
}
