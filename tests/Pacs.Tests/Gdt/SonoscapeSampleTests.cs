using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Sonoscape-like objects of <c>shared/samples</c> through the archive; skipped where the samples are absent.</summary>
public sealed class SonoscapeSampleTests
{
    [Theory]
    [InlineData(1, "RGB", "YBR_FULL_422")] // the stream is JFIF, 4:2:2
    [InlineData(2, "YBR_FULL_422", "YBR_FULL")] // the stream is JFIF, 4:4:4
    public async Task An_image_is_repaired_in_its_header_only(int number, string before, string after)
    {
        var path = SharedSamples.Require("samples", "B_us", "synthetic", $"sonoscape_like_photometric_mismatch_{number}.dcm");
        var ct = TestContext.Current.CancellationToken;
        var original = DicomFile.Open(path);
        Assert.Equal(before, original.Dataset.GetString(DicomTag.PhotometricInterpretation));
        await using var host = await GdtHost.StartAsync();
        var stored = await host.StoreAsync(path);
        await using var stream = await host.Archive.OpenAsync(stored.Instance, ct);
        var repaired = await DicomFile.ReadAsync(stream!, null, ct);

        Assert.Equal(after, repaired.Dataset.GetString(DicomTag.PhotometricInterpretation));
        Assert.Equal(original.Dataset.GetString(DicomTag.SOPInstanceUID), repaired.Dataset.GetString(DicomTag.SOPInstanceUID));
        Assert.Equal(
            original.Dataset.Get(DicomTag.PixelData)!.Fragments!.Select(f => Convert.ToHexString(f.Span)),
            repaired.Dataset.Get(DicomTag.PixelData)!.Fragments!.Select(f => Convert.ToHexString(f.Span)));
        var modification = Assert.Single(repaired.Dataset.GetSequence(DicomTag.OriginalAttributesSequence));
        Assert.Equal("COERCE", modification.GetString(DicomTag.ReasonForTheAttributeModification));
        Assert.Equal(before, modification.GetSequence(DicomTag.ModifiedAttributesSequence)[0].GetString(DicomTag.PhotometricInterpretation));
        // nothing else has changed
        Assert.Equal(
            original.Dataset.Select(e => e.Tag),
            repaired.Dataset.Select(e => e.Tag).Where(t => t != DicomTag.OriginalAttributesSequence));

        // sent again it is the same object, not another
        Assert.Equal(Pacs.Storage.StoreOutcome.AlreadyStored, (await host.StoreAsync(path)).Outcome);
    }

    [Fact]
    public async Task A_report_in_the_series_of_its_images_leaves_it()
    {
        await using var host = await GdtHost.StartAsync();
        var image = await host.StoreAsync(SharedSamples.Require("samples", "B_us", "synthetic", "sonoscape_like_photometric_mismatch_1.dcm"));
        var report = await host.StoreAsync(SharedSamples.Require("samples", "A_sr", "synthetic", "sonoscape_like_echo_5200.dcm"));
        await host.SettleAsync();
        Assert.Equal(image.Study, report.Study);
        Assert.NotEqual(image.Series, report.Series);
        Assert.Equal(2, host.Names.Length);
        Assert.Contains("R0000000001.gdt", host.Names);
    }
}
