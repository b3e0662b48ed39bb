using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Pacs.Dicom.Network;

/// <summary>Writes PDUs (PS3.8 §9.3). Static and stateless, and strict: what the standard does not allow is not sent.</summary>
public static class PduWriter
{
    /// <summary>Writes an A-ASSOCIATE-RQ (PS3.8 §9.3.2).</summary>
    /// <exception cref="DicomException">A title, UID or context that PS3.8 does not allow.</exception>
    public static void Write(AssociateRequestPdu pdu, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        var body = new ArrayBufferWriter<byte>(4096);
        WriteUInt16(body, pdu.ProtocolVersion);
        WriteUInt16(body, 0);
        WriteTitle(body, pdu.CalledAe);
        WriteTitle(body, pdu.CallingAe);
        WriteZeros(body, 32);
        WriteUidItem(body, 0x10, pdu.ApplicationContext);
        CheckContexts(pdu.Contexts.Select(c => c.Id), atLeast: 1);
        foreach (var context in pdu.Contexts)
        {
            if (context.TransferSyntaxes.Count == 0)
            {
                throw new DicomException("A presentation context needs a transfer syntax");
            }
            WriteItem(body, 0x20, item =>
            {
                WriteBytes(item, [context.Id, 0, 0, 0]);
                WriteUidItem(item, 0x30, context.AbstractSyntax);
                foreach (var transferSyntax in context.TransferSyntaxes)
                {
                    WriteUidItem(item, 0x40, transferSyntax);
                }
            });
        }
        WriteUserInformation(body, pdu.UserInformation);
        WritePdu(output, PduType.AssociateRequest, body.WrittenSpan);
    }

    /// <summary>Writes an A-ASSOCIATE-AC (PS3.8 §9.3.3).</summary>
    /// <exception cref="DicomException">A UID or context that PS3.8 does not allow.</exception>
    public static void Write(AssociateAcceptPdu pdu, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        if (pdu.TitleBytes.Length != 64)
        {
            throw new DicomException("An A-ASSOCIATE-AC repeats the 64 bytes of the request's titles");
        }
        var body = new ArrayBufferWriter<byte>(4096);
        WriteUInt16(body, pdu.ProtocolVersion);
        WriteUInt16(body, 0);
        WriteBytes(body, pdu.TitleBytes.Span);
        WriteUidItem(body, 0x10, pdu.ApplicationContext);
        CheckContexts(pdu.Contexts.Select(c => c.Id), atLeast: 0);
        foreach (var context in pdu.Contexts)
        {
            WriteItem(body, 0x21, item =>
            {
                WriteBytes(item, [context.Id, 0, (byte)context.Result, 0]);
                WriteUidItem(item, 0x40, context.TransferSyntax);
            });
        }
        WriteUserInformation(body, pdu.UserInformation);
        WritePdu(output, PduType.AssociateAccept, body.WrittenSpan);
    }

    /// <summary>Writes an A-ASSOCIATE-RJ (PS3.8 §9.3.4).</summary>
    public static void Write(AssociateRejectPdu pdu, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        WritePdu(output, PduType.AssociateReject, [0, (byte)pdu.Result, pdu.Source, pdu.Reason]);
    }

    /// <summary>Writes an A-ABORT (PS3.8 §9.3.8).</summary>
    public static void Write(AbortPdu pdu, IBufferWriter<byte> output) =>
        WritePdu(output, PduType.Abort, [0, 0, (byte)pdu.Source, (byte)pdu.Reason]);

    /// <summary>Writes an A-RELEASE-RQ (PS3.8 §9.3.6).</summary>
    public static void WriteReleaseRequest(IBufferWriter<byte> output) => WritePdu(output, PduType.ReleaseRequest, [0, 0, 0, 0]);

    /// <summary>Writes an A-RELEASE-RP (PS3.8 §9.3.7).</summary>
    public static void WriteReleaseResponse(IBufferWriter<byte> output) => WritePdu(output, PduType.ReleaseResponse, [0, 0, 0, 0]);

    /// <summary>Bytes of the headers of a P-DATA-TF with one PDV.</summary>
    public const int DataHeaderLength = PduReader.HeaderLength + PduReader.PdvHeaderLength;

