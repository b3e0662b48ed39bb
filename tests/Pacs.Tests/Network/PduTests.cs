using System.Buffers;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>PDUs byte by byte, as PS3.8 §9.3 and PS3.7 annex D draw them.</summary>
public sealed class PduTests
{
    private const string RequestHex =
        "01 00 000000F9" + // A-ASSOCIATE-RQ, reserved, length 249
        "0001 0000" + // protocol version 1, reserved
        "50414353202020202020202020202020" + // called AE title "PACS"
        "44455649434520202020202020202020" + // calling AE title "DEVICE"
        "0000000000000000000000000000000000000000000000000000000000000000" + // reserved
        "10 00 0015 312E322E3834302E31303030382E332E312E312E31" + // application context 1.2.840.10008.3.1.1.1
        "20 00 002E 01 00 00 00" + // presentation context 1
        "30 00 0011 312E322E3834302E31303030382E312E31" + // abstract syntax 1.2.840.10008.1.1
        "40 00 0011 312E322E3834302E31303030382E312E32" + // transfer syntax 1.2.840.10008.1.2
        "50 00 0066" + // user information
        "51 00 0004 00004000" + // maximum length 16384
        "52 00 0005 312E322E33" + // implementation class 1.2.3
        "53 00 0004 0001 0001" + // asynchronous operations window 1, 1
        "54 00 0009 0005 312E322E34 01 01" + // roles of 1.2.4: SCU and SCP
        "55 00 0003 56315F" + // implementation version "V1_"
        "56 00 0009 0005 312E322E35 0100" + // extended negotiation of 1.2.5
        "57 00 0017 0005 312E322E36 0005 312E322E37 0007 0005 312E322E38" + // common extended negotiation of 1.2.6, service 1.2.7, related 1.2.8
        "58 00 000D 02 01 0004 75736572 0003 707764"; // user identity: name and passcode, response wanted

    private static AssociateRequestPdu Request => new()
    {
        CalledAe = "PACS",
        CallingAe = "DEVICE",
        Contexts = [new ProposedContext(1, DicomUid.Verification, [DicomUid.ImplicitVRLittleEndian])],
        UserInformation = new UserInformation
        {
            MaxPduLength = 16384,
            ImplementationClassUid = "1.2.3",
            ImplementationVersionName = "V1_",
            AsynchronousOperations = new AsynchronousOperations(1, 1),
            Roles = [new RoleSelection("1.2.4", true, true)],
            ExtendedNegotiations = [new ExtendedNegotiation("1.2.5", new byte[] { 1, 0 })],
            CommonExtendedNegotiations = [new CommonExtendedNegotiation("1.2.6", "1.2.7", ["1.2.8"])],
            UserIdentity = new UserIdentity(UserIdentityType.UsernameAndPasscode, true, "user"u8.ToArray(), "pwd"u8.ToArray()),
        },
    };

    [Fact]
    public void A_request_is_written_as_the_standard_draws_it()
    {
        var bytes = new ArrayBufferWriter<byte>();
        PduWriter.Write(Request, bytes);
        Assert.Equal(Hex(RequestHex), Convert.ToHexString(bytes.WrittenSpan));
    }

    [Fact]
    public void A_request_is_read_with_all_its_items()
    {
        var (type, body) = Read(RequestHex);
        Assert.Equal(PduType.AssociateRequest, type);
        var read = PduReader.ReadAssociateRequest(body);
        Assert.Equal(("PACS", "DEVICE", 1), (read.CalledAe, read.CallingAe, read.ProtocolVersion));
        Assert.Equal(DicomUid.DICOMApplicationContext, read.ApplicationContext);
        var context = Assert.Single(read.Contexts);
        Assert.Equal((1, DicomUid.Verification, DicomUid.ImplicitVRLittleEndian), (context.Id, context.AbstractSyntax, Assert.Single(context.TransferSyntaxes)));
        var user = read.UserInformation;
        Assert.Equal((16384u, "1.2.3", "V1_"), (user.MaxPduLength, user.ImplementationClassUid, user.ImplementationVersionName));
        Assert.Equal(new AsynchronousOperations(1, 1), user.AsynchronousOperations);
        Assert.Equal(new RoleSelection("1.2.4", true, true), Assert.Single(user.Roles));
        Assert.Equal("1.2.5:0100", $"{user.ExtendedNegotiations[0].SopClass}:{Convert.ToHexString(user.ExtendedNegotiations[0].Information.Span)}");
        Assert.Equal("1.2.6 1.2.7 1.2.8", $"{user.CommonExtendedNegotiations[0].SopClass} {user.CommonExtendedNegotiations[0].ServiceClass} {user.CommonExtendedNegotiations[0].RelatedSopClasses[0]}");
        Assert.Equal(("user", true, "pwd"), (user.UserIdentity!.Username, user.UserIdentity.PositiveResponseRequested, System.Text.Encoding.UTF8.GetString(user.UserIdentity.Secondary.Span)));
        Assert.Equal("UsernameAndPasscode", user.UserIdentity.ToString());
    }

