using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Pacs.Dicom.Network;

/// <summary>Type and length of a PDU (PS3.8 §9.3.1).</summary>
/// <param name="Type">One of the seven.</param>
/// <param name="Length">Bytes behind the six of the header.</param>
public readonly record struct PduHeader(PduType Type, uint Length);

/// <summary>The header of a presentation data value (PS3.8 §9.3.5.1, annex E.2).</summary>
/// <param name="Length">Bytes of the fragment, without this header.</param>
/// <param name="ContextId">Its presentation context.</param>
/// <param name="IsCommand">Whether the fragment belongs to a command set, not to a data set.</param>
/// <param name="IsLast">Whether it is the last one of its command or data set.</param>
public readonly record struct PdvHeader(uint Length, byte ContextId, bool IsCommand, bool IsLast);

/// <summary>
/// Reads PDUs (PS3.8 §9.3). Static and stateless. Type and length are checked as soon as they are there, before anything is buffered, so that
/// <c>GET / HTTP</c> is refused at its first letter.
/// </summary>
public static class PduReader
{
    /// <summary>Bytes of a PDU header.</summary>
    public const int HeaderLength = 6;

    /// <summary>Bytes of a PDV header: length, context, control.</summary>
    public const int PdvHeaderLength = 6;

    /// <summary>The longest A-ASSOCIATE-RQ or -AC that is read. 128 contexts with 20 transfer syntaxes each are 160 kB.</summary>
    public const uint MaxAssociateLength = 256 * 1024;

    /// <summary>The most presentation contexts there can be: as many as there are odd ids (PS3.8 §9.3.2.2).</summary>
    public const int MaxContexts = 128;

    private const int TitlesLength = 64;

