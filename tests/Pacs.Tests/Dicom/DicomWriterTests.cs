using FsCheck;
using FsCheck.Fluent;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DicomWriterTests
{
    public static readonly TransferSyntax[] Syntaxes =
    [
        TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian,
        TransferSyntax.DeflatedExplicitVRLittleEndian, TransferSyntax.JpegBaseline,
    ];

    private static DicomDataset Example() => new DicomDataset()
        .Set(DicomTag.Modality, "US")
        .Set(DicomTag.Rows, 512)
        .Set(new DicomElement(new DicomTag(0x0008, 0x0000), DicomVr.UL, new byte[] { 1, 2, 3, 4 }))
        .Set(new DicomElement(DicomTag.ReferencedSeriesSequence, [new DicomDataset().Set(DicomTag.PatientID, "P")]));

    [Fact]
    public void Explicit_little_endian_is_written_as_the_standard_draws_it()
    {
        Assert.Equal(HexText.Bytes("""
            08 00 60 00 'CS' 02 00 'US'                        ; the group length is not written
            08 00 15 11 'SQ' 00 00 12 00 00 00                 ; (0008,1115) 18 bytes
              FE FF 00 E0 0A 00 00 00                          ;   item of 10 bytes
                10 00 20 00 'LO' 02 00 'P_'                    ;     padded with a blank
            28 00 10 00 'US' 02 00 00 02
            """), DicomWriter.ToBytes(Example(), TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void Undefined_lengths_have_delimiters()
    {
        Assert.Equal(HexText.Bytes("""
            08 00 60 00 02 00 00 00 'US'
            08 00 15 11 FF FF FF FF
              FE FF 00 E0 FF FF FF FF
                10 00 20 00 02 00 00 00 'P_'
              FE FF 0D E0 00 00 00 00
            FE FF DD E0 00 00 00 00
            28 00 10 00 02 00 00 00 00 02
            """), DicomWriter.ToBytes(Example(), TransferSyntax.ImplicitVRLittleEndian, new DicomWriteOptions { UndefinedLengths = true }));
    }

    [Fact]
    public void Big_endian_turns_tags_lengths_and_numbers()
    {
        Assert.Equal(HexText.Bytes("""
            00 08 00 60 'CS' 00 02 'US'
            00 08 11 15 'SQ' 00 00 00 00 00 12
              FF FE E0 00 00 00 00 0A
                00 10 00 20 'LO' 00 02 'P_'
            00 28 00 10 'US' 00 02 02 00
            """), DicomWriter.ToBytes(Example(), TransferSyntax.ExplicitVRBigEndian));
    }

    [Fact]
    public void A_value_too_long_for_16_bits_becomes_UN_and_comes_back_as_what_it_was()
    {
        // PS3.5 §6.2.2: the way out for explicit VRs with a short length
        var dataset = new DicomDataset().Set(new DicomElement(DicomTag.ContourData, DicomVr.DS, Enumerable.Repeat((byte)'1', 70_000).ToArray()));
        var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal("UN"u8.ToArray(), bytes[4..6]);
        Assert.Null(Datasets.Difference(dataset, DicomReader.Read(bytes, TransferSyntax.ExplicitVRLittleEndian)));
    }

    [Fact]
    public void What_does_not_fit_the_syntax_is_refused()
    {
        var native = new DicomDataset().Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[2]));
        var encapsulated = new DicomDataset().Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty]));
        var meta = new DicomDataset().Set(new DicomElement(DicomTag.TransferSyntaxUID, DicomVr.UI, "1.2"u8.ToArray()));
        Assert.Throws<DicomException>(() => DicomWriter.ToBytes(native, TransferSyntax.JpegBaseline));
        Assert.Throws<DicomException>(() => DicomWriter.ToBytes(encapsulated, TransferSyntax.ExplicitVRLittleEndian));
        Assert.Throws<DicomException>(() => DicomWriter.ToBytes(meta, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void A_deflated_data_set_has_an_even_length()
    {
        for (var i = 1; i < 40; i++)
        {
            var dataset = new DicomDataset().Set(DicomTag.PatientID, new string('x', i));
            Assert.Equal(0, DicomWriter.ToBytes(dataset, TransferSyntax.DeflatedExplicitVRLittleEndian).Length & 1);
        }
    }

    [Fact]
    public void Data_sets_nested_deeper_than_any_stack_are_written()
    {
        var dataset = new DicomDataset();
        for (var i = 0; i < 100_000; i++)
        {
            dataset = new DicomDataset().Set(new DicomElement(DicomTag.ReferencedSeriesSequence, [dataset]));
        }
        var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal(100_000 * 20, bytes.Length);
        Assert.Throws<DicomException>(() => DicomReader.Read(bytes, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Fact]
    public void Every_data_set_comes_back_from_every_syntax_without_a_warning() =>
        Check.QuickThrowOnFailure(Prop.ForAll((int seed) =>
        {
            foreach (var syntax in Syntaxes)
            {
                var dataset = RandomDataset.Create(new Random(seed), syntax);
                foreach (var undefined in new[] { false, true })
                {
                    var warnings = new DicomWarnings();
                    var bytes = DicomWriter.ToBytes(dataset, syntax, new DicomWriteOptions { UndefinedLengths = undefined });
                    var again = DicomReader.Read(bytes, syntax, warnings: warnings);
                    Assert.Null(Datasets.Difference(dataset, again));
                    Assert.Empty(warnings);
                }
            }
        }));
}
