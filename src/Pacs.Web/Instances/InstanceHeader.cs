using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.Instances;

/// <summary>
/// The elements of an instance before its pixel data, read with one read of exactly that many bytes, and an empty-looking pixel data element for the address of the pixels.
/// The values lie in rented memory: dispose it when they have been written.
/// </summary>
internal sealed class InstanceHeader : IDisposable
{
    // what is longer comes into the metadata as an address (PS3.18 §10.4.1.1.2)
    public const int MaxInline = 1024;

    private byte[]? _rented;

    private InstanceHeader(DicomDataset dataset, byte[]? rented) => (Dataset, _rented) = (dataset, rented);

    /// <summary>The elements; (0008,3002) says the transfer syntax, which viewers must know before they ask for frames.</summary>
    public DicomDataset Dataset { get; }

    /// <summary>The answer to who asks for the pixels of a report.</summary>
    public static HttpProblem NoPixels { get; } = new(StatusCodes.Status404NotFound, "The instance has no pixel data", "pixels");

    /// <summary>Whether the index knows of pixel data; of a deflated data set it knows nothing.</summary>
    public static bool MayHavePixels(InstanceLocation location) => location.HeaderLength < location.Size || TransferSyntax.Get(location.SyntaxUid).IsDeflated;

    /// <summary>Reads the header.</summary>
    /// <returns>Null when the file is missing.</returns>
    /// <exception cref="DicomException">The file is damaged.</exception>
    public static InstanceHeader? Read(Archive archive, InstanceLocation location)
    {
        using var file = StoredFiles.TryOpen(archive, location);
        if (file is null)
        {
            return null;
        }
        // of pixel data the element's own header is read, too: it says the VR
        var hasPixels = location.HeaderLength < location.Size;
        var length = (int)Math.Min(location.Size, location.HeaderLength + 12);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Fill(file, buffer.AsSpan(0, length));
            // nothing of a deflated data set is known before it has been inflated
            var read = DicomFile.Parse(buffer.AsMemory(0, length), hasPixels ? DicomReadOptions.HeaderOnly : DicomReadOptions.Default);
            if (hasPixels)
            {
                read.Dataset.Set(Pixels(buffer.AsSpan((int)location.HeaderLength, length - (int)location.HeaderLength), read.Syntax));
            }
            read.Dataset.Set(new DicomElement(DicomTag.AvailableTransferSyntaxUID, DicomVr.UI, Encoding.ASCII.GetBytes(location.SyntaxUid)));
            return new InstanceHeader(read.Dataset, buffer);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>The addresses of values that do not belong into metadata.</summary>
    /// <param name="instance">The address of the instance.</param>
    public static BulkDataUri Addresses(string instance) =>
        (element, path) => element.IsEncapsulated || element.Tag.Group == 0x7FE0 || element.Value.Length > MaxInline ? $"{instance}/bulkdata/{path}" : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The element that begins here, without its value: Pixel Data, or those of floating-point numbers (PS3.3 §C.7.6.24, §C.7.6.25).</summary>
    private static DicomElement Pixels(ReadOnlySpan<byte> bytes, TransferSyntax syntax)
    {
        var tag = bytes.Length < 8 ? DicomTag.PixelData
            : syntax.IsBigEndian ? new DicomTag(BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
        var vr = syntax.IsExplicitVr && bytes.Length >= 8 ? new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(bytes[4..])) : DicomDictionary.GetVr(tag);
        // one byte stands for all of them: it is the address that is written
        return new DicomElement(tag, vr.IsKnown && !vr.IsString ? vr : DicomVr.OW, new byte[vr.UnitSize]);
    }

    private static void Fill(SafeFileHandle file, Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var count = RandomAccess.Read(file, bytes[at..], at);
            at += count > 0 ? count : throw new EndOfStreamException("A stored file is shorter than it was");
        }
    }
}
