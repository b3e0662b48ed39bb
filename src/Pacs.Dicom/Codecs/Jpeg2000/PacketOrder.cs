namespace Pacs.Dicom.Codecs;

/// <summary>Which packet follows which (T.800 §B.12).</summary>
internal static class PacketOrder
{
    /// <summary>A precinct's place: component, resolution, number, and where it begins on the reference grid.</summary>
    private readonly record struct Place(int Component, int Resolution, int Precinct, int X, int Y);

    /// <summary>Packets in the order of the stream: component, resolution, precinct and layer. What came before is left out.</summary>
    /// <param name="components">The tile's components, with the layers that come next.</param>
    /// <param name="sizes">Steps of the components on the reference grid.</param>
    /// <param name="tile">The tile on the reference grid.</param>
    /// <param name="progressions">Parts of the packets with their orders.</param>
    /// <param name="layers">Layers in all.</param>
    public static IEnumerable<(int Component, int Resolution, int Precinct)> Packets(
        TileComponent[] components, ImageComponent[] sizes, GridArea tile, IReadOnlyList<Progression> progressions, int layers)
    {
        foreach (var progression in progressions)
        {
            var places = Places(components, sizes, tile, progression);
            var end = Math.Min(progression.Layers, layers);
            if (progression.Order is 0 or 1)
            {
                // LRCP has layers outermost, RLCP within each resolution
                var groups = places.Count == 0 ? [] : progression.Order == 0 ? [places] : places.GroupBy(p => p.Resolution).Select(g => g.ToList());
                foreach (var group in groups)
                {
                    // from the first layer that is missing on, each has at least one packet: a stream cannot make this loop run empty
                    for (var layer = group.Min(Next); layer < end; layer++)
                    {
                        foreach (var place in group)
                        {
                            if (Next(place) == layer)
                            {
                                yield return (place.Component, place.Resolution, place.Precinct);
                            }
                        }
                    }
                }
                continue;
            }
            foreach (var place in places)
            {
                while (Next(place) < end)
                {
                    yield return (place.Component, place.Resolution, place.Precinct);
                }
            }
        }

        int Next(Place place) => components[place.Component].Resolutions[place.Resolution].NextLayers[place.Precinct];
    }

    private static List<Place> Places(TileComponent[] components, ImageComponent[] sizes, GridArea tile, Progression progression)
    {
        var places = new List<Place>();
        for (var c = progression.FirstComponent; c < Math.Min(progression.EndComponent, components.Length); c++)
        {
            for (var r = progression.FirstResolution; r < Math.Min(progression.EndResolution, components[c].Resolutions.Length); r++)
            {
                var resolution = components[c].Resolutions[r];
                var reduction = components[c].Style.Levels - r;
                for (var p = 0; p < resolution.NextLayers.Length; p++)
                {
                    places.Add(new Place(
                        c, r, p,
                        Begin(resolution.FirstPrecinctX + (p % resolution.PrecinctsAcross), resolution.PrecinctWidthLog, resolution.Area.X0, reduction, sizes[c].StepX, tile.X0),
                        Begin(resolution.FirstPrecinctY + (p / resolution.PrecinctsAcross), resolution.PrecinctHeightLog, resolution.Area.Y0, reduction, sizes[c].StepY, tile.Y0)));
                }
            }
        }
        places.Sort(progression.Order switch
        {
            0 or 1 => (a, b) => (a.Resolution, a.Component, a.Precinct).CompareTo((b.Resolution, b.Component, b.Precinct)),
            2 => (a, b) => (a.Resolution, a.Y, a.X, a.Component, a.Precinct).CompareTo((b.Resolution, b.Y, b.X, b.Component, b.Precinct)),
            3 => (a, b) => (a.Y, a.X, a.Component, a.Resolution, a.Precinct).CompareTo((b.Y, b.X, b.Component, b.Resolution, b.Precinct)),
            4 => (a, b) => (a.Component, a.Y, a.X, a.Resolution, a.Precinct).CompareTo((b.Component, b.Y, b.X, b.Resolution, b.Precinct)),
            _ => throw new DicomException($"The JPEG 2000 stream has packets in order {progression.Order}"),
        });
        return places;
    }

    /// <summary>Where the loops of §B.12.1.3 meet a precinct: at its corner, or at the tile's edge when the corner lies before it.</summary>
    private static int Begin(int precinct, int log, int resolutionStart, int reduction, int step, int tileStart)
    {
        var corner = (long)precinct << log;
        return corner < resolutionStart ? tileStart : (int)Math.Min(int.MaxValue, (corner << reduction) * step);
    }
}
