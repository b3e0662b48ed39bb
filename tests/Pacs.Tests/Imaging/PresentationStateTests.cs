using System.Diagnostics;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Images as a presentation state wants them, against dcmtk's dcmp2pgm where it is installed.</summary>
public sealed class PresentationStateTests
{
    private const string Tool = "/usr/bin/dcmp2pgm";

    [Theory]
    [InlineData(0, false)]
    [InlineData(90, false)]
    [InlineData(180, true)]
    [InlineData(270, false)]
    [InlineData(90, true)]
    [InlineData(0, true)]
    public async Task Windows_rotation_and_flip_are_those_of_dcmtk(int rotation, bool isFlipped) =>
        await AssertAsDcmtkAsync(PathOf("ct_s16_win"), dataset => Window(dataset, 100, 700)
            .Set(DicomTag.ImageRotation, rotation).Set(DicomTag.ImageHorizontalFlip, isFlipped ? "Y" : "N").Set(DicomTag.PresentationLUTShape, "IDENTITY"));

    [Theory]
    [InlineData("m1_u12_win", "IDENTITY")]
    [InlineData("m1_u12_win", "INVERSE")]
    [InlineData("m2_u12_win", "INVERSE")]
    public async Task The_state_alone_says_what_is_bright(string image, string shape) =>
        await AssertAsDcmtkAsync(PathOf(image), dataset => Window(dataset, 2000, 1500).Set(DicomTag.PresentationLUTShape, shape));

    [Fact]
    public async Task Scrambled_modality_voi_and_presentation_luts_come_out_as_with_dcmtk()
    {
        var folder = SharedSamples.Require("samples", "C_rt_seg_pr");
        await AssertAsDcmtkAsync(Path.Join(folder, "weasis-dicom-tools__imageForPrLUTs.dcm"), DicomFile.Open(Path.Join(folder, "weasis-dicom-tools__prLUTs.dcm")));
    }

