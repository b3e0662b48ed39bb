using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Dicom;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>Instances that come as metadata in JSON or XML and their bulk data in parts of their own (PS3.18 §10.5.1.2.2).</summary>
internal sealed class StowMetadata : IDisposable
{
    // parts are in memory until the last has come: the metadata may name any of them. One request at a time, so that this is the most
    private const int MaxBytes = 512 * 1024 * 1024;
    private const int MaxMetadata = 64 * 1024 * 1024;
    private const int MaxParts = 10_000;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Reads a request.</summary>
    /// <param name="reader">Its parts: in JSON the first is the metadata of all instances, in XML each document that of one.</param>
    /// <param name="isXml">Whether the metadata are XML.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="IOException">It broke off.</exception>
    /// <exception cref="InvalidDataException">The head of a part is malformed.</exception>
    public async Task<Parts> ReadAsync(MultipartReader reader, bool isXml, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        var parts = new Parts(_one);
        try
        {
            await parts.ReadAsync(reader, isXml, ct);
            return parts;
        }
        catch
        {
            parts.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>A part with bulk data.</summary>
    private sealed record Part(byte[] Bytes, string Type, string? Syntax);

    /// <summary>What came. The next request can be read when it is disposed.</summary>
    internal sealed class Parts(SemaphoreSlim slot) : IDisposable
    {
        private readonly Dictionary<string, List<Part>> _bulk = new(StringComparer.Ordinal);
        private IReadOnlyList<ReadOnlyMemory<byte>> _instances = [];
        private readonly List<byte[]> _metadata = [];
        private bool _isXml;

        /// <summary>Why the request as a whole cannot be taken.</summary>
        public HttpProblem? Error { get; private set; }

        /// <summary>The instances, each as a DICOM file, or, where its metadata or its bulk data are no instance, as what is known of it: one does not lose the others.</summary>
        public IEnumerable<(Stream? File, StowOutcome Failure)> Instances()
        {
            foreach (var instance in _instances)
            {
                MemoryStream? file = null;
                try
                {
                    var dataset = _isXml ? NativeXmlReader.Read(instance, Bulk) : new DicomJsonReader(Bulk).Read(instance.Span) is [var only] ? only : throw new DicomException("Not one data set");
                    var bytes = new ArrayBufferWriter<byte>();
                    new DicomFile(dataset, Encapsulate(dataset)).WriteTo(bytes);
                    file = new MemoryStream(bytes.WrittenSpan.ToArray());
                }
                catch (DicomException)
                {
                    // answered for below
                }
                yield return (file, file is null && !_isXml ? StowOutcome.NotUnderstood(Uid(instance, "00080016"), Uid(instance, "00080018")) : StowOutcome.NoInstance);
            }
        }

        public void Dispose() => slot.Release();

        internal async Task ReadAsync(MultipartReader reader, bool isXml, CancellationToken ct)
        {
            _isXml = isXml;
            var left = MaxBytes;
            var count = 0;
            while (await reader.ReadNextSectionAsync(ct) is { } section)
            {
                var type = section.ContentType ?? "";
                var isMetadata = isXml ? StowRoutes.ContentType(type).Type is MediaTypes.DicomXml or "text/xml" or "application/xml" : _metadata.Count == 0;
                var most = isMetadata ? Math.Min(left, MaxMetadata) : left;
                if (await TakeAsync(section.Body, most, ct) is not { } bytes || count++ == MaxParts)
                {
                    Error = HttpProblem.TooLarge("Metadata and bulk data are kept in memory, at most 512 MB in all: store instances as multipart/related; type=\"application/dicom\"");
                    return;
                }
                left -= bytes.Length;
                if (isMetadata)
                {
                    _metadata.Add(bytes);
                }
                else if (section.Headers?["Content-Location"].ToString() is { Length: > 0 } location)
                {
                    if (!_bulk.TryGetValue(location, out var parts))
                    {
                        _bulk[location] = parts = [];
                    }
                    parts.Add(new Part(bytes, StowRoutes.ContentType(type).Type, MediaRange.Parse(type) is [{ TransferSyntax: var syntax }, ..] ? syntax : null));
                }
            }
            try
            {
                _instances = isXml ? [.. _metadata.Select(m => (ReadOnlyMemory<byte>)m)] : DicomJsonReader.Split(_metadata is [var json] ? json : []);
            }
            catch (DicomException e)
            {
                Error = HttpProblem.BadRequest($"The metadata are not in the DICOM JSON model: {e.Message}");
            }
        }

        private byte[]? Bulk(string uri) => _bulk.TryGetValue(uri, out var parts) ? parts[0].Bytes : null;

        // of metadata that cannot be read as a whole
        private static string? Uid(ReadOnlyMemory<byte> json, string tag)
        {
            try
            {
                using var document = JsonDocument.Parse(json);
                return document.RootElement.GetProperty(tag).GetProperty("Value")[0].GetString();
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
            {
                return null;
            }
        }

        // compressed bulk data are one part, and one fragment (PS3.5 §A.4), for each frame, as we give them ourselves; a video is one part
        private TransferSyntax Encapsulate(DicomDataset dataset)
        {
            dataset.Remove(DicomTag.TransferSyntaxUID);
            if (dataset.Get(DicomTag.PixelData) is not { IsEmpty: false } pixels || _bulk.Values.FirstOrDefault(p => p[0].Bytes.AsMemory().Equals(pixels.Value)) is not { } parts)
            {
                return TransferSyntax.ExplicitVRLittleEndian;
            }
            var syntax = BulkDataSyntax.Of(parts[0].Type, parts[0].Syntax, parts[0].Bytes);
            if (!syntax.IsEncapsulated && parts.Count == 1)
            {
                return syntax;
            }
            var frames = syntax.IsVideo ? 1 : Math.Max(1, dataset.GetInt32(DicomTag.NumberOfFrames) ?? 1);
            if (parts.Count != frames)
            {
                throw new DicomException("Compressed bulk data are one part for each frame", DicomTag.PixelData);
            }
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB,
                [ReadOnlyMemory<byte>.Empty, .. parts.Select(p => (ReadOnlyMemory<byte>)((p.Bytes.Length & 1) != 0 ? [.. p.Bytes, 0] : p.Bytes))]));
            return syntax;
        }

        private static async Task<byte[]?> TakeAsync(Stream body, int most, CancellationToken ct)
        {
            using var bytes = new MemoryStream();
            var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
            try
            {
                while (await body.ReadAsync(buffer, ct) is var count and > 0)
                {
                    if (bytes.Length + count > most)
                    {
                        return null;
                    }
                    bytes.Write(buffer.AsSpan(0, count));
                }
                return bytes.ToArray();
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
