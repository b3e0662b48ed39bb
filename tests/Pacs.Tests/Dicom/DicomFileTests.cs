using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DicomFileTests
{
    private static DicomDataset Example() => new DicomDataset()
        .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage)
        .Set(DicomTag.SOPInstanceUID, "2.25.1")
        .Set(DicomTag.PatientID, "P1")
        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[200_000]));

    private static byte[] Bytes(DicomFile file)
    {
        using var stream = new MemoryStream();
        file.Save(stream);
        return stream.ToArray();
    }

    [Fact]
    public void The_file_meta_group_is_written_as_the_standard_draws_it()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        FileMetaInformation.Write(buffer, "1.2.3", "1.2.34", TransferSyntax.ImplicitVRLittleEndian, "US1");
        var bytes = buffer.WrittenSpan;
        Assert.Equal(new byte[128], bytes[..128].ToArray());
        Assert.Equal(HexText.Bytes($"""
            'DICM'
            02 00 00 00 'UL' 04 00 {bytes.Length - 144:X2} 00 00 00           ; (0002,0000) length of the rest of the group
            02 00 01 00 'OB' 00 00 02 00 00 00 00 01                          ; (0002,0001) version
            02 00 02 00 'UI' 06 00 '1.2.3' 00                                 ; (0002,0002) class
            02 00 03 00 'UI' 06 00 '1.2.34'                                   ; (0002,0003) instance
            02 00 10 00 'UI' 12 00 '1.2.840.10008.1.2' 00                     ; (0002,0010) transfer syntax
            02 00 12 00 'UI' {FileMetaInformation.ImplementationClassUid.Length + 1 & ~1:X2} 00 '{FileMetaInformation.ImplementationClassUid}'
            02 00 13 00 'SH' {FileMetaInformation.ImplementationVersionName.Length:X2} 00 '{FileMetaInformation.ImplementationVersionName.Replace("_", "?", StringComparison.Ordinal)}'
            02 00 16 00 'AE' 04 00 'US1_'                                     ; (0002,0016) source AE title
            """).Select(b => b == '?' ? (byte)'_' : b), bytes[128..].ToArray());
    }

    [Fact]
    public void The_version_name_is_that_of_the_assembly()
    {
        var version = typeof(DicomFile).Assembly.GetName().Version!;
        Assert.Equal(FileMetaInformation.ImplementationVersionName, $"PACS_{version.Major}.{version.Minor}.{version.Build}");
        Assert.True(FileMetaInformation.ImplementationVersionName.Length <= 16);
        Assert.True(DicomUid.IsValid(FileMetaInformation.ImplementationClassUid));
    }

    /// <summary>Asked about all that there is, it is read or refused. One whose element says to be longer was asked for more, which never came: a store request, an upload or an import went round for ever.</summary>
    [Fact]
    public void A_file_meta_group_that_is_there_as_a_whole_is_read_or_refused()
    {
        var file = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian))[..1000];
        var refused = 0;
        for (var at = 0; at < 500; at++)
        {
            foreach (byte value in (byte[])[0, 0x7F, 0xFF])
            {
                var damaged = file.ToArray();
                damaged[at] = value;
                Assert.True(Reads(damaged), $"byte {at} is {value}");
            }
            Assert.True(Reads(file[..at]), $"{at} bytes");
        }
        Assert.True(refused > 100);

        bool Reads(byte[] bytes)
        {
            try
            {
                return FileMetaInformation.TryRead(bytes, isWhole: true, out _, out _);
            }
            catch (DicomException)
            {
                refused++;
                return true;
            }
        }
    }

    [Theory]
    [InlineData("", "2.25.1")]
    [InlineData("1.2.3", "../../etc/passwd")]
    [InlineData("1.2.3", "1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3.1.2.3")]
    public void A_file_meta_group_needs_UIDs(string sopClass, string sopInstance) => Assert.Throws<DicomException>(() =>
        FileMetaInformation.Write(new System.Buffers.ArrayBufferWriter<byte>(), sopClass, sopInstance, TransferSyntax.ImplicitVRLittleEndian));

    [Fact]
    public async Task A_file_is_saved_and_opened_again()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-file-");
        try
        {
            foreach (var syntax in new[] { TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian, TransferSyntax.DeflatedExplicitVRLittleEndian })
            {
                var path = Path.Join(folder.FullName, "a.dcm");
                var file = new DicomFile(Example(), syntax);
                file.Save(path);
                var opened = DicomFile.Open(path);
                Assert.Same(syntax, opened.Syntax);
                Assert.Equal("2.25.1", opened.FileMeta.GetString(DicomTag.MediaStorageSOPInstanceUID));
                Assert.Null(Datasets.Difference(file.Dataset, opened.Dataset));
                Assert.Equal(new FileInfo(path).Length, opened.EndOffset);
                await file.SaveAsync(path, TestContext.Current.CancellationToken);
                var header = await DicomFile.OpenAsync(path, DicomReadOptions.HeaderOnly, TestContext.Current.CancellationToken);
                Assert.Equal(3, header.Dataset.Count);
                Assert.Empty(header.Warnings);
                Assert.Equal("a.dcm", Assert.Single(folder.GetFiles()).Name);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_header_alone_is_read_from_the_start_of_the_file_only()
    {
        var bytes = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        using var stream = new MemoryStream(bytes);
        var header = DicomFile.Read(stream, DicomReadOptions.HeaderOnly);
        Assert.Equal("P1", header.Dataset.GetString(DicomTag.PatientID));
        Assert.Equal(bytes.Length - 200_012, header.EndOffset);
        Assert.True(stream.Position <= 64 * 1024);
    }

    [Fact]
    public void A_header_longer_than_the_first_step_is_read_in_several()
    {
        var dataset = Example().Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, new byte[700_000]));
        using var stream = new MemoryStream(Bytes(new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian)));
        var header = DicomFile.Read(stream, DicomReadOptions.HeaderOnly);
        Assert.Equal(700_000, header.Dataset.Get(DicomTag.EncapsulatedDocument)!.Value.Length);
        Assert.False(header.Dataset.Contains(DicomTag.PixelData));
    }

    [Fact]
    public void A_stream_that_does_not_know_its_length_is_read_to_its_end()
    {
        var bytes = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        using var pipe = new System.IO.Compression.DeflateStream(new MemoryStream(Deflated(bytes)), System.IO.Compression.CompressionMode.Decompress);
        Assert.Equal(4, DicomFile.Read(pipe).Dataset.Count);

        static byte[] Deflated(byte[] bytes)
        {
            using var target = new MemoryStream();
            using (var deflate = new System.IO.Compression.DeflateStream(target, System.IO.Compression.CompressionLevel.Fastest))
            {
                deflate.Write(bytes);
            }
            return target.ToArray();
        }
    }

    [Fact]
    public void A_file_without_preamble_or_without_meta_group_is_read()
    {
        var bytes = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal(4, DicomFile.Parse(bytes.AsMemory(132)).Dataset.Count);
        foreach (var syntax in new[] { TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian })
        {
            var file = DicomFile.Parse(DicomWriter.ToBytes(Example(), syntax));
            Assert.Equal("P1", file.Dataset.GetString(DicomTag.PatientID));
            Assert.Same(syntax, file.Syntax);
            Assert.Empty(file.FileMeta);
            Assert.NotEmpty(file.Warnings);
        }
    }

    [Fact]
    public void The_start_of_a_file_that_is_coming_tells_syntax_and_instance()
    {
        var whole = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        var (instance, of) = (DicomTag.SOPInstanceUID, DicomTag.MediaStorageSOPInstanceUID);
        Assert.False(FileStart.TryRead(whole.AsMemory(0, 140), isWhole: false, out _));
        Assert.True(FileStart.TryRead(whole, isWhole: true, out var start));
        Assert.Same(TransferSyntax.ExplicitVRLittleEndian, start.Syntax);
        Assert.Equal(Example().GetString(instance), start.Uid(whole, instance, of));
        // behind the meta group nothing has come yet: it has the say
        Assert.Equal(start.Meta.GetString(of), start.Uid(whole.AsMemory(0, start.Length), instance, of));

        foreach (var syntax in new[] { TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian })
        {
            var bare = DicomWriter.ToBytes(Example(), syntax);
            Assert.True(FileStart.TryRead(bare, isWhole: true, out start));
            Assert.Equal((syntax, 0, 0), (start.Syntax, start.Length, start.Meta.Count));
            Assert.Equal(Example().GetString(instance), start.Uid(bare, instance, of));
        }
        foreach (var none in new[] { "", "PK", "This is a text about nothing, which is longer than a preamble but for that no file of the kind that is wanted here, whatever its name says." })
        {
            Assert.Throws<DicomException>(() => FileStart.TryRead(Encoding.ASCII.GetBytes(none), isWhole: true, out _));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(uint.MaxValue)]
    public void The_length_of_the_meta_group_is_not_believed(uint length)
    {
        var bytes = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        BitConverter.TryWriteBytes(bytes.AsSpan(140), length);
        var file = DicomFile.Parse(bytes);
        Assert.Equal(4, file.Dataset.Count);
        Assert.Single(file.Warnings);
    }

    [Fact]
    public void A_wrong_transfer_syntax_in_the_meta_group_is_corrected()
    {
        var bytes = Bytes(new DicomFile(Example(), TransferSyntax.ExplicitVRLittleEndian));
        var start = bytes.Length - DicomWriter.ToBytes(Example(), TransferSyntax.ExplicitVRLittleEndian).Length;
        var lying = bytes[..start].Concat(DicomWriter.ToBytes(Example(), TransferSyntax.ImplicitVRLittleEndian)).ToArray();
        var file = DicomFile.Parse(lying);
        Assert.Same(TransferSyntax.ImplicitVRLittleEndian, file.Syntax);
        Assert.Null(Datasets.Difference(Example(), file.Dataset));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("%PDF-1.7 this is not a DICOM file but a long enough text to be taken for one by a careless reader")]
    public void What_is_no_DICOM_file_is_refused(string text) =>
        Assert.Throws<DicomException>(() => DicomFile.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Every_truncation_of_a_file_is_read_or_refused()
    {
        var dataset = Example().Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[20]))
            .Set(new DicomElement(DicomTag.ReferencedSeriesSequence, [new DicomDataset().Set(DicomTag.PatientID, "P2")]));
        var bytes = Bytes(new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian));
        for (var length = 0; length < bytes.Length; length++)
        {
            try
            {
                DicomFile.Parse(bytes.AsMemory(0, length));
            }
            catch (DicomException)
            {
                continue;
            }
            Assert.True(length > 300, $"{length} bytes were taken for a file");
        }
    }

    [Fact]
    public void A_meta_group_that_the_file_ends_in_is_refused_and_not_waited_for()
    {
        // an upload asked for more bytes for ever: its last element claims more than the file has
        byte[] bytes = [.. new byte[128], .. "DICM"u8, 2, 0, 0x10, 0, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, .. new byte[64]];
        Assert.False(FileMetaInformation.TryRead(bytes, isWhole: false, out _, out _));
        Assert.Throws<DicomException>(() => FileMetaInformation.TryRead(bytes, isWhole: true, out _, out _));
    }
}