    [Fact]
    public void An_accept_repeats_the_titles_and_answers_each_context()
    {
        const string AcceptHex =
            "02 00 000000B3" + // A-ASSOCIATE-AC, length 179
            "0001 0000" +
            "50414353202020202020202020202020" + "44455649434520202020202020202020" + // titles as in the request
            "0000000000000000000000000000000000000000000000000000000000000000" +
            "10 00 0015 312E322E3834302E31303030382E332E312E312E31" +
            "21 00 0019 01 00 00 00 40 00 0011 312E322E3834302E31303030382E312E32" + // context 1 accepted
            "21 00 0019 03 00 03 00 40 00 0011 312E322E3834302E31303030382E312E32" + // context 3: abstract syntax not supported
            "50 00 0018 51 00 0004 00040000 52 00 0005 312E322E33 59 00 0003 0001 00"; // user information with a response to the identity
        var (_, request) = Read(RequestHex);
        var pdu = new AssociateAcceptPdu
        {
            TitleBytes = PduReader.ReadAssociateRequest(request).TitleBytes,
            Contexts =
            [
                new ContextAnswer(1, ContextResult.Acceptance, DicomUid.ImplicitVRLittleEndian),
                new ContextAnswer(3, ContextResult.AbstractSyntaxNotSupported, DicomUid.ImplicitVRLittleEndian),
            ],
            UserInformation = new UserInformation { MaxPduLength = 256 * 1024, ImplementationClassUid = "1.2.3", UserIdentityResponse = new byte[1] },
        };
        var bytes = new ArrayBufferWriter<byte>();
        PduWriter.Write(pdu, bytes);
        Assert.Equal(Hex(AcceptHex), Convert.ToHexString(bytes.WrittenSpan));
        var (_, body) = Read(AcceptHex);
        var read = PduReader.ReadAssociateAccept(body);
        Assert.Equal(pdu.Contexts, read.Contexts);
        Assert.Equal(1, read.UserInformation.UserIdentityResponse!.Value.Length);
        Assert.Equal(256u * 1024, read.UserInformation.MaxPduLength);
    }

    [Fact]
    public void The_short_PDUs_have_ten_bytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        PduWriter.Write(AssociateRejectPdu.LocalLimitExceeded, bytes);
        PduWriter.WriteReleaseRequest(bytes);
        PduWriter.WriteReleaseResponse(bytes);
        PduWriter.Write(new AbortPdu(AbortSource.ServiceProvider, AbortReason.InvalidPduParameterValue), bytes);
        Assert.Equal(
            Hex("03 00 00000004 00 02 03 02" + // reject: transient, provider (presentation), local limit exceeded
                "05 00 00000004 00000000" + // release request
                "06 00 00000004 00000000" + // release response
                "07 00 00000004 00 00 02 06"), // abort: provider, invalid PDU parameter value
            Convert.ToHexString(bytes.WrittenSpan));
        var rest = new ReadOnlySequence<byte>(bytes.WrittenMemory);
        Assert.True(PduReader.TryRead(ref rest, 16384, out var type, out var body));
        Assert.Equal((PduType.AssociateReject, AssociateRejectPdu.LocalLimitExceeded), (type, PduReader.ReadAssociateReject(body)));
        Assert.True(PduReader.TryRead(ref rest, 16384, out type, out _));
        Assert.Equal(PduType.ReleaseRequest, type);
        Assert.True(PduReader.TryRead(ref rest, 16384, out type, out _));
        Assert.Equal(PduType.ReleaseResponse, type);
        Assert.True(PduReader.TryRead(ref rest, 16384, out _, out body));
        Assert.Equal(new AbortPdu(AbortSource.ServiceProvider, AbortReason.InvalidPduParameterValue), PduReader.ReadAbort(body));
        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void A_data_PDU_has_a_header_for_itself_and_one_for_its_fragment()
    {
        var bytes = Wire.Data(5, isCommand: true, isLast: true, [0xAA, 0xBB]);
        Assert.Equal(Hex("04 00 00000008" /* P-DATA-TF */ + "00000004 05 03" /* PDV: context 5, command, last */ + "AABB"), Convert.ToHexString(bytes));
        var body = new ReadOnlySequence<byte>(bytes).Slice(6);
        Assert.True(PduReader.TryReadPdvHeader(body, 8, out var header));
        Assert.Equal(new PdvHeader(2, 5, IsCommand: true, IsLast: true), header);
    }

