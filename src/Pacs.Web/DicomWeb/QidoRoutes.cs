using System.Buffers;
using System.Text;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>QIDO-RS: searching for studies, series and instances (PS3.18 §10.6).</summary>
internal static class QidoRoutes
{
    // until so much has gathered nothing is sent, so that the head of the answer can still say what the rows are like
    private const int HeldBack = 1024 * 1024;

    private static readonly DicomVr Uri = DicomVr.UR;

    /// <summary>Maps the resources of PS3.18 table 10.6.1-1.</summary>
    public static void MapQido(this IEndpointRouteBuilder routes)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/studies", methods, (HttpContext context, Finder finder, PacsOptions options) => SearchAsync(context, finder, options, Level.Study, null, null));
        routes.MapMethods("/series", methods, (HttpContext context, Finder finder, PacsOptions options) => SearchAsync(context, finder, options, Level.Series, null, null));
        routes.MapMethods("/instances", methods, (HttpContext context, Finder finder, PacsOptions options) => SearchAsync(context, finder, options, Level.Instance, null, null));
        routes.MapMethods("/studies/{study}/series", methods,
            (HttpContext context, Finder finder, PacsOptions options, string study) => SearchAsync(context, finder, options, Level.Series, study, null));
        routes.MapMethods("/studies/{study}/instances", methods,
            (HttpContext context, Finder finder, PacsOptions options, string study) => SearchAsync(context, finder, options, Level.Instance, study, null));
        routes.MapMethods("/studies/{study}/series/{series}/instances", methods,
            (HttpContext context, Finder finder, PacsOptions options, string study, string series) => SearchAsync(context, finder, options, Level.Instance, study, series));
    }

    private static async Task<IResult> SearchAsync(HttpContext context, Finder finder, PacsOptions options, Level level, string? study, string? series)
    {
        if (MediaRange.Choose(MediaRange.Of(context.Request), MediaTypes.DicomJson, MediaTypes.Json, MediaTypes.DicomXml) is not { Type: var type })
        {
            return HttpProblem.NotAcceptable("""Searches are answered with application/dicom+json or multipart/related; type="application/dicom+xml" """.TrimEnd());
        }
        if (!QidoRequest.TryParse(level, study, series, context.Request.Query, out var search, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        try
        {
            await using var answer = type == MediaTypes.DicomXml ? (Answer)new XmlAnswer(context) : new JsonAnswer(context, type);
            await WriteAsync(context, finder, new DicomWebAddress(context.Request, options), search, answer);
            return Results.Empty;
        }
        catch (QueryTooBroadException e) when (!context.Response.HasStarted)
        {
            return HttpProblem.TooLarge($"{e.Tag} is not in the index and would have to be read from too many files: narrow the search by attributes that are");
        }
    }

    private static async Task WriteAsync(HttpContext context, Finder finder, DicomWebAddress address, QidoRequest search, Answer answer)
    {
        var ct = context.RequestAborted;
        var query = search.Query;
        var warnings = search.Warnings.Distinct().ToList();
        var left = query.Limit;
        // one more than is wanted tells whether there are more
        await foreach (var row in finder.FindAsync(query with { Limit = query.Limit + 1 }, ct))
        {
            if (left-- == 0)
            {
                warnings.Add("There are additional results that can be requested"); // PS3.18 §8.3.4.4
                break;
            }
            if (row.HasUnsupportedKeys && answer.Count == 0)
            {
                warnings.Add("An attribute of the search does not belong to this level or cannot be read");
            }
            answer.Add(Build(row, search.Keys, address));
            if (answer.Length > HeldBack)
            {
                await answer.SendAsync(warnings, isLast: false, ct);
            }
        }
        await answer.SendAsync(warnings, isLast: true, ct);
    }

    private static DicomDataset Build(QueryRow row, QueryKeys keys, DicomWebAddress address)
    {
        var answer = ResultBuilder.Build(row, keys);
        string Uid(DicomTag tag) => answer.GetString(tag) ?? "";
        var url = row.Level switch
        {
            Level.Study => address.Study(Uid(DicomTag.StudyInstanceUID)),
            Level.Series => address.Series(Uid(DicomTag.StudyInstanceUID), Uid(DicomTag.SeriesInstanceUID)),
            _ => address.Instance(Uid(DicomTag.StudyInstanceUID), Uid(DicomTag.SeriesInstanceUID), Uid(DicomTag.SOPInstanceUID)),
        };
        return answer.Set(new DicomElement(DicomTag.RetrieveURL, Uri, Encoding.UTF8.GetBytes(url)));
    }

    /// <summary>The answer as it gathers.</summary>
    private abstract class Answer(HttpContext context) : IAsyncDisposable
    {
        public int Count { get; protected set; }

        public abstract int Length { get; }

        public abstract void Add(DicomDataset dataset);

        public abstract ValueTask DisposeAsync();

        public async Task SendAsync(IReadOnlyList<string> warnings, bool isLast, CancellationToken ct)
        {
            var response = context.Response;
            var bytes = Take(isLast);
            if (!response.HasStarted)
            {
                foreach (var warning in warnings)
                {
                    response.Headers.Append("Warning", $"299 Pacs \"{warning}\""); // RFC 7234 §5.5.7
                }
                if (Count == 0)
                {
                    response.StatusCode = StatusCodes.Status204NoContent;
                    return;
                }
                response.ContentType = ContentType;
                response.ContentLength = isLast ? bytes.Length : null;
                response.Headers.CacheControl = "no-cache";
            }
            await response.Body.WriteAsync(bytes, ct);
        }

        protected abstract string ContentType { get; }

        /// <summary>What has gathered, which is valid until the next call.</summary>
        protected abstract ReadOnlyMemory<byte> Take(bool isLast);
    }

    private sealed class JsonAnswer : Answer
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
        private readonly Utf8JsonWriter _json;
        private readonly DicomJsonWriter _writer;
        private bool _taken;

        public JsonAnswer(HttpContext context, string type)
            : base(context)
        {
            ContentType = type;
            _json = new Utf8JsonWriter(_buffer, DicomJsonWriter.Options);
            _writer = new DicomJsonWriter(_json);
            _json.WriteStartArray();
        }

        public override int Length => _buffer.WrittenCount + _json.BytesPending;

        protected override string ContentType { get; }

        public override void Add(DicomDataset dataset)
        {
            Forget();
            _writer.Write(dataset);
            Count++;
        }

        public override ValueTask DisposeAsync() => _json.DisposeAsync();

        protected override ReadOnlyMemory<byte> Take(bool isLast)
        {
            Forget();
            if (isLast)
            {
                _json.WriteEndArray();
            }
            _json.Flush();
            _taken = true;
            return _buffer.WrittenMemory;
        }

        private void Forget()
        {
            if (_taken)
            {
                _buffer.ResetWrittenCount();
                _taken = false;
            }
        }
    }

    private sealed class XmlAnswer(HttpContext context) : Answer(context)
    {
        private readonly MemoryStream _buffer = new();
        private readonly string _boundary = MultipartWriter.NewBoundary();
        private bool _taken;

        public override int Length => (int)_buffer.Length;

        protected override string ContentType => MultipartWriter.ContentType(MediaTypes.DicomXml, _boundary);

        public override void Add(DicomDataset dataset)
        {
            Forget();
            _buffer.Write(MultipartWriter.PartHead(_boundary, MediaTypes.DicomXml));
            NativeXmlWriter.Write(_buffer, dataset);
            Count++;
        }

        public override ValueTask DisposeAsync() => _buffer.DisposeAsync();

        protected override ReadOnlyMemory<byte> Take(bool isLast)
        {
            Forget();
            if (isLast)
            {
                _buffer.Write(MultipartWriter.End(_boundary));
            }
            _taken = true;
            return _buffer.GetBuffer().AsMemory(0, (int)_buffer.Length);
        }

        private void Forget()
        {
            if (_taken)
            {
                _buffer.SetLength(0);
                _taken = false;
            }
        }
    }
}
