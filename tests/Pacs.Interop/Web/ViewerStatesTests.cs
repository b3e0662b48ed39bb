using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>Presentation states in the viewer: chosen, seen as they want it, measured in, printed and saved.</summary>
public sealed class ViewerStatesTests
{
    private const string Study = "1.2.276.0.31";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_state_is_chosen_and_measuring_in_it_is_right()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=STATES");
        await ShownAsync(page, "Bild 1 von 2");
        await MeasureAsync(page, 20, 10, 20, 40);
        Assert.Equal("Länge 60,0 mm", await page.Locator("#status").TextContentAsync());
        Assert.Equal("R", await page.Locator(".at-left").TextContentAsync());
        var plain = await PixelsAsync(page);

        // those of the image, by name, maker and day
        var choice = page.Locator("#states");
        await page.Locator("#states option").Nth(2).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        Assert.Equal(["Ohne gespeicherte Ansicht", "Befund · Radiologe, Rudi · 02.03.2026", "GEDREHT · 02.03.2026"], await page.Locator("#states option").AllTextContentsAsync());
        await choice.SelectOptionAsync("1");
        await ShownAsync(page, "Befund · Radiologe, Rudi");
        await ShownAsync(page, "Fenster 100 / 200");
        await page.WaitForFunctionAsync("before => viewerSum() !== before", plain);
        Assert.Contains("Befund", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        Assert.Equal("Wie die Ansicht", await page.Locator("#presets option:checked").TextContentAsync());

        // turned to the right, then mirrored, and only a part: the letters have gone along, and a length is what it was
        await choice.SelectOptionAsync("2");
        await ShownAsync(page, "GEDREHT");
        Assert.Equal("AP", await page.Locator(".at-left").TextContentAsync() + await page.Locator(".at-right").TextContentAsync());
        Assert.Equal("RL", await page.Locator(".at-top").TextContentAsync() + await page.Locator(".at-bottom").TextContentAsync());
        await page.GotoAsync("/viewer?accession=STATES");
        await page.Locator("#states option").Nth(2).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        await choice.SelectOptionAsync("2");
        await ShownAsync(page, "GEDREHT");
        await MeasureAsync(page, 20, 15, 20, 30);
        Assert.Equal("Länge 30,0 mm", await page.Locator("#status").TextContentAsync());
        // 32 x 24 pixels of the image are seen, from 9 and 11 on: the middle of the field is that of the part
        var middle = await page.EvaluateAsync<double[]>("""
            async () => {
              const { areaOf, turnedBy } = await import('/viewer/states.js');
              const area = areaOf({ area: [9, 34, 40, 11] }, 64, 64);
              return [area.left, area.top, area.width, area.height, ...[[0, false], [1, false], [0, true], [3, true]].flatMap(([turn, flip]) => { const t = turnedBy({ turns: 1, isFlipped: true }, { turn, flip }); return [t.turn, t.flip ? 1 : 0]; })];
            }
            """);
        Assert.Equal([8, 10, 32, 24, 3, 1, 0, 1, 1, 0, 0, 0], middle);

        // saved, it is the part that is seen, upright as it is seen
        var saved = await page.RunAndWaitForDownloadAsync(() => page.Locator("[data-do=png]").ClickAsync());
        var png = await File.ReadAllBytesAsync((await saved.PathAsync())!, Ct);
        Assert.Equal((24, 32), (png[19], png[23])); // IHDR

        // printed as it is seen: the server turns it
        var paper = await page.RunAndWaitForPopupAsync(() => page.Locator("[data-do=print]").ClickAsync());
        await paper.WaitForFunctionAsync("() => document.images.length === 1 && document.images[0].naturalWidth > 0");
        Assert.Equal(24.0 / 32, await paper.EvaluateAsync<double>("() => document.images[0].naturalWidth / document.images[0].naturalHeight"), 0.01);

        // as it was
        await page.BringToFrontAsync();
        await page.Locator("[data-do=reset]").ClickAsync();
        await page.Locator(".at-left:has-text('R')").WaitForAsync();
        Assert.Equal("Ohne gespeicherte Ansicht", await page.Locator("#states option:checked").TextContentAsync());
        // of another image it says nothing
        await page.Keyboard.PressAsync("ArrowRight");
        await ShownAsync(page, "Bild 2 von 2");
        Assert.True(await choice.IsDisabledAsync());
        Assert.DoesNotContain(office.Complaints, c => !c.Contains("404", StringComparison.Ordinal)); // the picture of the state whose image is not here
    }

