using System.Text.Json;
using Microsoft.Net.Http.Headers;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS metadata: all attributes without bulk data (PS3.18 §10.4.1.1.2), from the headers of the files alone.</summary>
internal sealed partial class MetadataRoutes(WadoTarget target, Archive archive, PacsOptions options, ILogger<MetadataRoutes> logger)
{
    private const int Piece = 64 * 1024;

    /// <summary>Answers for a study, a series or an instance.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string? series, string? instance)
    {
        var ct = context.RequestAborted;
        if (MediaRange.Choose(MediaRange.Of(context.Request), MediaTypes.DicomJson, MediaTypes.Json, MediaTypes.DicomXml) is not { Type: var type })
        {
            return HttpProblem.NotAcceptable("Metadata are application/dicom+json or multipart/related; type=\"application/dicom+xml\"");
        }
        if (await target.FindAsync(study, series, instance, ct) is not { } locations)
        {
            return HttpProblem.TooLarge("Too many instances for one answer: ask series by series");
        }
        if (locations.Count == 0)
        {
            return HttpProblem.NotFound;
        }
        var address = new DicomWebAddress(context.Request, options);
        var response = context.Response;
        var tag = new EntityTagHeaderValue($"\"{WadoTarget.Tag(locations, type + address.Root)}\"");
        response.GetTypedHeaders().ETag = tag;
        response.Headers.CacheControl = "private, no-cache";
        if (NotModified.Is(context.Request, tag))
        {
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }
        if (type == MediaTypes.DicomXml)
        {
            await WriteXmlAsync(response, address, locations, ct);
        }
        else
        {
            response.ContentType = type;
            await WriteJsonAsync(response, address, locations, ct);
        }
        return Results.Empty;
    }

    private async Task WriteJsonAsync(HttpResponse response, DicomWebAddress address, IReadOnlyList<InstanceLocation> locations, CancellationToken ct)
    {
        using var buffer = new PooledBuffer(2 * Piece);
        await using var json = new Utf8JsonWriter(buffer, DicomJsonWriter.Options);
        json.WriteStartArray();
        for (var i = 0; i < locations.Count; i++)
        {
            using (var header = Read(locations[i]))
            {
                if (header is not null)
                {
                    new DicomJsonWriter(json, InstanceHeader.Addresses(AddressOf(address, header.Dataset)), numericPalettes: true).Write(header.Dataset);
                }
            }
            if (i == locations.Count - 1)
            {
                json.WriteEndArray();
            }
            else if (buffer.Length + json.BytesPending < Piece)
            {
                continue;
            }
            json.Flush();
            await response.Body.WriteAsync(buffer.Memory, ct);
            buffer.Clear();
        }
    }

    private async Task WriteXmlAsync(HttpResponse response, DicomWebAddress address, IReadOnlyList<InstanceLocation> locations, CancellationToken ct)
    {
        var boundary = MultipartWriter.NewBoundary();
        response.ContentType = MultipartWriter.ContentType(MediaTypes.DicomXml, boundary);
        using var buffer = new MemoryStream();
        foreach (var location in locations)
        {
            using (var header = Read(location))
            {
                if (header is not null)
                {
                    buffer.Write(MultipartWriter.PartHead(boundary, MediaTypes.DicomXml));
                    NativeXmlWriter.Write(buffer, header.Dataset, InstanceHeader.Addresses(AddressOf(address, header.Dataset)));
                }
            }
            await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), ct);
            buffer.SetLength(0);
        }
        await response.Body.WriteAsync(MultipartWriter.End(boundary), ct);
    }

    // the UIDs of the file: in the path they may be another patient's
    private static string AddressOf(DicomWebAddress address, DicomDataset dataset) => address.Instance(
        dataset.GetString(DicomTag.StudyInstanceUID) ?? "", dataset.GetString(DicomTag.SeriesInstanceUID) ?? "", dataset.GetString(DicomTag.SOPInstanceUID) ?? "");

    private InstanceHeader? Read(InstanceLocation location)
    {
        try
        {
            if (InstanceHeader.Read(archive, location) is { } header)
            {
                return header;
            }
            LogMissing(location.Id);
        }
        catch (DicomException e)
        {
            LogDamaged(e, location.Id);
        }
        return null; // the other instances are good
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of instance {Instance} is missing or has another size than the index knows: its metadata are left out")]
    private partial void LogMissing(ResourceId instance);

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of instance {Instance} is damaged: its metadata are left out")]
    private partial void LogDamaged(Exception e, ResourceId instance);
}
