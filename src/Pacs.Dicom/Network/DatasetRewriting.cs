using System.Buffers;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Network;

/// <summary>
/// Writes a stored data set anew in another uncompressed transfer syntax, for a peer that does not take the one it is stored in (PS3.5 annex A.1 to A.3, A.5). Only the
/// elements before the pixel data come into memory, so that a cine of a gigabyte costs no more than its header; deflated ones have to come as a whole. Compressed frames are
/// decoded one after the other.
/// </summary>
internal static class DatasetRewriting
{
    // what is not worth reading in parts
    private const int Small = 4 * 1024 * 1024;

    // a header of this size is none
    private const int MaxHeader = 256 * 1024 * 1024;

    /// <summary>Takes bytes; the array goes back to the pool when it has been used.</summary>
    public delegate ValueTask Output(byte[] buffer, int length, bool isLast);

    /// <summary>Rewrites.</summary>
    /// <param name="stream">At the first byte of the data set.</param>
    /// <param name="from">How it is written.</param>
    /// <param name="to">How it is to be written.</param>
    /// <param name="output">Takes the pieces.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">It is damaged, or cannot be written so.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async ValueTask RewriteAsync(Stream stream, TransferSyntax from, TransferSyntax to, Output output, CancellationToken ct)
    {
        if (!StoredFile.IsUncompressed(from))
        {
            await TranscodeAsync(stream, from, to, output, ct);
            return;
        }
        var length = stream.CanSeek ? stream.Length - stream.Position : -1;
        if (length <= Small || from.IsDeflated || to.IsDeflated)
        {
            var whole = DicomReader.Read(await ReadWholeAsync(stream, length, ct), from);
            await WriteAsync(DicomWriter.ToBytes(whole, to), isLast: true, output);
            return;
        }
        var (header, at, read, encoding) = await ReadHeaderAsync(stream, from, length, ct);
        if (at == length)
        {
            // a document or a report: no pixel data
            await WriteAsync(DicomWriter.ToBytes(header, to), isLast: true, output);
            return;
        }
        if (!ElementHeader.TryRead(read.Span, encoding, out var pixels) || pixels.Tag != DicomTag.PixelData || pixels.IsUndefinedLength)
        {
            throw new DicomException("Too large to be written in another transfer syntax: its pixel data are not native");
        }
        read = read[pixels.Size..];
        at += pixels.Size;
        // pixel data that end too early are a picture with black lines
        var left = Math.Min(pixels.Length, length - at);
        var behind = length - at - left;
        // OW where there is no VR to read (PS3.5 §A.1); what is in OB has no byte order
        var vr = encoding.ExplicitVr && pixels.Vr == DicomVr.OB ? DicomVr.OB : DicomVr.OW;
        var begin = new ArrayBufferWriter<byte>();
        DicomWriter.Write(header, to, begin);
        ElementHeader.WriteLong(begin, pixels.Tag, vr, (uint)((left + 1) & ~1L), to);
        await WriteAsync(begin.WrittenMemory, isLast: false, output);
        var swaps = vr == DicomVr.OW && encoding.BigEndian != to.IsBigEndian;
        while (left > 0)
        {
            var count = (int)Math.Min(left, ReadAhead.PieceLength);
            var buffer = ArrayPool<byte>.Shared.Rent(count + 1);
            var early = Math.Min(count, read.Length);
            read.Span[..early].CopyTo(buffer);
            read = read[early..];
            await stream.ReadExactlyAsync(buffer.AsMemory(early, count - early), ct);
            left -= count;
            if ((count & 1) != 0)
            {
                buffer[count++] = 0;
            }
            if (swaps)
            {
                DatasetReading.Swap(buffer.AsSpan(0, count), 2);
            }
            await output(buffer, count, isLast: left == 0 && behind == 0);
        }
        if (behind > 0)
        {
            // padding, signatures: small as a rule
            var tail = new byte[Math.Min(behind, Array.MaxLength)];
            read.CopyTo(tail);
            await stream.ReadExactlyAsync(tail.AsMemory(read.Length), ct);
            await WriteAsync(DicomWriter.ToBytes(DicomReader.Read(tail, from), to), isLast: true, output);
        }
    }

