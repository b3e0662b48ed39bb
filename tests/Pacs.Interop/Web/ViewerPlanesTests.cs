using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>Where images lie in the patient: letters at their sides, fields that scroll together by place, lines where one image cuts another; and what else a physician sees of a stack.</summary>
public sealed class ViewerPlanesTests
{
    private const string Frame = "1.2.276.0.9.100";

    private static readonly string[] Axial = ["1", "0", "0", "0", "1", "0"];
    private static readonly string[] Sagittal = ["0", "1", "0", "0", "0", "-1"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Letters_turn_with_the_image()
    {
        var radiograph = ViewerOffice.Slice(1, "1.2.276.0.9.4", "THORAX", 1, ["0", "0", "0"], Axial, Frame).Set(DicomTag.PatientOrientation, "L", "FA").Set(DicomTag.Modality, "DX");
        radiograph.Remove(DicomTag.ImageOrientationPatient);
        await using var office = await ViewerOffice.OpenAsync([.. Stack("1.2.276.0.9.2", "AXIAL", 1, 3, 5, Axial), radiograph], Ct);
        var page = await office.PageAsync("/viewer?accession=AXIAL");
        await LettersAsync(page, "R A L P");
        await page.Keyboard.PressAsync("h");
        await LettersAsync(page, "L A R P");
        await page.Keyboard.PressAsync("d");
        await LettersAsync(page, "P L A R");
        await page.Keyboard.PressAsync("h"); // what is seen on the left is on the right now
        await LettersAsync(page, "A L P R");
        await page.Keyboard.PressAsync("r");
        await LettersAsync(page, "R A L P");
        await CornerAsync(page, 1, "Schicht 5,0 mm · Dicke 5,0 mm");
        await page.Keyboard.PressAsync("t");
        Assert.False(await page.Locator(".letters.at-left").IsVisibleAsync());

        // a projection has no place, but says where its rows and columns lead
        page = await office.PageAsync("/viewer?accession=THORAX");
        await LettersAsync(page, "R HP L FA");
        Assert.DoesNotContain("Schicht ", await page.Locator(".corner.bl").TextContentAsync(), StringComparison.Ordinal);
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task Linked_fields_go_as_far_through_the_patient_whatever_their_slices()
    {
        // 5 mm upwards, and an older study in another frame of reference: 2.5 mm, from the other end
        await using var office = await ViewerOffice.OpenAsync(
            [
                .. Stack("1.2.276.0.9.2", "NEW", 1, 6, 5, Axial).Select(s => s.Set(DicomTag.StudyDate, "20250301")),
                .. Stack("1.2.276.0.9.3", "OLD", 1, 12, -2.5, Axial, "1.2.276.0.9.101").Select(s => s.Set(DicomTag.StudyDate, "20230301")),
            ], Ct);
        var page = await office.PageAsync("/viewer?accession=NEW");
        await CornerAsync(page, 1, "Bild 1 von 6");
        await page.Keyboard.PressAsync("c");
        await CornerAsync(page, 2, "Bild 1 von 12");
        await page.Locator(".pane:nth-child(2) canvas").FocusAsync();
        await page.Keyboard.PressAsync("End");
        await CornerAsync(page, 2, "Bild 12 von 12");
        await page.Locator(".pane:nth-child(1) canvas").FocusAsync();
        await page.Keyboard.PressAsync("g");
        // the headers of both are asked for
        await page.WaitForFunctionAsync("() => performance.getEntriesByType('resource').filter(e => e.name.includes('/viewer/serien/') && e.responseEnd).length >= 2");
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 1, "Bild 2 von 6");
        await CornerAsync(page, 2, "Bild 10 von 12");
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 2, "Bild 8 von 12");
        // and by the thin slices: two of them are a thick one, back the way they came
        await page.Locator(".pane:nth-child(2) canvas").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 2, "Bild 10 von 12");
        await CornerAsync(page, 1, "Bild 2 von 6");
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task In_one_frame_of_reference_the_same_place_is_shown_and_a_line_says_where_the_other_cuts()
    {
        await using var office = await ViewerOffice.OpenAsync(
            [.. Stack("1.2.276.0.9.2", "BOTH", 1, 6, 5, Axial), .. Stack("1.2.276.0.9.2", "BOTH", 2, 12, 2.5, Axial), .. Stack("1.2.276.0.9.2", "BOTH", 3, 4, 5, Sagittal)], Ct);
        var page = await office.PageAsync("/viewer?accession=BOTH");
        await CornerAsync(page, 1, "Schicht 5,0 mm");
        await page.Locator("#layout").SelectOptionAsync("2x2");
        await CornerAsync(page, 1, "Schicht 5,0 mm");
        await CornerAsync(page, 2, "Schicht 2,5 mm");
        await CornerAsync(page, 3, "Bild 1 von 4");
        await page.Locator(".pane:nth-child(1) canvas").FocusAsync();
        await page.Keyboard.PressAsync("g");
        await page.WaitForFunctionAsync("() => performance.getEntriesByType('resource').filter(e => e.name.includes('/viewer/serien/') && e.responseEnd).length >= 3");
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 1, "Schicht 10,0 mm");
        await CornerAsync(page, 2, "Schicht 10,0 mm");
        await CornerAsync(page, 3, "Bild 2 von 4"); // no place in common: image by image

