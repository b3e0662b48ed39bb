using System.Buffers;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DicomReaderTests
{
    private static readonly TransferSyntax Explicit = TransferSyntax.ExplicitVRLittleEndian;
    private static readonly TransferSyntax Implicit = TransferSyntax.ImplicitVRLittleEndian;
    private static readonly TransferSyntax BigEndian = TransferSyntax.ExplicitVRBigEndian;

    private static DicomDataset Read(TransferSyntax syntax, string table, DicomWarnings? warnings = null, DicomReadOptions? options = null) =>
        DicomReader.Read(HexText.Bytes(table), syntax, options, warnings);

    [Fact]
    public void Explicit_VR_has_short_and_long_headers()
    {
        var dataset = Read(Explicit, """
            08 00 60 00 'CS' 02 00 'US'               ; (0008,0060) Modality, 16-bit length
            28 00 10 00 'US' 02 00 00 02              ; (0028,0010) Rows = 512
            42 00 11 00 'OB' 00 00 04 00 00 00 25 50 44 46 ; (0042,0011) Encapsulated Document, 32-bit length
            """);
        Assert.Equal("US", dataset.GetString(DicomTag.Modality));
        Assert.Equal(512, dataset.GetInt32(DicomTag.Rows));
        Assert.Equal("%PDF"u8.ToArray(), dataset.Get(DicomTag.EncapsulatedDocument)!.Value.ToArray());
    }

    [Fact]
    public void Implicit_VR_takes_the_VR_from_the_dictionary_and_the_sign_from_the_pixel_representation()
    {
        var dataset = Read(Implicit, """
            08 00 60 00 02 00 00 00 'US'       ; (0008,0060) Modality
            09 00 10 00 04 00 00 00 'ABC_'     ; (0009,0010) private creator: LO
            09 00 01 10 02 00 00 00 01 02      ; (0009,1001) private: UN
            28 00 03 01 02 00 00 00 01 00      ; (0028,0103) Pixel Representation: signed
            28 00 06 01 02 00 00 00 FF FF      ; (0028,0106) Smallest Image Pixel Value: US or SS
            28 00 10 11 02 00 00 00 01 00      ; (0028,1110) unknown: UN
            """);
        Assert.Equal(DicomVr.CS, dataset.Get(DicomTag.Modality)!.Vr);
        Assert.Equal(DicomVr.LO, dataset.Get(new DicomTag(0x0009, 0x0010))!.Vr);
        Assert.Equal(DicomVr.UN, dataset.Get(new DicomTag(0x0009, 0x1001))!.Vr);
        Assert.Equal(DicomVr.SS, dataset.Get(DicomTag.SmallestImagePixelValue)!.Vr);
        Assert.Equal(-1, dataset.GetInt32(DicomTag.SmallestImagePixelValue));
    }

    [Fact]
    public void An_item_takes_the_sign_from_the_data_set_around_it()
    {
        var dataset = Read(Implicit, """
            28 00 03 01 02 00 00 00 01 00                      ; (0028,0103) Pixel Representation: signed
            28 00 00 30 FF FF FF FF                            ; (0028,3000) Modality LUT Sequence
              FE FF 00 E0 0E 00 00 00                          ;   item of 14 bytes
                28 00 02 30 06 00 00 00 10 00 00 80 10 00      ;     (0028,3002) LUT Descriptor
            FE FF DD E0 00 00 00 00
            """);
        var item = Assert.Single(dataset.GetSequence(DicomTag.ModalityLUTSequence));
        Assert.Equal([16, -32768, 16], item.GetDoubles(DicomTag.LUTDescriptor));
    }

    [Fact]
    public void Big_endian_numbers_are_turned_and_text_and_UN_are_not()
    {
        var dataset = Read(BigEndian, """
            00 08 00 60 'CS' 00 02 'US'                       ; (0008,0060) Modality
            00 09 00 10 'LO' 00 02 'AB'                       ; (0009,0010) private creator
            00 09 10 01 'UN' 00 00 00 00 00 02 01 02          ; (0009,1001) bytes of unknown meaning
            00 18 60 20 'SL' 00 04 00 00 00 05                ; (0018,6020) Reference Pixel X0 = 5
            00 20 90 2C 'FD' 00 08 3F F0 00 00 00 00 00 00    ; (0020,902C) 1.0
            00 28 00 09 'AT' 00 04 00 18 10 63                ; (0028,0009) Frame Increment Pointer = (0018,1063)
            7F E0 00 10 'OW' 00 00 00 00 00 04 01 02 03 04    ; (7FE0,0010) two words
            """);
        Assert.Equal("US", dataset.GetString(DicomTag.Modality));
        Assert.Equal([1, 2], dataset.Get(new DicomTag(0x0009, 0x1001))!.Value.ToArray());
        Assert.Equal(5, dataset.GetInt32(new DicomTag(0x0018, 0x6020)));
        Assert.Equal(1.0, dataset.GetDouble(new DicomTag(0x0020, 0x902C)));
        Assert.Equal("00181063", dataset.GetString(DicomTag.FrameIncrementPointer));
        Assert.Equal([2, 1, 4, 3], dataset.Get(DicomTag.PixelData)!.Value.ToArray());
    }

    [Theory]
    [InlineData("08 00 15 11 'SQ' 00 00 1C 00 00 00  FE FF 00 E0 02 00 00 00", true)]  // item of 2 bytes that are no element
    [InlineData("08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 FF FF FF FF  08 00 60 00 'CS' 02 00 'US'  FE FF 0D E0 00 00 00 00  FE FF DD E0 00 00 00 00", false)]
    [InlineData("08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'", false)]
    [InlineData("08 00 15 11 'SQ' 00 00 1A 00 00 00  FE FF 00 E0 FF FF FF FF  08 00 60 00 'CS' 02 00 'US'  FE FF 0D E0 00 00 00 00", false)]
    [InlineData("08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  FE FF DD E0 00 00 00 00", false)]
    public void Sequences_and_items_have_lengths_or_delimiters(string table, bool isBroken)
    {
        if (isBroken)
        {
            Assert.Throws<DicomException>(() => Read(Explicit, table));
            return;
        }
        var warnings = new DicomWarnings();
        var dataset = Read(Explicit, table, warnings);
        var item = Assert.Single(dataset.GetSequence(DicomTag.ReferencedSeriesSequence));
        Assert.Equal("US", item.GetString(DicomTag.Modality));
        Assert.Same(dataset, item.Parent);
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("a missing item delimitation", "08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 FF FF FF FF  08 00 60 00 'CS' 02 00 'US'  FE FF DD E0 00 00 00 00  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData("a missing sequence delimitation", "08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData("a delimiter too many", "08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  FE FF DD E0 00 00 00 00  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData("an item delimitation after an item with a length", "08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  FE FF 0D E0 00 00 00 00  FE FF DD E0 00 00 00 00  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData("implicit headers inside the item", "08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 0A 00 00 00  08 00 60 00 02 00 00 00 'US'  FE FF DD E0 00 00 00 00  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData("an unknown VR with a 16-bit length", "08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 '??' 02 00 'US'  10 00 20 00 'ZZ' 02 00 'P1'")]
    [InlineData("an unknown VR with a 32-bit length", "08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'ZZ' 00 00 02 00 00 00 'P1'")]
    [InlineData("an element out of order", "10 00 20 00 'LO' 02 00 'P1'  08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'")]
    [InlineData("a second element with the tag", "08 00 15 11 'SQ' 00 00 12 00 00 00  FE FF 00 E0 0A 00 00 00  08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'LO' 02 00 'P1'  10 00 20 00 'LO' 03 00 'P22'")]
    [InlineData("missing delimiters at the end", "10 00 20 00 'LO' 02 00 'P1'  08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 FF FF FF FF  08 00 60 00 'CS' 02 00 'US'")]
    public void What_devices_do_wrong_is_read_and_reported(string fault, string table)
    {
        var warnings = new DicomWarnings();
        var dataset = Read(Explicit, table, warnings);
        Assert.Equal("P1", dataset.GetString(DicomTag.PatientID));
        Assert.Equal("US", Assert.Single(dataset.GetSequence(DicomTag.ReferencedSeriesSequence)).GetString(DicomTag.Modality));
        Assert.True(warnings.Total > 0, fault);
    }

    [Fact]
    public void UN_of_undefined_length_holds_implicit_items_in_every_syntax()
    {
        // PS3.5 §6.2.2; the items are little endian even in a big endian data set
        var little = "FE FF 00 E0 0A 00 00 00  08 00 60 00 02 00 00 00 'US'  FE FF DD E0 00 00 00 00";
        foreach (var (syntax, table) in new[]
        {
            (Explicit, $"09 00 01 10 'UN' 00 00 FF FF FF FF {little}  10 00 20 00 'LO' 02 00 'P1'"),
            (BigEndian, $"00 09 10 01 'UN' 00 00 FF FF FF FF {little}  00 10 00 20 'LO' 00 02 'P1'"),
        })
        {
            var dataset = Read(syntax, table);
            Assert.Equal("US", Assert.Single(dataset.GetSequence(new DicomTag(0x0009, 0x1001))).GetString(DicomTag.Modality));
            Assert.Equal("P1", dataset.GetString(DicomTag.PatientID));
        }
    }

    [Fact]
    public void UN_of_a_known_tag_is_read_as_what_the_dictionary_says()
    {
        var dataset = Read(Explicit, """
            08 00 15 11 'UN' 00 00 12 00 00 00                       ; (0008,1115) a sequence called UN
              FE FF 00 E0 0A 00 00 00 08 00 60 00 02 00 00 00 'US'   ;   implicit item
            10 00 20 00 'UN' 00 00 02 00 00 00 'P1'                  ; (0010,0020) a text called UN
            """);
        Assert.Equal("US", Assert.Single(dataset.GetSequence(DicomTag.ReferencedSeriesSequence)).GetString(DicomTag.Modality));
        Assert.Equal(DicomVr.LO, dataset.Get(DicomTag.PatientID)!.Vr);
    }

    [Fact]
    public void Encapsulated_pixel_data_keep_their_fragments()
    {
        var dataset = Read(TransferSyntax.JpegBaseline, """
            E0 7F 10 00 'OB' 00 00 FF FF FF FF
              FE FF 00 E0 00 00 00 00                   ; empty basic offset table
              FE FF 00 E0 04 00 00 00 FF D8 FF D9       ; a fragment
            FE FF DD E0 00 00 00 00
            FC FF FC FF 'OB' 00 00 02 00 00 00 00 00    ; (FFFC,FFFC) Data Set Trailing Padding
            """);
        var pixels = dataset.Get(DicomTag.PixelData)!;
        Assert.True(pixels.IsEncapsulated);
        Assert.Equal(2, pixels.Fragments.Count);
        Assert.Equal(4, pixels.Fragments[1].Length);
        Assert.True(dataset.Contains(DicomTag.DataSetTrailingPadding));
    }

    [Theory]
    [InlineData("E0 7F 10 00 'OW' 00 00 F0 FF FF FF 01 02")]
    [InlineData("E0 7F 10 00 'OB' 00 00 FF FF FF FF FE FF 00 E0 00 00 00 00 FE FF 00 E0 F0 FF FF FF 01 02")]
    public void Pixel_data_that_end_too_early_are_kept_as_far_as_they_go(string table)
    {
        var warnings = new DicomWarnings();
        var pixels = Read(Explicit, table, warnings).Get(DicomTag.PixelData)!;
        Assert.Equal([1, 2], (pixels.IsEncapsulated ? pixels.Fragments[1] : pixels.Value).ToArray());
        Assert.NotEmpty(warnings);
    }

    [Fact]
    public void A_length_beyond_the_end_names_the_element_and_its_offset()
    {
        var table = "08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'LO' 64 00 'P1'";
        var e = Assert.Throws<DicomException>(() => Read(Explicit, table));
        Assert.Equal(DicomTag.PatientID, e.Tag);
        Assert.Equal(10, e.Offset);
        Assert.Equal("P1", Read(Explicit, table, options: new DicomReadOptions { AllowTruncation = true }).GetString(DicomTag.PatientID));
    }

    [Fact]
    public void Lengths_of_4_GB_allocate_nothing()
    {
        var bytes = HexText.Bytes("42 00 11 00 'OB' 00 00 F0 FF FF FF 25 50");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DicomException>(() => DicomReader.Read(bytes, Explicit));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(100_000, false)]
    public void Sequences_nest_64_deep_and_no_deeper(int depth, bool isRead)
    {
        var nested = new List<byte>();
        for (var i = 0; i < depth; i++)
        {
            nested.AddRange(HexText.Bytes("08 00 15 11 'SQ' 00 00 FF FF FF FF  FE FF 00 E0 FF FF FF FF"));
        }
        var bytes = nested.ToArray();
        if (isRead)
        {
            Assert.Single(DicomReader.Read(bytes, Explicit));
        }
        else
        {
            Assert.Throws<DicomException>(() => DicomReader.Read(bytes, Explicit));
        }
    }

    [Fact]
    public void Elements_in_descending_order_cost_a_sort_and_not_a_square()
    {
        const int Count = 400_000;
        var bytes = new byte[Count * 8];
        for (var i = 0; i < Count; i++)
        {
            var tag = 0x0011_0000u + (uint)(Count - i);
            BitConverter.TryWriteBytes(bytes.AsSpan(i * 8), (ushort)(tag >> 16));
            BitConverter.TryWriteBytes(bytes.AsSpan((i * 8) + 2), (ushort)tag);
        }
        var started = TimeProvider.System.GetTimestamp();
        var dataset = DicomReader.Read(bytes, Implicit);
        Assert.Equal(Count, dataset.Count);
        // a square would take minutes
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60));
        Assert.True(dataset.Zip(dataset.Skip(1)).All(p => p.First.Tag < p.Second.Tag));
    }

    [Fact]
    public void More_elements_than_allowed_are_refused()
    {
        var bytes = HexText.Bytes(string.Concat(Enumerable.Repeat("08 00 60 00 'CS' 00 00 ", 11)));
        Assert.Throws<DicomException>(() => DicomReader.Read(bytes, Explicit, new DicomReadOptions { MaxElements = 10 }));
        Assert.Single(DicomReader.Read(bytes, Explicit, new DicomReadOptions { MaxElements = 11 }));
    }

    [Theory]
    [InlineData(false, "08 00 60 00 02 00 00 00 'US'  10 00 20 00 02 00 00 00 'P1'")]
    [InlineData(true, "08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'LO' 02 00 'P1'")]
    [InlineData(false, "00 08 00 60 'CS' 00 02 'US'  00 10 00 20 'LO' 00 02 'P1'")]
    [InlineData(true, "00 08 00 60 'CS' 00 02 'US'  00 10 00 20 'LO' 00 02 'P1'")]
    public void A_wrong_transfer_syntax_is_noticed(bool isDeclaredImplicit, string table)
    {
        var warnings = new DicomWarnings();
        var dataset = Read(isDeclaredImplicit ? Implicit : Explicit, table, warnings);
        Assert.Equal("US", dataset.GetString(DicomTag.Modality));
        Assert.Equal("P1", dataset.GetString(DicomTag.PatientID));
        Assert.Single(warnings);
    }

    [Fact]
    public void Reading_stops_before_the_wanted_element_but_not_inside_an_item()
    {
        var dataset = Read(Explicit, """
            08 00 15 11 'SQ' 00 00 12 00 00 00 FE FF 00 E0 0A 00 00 00 20 00 13 00 'IS' 02 00 '1_'   ; (0020,0013) in an item
            10 00 20 00 'LO' 02 00 'P1'
            20 00 13 00 'IS' 02 00 '2_'
            """, options: new DicomReadOptions { StopBefore = DicomTag.InstanceNumber });
        Assert.Equal(2, dataset.Count);
        Assert.Equal("1", dataset.GetSequence(DicomTag.ReferencedSeriesSequence)[0].GetString(DicomTag.InstanceNumber));
    }

    [Fact]
    public void Pieces_of_a_pipe_are_copied()
    {
        var bytes = HexText.Bytes("10 00 20 00 'LO' 02 00 'P1'");
        var dataset = DicomReader.Read(new ReadOnlySequence<byte>(bytes), Explicit);
        bytes.AsSpan().Clear();
        Assert.Equal("P1", dataset.GetString(DicomTag.PatientID));
    }

    [Fact]
    public void A_deflated_data_set_may_have_a_zlib_header_or_not_be_deflated_at_all()
    {
        var plain = HexText.Bytes("08 00 60 00 'CS' 02 00 'US'  10 00 20 00 'LO' 02 00 'P1'");
        using var zlib = new MemoryStream();
        using (var stream = new System.IO.Compression.ZLibStream(zlib, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true))
        {
            stream.Write(plain);
        }
        foreach (var bytes in new[] { zlib.ToArray(), plain })
        {
            var warnings = new DicomWarnings();
            var dataset = DicomReader.Read(bytes, TransferSyntax.DeflatedExplicitVRLittleEndian, warnings: warnings);
            Assert.Equal("P1", dataset.GetString(DicomTag.PatientID));
            Assert.Single(warnings);
        }
    }

    [Fact]
    public void A_deflate_bomb_is_refused_but_its_header_can_be_read()
    {
        var dataset = new DicomDataset().Set(DicomTag.PatientID, "P1");
        dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[100 << 20]));
        var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.DeflatedExplicitVRLittleEndian);
        Assert.True(bytes.Length < 200_000);
        Assert.Throws<DicomException>(() => DicomReader.Read(bytes, TransferSyntax.DeflatedExplicitVRLittleEndian));
        var header = DicomReader.Read(bytes, TransferSyntax.DeflatedExplicitVRLittleEndian, DicomReadOptions.HeaderOnly);
        Assert.Equal("P1", header.GetString(DicomTag.PatientID));
    }

    [Fact]
    public void Garbage_behind_the_pixel_data_is_reported_and_left()
    {
        var warnings = new DicomWarnings();
        var dataset = Read(Explicit, "10 00 20 00 'LO' 02 00 'P1'  E0 7F 10 00 'OB' 00 00 02 00 00 00 01 02  17 A5 33 91 C4 00 FE 12 88 19 AA", warnings);
        Assert.Equal(2, dataset.Count);
        Assert.Single(warnings);
    }

    [Fact]
    public void Warnings_are_bounded()
    {
        var table = new StringBuilder();
        for (var i = 0; i < 1000; i++)
        {
            table.Append("08 00 60 00 'CS' 01 00 55 ");
        }
        var warnings = new DicomWarnings();
        Read(Explicit, table.ToString(), warnings);
        Assert.Equal(DicomWarnings.Kept, warnings.Count);
        Assert.Equal(1000, warnings.Total);
    }
}