    [Fact]
    public void Without_values_to_tell_apart_a_state_shows_all()
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u12_win"));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY");
        using var image = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        Assert.Contains((byte)0, image.Data.ToArray());
        Assert.Contains((byte)255, image.Data.ToArray());
    }

    [Fact]
    public void A_state_is_about_the_images_and_frames_that_it_names()
    {
        using var pixels = InstancePixels.Open(PathOf("mf_mono_3"));
        var uid = pixels.Header.GetString(DicomTag.SOPInstanceUID)!;
        var state = State(pixels.Header);
        Assert.True(PresentationState.Of(state).AppliesTo(uid, 2));
        Assert.False(PresentationState.Of(state).AppliesTo("1.2.3", 2));
        state.GetSequence(DicomTag.ReferencedSeriesSequence)[0].GetSequence(DicomTag.ReferencedImageSequence)[0].Set(DicomTag.ReferencedFrameNumber, "1", "3");
        Assert.False(PresentationState.Of(state).AppliesTo(uid, 2));
        Assert.True(PresentationState.Of(state).AppliesTo(uid, 3));
        Assert.Throws<DicomException>(() => PresentationState.Of(pixels.Header));
    }

    [Theory]
    [InlineData("RECTANGULAR")]
    [InlineData("CIRCULAR")]
    [InlineData("POLYGONAL")]
    public void A_shutter_hides_what_lies_outside(string shape)
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        using var whole = pixels.Render(new RenderOptions());
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY").Set(DicomTag.ShutterShape, shape).Set(DicomTag.ShutterPresentationValue, 0x8000);
        state.Set(DicomTag.ShutterLeftVerticalEdge, "5").Set(DicomTag.ShutterRightVerticalEdge, "20").Set(DicomTag.ShutterUpperHorizontalEdge, "3").Set(DicomTag.ShutterLowerHorizontalEdge, "9");
        state.Set(DicomTag.CenterOfCircularShutter, "12", "15").Set(DicomTag.RadiusOfCircularShutter, "10");
        state.Set(DicomTag.VerticesOfThePolygonalShutter, "3", "5", "9", "5", "9", "20", "3", "20");
        using var shut = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        for (var y = 0; y < whole.Height; y++)
        {
            for (var x = 0; x < whole.Width; x++)
            {
                // counted from 1; edges are inside. The polygon is the rectangle, whose lower edge belongs to the row below
                var isInside = shape switch
                {
                    "CIRCULAR" => ((y - 11) * (y - 11)) + ((x - 14) * (x - 14)) <= 100,
                    "POLYGONAL" => x is >= 4 and <= 19 && y is >= 2 and < 8,
                    _ => x is >= 4 and <= 19 && y is >= 2 and <= 8,
                };
                Assert.True(shut.Data[(y * whole.Width) + x] == (isInside ? whole.Data[(y * whole.Width) + x] : 0x80), $"{x} {y}");
            }
        }
    }

    [Fact]
    public void Graphics_are_drawn_and_end_at_the_edges()
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY");
        state.Set(DicomTag.GraphicAnnotationSequence, new DicomDataset().Set(DicomTag.GraphicObjectSequence,
            Graphic("PIXEL", "POLYLINE", 3.5f, 2.5f, 3.5f, 8.5f), Graphic("PIXEL", "POINT", 10.5f, 10.5f), Graphic("DISPLAY", "POLYLINE", 0, 0, 1, 1),
            Graphic("PIXEL", "CIRCLE", 20, 20, 1e30f, 20), Graphic("PIXEL", "POLYLINE", float.NaN, 0, 5, 5), Graphic("PIXEL", "POLYLINE", -1e5f, 5.5f, 1e5f, 5.5f)));
        using var plain = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state), Annotations = false });
        using var drawn = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        foreach (var (x, y) in (ReadOnlySpan<(int, int)>)[(3, 2), (3, 8), (10, 10), (0, 0), (plain.Width - 1, plain.Height - 1), (0, 5), (plain.Width - 1, 5)])
        {
            Assert.Equal(255, drawn.Data[(y * plain.Width) + x]);
        }
        using var without = pixels.Render(new RenderOptions());
        Assert.Equal(without.Data.ToArray(), plain.Data.ToArray());

        static DicomDataset Graphic(string units, string type, params float[] data) => new DicomDataset()
            .Set(DicomTag.GraphicAnnotationUnits, units).Set(DicomTag.GraphicType, type)
            .Set(new DicomElement(DicomTag.GraphicData, DicomVr.FL, System.Runtime.InteropServices.MemoryMarshal.AsBytes(data.AsSpan()).ToArray()));
    }

    /// <summary>Corners of what is shown after the rotation, from 1 and both inside; a part of the image, more than it, none of it, and numbers that nobody means.</summary>
    [Theory]
    [InlineData(new[] { 3, 2, 10, 6 }, 0, "N", 8, 5)]
    [InlineData(new[] { 3, 6, 10, 2 }, 90, "N", 5, 8)]
    [InlineData(new[] { 10, 2, 3, 6 }, 0, "Y", 8, 5)]
    [InlineData(new[] { 10, 6, 3, 2 }, 180, "N", 8, 5)]
    [InlineData(new[] { -3, -1, 10, 6 }, 0, "N", 14, 8)]
    [InlineData(new[] { -3, -1, 10, 6 }, 270, "Y", 8, 14)]
    [InlineData(new[] { 500, 500, 600, 600 }, 0, "N", 0, 0)]
    [InlineData(new[] { -2000000000, 1, 2000000000, 2 }, 0, "N", 0, 0)]
    [InlineData(new[] { -100000, 1, 10, 6 }, 0, "N", 10, 6)]
    public void The_displayed_area_is_cut_out_where_the_image_has_been_turned_to(int[] corners, int rotation, string flip, int width, int height)
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY").Set(DicomTag.ImageRotation, rotation).Set(DicomTag.ImageHorizontalFlip, flip);
        using var whole = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        SetArea(state, corners);
        using var shown = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        if (width == 0)
        {
            Assert.Equal(whole.Data.ToArray(), shown.Data.ToArray()); // nothing that could be meant: the image
            return;
        }
        Assert.Equal((width, height), (shown.Width, shown.Height));
        // by the plain image: where each pixel of the area has gone
        using var plain = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY")) });
        var (left, top) = (Math.Max(Math.Min(corners[0], corners[2]), -8191) - 1, Math.Min(corners[1], corners[3]) - 1);
        left = corners[0] < -8191 ? 0 : left;
        var (across, down) = rotation % 180 == 0 ? (width, height) : (height, width);
        for (var y = 0; y < down; y++)
        {
            for (var x = 0; x < across; x++)
            {
                var (toX, toY) = rotation switch { 90 => (down - 1 - y, x), 180 => (across - 1 - x, down - 1 - y), 270 => (y, across - 1 - x), _ => (x, y) };
                toX = flip == "Y" ? width - 1 - toX : toX;
                var (fromX, fromY) = (left + x, top + y);
                var expected = fromX < 0 || fromY < 0 ? 0 : plain.Data[(fromY * plain.Width) + fromX];
                Assert.True(expected == shown.Data[(toY * width) + toX], $"{x} {y}");
            }
        }
    }

    [Theory]
    [InlineData("MAGNIFY", 2.0, null, null, 16, 10)]
    [InlineData("MAGNIFY", 0.5, null, null, 4, 2)]
    [InlineData("MAGNIFY", 1e30, null, null, 8192, 5120)]
    [InlineData("SCALE TO FIT", 2.0, null, null, 8, 5)]
    [InlineData("TRUE SIZE", 2.0, null, null, 8, 5)]
    [InlineData("SCALE TO FIT", 1.0, "2", "1", 8, 10)]
    [InlineData("SCALE TO FIT", 1.0, "0", "1", 8, 5)]
    public void The_presentation_size_is_heeded_where_a_screen_is_not_needed_for_it(string mode, double ratio, string? vertical, string? horizontal, int width, int height)
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY");
        var area = SetArea(state, [3, 2, 10, 6]).Set(DicomTag.PresentationSizeMode, mode)
            .Set(new DicomElement(DicomTag.PresentationPixelMagnificationRatio, DicomVr.FL, BitConverter.GetBytes((float)ratio)));
        if (vertical is not null)
        {
            area.Set(DicomTag.PresentationPixelAspectRatio, vertical, horizontal!);
        }
        using var shown = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        Assert.Equal((width, height), (shown.Width, shown.Height));
        // a viewport is filled, whatever it says
        using var fitted = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state), Viewport = new Viewport(40, 40) });
        Assert.Equal(40, Math.Max(fitted.Width, fitted.Height));
    }

    [Fact]
    public void Graphics_of_the_display_are_placed_on_the_area_and_those_of_pixels_on_the_image()
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY");
        SetArea(state, [3, 2, 10, 6]);
        static DicomDataset Point(string units, float x, float y) => new DicomDataset().Set(DicomTag.GraphicAnnotationUnits, units).Set(DicomTag.GraphicType, "POINT")
            .Set(new DicomElement(DicomTag.GraphicData, DicomVr.FL, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([x, y]).ToArray()));
        state.Set(DicomTag.GraphicAnnotationSequence, new DicomDataset().Set(DicomTag.GraphicObjectSequence, Point("DISPLAY", 0, 0), Point("DISPLAY", 1, 1), Point("PIXEL", 5.5f, 3.5f)));
        using var shown = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        foreach (var (x, y) in (ReadOnlySpan<(int, int)>)[(0, 0), (7, 4), (3, 2)])
        {
            Assert.Equal(255, shown.Data[(y * shown.Width) + x]);
        }
    }

    /// <summary>Who turns the picture himself gets it pixel for pixel, and sees the same when he has turned it: texts stand upright.</summary>
    [Theory]
    [InlineData(0, "N")]
    [InlineData(0, "Y")]
    [InlineData(90, "N")]
    [InlineData(90, "Y")]
    [InlineData(180, "N")]
    [InlineData(270, "N")]
    [InlineData(270, "Y")]
    public void In_place_a_state_changes_no_geometry_and_turned_by_hand_it_is_what_the_state_wants(int rotation, string flip)
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        static byte[] Floats(params float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        var text = new DicomDataset().Set(DicomTag.UnformattedTextValue, "Pf").Set(DicomTag.AnchorPointAnnotationUnits, "PIXEL").Set(new DicomElement(DicomTag.AnchorPoint, DicomVr.FL, Floats(6, 5)));
        var line = new DicomDataset().Set(DicomTag.GraphicAnnotationUnits, "DISPLAY").Set(DicomTag.GraphicType, "POLYLINE").Set(new DicomElement(DicomTag.GraphicData, DicomVr.FL, Floats(0, 0, 0.4f, 0.2f)));
        var state = State(pixels.Header).Set(DicomTag.PresentationLUTShape, "IDENTITY").Set(DicomTag.ImageRotation, rotation).Set(DicomTag.ImageHorizontalFlip, flip)
            .Set(DicomTag.GraphicAnnotationSequence, new DicomDataset().Set(DicomTag.GraphicObjectSequence, line).Set(DicomTag.TextObjectSequence, text));
        using var whole = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state) });
        using var still = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state), StateGeometry = false });
        using var image = pixels.Render(new RenderOptions());
        Assert.Equal((image.Width, image.Height), (still.Width, still.Height));
        Assert.NotEqual(image.Data.ToArray(), still.Data.ToArray());
        for (var y = 0; y < still.Height; y++)
        {
            for (var x = 0; x < still.Width; x++)
            {
                var (toX, toY) = rotation switch { 90 => (still.Height - 1 - y, x), 180 => (still.Width - 1 - x, still.Height - 1 - y), 270 => (y, still.Width - 1 - x), _ => (x, y) };
                toX = flip == "Y" ? whole.Width - 1 - toX : toX;
                Assert.True(whole.Data[(toY * whole.Width) + toX] == still.Data[(y * still.Width) + x], $"{x} {y}");
            }
        }
        // what is displayed is for who shows it to cut out; fractions of it stay where they were
        SetArea(state, [5, 4, 14, 11]);
        using var cut = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state), StateGeometry = false });
        Assert.Equal((image.Width, image.Height), (cut.Width, cut.Height));
        var (cornerX, cornerY) = (rotation, flip) switch { (0, "N") => (4, 3), (0, _) or (90, "Y") => (flip == "Y" && rotation == 90 ? 4 : 13, 3), (90, _) => (4, 10), (180, _) => (13, 10), (_, "N") => (13, 3), _ => (13, 10) };
        Assert.Equal(255, cut.Data[(cornerY * cut.Width) + cornerX]);
    }

    [Fact]
    public void What_a_state_says_of_its_images_can_be_read()
    {
        using var pixels = InstancePixels.Open(PathOf("m2_u8"));
        var state = Window(State(pixels.Header), 100, 700).Set(DicomTag.ImageRotation, 270).Set(DicomTag.ImageHorizontalFlip, "Y").Set(DicomTag.PresentationLUTShape, "INVERSE");
        SetArea(state, [10, 6, 3, 2]).Set(DicomTag.PresentationPixelAspectRatio, "2", "1");
        state.GetSequence(DicomTag.ReferencedSeriesSequence)[0].GetSequence(DicomTag.ReferencedImageSequence)[0].Set(DicomTag.ReferencedFrameNumber, "2", "3");
        var read = PresentationState.Of(state);
        Assert.Equal(("TEST", "test", "Test", "20260101", "120000"), (read.Label, read.Description, read.Creator, read.CreationDate, read.CreationTime));
        Assert.Equal((3, true, true), (read.Turns, read.IsFlipped, read.IsInverse));
        var view = Assert.Single(read.Views);
        Assert.Equal((pixels.Header.GetString(DicomTag.SOPInstanceUID), 2.0, new VoiWindow(100, 700)), (view.SopInstance, view.Stretch, view.Window));
        Assert.Equal([2, 3], view.Frames);
        Assert.Equal([10.0, 6, 3, 2], view.Area);
        // a table has no window that could be dragged from
        state.GetSequence(DicomTag.SoftcopyVOILUTSequence)[0].Set(DicomTag.VOILUTSequence, new DicomDataset().Set(DicomTag.LUTData, 1));
        Assert.Null(PresentationState.Of(state).Views.Single().Window);
    }

    /// <summary>Replaces the displayed area.</summary>
    private static DicomDataset SetArea(DicomDataset state, int[] corners)
    {
        var area = state.GetSequence(DicomTag.DisplayedAreaSelectionSequence)[0];
        foreach (var (tag, place) in new[] { (DicomTag.DisplayedAreaTopLeftHandCorner, 0), (DicomTag.DisplayedAreaBottomRightHandCorner, 2) })
        {
            area.Set(new DicomElement(tag, DicomVr.SL, System.Runtime.InteropServices.MemoryMarshal.AsBytes(corners.AsSpan(place, 2)).ToArray()));
        }
        return area;
    }

    private static async Task AssertAsDcmtkAsync(string path, Func<DicomDataset, DicomDataset> complete)
    {
        var header = DicomFile.Open(path).Dataset;
        await AssertAsDcmtkAsync(path, new DicomFile(complete(State(header)), TransferSyntax.ExplicitVRLittleEndian));
    }

    private static async Task AssertAsDcmtkAsync(string path, DicomFile state)
    {
        Assert.SkipUnless(File.Exists(Tool), "dcmtk is not installed");
        var folder = Directory.CreateTempSubdirectory("pacs-state");
        try
        {
            var (statePath, pgm) = (Path.Join(folder.FullName, "state.dcm"), Path.Join(folder.FullName, "image.pgm"));
            state.Save(statePath);
            using var dcmtk = Process.Start(new ProcessStartInfo(Tool, ["-p", statePath, path, pgm]) { RedirectStandardError = true, UseShellExecute = false })!;
            var errors = await dcmtk.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await dcmtk.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(dcmtk.ExitCode == 0 && File.Exists(pgm), errors);
            using var pixels = InstancePixels.Open(path);
            using var image = pixels.Render(new RenderOptions { PresentationState = PresentationState.Of(state.Dataset) });
            var expected = await File.ReadAllBytesAsync(pgm, TestContext.Current.CancellationToken);
            // "P5", comments, width, height, 255, then the pixels
            Assert.Equal(image.Data.Length, expected.Length - HeaderLength(expected, out var width, out var height));
            Assert.Equal((width, height), (image.Width, image.Height));
            var most = 0;
            for (var i = 0; i < image.Data.Length; i++)
            {
                most = Math.Max(most, Math.Abs(image.Data[i] - expected[expected.Length - image.Data.Length + i]));
            }
            // dcmtk cuts where we round
            Assert.InRange(most, 0, 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int HeaderLength(byte[] pgm, out int width, out int height)
    {
        var numbers = new List<int>();
        var at = 2;
        while (numbers.Count < 3)
        {
            if (pgm[at] == '#')
            {
                at = Array.IndexOf(pgm, (byte)'\n', at);
            }
            else if (char.IsAsciiDigit((char)pgm[at]))
            {
                var number = 0;
                for (; char.IsAsciiDigit((char)pgm[at]); at++)
                {
                    number = (number * 10) + pgm[at] - '0';
                }
                numbers.Add(number);
                continue;
            }
            at++;
        }
        (width, height) = (numbers[0], numbers[1]);
        return at + 1;
    }

    private static DicomDataset Window(DicomDataset state, int center, int width) =>
        state.Set(DicomTag.SoftcopyVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, center).Set(DicomTag.WindowWidth, width));

    private static DicomDataset State(DicomDataset image) => new DicomDataset()
        .Set(DicomTag.SOPClassUID, DicomUid.GrayscaleSoftcopyPresentationStateStorage).Set(DicomTag.SOPInstanceUID, "2.25.77")
        .Set(DicomTag.StudyInstanceUID, image.GetString(DicomTag.StudyInstanceUID)!).Set(DicomTag.SeriesInstanceUID, "2.25.78").Set(DicomTag.Modality, "PR")
        .Set(DicomTag.InstanceNumber, "1").Set(DicomTag.SeriesNumber, "1").Set(DicomTag.ContentLabel, "TEST").Set(DicomTag.ContentDescription, "test")
        .Set(DicomTag.PresentationCreationDate, "20260101").Set(DicomTag.PresentationCreationTime, "120000").Set(DicomTag.ContentCreatorName, "Test")
        .Set(DicomTag.PatientName, "Test").Set(DicomTag.PatientID, "SYN-1").Set(DicomTag.ImageHorizontalFlip, "N").Set(DicomTag.ImageRotation, 0)
        .Set(DicomTag.ReferencedSeriesSequence, new DicomDataset()
            .Set(DicomTag.SeriesInstanceUID, image.GetString(DicomTag.SeriesInstanceUID)!)
            .Set(DicomTag.ReferencedImageSequence, new DicomDataset()
                .Set(DicomTag.ReferencedSOPClassUID, image.GetString(DicomTag.SOPClassUID)!).Set(DicomTag.ReferencedSOPInstanceUID, image.GetString(DicomTag.SOPInstanceUID)!)))
        .Set(DicomTag.DisplayedAreaSelectionSequence, new DicomDataset()
            .Set(new DicomElement(DicomTag.DisplayedAreaTopLeftHandCorner, DicomVr.SL, new byte[] { 1, 0, 0, 0, 1, 0, 0, 0 }))
            .Set(new DicomElement(DicomTag.DisplayedAreaBottomRightHandCorner, DicomVr.SL,
                new byte[] { (byte)image.GetInt32(DicomTag.Columns)!.Value, 0, 0, 0, (byte)image.GetInt32(DicomTag.Rows)!.Value, 0, 0, 0 }))
            .Set(DicomTag.PresentationSizeMode, "SCALE TO FIT").Set(DicomTag.PresentationPixelAspectRatio, "1", "1"));

    private static string PathOf(string name) => Path.Join(AppContext.BaseDirectory, "Golden", "images", "synthetic", name + ".dcm");
}
