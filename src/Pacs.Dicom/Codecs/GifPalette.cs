using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// 256 colours for a picture, made for ultrasound: nearly all pixels are grey, where every level shows, the others are the colours of a Doppler scale. Greys therefore keep their levels
/// (all of them, unless many colours need the room); colours share the rest by median cut.
/// </summary>
internal sealed class GifPalette
{
    private const int Size = 256;

    // colours are counted in cubes of 8 x 8 x 8
    private const int Cubes = 1 << 15;

    // chroma noise of JPEG around grey
    private const int GrayTolerance = 8;

    // as many levels as can be told apart on a screen beside colours
    private const int MinGrays = 128;

    private readonly byte[] _colors = new byte[Size * 3];
    private readonly byte[] _indexOfGray = new byte[256];
    private readonly byte[] _indexOfCube = new byte[Cubes];
    private readonly Cube[] _cubes = new Cube[Cubes];
    private readonly int[] _grays = new int[256];

    /// <summary>Red, green and blue of the 256 colours.</summary>
    public ReadOnlySpan<byte> Colors => _colors;

    /// <summary>Chooses the colours for a picture, and finds the one for each pixel.</summary>
    public void Index(RenderedImage image, Span<byte> indices)
    {
        if (image.Samples == 1)
        {
            for (var i = 0; i < Size; i++)
            {
                _colors.AsSpan(i * 3, 3).Fill((byte)i);
            }
            image.Data.CopyTo(indices);
            return;
        }
        Count(image.Data);
        var cubes = Enumerable.Range(0, Cubes).Where(i => _cubes[i].Count > 0).ToArray();
        var grays = _grays.Count(n => n > 0);
        var colors = Math.Min(cubes.Length, Math.Max(Size - MinGrays, Size - grays));
        Grays(Size - colors);
        if (colors > 0)
        {
            MedianCut(cubes, Size - colors, colors);
        }
        var pixels = image.Data;
        for (int i = 0, at = 0; i < indices.Length; i++, at += 3)
        {
            int red = pixels[at], green = pixels[at + 1], blue = pixels[at + 2];
            indices[i] = IsGray(red, green, blue) ? _indexOfGray[green] : _indexOfCube[CubeOf(red, green, blue)];
        }
    }

    private void Count(ReadOnlySpan<byte> pixels)
    {
        Array.Clear(_grays);
        Array.Clear(_cubes);
        for (; pixels.Length >= 3; pixels = pixels[3..])
        {
            int red = pixels[0], green = pixels[1], blue = pixels[2];
            if (IsGray(red, green, blue))
            {
                _grays[green]++;
                continue;
            }
            ref var cube = ref _cubes[CubeOf(red, green, blue)];
            cube.Count++;
            cube.Red += red;
            cube.Green += green;
            cube.Blue += blue;
        }
    }

    /// <summary>All levels that occur if there is room, else evenly spread ones.</summary>
    private void Grays(int room)
    {
        var used = _grays.Count(n => n > 0);
        var index = -1;
        var last = -1;
        for (var level = 0; level < 256; level++)
        {
            var step = used <= room ? level : level * room / 256;
            if (used <= room ? _grays[level] > 0 : step != last)
            {
                index++;
                last = step;
                // the middle of the levels that share it
                var shown = used <= room ? level : Math.Min(255, (int)Math.Round(((step + 0.5) * 256 / room) - 0.5));
                _colors.AsSpan(index * 3, 3).Fill((byte)shown);
            }
            _indexOfGray[level] = (byte)Math.Max(index, 0);
        }
    }

    /// <summary>Splits the cubes again and again along their longest side, where as many pixels lie on either side; each part becomes their mean colour.</summary>
    private void MedianCut(int[] cubes, int first, int count)
    {
        var parts = new List<(int Start, int Length)> { (0, cubes.Length) };
        while (parts.Count < count)
        {
            // the part with most to gain: pixels times extent
            var (best, axis, gain) = (-1, 0, 0L);
            for (var i = 0; i < parts.Count; i++)
            {
                if (parts[i].Length > 1)
                {
                    var (longest, extent, pixels) = Extent(cubes.AsSpan(parts[i].Start, parts[i].Length));
                    if (best < 0 || pixels * extent > gain)
                    {
                        (best, axis, gain) = (i, longest, pixels * extent);
                    }
                }
            }
            if (best < 0)
            {
                break;
            }
            var (start, length) = parts[best];
            var part = cubes.AsSpan(start, length);
            part.Sort((a, b) => Component(a, axis).CompareTo(Component(b, axis)));
            long half = 0, all = 0;
            foreach (var cube in part)
            {
                all += _cubes[cube].Count;
            }
            var cut = 0;
            while (cut < length - 1 && (cut == 0 || half * 2 < all))
            {
                half += _cubes[part[cut++]].Count;
            }
            parts[best] = (start, cut);
            parts.Add((start + cut, length - cut));
        }
        for (var i = 0; i < parts.Count; i++)
        {
            long pixels = 0, red = 0, green = 0, blue = 0;
            foreach (var cube in cubes.AsSpan(parts[i].Start, parts[i].Length))
            {
                _indexOfCube[cube] = (byte)(first + i);
                pixels += _cubes[cube].Count;
                red += _cubes[cube].Red;
                green += _cubes[cube].Green;
                blue += _cubes[cube].Blue;
            }
            var color = _colors.AsSpan((first + i) * 3, 3);
            color[0] = (byte)(red / pixels);
            color[1] = (byte)(green / pixels);
            color[2] = (byte)(blue / pixels);
        }
    }

    private (int Axis, int Extent, long Pixels) Extent(ReadOnlySpan<int> cubes)
    {
        Span<int> least = [32, 32, 32];
        Span<int> largest = [0, 0, 0];
        long pixels = 0;
        foreach (var cube in cubes)
        {
            pixels += _cubes[cube].Count;
            for (var axis = 0; axis < 3; axis++)
            {
                least[axis] = Math.Min(least[axis], Component(cube, axis));
                largest[axis] = Math.Max(largest[axis], Component(cube, axis));
            }
        }
        var longest = 0;
        for (var axis = 1; axis < 3; axis++)
        {
            longest = largest[axis] - least[axis] > largest[longest] - least[longest] ? axis : longest;
        }
        return (longest, largest[longest] - least[longest], pixels);
    }

    private static bool IsGray(int red, int green, int blue) => Math.Max(red, Math.Max(green, blue)) - Math.Min(red, Math.Min(green, blue)) <= GrayTolerance;

    private static int CubeOf(int red, int green, int blue) => (red >> 3 << 10) | (green >> 3 << 5) | (blue >> 3);

    private static int Component(int cube, int axis) => (cube >> (10 - (5 * axis))) & 31;

    private struct Cube
    {
        public int Count;
        public long Red;
        public long Green;
        public long Blue;
    }
}
