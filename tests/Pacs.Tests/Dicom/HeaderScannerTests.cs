using FsCheck;
using FsCheck.Fluent;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class HeaderScannerTests
{
    private static readonly DicomTag[] Wanted = [DicomTag.Modality, DicomTag.ReferencedSeriesSequence, DicomTag.PatientName, DicomTag.PatientID, DicomTag.Rows];

    private static readonly string Example = """
        08 00 05 00 'CS' 0A 00 'ISO_IR_100'                ; (0008,0005) kept without being wanted
        08 00 60 00 'CS' 02 00 'US'
        08 00 70 00 'LO' 04 00 'ACME'                      ; not wanted
        08 00 15 11 'SQ' 00 00 FF FF FF FF                 ; wanted, undefined length
          FE FF 00 E0 FF FF FF FF 20 00 0E 00 'UI' 02 00 '1' 00 FE FF 0D E0 00 00 00 00
        FE FF DD E0 00 00 00 00
        08 00 40 11 'SQ' 00 00 FF FF FF FF                 ; not wanted, undefined length, nested
          FE FF 00 E0 FF FF FF FF 08 00 15 11 'SQ' 00 00 08 00 00 00 FE FF 00 E0 00 00 00 00 FE FF 0D E0 00 00 00 00
        FE FF DD E0 00 00 00 00
        10 00 20 00 'LO' 02 00 'P1'
        28 00 10 00 'US' 02 00 00 02
        E0 7F 10 00 'OW' 00 00 04 00 00 00 01 02 03 04
        FC FF FC FF 'OB' 00 00 02 00 00 00 00 00           ; behind the pixel data: not looked at
        """;

    private static HeaderScanner Scan(byte[] bytes, TransferSyntax syntax, params IEnumerable<DicomTag> wanted)
    {
        var scanner = new HeaderScanner(syntax, wanted);
        scanner.Push(bytes);
        scanner.Complete();
        return scanner;
    }

    [Fact]
    public void The_wanted_elements_are_kept_and_the_pixel_data_found()
    {
        var bytes = HexText.Bytes(Example);
        var scanner = new HeaderScanner(TransferSyntax.ExplicitVRLittleEndian, Wanted);
        var offset = bytes.Length - 14 - 16;
        scanner.Push(bytes.AsSpan(0, offset));
        Assert.False(scanner.Done);
        scanner.Push(bytes.AsSpan(offset, 12));
        Assert.True(scanner.Done);
        Assert.Equal(offset, scanner.HeaderLength);
        scanner.Push(bytes.AsSpan(offset + 12));
        scanner.Complete();
        Assert.Equal(bytes.Length, scanner.Received);
        Assert.Equal(offset, scanner.HeaderLength);
        Assert.Equal(["SpecificCharacterSet", "Modality", "ReferencedSeriesSequence", "PatientID", "Rows"], scanner.Header.Select(e => DicomDictionary.Find(e.Tag)!.Keyword));
        Assert.Equal("1", Assert.Single(scanner.Header.GetSequence(DicomTag.ReferencedSeriesSequence)).GetString(DicomTag.SeriesInstanceUID));
        Assert.Equal(512, scanner.Header.GetInt32(DicomTag.Rows));
        Assert.Empty(scanner.Warnings);
    }

    [Fact]
    public void Without_pixel_data_the_whole_is_header()
    {
        var bytes = HexText.Bytes("10 00 20 00 'LO' 02 00 'P1'");
        var scanner = Scan(bytes, TransferSyntax.ExplicitVRLittleEndian, Wanted);
        Assert.True(scanner.Done);
        Assert.Equal(bytes.Length, scanner.HeaderLength);
    }

    [Theory]
    [InlineData("7FE00008")]
    [InlineData("7FE00009")]
    [InlineData("7FE00010")]
    public void Every_kind_of_pixel_data_ends_the_header_but_only_outside_of_items(string tag)
    {
        var pixels = new DicomElement(DicomTag.Parse(tag), tag.EndsWith('8') ? DicomVr.OF : tag.EndsWith('9') ? DicomVr.OD : DicomVr.OW, new byte[16]);
        var dataset = new DicomDataset().Set(DicomTag.Rows, 1)
            .Set(new DicomElement(DicomTag.IconImageSequence, [new DicomDataset().Set(pixels)])).Set(pixels);
        var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal(bytes.Length - 28, Scan(bytes, TransferSyntax.ExplicitVRLittleEndian, Wanted).HeaderLength);
    }

    [Fact]
    public void A_deflated_header_is_seen_and_its_length_is_the_whole()
    {
        var dataset = new DicomDataset().Set(DicomTag.PatientID, "P1").Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[300 << 20]));
        var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.DeflatedExplicitVRLittleEndian);
        // a bomb, but nobody inflates its pixels
        var scanner = Scan(bytes, TransferSyntax.DeflatedExplicitVRLittleEndian, Wanted);
        Assert.Equal("P1", scanner.Header.GetString(DicomTag.PatientID));
        Assert.Equal(bytes.Length, scanner.HeaderLength);
    }

    [Fact]
    public void What_is_too_large_to_keep_is_left_out_and_reported()
    {
        var dataset = new DicomDataset()
            .Set(new DicomElement(DicomTag.PatientName, DicomVr.PN, new byte[HeaderScanner.MaxValueLength + 2]))
            .Set(new DicomElement(DicomTag.ReferencedSeriesSequence, Enumerable.Range(0, HeaderScanner.MaxItems + 1).Select(_ => new DicomDataset())))
            .Set(new DicomElement(DicomTag.ContentSequence, [new DicomDataset().Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, new byte[HeaderScanner.MaxKept]))]))
            .Set(DicomTag.Rows, 1);
        foreach (var undefined in new[] { false, true })
        {
            var bytes = DicomWriter.ToBytes(dataset, TransferSyntax.ImplicitVRLittleEndian, new DicomWriteOptions { UndefinedLengths = undefined });
            var scanner = Scan(bytes, TransferSyntax.ImplicitVRLittleEndian, [.. Wanted, DicomTag.ContentSequence]);
            Assert.Equal(DicomTag.Rows, Assert.Single(scanner.Header).Tag);
            Assert.Equal(3, scanner.Warnings.Count);
        }
    }

    [Fact]
    public void The_wanted_values_are_bounded_in_all()
    {
        var dataset = new DicomDataset();
        var wanted = Enumerable.Range(0, 40).Select(i => new DicomTag((ushort)(0x0011 + (2 * i)), 0x1001)).ToList();
        foreach (var tag in wanted)
        {
            dataset.Set(new DicomElement(tag, DicomVr.UN, new byte[HeaderScanner.MaxValueLength]));
        }
        var scanner = Scan(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ExplicitVRLittleEndian, wanted);
        Assert.Equal(HeaderScanner.MaxKept / HeaderScanner.MaxValueLength, scanner.Header.Count);
    }

    [Fact]
    public void A_data_set_cut_in_an_element_fails_and_stays_failed()
    {
        var scanner = new HeaderScanner(TransferSyntax.ExplicitVRLittleEndian, Wanted);
        scanner.Push(HexText.Bytes("10 00 20 00 'LO' 40 00 'P1'"));
        Assert.Equal(DicomTag.PatientID, Assert.Throws<DicomException>(scanner.Complete).Tag);
        Assert.Throws<DicomException>(() => scanner.Push([0]));
    }

    [Fact]
    public void Memory_does_not_grow_with_what_is_skipped()
    {
        var piece = new byte[1 << 20];
        var scanner = new HeaderScanner(TransferSyntax.ExplicitVRLittleEndian, Wanted);
        scanner.Push(HexText.Bytes("42 00 11 00 'OB' 00 00 00 00 00 40")); // 1 GB of document
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1024; i++)
        {
            scanner.Push(piece);
        }
        scanner.Complete();
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
        Assert.Equal(12 + (1L << 30), scanner.HeaderLength);
    }

    [Fact]
    public void Cutting_the_bytes_anywhere_changes_nothing()
    {
        var bytes = HexText.Bytes(Example);
        var whole = Outcome(bytes, TransferSyntax.ExplicitVRLittleEndian, [bytes.Length]);
        for (var first = 0; first < bytes.Length; first++)
        {
            Assert.Equal(whole, Outcome(bytes, TransferSyntax.ExplicitVRLittleEndian, [first, bytes.Length - first]));
        }
        Assert.Equal(whole, Outcome(bytes, TransferSyntax.ExplicitVRLittleEndian, Enumerable.Repeat(1, bytes.Length)));
    }

    [Fact]
    public void Cutting_any_data_set_anyhow_changes_nothing_and_agrees_with_the_reader() =>
        Check.QuickThrowOnFailure(Prop.ForAll((int seed) =>
        {
            var random = new Random(seed);
            foreach (var syntax in DicomWriterTests.Syntaxes)
            {
                var dataset = RandomDataset.Create(random, syntax);
                var bytes = DicomWriter.ToBytes(dataset, syntax, new DicomWriteOptions { UndefinedLengths = random.Next(2) == 0 });
                var header = DicomReader.Read(bytes, syntax, DicomReadOptions.HeaderOnly);
                var scanner = Scan(bytes, syntax, dataset.Select(e => e.Tag));
                Assert.Null(Datasets.Difference(header, scanner.Header));
                Assert.Equal(Outcome(bytes, syntax, [bytes.Length]), Outcome(bytes, syntax, Cuts(random, bytes.Length)));
            }
        }));

    internal static IEnumerable<int> Cuts(Random random, int length)
    {
        while (length > 0)
        {
            var next = Math.Min(length, random.Next(4) == 0 ? random.Next(1, 200) : random.Next(0, 12));
            length -= next;
            yield return next;
        }
    }

    /// <summary>Everything a caller can see, as text.</summary>
    internal static string Outcome(byte[] bytes, TransferSyntax syntax, IEnumerable<int> pieces)
    {
        var scanner = new HeaderScanner(syntax, [.. Wanted, DicomTag.SOPInstanceUID, DicomTag.ContentSequence]);
        var failure = "";
        try
        {
            var at = 0;
            foreach (var piece in pieces)
            {
                scanner.Push(bytes.AsSpan(at, piece));
                at += piece;
            }
            scanner.Complete();
        }
        catch (DicomException e)
        {
            failure = e.Message;
        }
        var header = Convert.ToHexString(DicomWriter.ToBytes(scanner.Header, TransferSyntax.ExplicitVRLittleEndian));
        return string.Join('\n', [failure, scanner.Done, failure.Length > 0 ? 0 : scanner.HeaderLength, header, .. scanner.Warnings, scanner.Warnings.Total]);
    }
}