    private static async ValueTask TranscodeAsync(Stream stream, TransferSyntax from, TransferSyntax to, Output output, CancellationToken ct)
    {
        DicomDataset dataset;
        InstancePixels? pixels;
        if (stream is FileStream file)
        {
            pixels = InstancePixels.OfDataset(file, from, out dataset);
        }
        else
        {
            dataset = DicomReader.Read(await ReadWholeAsync(stream, stream.CanSeek ? stream.Length - stream.Position : -1, ct), from);
            pixels = dataset.Contains(DicomTag.PixelData) ? InstancePixels.Of(dataset, from) : null;
        }
        if (pixels is null)
        {
            // a document or a report that came in a compressed syntax: there is nothing to decode
            await WriteAsync(DicomWriter.ToBytes(dataset, to), isLast: true, output);
            return;
        }
        using (pixels)
        {
            // one behind: only the next piece tells whether this is the last
            (byte[] Buffer, int Length)? last = null;
            foreach (var piece in Transcoder.Transcode(pixels, to))
            {
                for (var rest = piece; !rest.IsEmpty;)
                {
                    ct.ThrowIfCancellationRequested();
                    if (last is { } before)
                    {
                        await output(before.Buffer, before.Length, isLast: false);
                    }
                    var count = Math.Min(rest.Length, ReadAhead.PieceLength);
                    last = (ArrayPool<byte>.Shared.Rent(count), count);
                    rest.Span[..count].CopyTo(last.Value.Buffer);
                    rest = rest[count..];
                }
            }
            await output(last!.Value.Buffer, last.Value.Length, isLast: true);
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadWholeAsync(Stream stream, long length, CancellationToken ct)
    {
        if (length >= 0)
        {
            if (length > Array.MaxLength)
            {
                throw new DicomException("A data set of more than 2 GB cannot be read into memory");
            }
            var bytes = new byte[length];
            await stream.ReadExactlyAsync(bytes, ct);
            return bytes;
        }
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, ct);
        return copy.GetBuffer().AsMemory(0, (int)copy.Length);
    }

    /// <summary>Everything before the pixel data, where these begin, and what was read from there on.</summary>
    private static async ValueTask<(DicomDataset Header, long At, ReadOnlyMemory<byte> Read, ElementEncoding Encoding)> ReadHeaderAsync(
        Stream stream, TransferSyntax from, long length, CancellationToken ct)
    {
        var bytes = new byte[64 * 1024];
        var count = 0;
        while (true)
        {
            await stream.ReadExactlyAsync(bytes.AsMemory(count), ct);
            count = bytes.Length;
            var reading = new DatasetReading(ElementEncoding.Of(from), 0, length, DicomReadOptions.HeaderOnly, []);
            if (reading.TryRead(bytes, 0, isFinal: count == length))
            {
                return (reading.Dataset, reading.EndOffset, bytes.AsMemory((int)reading.EndOffset), reading.Encoding);
            }
            if (count > MaxHeader)
            {
                throw new DicomException($"More than {MaxHeader} bytes before the pixel data");
            }
            Array.Resize(ref bytes, (int)Math.Min(length, count * 4L));
        }
    }

    private static async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, bool isLast, Output output)
    {
        do
        {
            var count = Math.Min(bytes.Length, ReadAhead.PieceLength);
            var buffer = ArrayPool<byte>.Shared.Rent(count);
            bytes.Span[..count].CopyTo(buffer);
            bytes = bytes[count..];
            await output(buffer, count, isLast && bytes.IsEmpty);
        }
        while (!bytes.IsEmpty);
    }
}