    [Theory]
    [InlineData("47", AbortReason.UnrecognizedPdu)] // the G of GET
    [InlineData("00", AbortReason.UnrecognizedPdu)]
    [InlineData("08", AbortReason.UnrecognizedPdu)]
    [InlineData("01 00 FFFFFFFF", AbortReason.InvalidPduParameterValue)]
    [InlineData("01 00 00040001", AbortReason.InvalidPduParameterValue)] // 256 kB and a byte
    [InlineData("02 00 00000043", AbortReason.InvalidPduParameterValue)] // shorter than the fixed fields
    [InlineData("04 00 00004007", AbortReason.InvalidPduParameterValue)] // 16384 + 7
    [InlineData("04 00 00000005", AbortReason.InvalidPduParameterValue)] // no room for a PDV
    [InlineData("05 00 00000005", AbortReason.InvalidPduParameterValue)]
    [InlineData("07 00 00000003", AbortReason.InvalidPduParameterValue)]
    public void Types_and_lengths_are_refused_before_anything_is_buffered(string hex, AbortReason reason)
    {
        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(Hex(hex)));
        var e = Assert.Throws<AssociationException>(() => PduReader.TryReadHeader(buffer, 16384, out _));
        Assert.Equal(reason, e.AbortReason);
        Assert.InRange(e.Offset, 0, 2);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(0u)]
    [InlineData(9u)]
    [InlineData(uint.MaxValue)]
    public void A_PDV_that_does_not_fit_its_PDU_is_refused(uint length)
    {
        var bytes = new byte[12];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, length);
        Assert.Throws<AssociationException>(() => PduReader.TryReadPdvHeader(new ReadOnlySequence<byte>(bytes), 12, out _));
    }

    [Theory]
    [InlineData("2000002E01", "2000002E02", "even")] // context id 2
    [InlineData("10000015", "1000FFFF", "longer")] // item beyond its PDU
    [InlineData("51000004", "51000002", "ends")] // maximum length of two bytes
    [InlineData("5400000900053", "540000090FFF3", "ends")] // UID length beyond its item
    public void Items_that_cannot_be_are_refused_with_their_offset(string find, string replace, string expected)
    {
        var hex = Hex(RequestHex);
        Assert.Contains(find, hex, StringComparison.Ordinal);
        hex = hex.Replace(find, replace, StringComparison.Ordinal);
        var (_, body) = Read(hex);
        var e = Assert.Throws<AssociationException>(() => PduReader.ReadAssociateRequest(body));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.InRange(e.Offset, 6, hex.Length / 2);
    }

    [Fact]
    public void Reading_in_any_split_gives_the_same()
    {
        var bytes = Convert.FromHexString(Hex(RequestHex));
        for (var split = 1; split < bytes.Length; split++)
        {
            var buffer = Pieces(bytes, split);
            Assert.True(PduReader.TryRead(ref buffer, 16384, out _, out var body));
            Assert.Equal("1.2.6", PduReader.ReadAssociateRequest(body).UserInformation.CommonExtendedNegotiations[0].SopClass);
            var half = new ReadOnlySequence<byte>(bytes, 0, split);
            Assert.False(PduReader.TryRead(ref half, 16384, out _, out _));
            Assert.Equal(split, half.Length);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("                ")]
    [InlineData("SEVENTEEN_LETTERS")]
    [InlineData("BACK\\SLASH")]
    [InlineData("Ä")]
    public void Titles_that_the_standard_does_not_allow_are_not_written(string title)
    {
        Assert.Throws<DicomException>(() => PduWriter.Write(Request with { CalledAe = title }, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void Contexts_and_UIDs_that_the_standard_does_not_allow_are_not_written()
    {
        var context = Request.Contexts[0];
        foreach (var contexts in new ProposedContext[][] { [], [context, context], [context with { Id = 2 }], [context with { TransferSyntaxes = [] }], [context with { AbstractSyntax = "1..2" }] })
        {
            Assert.Throws<DicomException>(() => PduWriter.Write(Request with { Contexts = contexts }, new ArrayBufferWriter<byte>()));
        }
    }

    internal static ReadOnlySequence<byte> Pieces(byte[] bytes, int size)
    {
        var first = new Piece(bytes.AsMemory(0, Math.Min(size, bytes.Length)), null);
        var last = first;
        for (var at = size; at < bytes.Length; at += size)
        {
            last = new Piece(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), last);
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static string Hex(string text) => text.Replace(" ", "", StringComparison.Ordinal);

    private static (PduType Type, ReadOnlySequence<byte> Body) Read(string hex)
    {
        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(Hex(hex)));
        Assert.True(PduReader.TryRead(ref buffer, 16384, out var type, out var body));
        Assert.True(buffer.IsEmpty);
        return (type, body);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
