using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Pictures against those of others: the formulas of PS3.3 in numpy, dcmtk, OpenJPEG.</summary>
public sealed class GoldenImageTests
{
    /// <summary>The pictures that dcmtk and we make differently, and why. Otherwise a level may differ: dcmtk cuts where PS3.3 §C.11.2.1.2 is rounded.</summary>
    private static readonly Dictionary<string, (int Most, string Why)> Departures = new(StringComparer.Ordinal)
    {
        ["SC_ybr_full_uncompressed.dcm"] = (2, "dcmtk converts YBR in whole numbers"),
        ["SC_ybr_full_422_uncompressed.dcm"] = (2, "dcmtk converts YBR in whole numbers"),
        ["YBR_FULL-RLE.dcm"] = (2, "dcmtk converts YBR in whole numbers"),
        ["examples_ybr_color.dcm"] = (2, "dcmtk converts YBR in whole numbers"),
        ["liver_1frame.dcm"] = (127, "dcmtk shows a single bit as 128"),
        ["liver_expb_1frame.dcm"] = (127, "dcmtk shows a single bit as 128"),
        ["liver_nonbyte_aligned.dcm"] = (127, "dcmtk shows a single bit as 128"),
        ["liver_j2k.dcm"] = (127, "dcmtk shows a single bit as 128"),
        ["JPEG2000.dcm"] = (2, "a sample that the 9/7 wavelet rounds otherwise is the largest, and the window ends there"),
        ["GH195.dcm"] = (255, "the header says RGB, the stream YCbCr (JFIF, 4:2:0): dcmtk believes the header and shows teeth in blue"),
        ["D_CLUNIE_CT1_RLE_FRAGS.dcm"] = (255, "dcmtk lets the padding around the slice count for the range of values"),
    };

    public static TheoryData<string, string> Rows()
    {
        var rows = new TheoryData<string, string>();
        foreach (var row in Manifest())
        {
            rows.Add(row[0], row[4]);
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_picture_is_the_golden_one(string file, string reference)
    {
        var row = Manifest().Single(r => r[0] == file && r[4] == reference);
        var syntax = TransferSyntax.Get(row[1]);
        Assert.SkipUnless(CodecTable.TryGet(syntax, out _, out var reason), reason ?? "");
        using var pixels = InstancePixels.Open(PathOf(file));
        using var image = pixels.Render(new RenderOptions
        {
            Frame = int.Parse(row[2], CultureInfo.InvariantCulture),
            View = row[3].Contains("+Wi 2", StringComparison.Ordinal) ? 1 : 0,
            Overlays = !row[3].Contains("-O", StringComparison.Ordinal),
        });
        var (most, count) = Difference(image, Png.Open(PathOf(reference)));
        Assert.True(most <= int.Parse(row[5], CultureInfo.InvariantCulture), $"{count} samples differ by up to {most}: {row[6]}");
    }

    [Fact]
    public void Files_of_other_projects_look_as_dcmtk_shows_them()
    {
        var folder = SharedSamples.Require("golden-images", "fetched");
        var wrong = new List<string>();
        var count = 0;
        foreach (var row in File.ReadLines(Path.Join(folder, "manifest-fetched.tsv")).Skip(1).Select(l => l.Split('\t')))
        {
            if (row[5].Length == 0 || !CodecTable.TryGet(TransferSyntax.Get(row[1]), out _, out _))
            {
                continue;
            }
            count++;
            using var pixels = InstancePixels.Open(Path.Join(folder, row[0]));
            using var image = pixels.Render(new RenderOptions());
            var (most, differing) = Difference(image, Png.Open(Path.Join(folder, row[5])));
            // JPEG: see the manifest of the synthetic images
            var allowed = Departures.TryGetValue(row[0], out var known) ? known.Most : pixels.Syntax.Uid is DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit ? 2 : 1;
            if (most > allowed)
            {
                wrong.Add($"{row[0]} ({pixels.Syntax}, {row[2]}, {row[6]}): {differing} samples differ by up to {most}");
            }
        }
        Assert.True(count >= 34, $"only {count} files");
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    private static IEnumerable<string[]> Manifest() => File.ReadLines(PathOf("manifest.tsv")).Skip(1).Select(l => l.Split('\t'));

    private static string PathOf(string name) => Path.Join(AppContext.BaseDirectory, "Golden", "images", name);

    /// <summary>The largest difference of a sample, and how many differ; grey is compared with colour as R = G = B.</summary>
    private static (int Most, int Count) Difference(RenderedImage image, Png expected)
    {
        Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        int most = 0, count = 0;
        for (var i = 0; i < image.Width * image.Height * 3; i++)
        {
            var difference = Math.Abs(image.Data[image.Samples == 3 ? i : i / 3] - expected.Data[expected.Samples == 3 ? i : i / 3]);
            most = Math.Max(most, difference);
            count += difference > 0 ? 1 : 0;
        }
        return (most, count);
    }
}
