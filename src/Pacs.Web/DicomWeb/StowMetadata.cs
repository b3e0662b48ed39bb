using System.Buffers;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Dicom;

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

    /// <summary>What came. The next request can be read when it is disposed.</summary>
    internal sealed class Parts(SemaphoreSlim slot) : IDisposable
    {
        private readonly Dictionary<string, (byte[] Bytes, string Type, string? Syntax)> _bulk = new(StringComparer.Ordinal);
        private IReadOnlyList<DicomDataset> _datasets = [];
        private readonly List<byte[]> _metadata = [];

        /// <summary>Why the request as a whole cannot be taken.</summary>
        public DicomWebError? Error { get; private set; }

        /// <summary>The instances as DICOM files. What cannot be written as one is an empty file.</summary>
        public IEnumerable<Stream> Files()
        {
            foreach (var dataset in _datasets)
            {
                MemoryStream file;
                try
                {
                    var bytes = new ArrayBufferWriter<byte>();
                    new DicomFile(dataset, Encapsulate(dataset)).WriteTo(bytes);
                    file = new MemoryStream(bytes.WrittenSpan.ToArray());
                }
                catch (DicomException)
                {
                    file = new MemoryStream();
                }
                yield return file;
            }
        }

        public void Dispose() => slot.Release();

        internal async Task ReadAsync(MultipartReader reader, bool isXml, CancellationToken ct)
        {
            var left = MaxBytes;
            while (await reader.ReadNextSectionAsync(ct) is { } section)
            {
                var type = section.ContentType ?? "";
                var isMetadata = isXml ? StowRoutes.ContentType(type).Type is MediaTypes.DicomXml or "text/xml" or "application/xml" : _metadata.Count == 0;
                var most = isMetadata ? Math.Min(left, MaxMetadata) : left;
                if (await TakeAsync(section.Body, most, ct) is not { } bytes || _bulk.Count + _metadata.Count == MaxParts)
                {
                    Error = DicomWebError.TooLarge("Metadata and bulk data are kept in memory, at most 512 MB in all: store instances as multipart/related; type=\"application/dicom\"");
                    return;
                }
                left -= bytes.Length;
                if (isMetadata)
                {
                    _metadata.Add(bytes);
                }
                else if (section.Headers?["Content-Location"].ToString() is { Length: > 0 } location)
                {
                    _bulk[location] = (bytes, StowRoutes.ContentType(type).Type, MediaRange.Parse(type) is [{ TransferSyntax: var syntax }, ..] ? syntax : null);
                }
            }
            Parse(isXml);
        }

        private void Parse(bool isXml)
        {
            try
            {
                _datasets = isXml ? [.. _metadata.Select(m => NativeXmlReader.Read(m, Bulk))] : new DicomJsonReader(Bulk).Read(_metadata is [var json] ? json : []);
            }
            catch (DicomException e)
            {
                Error = DicomWebError.BadRequest($"The metadata are not in the {(isXml ? "native DICOM" : "DICOM JSON")} model: {e.Message}");
            }

            byte[]? Bulk(string uri) => _bulk.TryGetValue(uri, out var part) ? part.Bytes : null;
        }

        // compressed bulk data are one frame; a fragment of its own (PS3.5 §A.4)
        private TransferSyntax Encapsulate(DicomDataset dataset)
        {
            dataset.Remove(DicomTag.TransferSyntaxUID);
            if (dataset.Get(DicomTag.PixelData) is not { IsEmpty: false } pixels
                || _bulk.Values.FirstOrDefault(p => p.Bytes.AsMemory().Equals(pixels.Value)) is not { Bytes: not null } part || part.Type == MediaTypes.OctetStream)
            {
                return TransferSyntax.ExplicitVRLittleEndian;
            }
            if (part.Syntax is null || !TransferSyntax.Get(part.Syntax).IsEncapsulated || dataset.GetInt32(DicomTag.NumberOfFrames) > 1)
            {
                throw new DicomException("Compressed bulk data say their transfer syntax, and are one frame", DicomTag.PixelData);
            }
            var odd = (part.Bytes.Length & 1) != 0;
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, odd ? [.. part.Bytes, 0] : part.Bytes]));
            return TransferSyntax.Get(part.Syntax);
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
