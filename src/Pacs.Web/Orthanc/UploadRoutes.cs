using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>POST /instances</c>: a DICOM file, or a ZIP of them, perhaps packed with gzip on the way; whatever its Content-Type says.</summary>
internal sealed partial class UploadRoutes(Archive archive, ILogger<UploadRoutes> logger)
{
    // a study of a hospital's CT on one medium has some ten thousand
    private const int MaxEntries = 200_000;

    private const int Piece = 64 * 1024;

    private static readonly byte[] ZipStart = [(byte)'P', (byte)'K', 3, 4];

    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        // an upload is as large as it is; the archive looks at the free space
        routes.MapPost("/instances", (HttpContext context, UploadRoutes upload) => upload.AnswerAsync(context)).WithMetadata(new DisableRequestSizeLimitAttribute());

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        var origin = new Origin(OriginKind.Http, RemoteHost: context.Connection.RemoteIpAddress?.ToString());
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity" or "gzip"))
        {
            return OrthancError.BadRequest.Answer(request, "Content-Encoding is gzip, or nothing");
        }
        try
        {
            await using var body = encoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : request.Body;
            var start = new byte[ZipStart.Length];
            var count = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ct);
            if (count == 0)
            {
                return OrthancError.BadFileFormat.Answer(request, "The body is empty");
            }
            await using var file = new StartedStream(start.AsMemory(0, count), body);
            if (start.AsSpan().SequenceEqual(ZipStart))
            {
                return await UnpackAsync(request, file, origin, ct);
            }
            var result = await StoreAsync(file, origin, ct);
            return result.IsSafe ? new OrthancResult(Describe(result)) : Error(result).Answer(request, result.Reason);
        }
        catch (DicomException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
        catch (InvalidDataException)
        {
            return OrthancError.BadFileFormat.Answer(request, "The ZIP or gzip is damaged");
        }
    }

    // its directory is at its end: it lies on the disk meanwhile, in a file without a name that survives nothing
    private async Task<IResult> UnpackAsync(HttpRequest request, Stream body, Origin origin, CancellationToken ct)
    {
        await using var spool = new FileStream(
            Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, Piece, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        await body.CopyToAsync(spool, ct);
        spool.Position = 0;
        await using var zip = new ZipArchive(spool, ZipArchiveMode.Read);
        if (zip.Entries.Count > MaxEntries)
        {
            return OrthancError.BadFileFormat.Answer(request, $"A ZIP has at most {MaxEntries} files");
        }
        var answers = new JsonArray();
        foreach (var entry in zip.Entries)
        {
            if (entry.Name.Length == 0)
            {
                continue; // a folder
            }
            try
            {
                await using var file = await entry.OpenAsync(ct);
                var result = await StoreAsync(file, origin, ct);
                if (result.Outcome == StoreOutcome.OutOfResources)
                {
                    return Error(result).Answer(request, result.Reason);
                }
                if (result.IsSafe)
                {
                    answers.Add((JsonNode)Describe(result));
                    continue;
                }
            }
            catch (DicomException)
            {
                // a readme, a viewer, a DICOMDIR: not for the archive
            }
            LogSkipped();
        }
        return new OrthancResult(answers);
    }

    private async Task<StoreResult> StoreAsync(Stream file, Origin origin, CancellationToken ct)
    {
        await using var staged = await archive.StageFileAsync(file, ct);
        return await archive.CommitAsync(staged, origin, ct);
    }

    private static JsonObject Describe(StoreResult result) => new()
    {
        ["ID"] = result.Instance.ToString(),
        ["ParentPatient"] = result.Patient.ToString(),
        ["ParentSeries"] = result.Series.ToString(),
        ["ParentStudy"] = result.Study.ToString(),
        ["Path"] = ResourcePath.Of(Level.Instance, result.Instance),
        // what contradicts a stored one is kept aside and shown on the page of problems
        ["Status"] = result.Outcome is StoreOutcome.AlreadyStored or StoreOutcome.Conflicting ? "AlreadyStored" : "Success",
    };

    private static OrthancError Error(StoreResult result) => result.Outcome == StoreOutcome.OutOfResources ? OrthancError.FullStorage : OrthancError.BadFileFormat;

    [LoggerMessage(Level = LogLevel.Debug, Message = "A file of an uploaded ZIP is no DICOM file that can be stored; it was left out")]
    private partial void LogSkipped();

    /// <summary>A stream whose first bytes have been looked at.</summary>
    private sealed class StartedStream(ReadOnlyMemory<byte> start, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _start = start;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_start.IsEmpty)
            {
                return rest.ReadAsync(buffer, cancellationToken);
            }
            var count = Math.Min(buffer.Length, _start.Length);
            _start[..count].CopyTo(buffer);
            _start = _start[count..];
            return new(count);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
