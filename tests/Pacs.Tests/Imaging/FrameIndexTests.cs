using System.Buffers.Binary;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Where frames lie: native ones by arithmetic, encapsulated ones by tables that may lie (PS3.5 §A.4).</summary>
public sealed class FrameIndexTests
{
    private static readonly string[] Names = ["one", "three", "two and a half", "4"];

    [Fact]
    public void One_fragment_per_frame_needs_no_table() => AssertFrames(Encapsulated([], [.. Names.Select(Jpeg)]));

    [Fact]
    public void A_basic_offset_table_joins_the_fragments_of_a_frame()
    {
        byte[][] fragments = [Jpeg("one"), Bytes("...."), Jpeg("three"), Jpeg("two and"), Bytes(" a h"), Bytes("alf."), Jpeg("4")];
        AssertFrames(Encapsulated(Table(fragments, 0, 2, 3, 6), fragments));
    }

    [Fact]
    public void Without_a_table_the_beginnings_of_streams_tell_the_frames_apart()
    {
        byte[][] fragments = [Jpeg("one"), Bytes("...."), Jpeg("three"), Jpeg("two and"), Bytes(" a h"), Bytes("alf."), Jpeg("4")];
        AssertFrames(Encapsulated([], fragments));
    }

    [Theory]
    [InlineData(0, 1, 2, 3)] // of fragments instead of frames: there are items, but no beginnings
    [InlineData(0, 2, 3, 5)]
    [InlineData(0, 3, 2, 6)] // descending
    [InlineData(2, 3, 4, 6)]
    public void A_lying_table_is_replaced_by_a_scan(params int[] firsts)
    {
        byte[][] fragments = [Jpeg("one"), Bytes("...."), Jpeg("three"), Jpeg("two and"), Bytes(" a h"), Bytes("alf."), Jpeg("4")];
        AssertFrames(Encapsulated(Table(fragments, firsts), fragments));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-2)]
    [InlineData(1_000_000)]
    public void A_table_that_points_beside_the_items_is_replaced_by_a_scan(int shift)
    {
        byte[][] fragments = [.. Names.Select(Jpeg)];
        var table = Table(fragments, 0, 1, 2, 3);
        for (var i = 4; i < table.Length; i += 4)
        {
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(i), BinaryPrimitives.ReadInt32LittleEndian(table.AsSpan(i)) + shift);
        }
        AssertFrames(Encapsulated(table, fragments));
    }

    [Fact]
    public void An_extended_offset_table_gives_the_exact_lengths()
    {
        byte[][] fragments = [.. Names.Select(n => Jpeg(n)[..^1])]; // some of them odd: padded in the file
        var dataset = Encapsulated([], fragments);
        dataset.Set(new DicomElement(DicomTag.ExtendedOffsetTable, DicomVr.OV, Longs(Offsets(fragments))));
        dataset.Set(new DicomElement(DicomTag.ExtendedOffsetTableLengths, DicomVr.OV, Longs([.. fragments.Select(f => (long)f.Length)])));
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.JpegBaseline);
        for (var frame = 1; frame <= 4; frame++)
        {
            using var bytes = pixels.ReadFrame(frame);
            Assert.Equal(fragments[frame - 1], bytes.Memory.ToArray());
        }
    }

    [Theory]
    [InlineData(-1L)]
    [InlineData(3L)]
    [InlineData(long.MaxValue)]
    public void A_lying_extended_offset_table_is_replaced_by_a_scan(long lie)
    {
        byte[][] fragments = [.. Names.Select(Jpeg)];
        var dataset = Encapsulated([], fragments);
        dataset.Set(new DicomElement(DicomTag.ExtendedOffsetTable, DicomVr.OV, Longs([.. Offsets(fragments)[..3], lie])));
        dataset.Set(new DicomElement(DicomTag.ExtendedOffsetTableLengths, DicomVr.OV, Longs([1, lie, 100, 2])));
        AssertFrames(dataset);
    }

    [Fact]
    public void A_frame_that_cannot_be_found_is_an_error_of_that_frame_only()
    {
        var missing = Encapsulated([], [Jpeg("one"), Jpeg("three")]);
        using var pixels = InstancePixels.Of(missing, TransferSyntax.JpegBaseline);
        using var second = pixels.ReadFrame(2);
        Assert.Contains("three", System.Text.Encoding.ASCII.GetString(second.Memory.Span), StringComparison.Ordinal);
        Assert.Throws<DicomException>(() => pixels.ReadFrame(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => pixels.ReadFrame(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => pixels.ReadFrame(0));

        // five fragments, four frames, nothing that says how
        using var mixed = InstancePixels.Of(Encapsulated([], [.. Enumerable.Repeat(Bytes("...."), 5)]), TransferSyntax.JpegBaseline);
        Assert.Throws<DicomException>(() => mixed.ReadFrame(1));
    }

    [Fact]
    public void Frames_of_single_bits_begin_amid_a_byte()
    {
        // three frames of 5 x 1: 10110 01001 11100, the first pixel in the lowest bit (PS3.5 §8.1.1)
        var dataset = Described(rows: 1, columns: 5, bits: 1, frames: 3).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 0b0100_1101, 0b0001_1110 }));
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal([1, 0, 1, 1, 0], Samples(1));
        Assert.Equal([0, 1, 0, 0, 1], Samples(2));
        Assert.Equal([1, 1, 1, 0, 0], Samples(3));
        using var second = pixels.ReadFrame(2);
        Assert.Equal(0b10010, second.Memory.Span[0] & 0x1F);

        byte[] Samples(int frame)
        {
            using var decoded = pixels.Decode(frame);
            return decoded.Data.ToArray();
        }
    }

    [Fact]
    public void Native_frames_of_an_odd_size_follow_each_other_without_padding()
    {
        var dataset = Described(rows: 3, columns: 1, bits: 8, frames: 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4, 5, 6 }));
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian);
        using var second = pixels.Decode(2);
        Assert.Equal([4, 5, 6], second.Data.ToArray());
    }

    [Fact]
    public void Big_endian_files_of_an_odd_frame_size_are_swapped_by_words()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-frames");
        try
        {
            var dataset = Described(rows: 3, columns: 1, bits: 8, frames: 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[] { 1, 2, 3, 4, 5, 6 }));
            dataset.Set(DicomTag.SOPClassUID, DicomUid.SecondaryCaptureImageStorage).Set(DicomTag.SOPInstanceUID, "1.2.3");
            var path = Path.Join(folder.FullName, "be.dcm");
            new DicomFile(dataset, TransferSyntax.ExplicitVRBigEndian).Save(path);
            using var pixels = InstancePixels.Open(path);
            Assert.False(pixels.IsStoredAsRead);
            using var first = pixels.Decode(1);
            using var second = pixels.Decode(2);
            Assert.Equal([1, 2, 3], first.Data.ToArray());
            Assert.Equal([4, 5, 6], second.Data.ToArray());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(65535, 65535, 1)]      // 4 GB claimed by 6 bytes
    [InlineData(3, 4, 1)]              // less than half is there
    [InlineData(3, 1, 2_000_000_000)]
    public void A_native_frame_that_is_not_there_is_an_error_and_costs_nothing(int rows, int columns, int frames)
    {
        var dataset = Described(rows, columns, bits: 8, frames).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4 }));
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DicomException>(() => pixels.Decode(frames));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_frame_that_ends_a_little_early_has_black_lines()
    {
        var dataset = Described(rows: 3, columns: 2, bits: 8, frames: 1).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4 }));
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian);
        using var frame = pixels.Decode(1);
        Assert.Equal([1, 2, 3, 4, 0, 0], frame.Data.ToArray());
    }

    private static void AssertFrames(DicomDataset dataset)
    {
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.JpegBaseline);
        // in any order: a table is believed or not for each frame
        foreach (var frame in (int[])[3, 1, 4, 2])
        {
            using var bytes = pixels.ReadFrame(frame);
            var text = System.Text.Encoding.ASCII.GetString(bytes.Memory.Span[3..]).TrimEnd('\0', '.');
            Assert.Equal(Names[frame - 1], text);
        }
    }

    private static DicomDataset Encapsulated(byte[] table, byte[][] fragments) => Described(rows: 8, columns: 8, bits: 8, frames: 4)
        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [table, .. fragments.Select(f => (ReadOnlyMemory<byte>)f)]));

    private static DicomDataset Described(int rows, int columns, int bits, int frames) => new DicomDataset()
        .Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.NumberOfFrames, frames)
        .Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns).Set(DicomTag.BitsAllocated, bits).Set(DicomTag.BitsStored, bits)
        .Set(DicomTag.HighBit, bits - 1).Set(DicomTag.PixelRepresentation, 0);

    private static byte[] Jpeg(string text) => Bytes("\xFF\xD8\xFF" + text);

    private static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes((text.Length & 1) == 0 ? text : text + "\0");

    private static long[] Offsets(byte[][] fragments)
    {
        var offsets = new long[fragments.Length];
        for (var i = 1; i < fragments.Length; i++)
        {
            offsets[i] = offsets[i - 1] + 8 + ((fragments[i - 1].Length + 1) & ~1);
        }
        return offsets;
    }

    private static byte[] Table(byte[][] fragments, params int[] firsts)
    {
        var offsets = Offsets(fragments);
        var table = new byte[firsts.Length * 4];
        for (var i = 0; i < firsts.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(i * 4), (int)offsets[firsts[i]]);
        }
        return table;
    }

    private static byte[] Longs(params long[] values)
    {
        var bytes = new byte[values.Length * 8];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * 8), values[i]);
        }
        return bytes;
    }
}
