using System.Buffers;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>An instance on its way out, and the transfer syntax it goes in.</summary>
/// <param name="Location">Where it is.</param>
/// <param name="Syntax">How it goes out.</param>
/// <param name="IsAsStored">Whether the stored bytes are sent.</param>
internal sealed record OutgoingFile(InstanceLocation Location, TransferSyntax Syntax, bool IsAsStored)
{
    /// <summary>Decides how an instance goes out.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="wanted">The transfer syntax that the client takes: a UID, <c>*</c> for any, or null for the standard's default.</param>
    /// <param name="reason">Why it cannot be given so.</param>
    /// <returns>Null when it cannot be given so.</returns>
    public static OutgoingFile? For(InstanceLocation location, string? wanted, out string? reason)
    {
        reason = null;
        var stored = TransferSyntax.Get(location.SyntaxUid);
        if (wanted == "*" || wanted == stored.Uid)
        {
            return new OutgoingFile(location, stored, IsAsStored: true);
        }
        // PS3.18 §8.7.3.5.2: Explicit VR Little Endian where nothing is said, unless that would need what is not there
        var target = wanted is null ? TransferSyntax.ExplicitVRLittleEndian : TransferSyntax.Get(wanted);
        if (target == stored)
        {
            return new OutgoingFile(location, stored, IsAsStored: true);
        }
        if (CanConvert(stored, target))
        {
            return new OutgoingFile(location, target, IsAsStored: false);
        }
        if (wanted is null)
        {
            return new OutgoingFile(location, stored, IsAsStored: true);
        }
        reason = $"{stored.Name} cannot be converted to {target.Name} here. Ask with transfer-syntax=* for instances as they are stored";
        return null;
    }

    /// <summary>The whole file in <see cref="Syntax"/>.</summary>
    /// <exception cref="DicomException">The stored file is damaged.</exception>
    public async Task<ReadOnlyMemory<byte>> ConvertAsync(Archive archive, CancellationToken ct)
    {
        await using var stream = await archive.OpenAsync(Location.Id, ct) ?? throw new FileNotFoundException($"The file of instance {Location.Id} has gone");
        var file = await DicomFile.ReadAsync(stream, null, ct);
        var bytes = new ArrayBufferWriter<byte>((int)Math.Min(Location.Size + 4096, Array.MaxLength));
        new DicomFile(file.Dataset, Syntax).WriteTo(bytes);
        return bytes.WrittenMemory;
    }

    private static bool CanConvert(TransferSyntax from, TransferSyntax to) => from is { IsEncapsulated: false, IsKnown: true } && to is { IsEncapsulated: false, IsKnown: true };
}
