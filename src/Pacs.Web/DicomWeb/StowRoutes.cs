using System.IO.Compression;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>STOW-RS: storing instances (PS3.18 §10.5). Each part goes to the disk as it comes and is answered for by itself: a bad one does not lose the others.</summary>
internal sealed partial class StowRoutes(Archive archive, IndexReader index, StowMetadata metadata, PacsOptions options, ILogger<StowRoutes> logger)
{
    // commits wait for the disk: while these do, the next parts come. Each has a block of 1 MiB in memory
    private const int MaxInFlight = 8;

    // RFC 2046 §5.1.1 allows 70
    private const int MaxBoundary = 200;

    private const int Buffer = 64 * 1024;

    private Archive Archive => archive;

    private IndexReader Index => index;

    /// <summary>Answers.</summary>
    /// <param name="context">The request.</param>
    /// <param name="study">The study that all instances must belong to, or null.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string? study)
    {
        var (type, related, boundary) = ContentType(context.Request.ContentType ?? "");
        var wantsXml = MediaRange.Choose(MediaRange.Of(context.Request), MediaTypes.DicomJson, MediaTypes.Json, MediaTypes.DicomXml) switch
        {
            { Type: MediaTypes.DicomXml } => true,
            null => (bool?)null,
            _ => false,
        };
        if (wantsXml is null)
        {
            return HttpProblem.NotAcceptable("The outcome is application/dicom+json or application/dicom+xml");
        }
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity" or "gzip"))
        {
            context.Response.Headers.AcceptEncoding = "gzip"; // RFC 9110 §12.5.3
            return new HttpProblem(StatusCodes.Status415UnsupportedMediaType, "Requests come as they are or with Content-Encoding gzip");
        }
        await using var unpacked = encoding == "gzip" ? new GZipStream(context.Request.Body, CompressionMode.Decompress, leaveOpen: true) : null;
        var body = unpacked ?? context.Request.Body;
        var store = new Storing(this, new DicomWebAddress(context.Request, options), study, new Origin(OriginKind.Http, RemoteHost: context.Address()));
        if (type == MediaTypes.Dicom)
        {
            try
            {
                await store.AddAsync(body, context.RequestAborted);
            }
            catch (InvalidDataException)
            {
                return HttpProblem.BadRequest("The request is not what its Content-Encoding says");
            }
        }
        else if (type != MediaTypes.Multipart || related is not (MediaTypes.Dicom or MediaTypes.DicomJson or MediaTypes.DicomXml or "")
            || boundary.Length is 0 or > MaxBoundary)
        {
            return new HttpProblem(StatusCodes.Status415UnsupportedMediaType,
                "Instances are stored as multipart/related with a boundary and type=\"application/dicom\", \"application/dicom+json\" or \"application/dicom+xml\", a single one also as application/dicom");
        }
        else if (await ReadAsync(context, body, store, related, boundary) is { } error)
        {
            return error;
        }
        var outcomes = await store.FinishAsync();
        if (outcomes.Length == 0)
        {
            return HttpProblem.BadRequest("There is no part in the request");
        }
        await WriteAsync(context.Response, StowReport.Build(outcomes), StowReport.StatusOf(outcomes), wantsXml.Value);
        return Results.Empty;
    }

    private async Task<IResult?> ReadAsync(HttpContext context, Stream body, Storing store, string related, string boundary)
    {
        var ct = context.RequestAborted;
        var reader = new MultipartReader(boundary, body, Buffer) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 };
        try
        {
            if (related is MediaTypes.DicomJson or MediaTypes.DicomXml)
            {
                using var parts = await metadata.ReadAsync(reader, related == MediaTypes.DicomXml, ct);
                if (parts.Error is { } error)
                {
                    return error;
                }
                foreach (var (file, failure) in parts.Instances())
                {
                    if (file is null)
                    {
                        store.Add(failure);
                        continue;
                    }
                    await store.AddAsync(file, ct);
                }
                return null;
            }
            while (await reader.ReadNextSectionAsync(ct) is { } section)
            {
                if (ContentType(section.ContentType ?? MediaTypes.Dicom).Type == MediaTypes.Dicom)
                {
                    await store.AddAsync(section.Body, ct);
                }
                else
                {
                    store.Add(StowOutcome.NoInstance);
                }
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException && !ct.IsCancellationRequested && e is not BadHttpRequestException)
        {
            // no end, or a head that is none: what came whole is stored and answered for
            LogBroken(e.GetType().Name);
            if (store.IsEmpty)
            {
                return HttpProblem.BadRequest("There is no whole part in the request: it ends before its boundary has come again, or is not what its Content-Encoding says");
            }
            store.Add(StowOutcome.NoInstance);
        }
        return null;
    }