    [Fact]
    public async Task In_the_list_a_state_leads_to_its_image_or_says_that_there_is_none()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=STATES");
        await ShownAsync(page, "Bild 1 von 2");
        await page.Keyboard.PressAsync("ArrowRight");
        await ShownAsync(page, "Bild 2 von 2");
        await page.Locator("#series button:has-text('GEDREHT')").ClickAsync();
        await ShownAsync(page, "GEDREHT");
        await ShownAsync(page, "Bild 1 von 2");
        Assert.Equal("true", await page.Locator("#series button:has-text('GEDREHT')").GetAttributeAsync("aria-current"));
        Assert.Equal(1, await page.Locator("#series [aria-current]").CountAsync());
        await page.Locator("#series button:has-text('Verwaist')").ClickAsync();
        var message = page.Locator(".pane .message");
        await message.GetByText("Keines der Bilder, zu denen diese Ansicht gehört, ist hier.").WaitForAsync();
        // and by its own address
        var state = (await page.Locator(".pane .message a").First.GetAttributeAsync("href"))!.Split('/')[^1];
        await page.GotoAsync($"/viewer?accession=STATES&image={state}");
        await message.GetByText("Keines der Bilder").WaitForAsync();
        // page keys go through images only
        await page.GotoAsync("/viewer?accession=STATES");
        await ShownAsync(page, "Bild 1 von 2");
        await page.Keyboard.PressAsync("PageDown");
        await page.Keyboard.PressAsync("ArrowRight");
        await ShownAsync(page, "Bild 2 von 2");
    }

    private static Task ShownAsync(IPage page, string text) => page.Locator($".corner.bl:has-text('{text}')").WaitForAsync();

    private static Task<int> PixelsAsync(IPage page) => page.EvaluateAsync<int>("() => viewerSum()");

    /// <summary>A length between two pixels of the image, wherever they are on the screen: by the keyboard's own tool.</summary>
    private static async Task MeasureAsync(IPage page, double fromX, double fromY, double toX, double toY)
    {
        await page.Locator("[data-tool=length]").ClickAsync();
        async Task<(float X, float Y)> PlaceAsync(double x, double y)
        {
            // where the image says that it is: its letters and its form are checked beside this
            var place = await page.EvaluateAsync<float[]>("([x, y]) => { const p = window.placeOf(x, y); return [p.x, p.y]; }", new[] { x, y });
            return (place[0], place[1]);
        }
        await page.EvaluateAsync("""
            () => {
              const canvas = document.querySelector('.pane canvas'), state = document.querySelector('#states')?.selectedOptions[0]?.textContent ?? '';
              const box = canvas.getBoundingClientRect(), turned = state.includes('GEDREHT');
              // the plain image fills the height; the part of 32 x 24 from 8, 10 on lies a quarter turned to the right and mirrored: rows downwards run to the right
              const fit = turned ? Math.min(box.width / 24, box.height / 32) : Math.min(box.width, box.height) / 64;
              window.placeOf = (x, y) => turned
                ? { x: box.left + box.width / 2 + (y - 22) * fit, y: box.top + box.height / 2 + (x - 24) * fit }
                : { x: box.left + box.width / 2 + (x - 32) * fit, y: box.top + box.height / 2 + (y - 32) * fit };
            }
            """);
        var (from, to) = (await PlaceAsync(fromX, fromY), await PlaceAsync(toX, toY));
        await page.Mouse.MoveAsync(from.X, from.Y);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(to.X, to.Y);
        await page.Mouse.UpAsync();
        await page.Locator("#status:has-text('Länge')").WaitForAsync();
    }

    /// <summary>Two slices, and what somebody wants to be seen of the first: a window; a part of it turned and mirrored; and something about an image that is not here.</summary>
    private static Task<ViewerOffice> OpenAsync() => ViewerOffice.OpenAsync(
        [
            Slice(1), Slice(2),
            State(1, "BEFUND", "Befund", "Radiologe^Rudi", $"{Study}.1.1", [1, 1, 64, 64]),
            State(2, "GEDREHT", "", "", $"{Study}.1.1", [9, 34, 40, 11]).Set(DicomTag.ImageRotation, 90).Set(DicomTag.ImageHorizontalFlip, "Y"),
            State(3, "FREMD", "Verwaist", "", $"{Study}.1.99", [1, 1, 64, 64]),
        ], Ct);

    private static DicomDataset Slice(int number) =>
        ViewerOffice.Slice(number, Study, "STATES", 1, ["0", "0", $"{number * 5}"], ["1", "0", "0", "0", "1", "0"], Study + ".5");

    private static DicomDataset State(int number, string label, string description, string creator, string about, int[] area) =>
        SampleFiles.Header("Schicht^Sabine", "4720", Study, "STATES", "PR", DicomUid.GrayscaleSoftcopyPresentationStateStorage, number)
            .Set(DicomTag.SeriesInstanceUID, Study + ".9").Set(DicomTag.SOPInstanceUID, $"{Study}.9.{number}").Set(DicomTag.SeriesNumber, 9)
            .Set(DicomTag.ContentLabel, label).Set(DicomTag.ContentDescription, description).Set(DicomTag.ContentCreatorName, creator).Set(DicomTag.PresentationCreationDate, "20260302")
            .Set(DicomTag.PresentationCreationTime, "080000").Set(DicomTag.PresentationLUTShape, "IDENTITY")
            .Set(DicomTag.SoftcopyVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, "100").Set(DicomTag.WindowWidth, "200"))
            .Set(DicomTag.DisplayedAreaSelectionSequence, new DicomDataset().Set(Corner(DicomTag.DisplayedAreaTopLeftHandCorner, area[..2])).Set(Corner(DicomTag.DisplayedAreaBottomRightHandCorner, area[2..]))
                .Set(DicomTag.PresentationSizeMode, "SCALE TO FIT").Set(DicomTag.PresentationPixelAspectRatio, "1", "1"))
            .Set(DicomTag.ReferencedSeriesSequence, new DicomDataset().Set(DicomTag.SeriesInstanceUID, Study + ".1")
                .Set(DicomTag.ReferencedImageSequence, new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, DicomUid.CTImageStorage).Set(DicomTag.ReferencedSOPInstanceUID, about)));

    private static DicomElement Corner(DicomTag tag, int[] place) => new(tag, DicomVr.SL, System.Runtime.InteropServices.MemoryMarshal.AsBytes(place.AsSpan()).ToArray());
}