        Assert.Equal(0, await LineAsync(page, 2)); // side by side: they do not cut each other
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task A_cut_is_where_geometry_says()
    {
        await using var office = await ViewerOffice.OpenAsync(
            [.. Stack("1.2.276.0.9.2", "CUT", 1, 6, -10, Axial), .. Stack("1.2.276.0.9.2", "CUT", 2, 2, 20, Sagittal)], Ct);
        var page = await office.PageAsync("/viewer?accession=CUT");
        await CornerAsync(page, 1, "Schicht -10,0 mm");
        await page.Locator("#layout").SelectOptionAsync("1x2");
        await CornerAsync(page, 1, "Schicht -10,0 mm");
        await CornerAsync(page, 2, "Bild 1 von 2");
        await page.Locator(".pane:nth-child(1) canvas").FocusAsync();
        // z = -10 mm is row 5 of 64 in the sagittal image, whose rows are 2 mm apart from z = 0 on; half a pixel more to its middle
        Assert.InRange(await LineAsync(page, 2), 5.5 - 0.6, 5.5 + 0.6);
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 1, "Schicht -20,0 mm");
        Assert.InRange(await LineAsync(page, 2), 10.5 - 0.6, 10.5 + 0.6);
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task An_outline_is_measured_listed_and_taken_away_and_axe_finds_nothing()
    {
        var axe = Tool.NodeModule("axe-core/axe.min.js");
        await using var office = await ViewerOffice.OpenAsync(Stack("1.2.276.0.9.2", "AREA", 1, 2, 5, Axial), Ct);
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 390) })
        {
            var page = await office.PageAsync("/viewer?accession=AREA", width, scheme: scheme);
            await CornerAsync(page, 1, "Fenster 300 / 700");
            await page.Keyboard.PressAsync("8");
            var box = (await page.Locator(".pane canvas").BoundingBoxAsync())!;
            var side = Math.Min(box.Width, box.Height) / 4; // 16 pixels of 2 mm
            var (x, y) = (box.X + (box.Width / 2), box.Y + (box.Height / 2));
            await page.Mouse.MoveAsync(x, y);
            await page.Mouse.DownAsync();
            foreach (var (dx, dy) in new[] { (1, 0), (1, 1), (0, 1) })
            {
                await page.Mouse.MoveAsync(x + (dx * side), y + (dy * side));
            }
            await page.Mouse.UpAsync();
            // 32 mm by 32 mm; columns 32 to 47 have 321 to 471 in this image
            await page.WaitForFunctionAsync("() => document.querySelector('#status').textContent.startsWith('Fläche 10,24 cm² · Umfang 128,0 mm · ⌀ 396,0 ± 46,1 (321 bis 471')");

            await page.Keyboard.PressAsync("m");
            await AxeAsync(page, axe);
            Assert.Equal(1, await page.Locator("#measured li").CountAsync());
            await page.Keyboard.PressAsync("Escape");
            Assert.False(await page.Locator("#measured").IsVisibleAsync());

            // by keyboard alone: three corners, and Enter once more where the last one is
            await page.Keyboard.PressAsync("ArrowRight");
            await CornerAsync(page, 1, "Bild 2 von 2");
            foreach (var key in new[] { "Enter", "Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter", "Enter", "Escape" })
            {
                await page.Keyboard.PressAsync(key);
            }
            await page.WaitForFunctionAsync("() => document.querySelector('#status').textContent.startsWith('Fläche 2,00 cm² · Umfang 68,3 mm')");
            await page.Keyboard.PressAsync("m");
            Assert.Equal(2, await page.Locator("#measured li").CountAsync());
            await page.Locator("#measured li:first-child button").Nth(1).ClickAsync();
            Assert.Equal(1, await page.Locator("#measured li").CountAsync());
            await page.Locator("#measured li button").First.ClickAsync();
            await CornerAsync(page, 1, "Bild 2 von 2");
            Assert.Contains("Fläche 2,00 cm²", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
            await page.Keyboard.PressAsync("Delete");
            await page.Keyboard.PressAsync("m");
            Assert.True(await page.GetByText("In dieser Serie ist noch nichts gemessen.").IsVisibleAsync());
            await AxeAsync(page, axe);
        }
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task A_server_that_comes_again_is_asked_again()
    {
        await using var office = await ViewerOffice.OpenAsync(Stack("1.2.276.0.9.2", "AGAIN", 1, 100, 5, Axial), Ct);
        var page = await office.PageAsync("/viewer?accession=AGAIN");
        await CornerAsync(page, 1, "Bild 1 von 100");
        await office.Server.StopAsync(Ct);
        await page.Keyboard.PressAsync("End");
        var message = page.Locator(".pane .message");
        await message.GetByText("Der Server antwortet nicht").WaitForAsync();
        await office.Server.StartAsync(Ct);
        await message.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Noch einmal versuchen" }).ClickAsync();
        await CornerAsync(page, 1, "Bild 100 von 100");
        Assert.False(await message.IsVisibleAsync());
        Assert.True(await page.EvaluateAsync<bool>("document.activeElement === document.querySelector('.pane canvas')"));
    }

    [Fact]
    public async Task A_login_that_is_over_is_said_in_words()
    {
        await using var office = await ViewerOffice.OpenAsync(Stack("1.2.276.0.9.2", "OVER", 1, 2, 5, Axial), Ct);
        var page = await office.PageAsync("/viewer?accession=OVER");
        await CornerAsync(page, 1, "Bild 1 von 2");
        await page.RouteAsync("**/bilder/**window=**", route => route.FulfillAsync(new RouteFulfillOptions { Status = 401 }));
        await page.Locator("#presets").SelectOptionAsync(new SelectOptionValue { Label = "CT Knochen" });
        await Assertions.Expect(page.Locator(".pane .message")).ToContainTextAsync("Die Anmeldung gilt nicht mehr. Laden Sie die Seite neu.");
    }

    [Fact]
    public async Task Frames_of_an_enhanced_object_have_their_own_windows_and_places()
    {
        var enhanced = ViewerOffice.Slice(1, "1.2.276.0.9.5", "ENHANCED", 1, ["0", "0", "0"], Axial, Frame);
        foreach (var tag in new[] { DicomTag.ImagePositionPatient, DicomTag.ImageOrientationPatient, DicomTag.WindowCenter, DicomTag.WindowWidth })
        {
            enhanced.Remove(tag);
        }
        var pixels = new byte[2 * 64 * 64 * 2];
        enhanced.Set(DicomTag.SOPClassUID, DicomUid.EnhancedCTImageStorage).Set(DicomTag.NumberOfFrames, 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels))
            .Set(DicomTag.SharedFunctionalGroupsSequence, new DicomDataset()
                .Set(DicomTag.PlaneOrientationSequence, new DicomDataset().Set(DicomTag.ImageOrientationPatient, Sagittal)))
            .Set(DicomTag.PerFrameFunctionalGroupsSequence, Enumerable.Range(1, 2).Select(i => new DicomDataset()
                .Set(DicomTag.PlanePositionSequence, new DicomDataset().Set(DicomTag.ImagePositionPatient, $"{i * 7}", "0", "0"))
                .Set(DicomTag.FrameVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, $"{i * 40}").Set(DicomTag.WindowWidth, $"{i * 100}"))));
        await using var office = await ViewerOffice.OpenAsync([enhanced], Ct);
        var page = await office.PageAsync("/viewer?accession=ENHANCED");
        await CornerAsync(page, 1, "Fenster 40 / 100");
        await CornerAsync(page, 1, "Schicht 7,0 mm");
        await LettersAsync(page, "A H P F");
        await page.Keyboard.PressAsync("ArrowRight");
        await CornerAsync(page, 1, "Fenster 80 / 200");
        await CornerAsync(page, 1, "Schicht 14,0 mm");
        Assert.Empty(office.Complaints);
    }

    private static IEnumerable<DicomDataset> Stack(string study, string accession, int series, int count, double gap, string[] directions, string frame = Frame) =>
        Enumerable.Range(1, count).Select(i =>
        {
            var along = FormattableString.Invariant($"{i * gap}");
            return ViewerOffice.Slice(i, study, accession, series, directions == Axial ? ["-64", "-64", along] : [along, "-64", "0"], directions, frame);
        });

    private static Task CornerAsync(IPage page, int pane, string text) =>
        Assertions.Expect(page.Locator($".pane:nth-child({pane}) .corner.bl")).ToContainTextAsync(text, new LocatorAssertionsToContainTextOptions { Timeout = 15_000 });

    private static Task LettersAsync(IPage page, string letters) => page.WaitForFunctionAsync(
        "letters => ['left', 'top', 'right', 'bottom'].map(s => document.querySelector(`.letters.at-${s}`)?.textContent).join(' ') === letters", letters);

    /// <summary>In which row of its image of 64 rows a field shows the line of another, or 0.</summary>
    private static Task<double> LineAsync(IPage page, int pane) => page.EvaluateAsync<double>("""
        pane => {
          const c = document.querySelector(`.pane:nth-child(${pane}) canvas`), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          const rows = [];
          for (let y = 0; y < c.height; y++) for (let x = 0; x < c.width; x++) { const i = 4 * (y * c.width + x); if (d[i] > 200 && d[i + 2] < 150 && d[i] - d[i + 2] > 80) { rows.push(y + 0.5); break; } }
          const side = Math.min(c.width, c.height);
          return rows.length ? (rows.reduce((a, b) => a + b) / rows.length - (c.height - side) / 2) / side * 64 : 0;
        }
        """, pane);

    private static async Task AxeAsync(IPage page, string axe)
    {
        await page.EvaluateAsync(await File.ReadAllTextAsync(axe, Ct)); // past the policy, which holds for the page's own scripts
        Assert.Empty(await page.EvaluateAsync<string[]>("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html}`))"));
    }
}
