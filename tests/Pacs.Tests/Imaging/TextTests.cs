using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Texts in pictures, and what of a presentation state becomes one.</summary>
public sealed class TextTests
{
    [Fact]
    public void Every_letter_that_can_be_typed_looks_different()
    {
        var letters = Enumerable.Range(0x21, 0x7F - 0x21).Select(c => ((char)c).ToString()).Concat(["Ä", "ä", "Ö", "ö", "Ü", "ü", "ß", "é", "è", "ç", "ş", "ğ", "ł", "ő", "ñ", "µ", "°"]).ToList();
        var drawn = letters.Select(l => Convert.ToHexString(Assert.Single(PixelFont.Of(l)))).ToList();
        Assert.Equal(letters.Count, drawn.Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain(Convert.ToHexString(Assert.Single(PixelFont.Of("山"))), drawn);
        Assert.Equal(PixelFont.Of("山"), PixelFont.Of("太"));
        // put together or in one, and a mark without a letter
        Assert.Equal(PixelFont.Of("ü"), PixelFont.Of("u\u0308"));
        Assert.Single(PixelFont.Of("\u0308"));
    }

    [Fact]
    public void Texts_are_white_on_a_black_rim_and_end_at_the_edges()
    {
        using var picture = RenderedImage.Rent(100, 30, 3);
        picture.Data.Fill(128);
        TextDrawing.Draw(picture, ["Müller, Jörg", "far too long for it " + new string('W', 1000)], 2, 2, 1);
        TextDrawing.Draw(picture, ["outside"], -10, -3, 2);
        TextDrawing.Draw(picture, ["outside"], 2000, 2000, 3, 0.5);
        var values = picture.Data.ToArray().Distinct().Order().ToArray();
        Assert.Equal([0, 128, 255], values);
    }

    [Theory]
    [InlineData(0, false, 10, 10)]
    [InlineData(90, false, 44, 10)]
    [InlineData(180, false, 44, 44)]
    [InlineData(270, true, 44, 44)]
    public void Texts_of_a_state_stand_in_their_box_upright_when_the_image_is_turned(int rotation, bool isFlipped, int left, int top)
    {
        // a box of ten pixels in the upper left of 64
        using var picture = Render(Text("T", [10, 10, 20, 20]), rotation, isFlipped);
        var white = Enumerable.Range(0, picture.Data.Length).Where(i => picture.Data[i] == 255).Select(i => (X: i % 64, Y: i / 64)).ToList();
        Assert.NotEmpty(white);
        Assert.All(white, p => Assert.True(p.X >= left && p.X < left + 11 && p.Y >= top && p.Y < top + 14, $"{p}"));
        // the bar of the T is above
        Assert.True(white.Count(p => p.Y == white.Min(w => w.Y)) > 2);
    }

    [Fact]
    public void A_bitmap_is_a_shutter_and_overlays_are_shown_when_the_state_says_so()
    {
        var overlay = (ushort group, DicomDataset state) => state.Set(new DicomElement(new DicomTag(group, 0x0010), DicomVr.US, new byte[] { 64, 0 }))
            .Set(new DicomElement(new DicomTag(group, 0x0011), DicomVr.US, new byte[] { 64, 0 })).Set(new DicomElement(new DicomTag(group, 0x0050), DicomVr.SS, new byte[] { 1, 0, 1, 0 }))
            // the first eight pixels
            .Set(new DicomElement(new DicomTag(group, 0x3000), DicomVr.OW, (byte[])[0xFF, .. new byte[511]]));
        using var shut = Render(overlay(0x6002, new DicomDataset().Set(DicomTag.ShutterShape, "BITMAP").Set(DicomTag.ShutterOverlayGroup, 0x6002).Set(DicomTag.ShutterPresentationValue, 0x4000)), 0, false);
        Assert.Equal(Enumerable.Repeat((byte)0x40, 8), shut.Data[..8].ToArray());
        Assert.Equal(100, shut.Data[8]);
        using var hidden = Render(overlay(0x6000, new DicomDataset()), 0, false);
        Assert.Equal(100, hidden.Data[0]);
        using var shown = Render(overlay(0x6000, new DicomDataset()).Set(new DicomElement(new DicomTag(0x6000, 0x1001), DicomVr.CS, "L "u8.ToArray())), 0, false);
        Assert.Equal(Enumerable.Repeat((byte)255, 8), shown.Data[..8].ToArray());
        Assert.Equal(100, shown.Data[8]);
    }

    [Fact]
    public void A_hostile_text_ends()
    {
        using var picture = Render(Text(new string('W', 1000) + "\r\n" + string.Concat(Enumerable.Repeat("x\n", 2000)), [float.NaN, 1e30f, -1e5f, 1e5f]), 0, false);
        using var other = Render(Text("x", [-1e5f, -1e5f, 1e5f, 1e5f]), 0, false);
        Assert.Equal(64, other.Width);
    }

    private static DicomDataset Text(string text, float[] box) => new DicomDataset().Set(DicomTag.GraphicAnnotationSequence, new DicomDataset().Set(DicomTag.TextObjectSequence, new DicomDataset()
        .Set(new DicomElement(DicomTag.UnformattedTextValue, DicomVr.ST, System.Text.Encoding.ASCII.GetBytes(text))).Set(DicomTag.BoundingBoxAnnotationUnits, "PIXEL")
        .Set(Floats(DicomTag.BoundingBoxTopLeftHandCorner, box[..2])).Set(Floats(DicomTag.BoundingBoxBottomRightHandCorner, box[2..]))));

    private static DicomElement Floats(DicomTag tag, float[] values) => new(tag, DicomVr.FL, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    private static RenderedImage Render(DicomDataset state, int rotation, bool isFlipped)
    {
        var samples = new byte[64 * 64];
        Array.Fill(samples, (byte)100);
        var image = new DicomDataset().Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, samples));
        state.Set(DicomTag.SOPClassUID, DicomUid.GrayscaleSoftcopyPresentationStateStorage).Set(DicomTag.ImageRotation, rotation).Set(DicomTag.ImageHorizontalFlip, isFlipped ? "Y" : "N");
        using var pixels = InstancePixels.Of(image, TransferSyntax.ExplicitVRLittleEndian);
        return pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
    }
}