    /// <summary>Looks at the header of the next PDU and consumes nothing.</summary>
    /// <param name="buffer">What has arrived.</param>
    /// <param name="maxLength">The maximum length that was announced for P-DATA-TF; 6 bytes more are tolerated, since some devices take it for the length of the fragment.</param>
    /// <param name="header">Type and length.</param>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="AssociationException">The type is unknown, or the length cannot be.</exception>
    public static bool TryReadHeader(in ReadOnlySequence<byte> buffer, uint maxLength, out PduHeader header)
    {
        header = default;
        if (buffer.IsEmpty)
        {
            return false;
        }
        var type = (PduType)buffer.FirstSpan[0];
        if (type is < PduType.AssociateRequest or > PduType.Abort)
        {
            // the two commonest mistakes of who sets up a device
            var hint = (byte)type switch { 0x16 => ": the peer speaks TLS on a port without", >= (byte)'A' and <= (byte)'Z' => ": perhaps HTTP", _ => "" };
            throw new AssociationException(AssociationFailure.ProtocolViolation, $"PDU type {(byte)type:X2}H is not one of PS3.8{hint}", reason: AbortReason.UnrecognizedPdu, offset: 0);
        }
        Span<byte> bytes = stackalloc byte[HeaderLength];
        if (!TryCopy(buffer, bytes))
        {
            return false;
        }
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);
        var isPossible = type switch
        {
            // fixed fields are 68 bytes (tables 9-11 and 9-17)
            PduType.AssociateRequest or PduType.AssociateAccept => length is >= 68 and <= MaxAssociateLength,
            PduType.Data => length >= PdvHeaderLength && length <= (ulong)maxLength + 6,
            _ => length == 4,
        };
        if (!isPossible)
        {
            throw AssociationException.Invalid($"A {type} PDU cannot be {length} bytes long", 2);
        }
        header = new PduHeader(type, length);
        return true;
    }

    /// <summary>Consumes exactly one PDU, or nothing; never copies its body.</summary>
    /// <param name="buffer">What has arrived; moved behind the PDU.</param>
    /// <param name="maxLength">The maximum length that was announced for P-DATA-TF.</param>
    /// <param name="type">The type.</param>
    /// <param name="body">What follows the length field.</param>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="AssociationException">The type is unknown, or the length cannot be.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, uint maxLength, out PduType type, out ReadOnlySequence<byte> body)
    {
        type = default;
        body = default;
        if (!TryReadHeader(buffer, maxLength, out var header) || buffer.Length < HeaderLength + header.Length)
        {
            return false;
        }
        type = header.Type;
        body = buffer.Slice(HeaderLength, header.Length);
        buffer = buffer.Slice(body.End);
        return true;
    }

    /// <summary>Looks at the header of the next PDV of a P-DATA-TF and consumes nothing.</summary>
    /// <param name="buffer">What has arrived, from the PDV on.</param>
    /// <param name="remaining">How many bytes of the PDU are not consumed yet.</param>
    /// <param name="header">The header.</param>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="AssociationException">The PDV is longer than the PDU, or shorter than its own header.</exception>
    public static bool TryReadPdvHeader(in ReadOnlySequence<byte> buffer, uint remaining, out PdvHeader header)
    {
        header = default;
        if (remaining < PdvHeaderLength)
        {
            throw AssociationException.Invalid("The P-DATA-TF ends within the header of a PDV", HeaderLength);
        }
        Span<byte> bytes = stackalloc byte[PdvHeaderLength];
        if (!TryCopy(buffer, bytes))
        {
            return false;
        }
        // the length counts context id and control header (table 9-23); unsigned and without overflow
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (length < 2 || length > remaining - 4)
        {
            throw AssociationException.Invalid($"A PDV of {length} bytes does not fit the {remaining} bytes left in its P-DATA-TF", HeaderLength);
        }
        // message control header (annex E.2): bit 0 command, bit 1 last
        header = new PdvHeader(length - 2, bytes[4], (bytes[5] & 1) != 0, (bytes[5] & 2) != 0);
        return true;
    }

    /// <summary>Reads the body of an A-ASSOCIATE-RQ (PS3.8 table 9-11). Unknown items are skipped (§9.3.1).</summary>
    /// <exception cref="AssociationException">Lengths that do not fit, context ids that are even or used twice, a context without syntaxes.</exception>
    public static AssociateRequestPdu ReadAssociateRequest(in ReadOnlySequence<byte> body)
    {
        ReadOnlyMemory<byte> bytes = body.ToArray();
        var contexts = new List<ProposedContext>();
        var (application, user) = ReadItems(bytes, 0x20, (id, _, items) =>
        {
            string? abstractSyntax = null;
            var transferSyntaxes = new List<string>();
            while (items.TryRead(out var type, out var value))
            {
                switch (type)
                {
                    case 0x30:
                        abstractSyntax = Uid(value.Span);
                        break;
                    case 0x40:
                        transferSyntaxes.Add(Uid(value.Span));
                        break;
                }
            }
            if (abstractSyntax is null || transferSyntaxes.Count == 0)
            {
                throw AssociationException.Invalid("A presentation context lacks its abstract or transfer syntax", items.Offset);
            }
            contexts.Add(new ProposedContext(id, abstractSyntax, transferSyntaxes));
        });
        if (contexts.Count == 0)
        {
            throw AssociationException.Invalid("The A-ASSOCIATE-RQ proposes no presentation context", HeaderLength);
        }
        return new AssociateRequestPdu
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span),
            CalledAe = Title(bytes.Span.Slice(4, 16)),
            CallingAe = Title(bytes.Span.Slice(20, 16)),
            TitleBytes = bytes.Slice(4, TitlesLength),
            ApplicationContext = application,
            Contexts = contexts,
            UserInformation = user,
        };
    }

    /// <summary>Reads the body of an A-ASSOCIATE-AC (PS3.8 table 9-17).</summary>
    /// <exception cref="AssociationException">Lengths that do not fit, or context ids that are even or used twice.</exception>
    public static AssociateAcceptPdu ReadAssociateAccept(in ReadOnlySequence<byte> body)
    {
        ReadOnlyMemory<byte> bytes = body.ToArray();
        var contexts = new List<ContextAnswer>();
        var (application, user) = ReadItems(bytes, 0x21, (id, result, items) =>
        {
            var transferSyntax = "";
            while (items.TryRead(out var type, out var value))
            {
                if (type == 0x40)
                {
                    transferSyntax = Uid(value.Span);
                }
            }
            contexts.Add(new ContextAnswer(id, (ContextResult)result, transferSyntax));
        });
        return new AssociateAcceptPdu
        {
            ProtocolVersion = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span),
            TitleBytes = bytes.Slice(4, TitlesLength),
            ApplicationContext = application,
            Contexts = contexts,
            UserInformation = user,
        };
    }

    /// <summary>Reads the body of an A-ASSOCIATE-RJ (PS3.8 table 9-21). Values that the table lacks stay as they are.</summary>
    public static AssociateRejectPdu ReadAssociateReject(in ReadOnlySequence<byte> body)
    {
        Span<byte> bytes = stackalloc byte[4];
        body.CopyTo(bytes);
        return new AssociateRejectPdu((RejectResult)bytes[1], bytes[2], bytes[3]);
    }

    /// <summary>Reads the body of an A-ABORT (PS3.8 table 9-26). Values that the table lacks stay as they are.</summary>
    public static AbortPdu ReadAbort(in ReadOnlySequence<byte> body)
    {
        Span<byte> bytes = stackalloc byte[4];
        body.CopyTo(bytes);
        return new AbortPdu((AbortSource)bytes[2], (AbortReason)bytes[3]);
    }

    private delegate void ContextReader(byte id, byte result, ItemReader items);

    private static (string Application, UserInformation User) ReadItems(ReadOnlyMemory<byte> body, byte contextType, ContextReader readContext)
    {
        if (body.Length < 4 + TitlesLength)
        {
            throw AssociationException.Invalid("The A-ASSOCIATE PDU ends within its fixed fields", HeaderLength);
        }
        var application = "";
        var user = new UserInformation();
        var seen = new System.Collections.BitArray(256);
        var items = new ItemReader(body[(4 + TitlesLength)..], HeaderLength + 4 + TitlesLength);
        while (items.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case 0x10:
                    application = Uid(value.Span);
                    break;
                case 0x50:
                    user = ReadUserInformation(new ItemReader(value, items.Offset - value.Length));
                    break;
                case 0x20 or 0x21 when type == contextType:
                    if (value.Length < 4)
                    {
                        throw AssociationException.Invalid("A presentation context item ends within its fixed fields", items.Offset);
                    }
                    var id = value.Span[0];
                    // odd and unique (PS3.8 §9.3.2.2): so there are at most 128
                    if ((id & 1) == 0 || seen[id])
                    {
                        throw AssociationException.Invalid($"The presentation context id {id} is even or used twice", items.Offset - value.Length);
                    }
                    seen[id] = true;
                    readContext(id, value.Span[2], new ItemReader(value[4..], items.Offset - value.Length + 4));
                    break;
            }
        }
        return (application, user);
    }

    private static UserInformation ReadUserInformation(ItemReader items)
    {
        var user = new UserInformation();
        var roles = new List<RoleSelection>();
        var extended = new List<ExtendedNegotiation>();
        var common = new List<CommonExtendedNegotiation>();
        while (items.TryRead(out var type, out var value))
        {
            var fields = new FieldReader(value, items.Offset - value.Length);
            switch (type)
            {
                case 0x51: // maximum length (PS3.8 §D.1)
                    user = user with { MaxPduLength = fields.ReadUInt32() };
                    break;
                case 0x52: // implementation class (PS3.7 §D.3.3.2)
                    user = user with { ImplementationClassUid = Uid(value.Span) };
                    break;
                case 0x53: // asynchronous operations window (PS3.7 §D.3.3.3)
                    user = user with { AsynchronousOperations = new AsynchronousOperations(fields.ReadUInt16(), fields.ReadUInt16()) };
                    break;
                case 0x54: // SCP/SCU role selection (PS3.7 §D.3.3.4)
                    roles.Add(new RoleSelection(Uid(fields.ReadLong().Span), fields.ReadByte() != 0, fields.ReadByte() != 0));
                    break;
                case 0x55: // implementation version (PS3.7 §D.3.3.2)
                    user = user with { ImplementationVersionName = Title(value.Span) };
                    break;
                case 0x56: // SOP class extended negotiation (PS3.7 §D.3.3.5)
                    extended.Add(new ExtendedNegotiation(Uid(fields.ReadLong().Span), fields.ReadRest()));
                    break;
                case 0x57: // SOP class common extended negotiation (PS3.7 §D.3.3.6)
                    common.Add(ReadCommonExtended(fields));
                    break;
                case 0x58: // user identity (PS3.7 §D.3.3.7)
                    user = user with { UserIdentity = new UserIdentity((UserIdentityType)fields.ReadByte(), fields.ReadByte() != 0, fields.ReadLong(), fields.ReadLong()) };
                    break;
                case 0x59: // its answer (PS3.7 §D.3.3.7.2)
                    user = user with { UserIdentityResponse = fields.ReadLong() };
                    break;
            }
        }
        return user with { Roles = roles, ExtendedNegotiations = extended, CommonExtendedNegotiations = common };
    }

    private static CommonExtendedNegotiation ReadCommonExtended(FieldReader fields)
    {
        var sopClass = Uid(fields.ReadLong().Span);
        var serviceClass = Uid(fields.ReadLong().Span);
        var list = new FieldReader(fields.ReadLong(), fields.Offset);
        var related = new List<string>();
        while (!list.IsAtEnd)
        {
            related.Add(Uid(list.ReadLong().Span));
        }
        return new CommonExtendedNegotiation(sopClass, serviceClass, related);
    }

    // UIDs in items are not padded (PS3.8 annex F), but devices pad them; what is no UID stays as it is and will be supported by nobody
    private static string Uid(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes.TrimEnd((byte)0).Trim((byte)' '));

    // leading and trailing blanks do not count (PS3.8 table 9-11); controls would travel into logs
    private static string Title(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.Latin1.GetString(bytes).Trim(' ', '\0');
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
    }

    private static bool TryCopy(in ReadOnlySequence<byte> buffer, Span<byte> destination)
    {
        if (buffer.FirstSpan.Length >= destination.Length)
        {
            buffer.FirstSpan[..destination.Length].CopyTo(destination);
            return true;
        }
        if (buffer.Length < destination.Length)
        {
            return false;
        }
        buffer.Slice(0, destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>Items of type, reserved byte, 16-bit length and value (PS3.8 §9.3.2.1 and following).</summary>
    private struct ItemReader(ReadOnlyMemory<byte> items, int offset)
    {
        private ReadOnlyMemory<byte> _rest = items;

        /// <summary>Where in the PDU the next item begins.</summary>
        public int Offset { get; private set; } = offset;

        public bool TryRead(out byte type, out ReadOnlyMemory<byte> value)
        {
            type = 0;
            value = default;
            if (_rest.IsEmpty)
            {
                return false;
            }
            if (_rest.Length < 4)
            {
                throw AssociationException.Invalid("An item ends within its header", Offset);
            }
            type = _rest.Span[0];
            int length = BinaryPrimitives.ReadUInt16BigEndian(_rest.Span[2..]);
            if (length > _rest.Length - 4)
            {
                throw AssociationException.Invalid("An item is longer than what holds it", Offset);
            }
            value = _rest.Slice(4, length);
            _rest = _rest[(4 + length)..];
            Offset += 4 + length;
            return true;
        }
    }

    /// <summary>The fields within a sub-item.</summary>
    private struct FieldReader(ReadOnlyMemory<byte> fields, int offset)
    {
        private ReadOnlyMemory<byte> _rest = fields;

        public int Offset { get; private set; } = offset;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public byte ReadByte() => Take(1).Span[0];

        public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2).Span);

        public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4).Span);

        /// <summary>A 16-bit length and as many bytes.</summary>
        public ReadOnlyMemory<byte> ReadLong() => Take(ReadUInt16());

        public ReadOnlyMemory<byte> ReadRest() => Take(_rest.Length);

        private ReadOnlyMemory<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                throw AssociationException.Invalid("A sub-item ends within a field", Offset);
            }
            var taken = _rest[..count];
            _rest = _rest[count..];
            Offset += count;
            return taken;
        }
    }
}
