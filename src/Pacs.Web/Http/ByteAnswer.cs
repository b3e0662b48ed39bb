using System.Buffers;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;
using Pacs.Web.Instances;

namespace Pacs.Web.Http;

/// <summary>
/// A single part that never changes, of a file or of memory: with an entity tag, byte ranges and HEAD (RFC 9110 §13, §14). One range is served; of several, which no
/// client of DICOMweb asks for, the whole.
/// </summary>
internal sealed class ByteAnswer : IResult
{
    private readonly string _type;
    private readonly string _tag;
    private readonly long _length;
    private readonly SafeFileHandle? _file;
    private readonly long _offset;
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly IDisposable? _owner;

    /// <summary>A part of a file, which is closed after the answer.</summary>
    /// <param name="type">The media type with its parameters.</param>
    /// <param name="tag">What is different for other content, without quotation marks.</param>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="length">Its length.</param>
    public ByteAnswer(string type, string tag, SafeFileHandle file, long offset, long length) =>
        (_type, _tag, _file, _offset, _length) = (type, $"\"{tag}\"", file, offset, length);

    /// <summary>Bytes in memory.</summary>
    public ByteAnswer(string type, string tag, ReadOnlyMemory<byte> memory) => (_type, _tag, _memory, _length) = (type, $"\"{tag}\"", memory, memory.Length);

    /// <summary>Bytes in rented memory, which goes back after the answer.</summary>
    public ByteAnswer(string type, string tag, IMemoryOwner<byte> memory)
        : this(type, tag, memory.Memory) => _owner = memory;

    /// <summary>The name under which a browser saves it, or null.</summary>
    public string? FileName { get; init; }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var file = _file;
        using var owner = _owner;
        var (request, response) = (httpContext.Request, httpContext.Response);
        var tag = new EntityTagHeaderValue(_tag);
        var headers = response.GetTypedHeaders();
        headers.ETag = tag;
        response.Headers.CacheControl = "private, no-cache";
        if (NotModified.Is(request, tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = _type;
        response.Headers.AcceptRanges = "bytes";
        if (FileName is not null)
        {
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(FileName);
            headers.ContentDisposition = disposition;
        }
        var (from, length) = (0L, _length);
        if (Range(request.GetTypedHeaders(), tag) is { } range)
        {
            if (range.Length <= 0)
            {
                headers.ContentRange = new ContentRangeHeaderValue(_length);
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                response.ContentLength = 0;
                return;
            }
            (from, length) = range;
            headers.ContentRange = new ContentRangeHeaderValue(from, from + length - 1, _length);
            response.StatusCode = StatusCodes.Status206PartialContent;
        }
        response.ContentLength = length;
        if (HttpMethods.IsHead(request.Method))
        {
            return;
        }
        if (file is null)
        {
            await response.Body.WriteAsync(_memory.Slice((int)from, (int)length), httpContext.RequestAborted);
        }
        else
        {
            await StoredFiles.SendAsync(response, file, _offset + from, length, httpContext.RequestAborted);
        }
    }

    /// <summary>The range that is wanted, with a length of 0 when there is nothing in it; null for the whole.</summary>
    private (long From, long Length)? Range(RequestHeaders request, EntityTagHeaderValue tag)
    {
        if (request.Range is not { Unit.Value: "bytes", Ranges.Count: 1 } wanted
            // RFC 9110 §13.1.5: a range of what the client has already, or else the whole
            || (request.IfRange is { } condition && condition.EntityTag?.Compare(tag, useStrongComparison: true) != true))
        {
            return null;
        }
        var range = wanted.Ranges.First();
        if (range.From is not { } from)
        {
            var last = Math.Min(range.To ?? 0, _length); // the last bytes
            return (_length - last, last);
        }
        return (from, Math.Min(range.To ?? long.MaxValue, _length - 1) - from + 1);
    }
}

/// <summary>Conditional requests (RFC 9110 §13.1.2).</summary>
internal static class NotModified
{
    /// <summary>Whether the client has what it asks for.</summary>
    public static bool Is(HttpRequest request, EntityTagHeaderValue tag) => (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.GetTypedHeaders().IfNoneMatch.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(tag, useStrongComparison: false));
}