    private static async Task WriteAsync(HttpResponse response, DicomDataset report, int status, bool asXml)
    {
        using var buffer = new MemoryStream();
        if (asXml)
        {
            NativeXmlWriter.Write(buffer, report);
        }
        else
        {
            await using var json = new Utf8JsonWriter(buffer, DicomJsonWriter.Options);
            new DicomJsonWriter(json).Write(report);
        }
        response.StatusCode = status;
        response.ContentType = asXml ? MediaTypes.DicomXml : MediaTypes.DicomJson;
        response.ContentLength = buffer.Length;
        await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
    }

    /// <summary>The type in lower case, and the parameters that count; quotation marks may be left out.</summary>
    internal static (string Type, string Related, string Boundary) ContentType(string header)
    {
        var parts = MediaRange.Split(header, ';').ToList();
        string Parameter(string name) => parts.Skip(1).Select(p => p.Split('=', 2)).FirstOrDefault(p => p.Length == 2 && p[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim().Trim('"') ?? "";
        return (parts.Count > 0 ? parts[0].ToLowerInvariant() : "", Parameter("type").ToLowerInvariant(), Parameter("boundary"));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A store request broke off or is malformed ({Kind}): the instances that came whole are stored")]
    private partial void LogBroken(string kind);

    [LoggerMessage(Level = LogLevel.Error, Message = "Storing an instance of a store request failed")]
    private partial void LogFailed(Exception e);

    /// <summary>One request: the instances that are on their way to the disk.</summary>
    private sealed class Storing(StowRoutes routes, DicomWebAddress address, string? study, Origin origin)
    {
        private readonly List<Task<StowOutcome>> _outcomes = [];
        private readonly Queue<Task<StowOutcome>> _inFlight = new();

        public bool IsEmpty => _outcomes.Count == 0;

        public void Add(StowOutcome outcome) => _outcomes.Add(Task.FromResult(outcome));

        public async Task AddAsync(Stream file, CancellationToken ct)
        {
            StagedInstance staged;
            try
            {
                staged = await routes.Archive.StageFileAsync(file, ct);
            }
            catch (DicomException)
            {
                Add(StowOutcome.NoInstance);
                return;
            }
            while (_inFlight.Count >= MaxInFlight)
            {
                await _inFlight.Dequeue();
            }
            var commit = CommitAsync(staged, ct);
            _inFlight.Enqueue(commit);
            _outcomes.Add(commit);
        }

        public Task<StowOutcome[]> FinishAsync() => Task.WhenAll(_outcomes);

        private async Task<StowOutcome> CommitAsync(StagedInstance staged, CancellationToken ct)
        {
            await using (staged)
            {
                try
                {
                    var header = staged.Header;
                    var (patient, ofStudy, ofSeries) = (header.GetString(DicomTag.PatientID), header.GetString(DicomTag.StudyInstanceUID), header.GetString(DicomTag.SeriesInstanceUID));
                    if (staged.Refusal is null && study is not null && ofStudy != study)
                    {
                        return StowOutcome.OtherStudy(staged);
                    }
                    var result = staged.Refusal ?? await routes.Archive.CommitAsync(staged, origin, ct);
                    if (!result.IsSafe)
                    {
                        return StowOutcome.Refused(staged.SopClass, staged.SopInstance, result.Outcome);
                    }
                    if (result.Instance != ResourceId.ForInstance(patient, ofStudy ?? "", ofSeries ?? "", staged.SopInstance) && await routes.Index.InstanceAsync(result.Instance, ct) is { } entry)
                    {
                        (ofStudy, ofSeries) = (entry.Study.Uid, entry.Series.Uid); // a repair for a known device has changed them
                    }
                    return new StowOutcome(staged.SopClass, staged.SopInstance, 0, address.Instance(ofStudy ?? "", ofSeries ?? "", staged.SopInstance), address.Study(ofStudy ?? ""));
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    routes.LogFailed(e);
                    return StowOutcome.Failed(staged.SopClass, staged.SopInstance);
                }
            }
        }
    }
}
