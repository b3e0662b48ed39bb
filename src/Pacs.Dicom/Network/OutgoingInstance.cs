namespace Pacs.Dicom.Network;

/// <summary>An instance that is to be sent: what the C-STORE-RQ has to say about it, and where its data set comes from.</summary>
/// <param name="SopClass">(0008,0016).</param>
/// <param name="SopInstance">(0008,0018).</param>
/// <param name="Syntax">How the data set is written.</param>
/// <param name="OpenAsync">
/// Opens the data set: a stream at its first byte (no preamble, no file meta group) that ends where it ends; it is disposed after use. Null when it is not there any
/// more. Called when its turn comes, while the instance before it is still on its way, at most once; may throw <see cref="IOException"/> and
/// <see cref="DicomException"/>, which fails this instance and no other.
/// </param>
public sealed record OutgoingInstance(string SopClass, string SopInstance, TransferSyntax Syntax, Func<CancellationToken, ValueTask<Stream?>> OpenAsync)
{
    /// <summary>Whether this library can write the data set in another uncompressed transfer syntax, for a peer that does not take this one: decode its frames if it must.</summary>
    public bool IsRewritable => StoredFile.IsRewritable(Syntax, TransferSyntax.ExplicitVRLittleEndian);

    /// <summary>A Part 10 file; its beginning is read now.</summary>
    /// <exception cref="DicomException">Not a DICOM file, or without SOP UIDs.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OutgoingInstance OfFile(string path)
    {
        var file = StoredFile.Open(path);
        return new OutgoingInstance(file.SopClass, file.SopInstance, file.Syntax, _ =>
        {
            if (!File.Exists(path))
            {
                return new((Stream?)null);
            }
            // the reader takes large pieces itself
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            stream.Position = file.DatasetOffset;
            return new(stream);
        });
    }
}

/// <summary>What became of one instance.</summary>
/// <param name="Instance">The one that was handed in.</param>
/// <param name="Status">
/// The peer's status, or, when <see cref="WasSent"/> is false, why it was not sent: 0122H (the peer accepted no context for its SOP class and transfer syntax), 0112H (it is
/// not there any more), 0110H (it cannot be read).
/// </param>
/// <param name="WasSent">Whether <see cref="Status"/> is an answer of the peer.</param>
public readonly record struct SentInstance(OutgoingInstance Instance, DimseStatus Status, bool WasSent)
{
    /// <summary>Whether the peer has it: success and warnings (PS3.4 table B.2-1).</summary>
    public bool IsStored => WasSent && Status.Kind is DimseStatusKind.Success or DimseStatusKind.Warning;

    /// <summary>Bytes of the data set that were sent.</summary>
    public long Bytes { get; init; }
}

/// <summary>The C-MOVE that C-STOREs belong to (PS3.7 table 9.3-1).</summary>
/// <param name="Ae">(0000,1030): AE title of who asked for it.</param>
/// <param name="MessageId">(0000,1031): message id of its request.</param>
public readonly record struct MoveOriginator(string Ae, ushort MessageId);