    /// <summary>Writes the headers of a P-DATA-TF with one PDV (PS3.8 §9.3.5); as many bytes as <paramref name="pdv"/> says have to follow.</summary>
    public static void WriteDataHeader(PdvHeader pdv, Span<byte> destination)
    {
        destination[0] = (byte)PduType.Data;
        destination[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], checked(pdv.Length + PduReader.PdvHeaderLength));
        BinaryPrimitives.WriteUInt32BigEndian(destination[6..], pdv.Length + 2);
        destination[10] = pdv.ContextId;
        destination[11] = (byte)((pdv.IsCommand ? 1 : 0) | (pdv.IsLast ? 2 : 0));
    }

    private static void WritePdu(IBufferWriter<byte> output, PduType type, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (type is PduType.AssociateRequest && body.Length > PduReader.MaxAssociateLength)
        {
            throw new DicomException("The A-ASSOCIATE-RQ is longer than peers are likely to read");
        }
        var span = output.GetSpan(PduReader.HeaderLength + body.Length);
        span[0] = (byte)type;
        span[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(span[2..], (uint)body.Length);
        body.CopyTo(span[PduReader.HeaderLength..]);
        output.Advance(PduReader.HeaderLength + body.Length);
    }

    private static void WriteUserInformation(ArrayBufferWriter<byte> body, UserInformation user) => WriteItem(body, 0x50, item =>
    {
        // sub-items in the order of their types
        WriteItem(item, 0x51, field => WriteUInt32(field, user.MaxPduLength));
        WriteUidItem(item, 0x52, user.ImplementationClassUid);
        if (user.AsynchronousOperations is { } window)
        {
            WriteItem(item, 0x53, field =>
            {
                WriteUInt16(field, window.Invoked);
                WriteUInt16(field, window.Performed);
            });
        }
        foreach (var role in user.Roles)
        {
            WriteItem(item, 0x54, field =>
            {
                WriteLong(field, UidBytes(role.SopClass));
                WriteBytes(field, [role.IsScu ? (byte)1 : (byte)0, role.IsScp ? (byte)1 : (byte)0]);
            });
        }
        if (user.ImplementationVersionName is { Length: > 0 } version)
        {
            WriteItem(item, 0x55, field => WriteBytes(field, TitleBytes(version)));
        }
        foreach (var extended in user.ExtendedNegotiations)
        {
            WriteItem(item, 0x56, field =>
            {
                WriteLong(field, UidBytes(extended.SopClass));
                WriteBytes(field, extended.Information.Span);
            });
        }
        foreach (var common in user.CommonExtendedNegotiations)
        {
            WriteItem(item, 0x57, field =>
            {
                WriteLong(field, UidBytes(common.SopClass));
                WriteLong(field, UidBytes(common.ServiceClass));
                var related = new ArrayBufferWriter<byte>();
                foreach (var uid in common.RelatedSopClasses)
                {
                    WriteLong(related, UidBytes(uid));
                }
                WriteLong(field, related.WrittenSpan);
            });
        }
        if (user.UserIdentity is { } identity)
        {
            WriteItem(item, 0x58, field =>
            {
                WriteBytes(field, [(byte)identity.Type, identity.PositiveResponseRequested ? (byte)1 : (byte)0]);
                WriteLong(field, identity.Primary.Span);
                WriteLong(field, identity.Secondary.Span);
            });
        }
        if (user.UserIdentityResponse is { } response)
        {
            WriteItem(item, 0x59, field => WriteLong(field, response.Span));
        }
    });

    private static void CheckContexts(IEnumerable<byte> ids, int atLeast)
    {
        var seen = new HashSet<byte>();
        foreach (var id in ids)
        {
            if ((id & 1) == 0 || !seen.Add(id))
            {
                throw new DicomException($"The presentation context id {id} is even or used twice");
            }
        }
        if (seen.Count < atLeast)
        {
            throw new DicomException("An A-ASSOCIATE-RQ needs a presentation context");
        }
    }

    private static void WriteItem(ArrayBufferWriter<byte> output, byte type, Action<ArrayBufferWriter<byte>> writeValue)
    {
        var value = new ArrayBufferWriter<byte>();
        writeValue(value);
        WriteBytes(output, [type, 0]);
        WriteLong(output, value.WrittenSpan);
    }

    private static void WriteUidItem(ArrayBufferWriter<byte> output, byte type, string uid) => WriteItem(output, type, value => WriteBytes(value, UidBytes(uid)));

    private static byte[] UidBytes(string uid) =>
        DicomUid.IsTolerable(uid) ? Encoding.ASCII.GetBytes(uid) : throw new DicomException("A UID of the association is none (PS3.5 §9.1)");

    private static byte[] TitleBytes(string title)
    {
        // repertoire and length of AE titles and version names (PS3.5 §6.2 AE, PS3.7 §D.3.3.2.3)
        if (title.Length is 0 or > 16 || title.Any(c => c is < ' ' or > '~' or '\\') || string.IsNullOrWhiteSpace(title))
        {
            throw new DicomException("An AE title or version name has 1 to 16 characters of ASCII without backslash");
        }
        return Encoding.ASCII.GetBytes(title);
    }

    private static void WriteTitle(ArrayBufferWriter<byte> output, string title)
    {
        var span = output.GetSpan(16)[..16];
        span.Fill((byte)' ');
        TitleBytes(title).CopyTo(span);
        output.Advance(16);
    }

    private static void WriteLong(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        if (value.Length > ushort.MaxValue)
        {
            throw new DicomException("An item of the association is longer than 65535 bytes");
        }
        WriteUInt16(output, (ushort)value.Length);
        WriteBytes(output, value);
    }

    private static void WriteBytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes) => output.Write(bytes);

    private static void WriteZeros(ArrayBufferWriter<byte> output, int count)
    {
        output.GetSpan(count)[..count].Clear();
        output.Advance(count);
    }

    private static void WriteUInt16(ArrayBufferWriter<byte> output, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), value);
        output.Advance(2);
    }

    private static void WriteUInt32(ArrayBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }
}
