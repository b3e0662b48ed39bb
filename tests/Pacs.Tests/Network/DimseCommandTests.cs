using System.Buffers;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

public sealed class DimseCommandTests
{
    [Fact]
    public void An_echo_request_is_written_as_annex_E_says()
    {
        Assert.Equal(
            "0000000004000000" + "38000000" + // group length 56
            "0000020012000000" + "312E322E3834302E31303030382E312E3100" + // affected SOP class, padded with NUL
            "0000000102000000" + "3000" + // C-ECHO-RQ
            "0000100102000000" + "0700" + // message id
            "0000000802000000" + "0101", // no data set
            Convert.ToHexString(Wire.Bytes(DimseCommand.EchoRequest(7), hasDataset: false)));
    }

    [Fact]
    public void A_response_repeats_what_the_request_named_and_carries_the_status()
    {
        var request = DimseCommand.StoreRequest(9, Wire.Ultrasound, "1.2.3", DimsePriority.High);
        var status = DimseStatus.DataSetDoesNotMatchSopClass.With(new string('x', 70) + "ä", DicomTag.SOPInstanceUID, DicomTag.PatientID);
        var read = DimseCommand.Read(Wire.Bytes(DimseCommand.ResponseTo(request, status), hasDataset: false));
        Assert.Equal(DimseCommandField.CStoreResponse, read.Field);
        Assert.Equal((9, Wire.Ultrasound, "1.2.3", false), (read.MessageIdBeingRespondedTo, read.AffectedSopClass, read.AffectedSopInstance, read.HasDataset));
        Assert.Equal((ushort)0xA900, read.Status.Code);
        Assert.Equal(64, read.Status.Comment!.Length);
        Assert.Equal([DicomTag.SOPInstanceUID, DicomTag.PatientID], read.Status.OffendingElements);
    }

    [Fact]
    public void Comments_lose_what_a_command_set_cannot_hold()
    {
        var read = DimseCommand.Read(Wire.Bytes(DimseCommand.ResponseTo(DimseCommand.EchoRequest(1), DimseStatus.ProcessingFailure.With("a\\b\r\nü")), hasDataset: false));
        Assert.Equal("a?b???", read.Status.Comment);
    }

    [Theory]
    [InlineData("00000001020000003000" + "00")] // a byte left over
    [InlineData("0000000102000000")] // a length without value
    [InlineData("000000010200FFFF3000")] // a length beyond the end
    [InlineData("080005000200000031 30")] // a group that does not belong there
    [InlineData("000010010200000007 00")] // no command field
    [InlineData("")]
    public void What_is_no_command_set_is_refused(string hex)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Throws<AssociationException>(() => DimseCommand.Read(bytes));
    }

    [Theory]
    [InlineData(0x0000, DimseStatusKind.Success)]
    [InlineData(0xFF00, DimseStatusKind.Pending)]
    [InlineData(0xFF01, DimseStatusKind.Pending)]
    [InlineData(0xFE00, DimseStatusKind.Cancel)]
    [InlineData(0xB000, DimseStatusKind.Warning)]
    [InlineData(0x0107, DimseStatusKind.Warning)]
    [InlineData(0xA700, DimseStatusKind.Failure)]
    [InlineData(0xC000, DimseStatusKind.Failure)]
    [InlineData(0x0122, DimseStatusKind.Failure)]
    public void A_code_tells_its_kind(int code, DimseStatusKind kind) => Assert.Equal(kind, new DimseStatus((ushort)code).Kind);

    [Fact]
    public void Message_ids_of_odd_length_values_do_not_break_reading()
    {
        // a UID of odd length without its padding: the next element begins right behind it
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(Convert.FromHexString("0000020003000000" + "312E32" + "0000000102000000" + "3000"));
        var read = DimseCommand.Read(bytes.WrittenMemory);
        Assert.Equal(("1.2", DimseCommandField.CEchoRequest), (read.AffectedSopClass, read.Field));
    }

    [Theory]
    [InlineData(DicomUid.UltrasoundImageStorage, true)]
    [InlineData(DicomUid.HangingProtocolStorage, true)]
    [InlineData("1.2.840.10008.5.1.4.1.1.6", true)] // Ultrasound Image Storage (Retired)
    [InlineData("1.2.840.10008.5.1.1.29", true)] // Hardcopy Grayscale Image Storage, retired
    [InlineData("1.2.840.10008.5.1.4.1.1.999.1", true)] // of an edition to come
    [InlineData("1.3.12.2.1107.5.9.1", true)] // a manufacturer's own
    [InlineData(DicomUid.Verification, false)]
    [InlineData(DicomUid.StorageCommitmentPushModel, false)]
    [InlineData(DicomUid.MediaStorageDirectoryStorage, false)]
    [InlineData(DicomUid.StudyRootQueryRetrieveInformationModelFind, false)]
    [InlineData("not a uid", false)]
    public void Storage_classes_are_told_from_others(string uid, bool expected) => Assert.Equal(expected, DimseHandlers.IsStorage(uid));
}
