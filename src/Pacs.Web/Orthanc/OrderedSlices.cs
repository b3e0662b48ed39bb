using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Instances;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/series/{id}/ordered-slices</c>: the frames of a series in the order in which they are looked at. Slices that lie parallel behind one another, each in a place of its own, are a volume (PS3.3 §C.7.6.2.1);
/// everything else is a sequence by instance number.
/// </summary>
internal sealed class OrderedSlices(IndexReader index, Archive archive)
{
    // files are read for it
    private const int MaxInstances = 10_000;

    // how far the normals of parallel slices may differ, and how near (in mm) two of one place lie
    private const double Tolerance = 1e-5;

    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/series/{id}/ordered-slices", [HttpMethods.Get, HttpMethods.Head],
        (string id, HttpRequest request, OrderedSlices slices, CancellationToken ct) => slices.AnswerAsync(id, request, ct));

    private async Task<IResult> AnswerAsync(string id, HttpRequest request, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var series) || await index.FindRowAsync(Level.Series, series, ct) is null)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        if (await index.LocateAsync(Level.Series, series, MaxInstances, ct) is not { } locations)
        {
            return OrthancError.BadRequest.Answer(request, $"At most {MaxInstances} instances are ordered");
        }
        try
        {
            var slices = new List<Slice>();
            foreach (var location in locations)
            {
                ct.ThrowIfCancellationRequested();
                using var header = InstanceHeader.Read(archive, location);
                if (header is not null)
                {
                    slices.Add(Slice.Of(location, header.Dataset));
                }
            }
            var volume = Volume(slices);
            return new OrthancResult(Write(volume ?? [.. slices.OrderBy(s => s.Number ?? long.MaxValue)], volume is not null));
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(request, e.Message);
        }
    }

    // null when they are none
    private static List<Slice>? Volume(List<Slice> slices)
    {
        if (slices.Count < 2 || slices[0].Normal is not { } normal || slices.Exists(s => s.Location.Frames != 1 || s.Position is null || s.Normal is not { } other || Math.Abs(Dot(normal, other) - 1) > Tolerance))
        {
            return null;
        }
        var ordered = slices.Select(s => (Slice: s, Distance: Dot(normal, s.Position!))).OrderBy(s => s.Distance).ToList();
        return ordered.Zip(ordered.Skip(1)).Any(p => p.Second.Distance - p.First.Distance < Tolerance) ? null : [.. ordered.Select(s => s.Slice)];
    }

    private static JsonObject Write(List<Slice> slices, bool isVolume) => new()
    {
        ["Dicom"] = new JsonArray([.. slices.Select(s => JsonValue.Create($"/instances/{s.Location.Id}/file"))]),
        ["Slices"] = new JsonArray([.. slices.SelectMany(s => Enumerable.Range(0, s.Location.Frames).Select(f => JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"/instances/{s.Location.Id}/frames/{f}"))))]),
        ["SlicesShort"] = new JsonArray([.. slices.Select(s => (JsonNode)new JsonArray(s.Location.Id.ToString(), 0, s.Location.Frames))]),
        ["Type"] = isVolume ? "Volume" : "Sequence",
    };

    private static double Dot(double[] one, double[] other) => (one[0] * other[0]) + (one[1] * other[1]) + (one[2] * other[2]);

    private sealed record Slice(InstanceLocation Location, long? Number, double[]? Position, double[]? Normal)
    {
        public static Slice Of(InstanceLocation location, DicomDataset dataset)
        {
            var (position, axes) = (dataset.GetDoubles(DicomTag.ImagePositionPatient), dataset.GetDoubles(DicomTag.ImageOrientationPatient));
            double[]? normal = null;
            if (axes.Length == 6)
            {
                normal = [(axes[1] * axes[5]) - (axes[2] * axes[4]), (axes[2] * axes[3]) - (axes[0] * axes[5]), (axes[0] * axes[4]) - (axes[1] * axes[3])];
                var length = Math.Sqrt(Dot(normal, normal));
                normal = length > Tolerance && double.IsFinite(length) ? [.. normal.Select(v => v / length)] : null;
            }
            return new Slice(location, long.TryParse(dataset.GetString(DicomTag.InstanceNumber), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
                position.Length == 3 && position.All(double.IsFinite) ? position : null, normal);
        }
    }
}
