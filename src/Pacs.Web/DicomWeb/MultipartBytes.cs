using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Pacs.Dicom.Imaging;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>One value as the single part of a <c>multipart/related</c> answer.</summary>
internal sealed class MultipartBytes : IResult
{
    private readonly string _type;
    private readonly SafeFileHandle? _file;
    private readonly ByteRange _range;
    private readonly ReadOnlyMemory<byte> _memory;

    /// <summary>A part of a file, which is closed after the answer.</summary>
    public MultipartBytes(string type, SafeFileHandle file, ByteRange range) => (_type, _file, _range) = (type, file, range);

    /// <summary>Bytes in memory.</summary>
    public MultipartBytes(string type, ReadOnlyMemory<byte> memory) => (_type, _memory, _range) = (type, memory, new ByteRange(0, memory.Length));

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var file = _file;
        var (response, ct) = (httpContext.Response, httpContext.RequestAborted);
        var boundary = MultipartWriter.NewBoundary();
        var head = MultipartWriter.PartHead(boundary, _type, _range.Length);
        var end = MultipartWriter.End(boundary);
        response.ContentType = MultipartWriter.ContentType(_type.Split(';')[0], boundary);
        response.ContentLength = head.Length + _range.Length + end.Length;
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            return;
        }
        response.BodyWriter.Write(head);
        if (file is null)
        {
            response.BodyWriter.Write(_memory.Span);
        }
        else
        {
            await StoredFiles.AppendAsync(response, file, _range.Offset, _range.Length, ct);
        }
        await response.Body.WriteAsync(end, ct);
    }
}
