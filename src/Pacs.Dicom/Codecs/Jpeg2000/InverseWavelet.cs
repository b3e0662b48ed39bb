using System.Buffers;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Puts the bands of a component together, resolution by resolution (T.800 annex F). Rows first: each is made from its low and its high half by whole vectors,
/// then zipped. Columns are done for all columns at once, row by row, while the rows are in the cache.
/// </summary>
internal static class InverseWavelet
{
    // T.800 table F.4
    private const float Alpha = -1.586134342059924f, Beta = -0.052980118572961f, Gamma = 0.882911075530934f, Delta = 0.443506852043971f, K = 1.230174104914001f;

    /// <summary>The samples of a component in one tile, row by row; floats as their bits for the 9/7 transform.</summary>
    /// <param name="component">Its resolutions and bands.</param>
    /// <param name="coefficients">Coefficients of all bands.</param>
    /// <returns>Memory rented from the shared pool.</returns>
    public static int[] Run(TileComponent component, int[] coefficients)
    {
        var low = component.Resolutions[0];
        var result = Rent(low);
        coefficients.AsSpan(low.Bands[0].Start, low.Area.Width * low.Area.Height).CopyTo(result);
        for (var r = 1; r < component.Resolutions.Length; r++)
        {
            var next = component.Resolutions[r];
            var whole = Rent(next);
            if (!next.Area.IsEmpty && component.Style.IsReversible)
            {
                Combine53(result, low, next, coefficients, whole);
            }
            else if (!next.Area.IsEmpty)
            {
                Combine97(Floats(result), low, next, Floats(coefficients), Floats(whole));
            }
            ArrayPool<int>.Shared.Return(result);
            result = whole;
            low = next;
        }
        return result;

        static int[] Rent(Resolution resolution) => ArrayPool<int>.Shared.Rent(Math.Max(1, resolution.Area.Width * resolution.Area.Height));

        static Span<float> Floats(int[] bits) => MemoryMarshal.Cast<int, float>(bits.AsSpan());
    }

    // the reversible filter, T.800 §F.3.8.2 (equations F-5 and F-6)
    private static void Combine53(ReadOnlySpan<int> low, Resolution lower, Resolution next, ReadOnlySpan<int> coefficients, Span<int> whole)
    {
        int width = next.Area.Width, height = next.Area.Height, oddX = next.Area.X0 & 1, oddY = next.Area.Y0 & 1;
        var room = ArrayPool<int>.Shared.Rent(width + 4);
        for (var y = 0; y < height; y++)
        {
            Halves(low, lower, next, coefficients, y, oddY, out var left, out var right);
            var row = whole.Slice(y * width, width);
            if (width == 1)
            {
                row[0] = oddX == 0 ? left[0] : right[0] >> 1;
                continue;
            }
            var (even, odd) = Pad(left, right, room);
            VectorRows.SubtractQuarter(even[1..^1], odd[oddX..], odd[(oddX + 1)..]);
            Mirror(even);
            VectorRows.AddHalf(odd[1..^1], even[(1 - oddX)..], even[(2 - oddX)..]);
            VectorRows.Zip(even[1..^1], odd[1..^1], oddX, row);
        }
        ArrayPool<int>.Shared.Return(room);
        var rows = new MirroredRows<int>(whole, width, height);
        if (height == 1)
        {
            if (oddY == 1)
            {
                VectorRows.Halve(rows[0]);
            }
            return;
        }
        // a high row waits until both low rows beside it are done
        for (var y = oddY; y < height + 2; y += 2)
        {
            if (y < height)
            {
                VectorRows.SubtractQuarter(rows[y], rows[y - 1], rows[y + 1]);
            }
            if (y >= 1 && y - 1 < height)
            {
                VectorRows.AddHalf(rows[y - 1], rows[y - 2], rows[y]);
            }
        }
    }

    // the irreversible filter, T.800 §F.3.8.1
    private static void Combine97(ReadOnlySpan<float> low, Resolution lower, Resolution next, ReadOnlySpan<float> coefficients, Span<float> whole)
    {
        int width = next.Area.Width, height = next.Area.Height, oddX = next.Area.X0 & 1, oddY = next.Area.Y0 & 1;
        var room = ArrayPool<float>.Shared.Rent(width + 4);
        for (var y = 0; y < height; y++)
        {
            Halves(low, lower, next, coefficients, y, oddY, out var left, out var right);
            var row = whole.Slice(y * width, width);
            // the factor of the column filter goes over whole rows
            var scale = height == 1 ? (oddY == 1 ? 0.5f : 1) : (y & 1) == oddY ? K : 1 / K;
            if (width == 1)
            {
                row[0] = scale * (oddX == 0 ? left[0] : right[0] / 2);
                continue;
            }
            var (even, odd) = Pad(left, right, room);
            VectorRows.Scale(even, scale * K);
            VectorRows.Scale(odd, scale / K);
            VectorRows.SubtractScaled(even[1..^1], odd[oddX..], odd[(oddX + 1)..], Delta);
            Mirror(even);
            VectorRows.SubtractScaled(odd[1..^1], even[(1 - oddX)..], even[(2 - oddX)..], Gamma);
            Mirror(odd);
            VectorRows.SubtractScaled(even[1..^1], odd[oddX..], odd[(oddX + 1)..], Beta);
            Mirror(even);
            VectorRows.SubtractScaled(odd[1..^1], even[(1 - oddX)..], even[(2 - oddX)..], Alpha);
            VectorRows.Zip(MemoryMarshal.Cast<float, int>(even[1..^1]), MemoryMarshal.Cast<float, int>(odd[1..^1]), oddX, MemoryMarshal.Cast<float, int>(row));
        }
        ArrayPool<float>.Shared.Return(room);
        if (height == 1)
        {
            return;
        }
        // four steps, each one row behind the one before
        var rows = new MirroredRows<float>(whole, width, height);
        for (var y = oddY; y < height + 4; y += 2)
        {
            Step(rows, y, Delta);
            Step(rows, y - 1, Gamma);
            Step(rows, y - 2, Beta);
            Step(rows, y - 3, Alpha);
        }

        static void Step(MirroredRows<float> rows, int y, float factor)
        {
            if (y >= 0 && y < rows.Height)
            {
                VectorRows.SubtractScaled(rows[y], rows[y - 1], rows[y + 1], factor);
            }
        }
    }

    /// <summary>The low and the high half of a row: of the resolution below and band HL, or of the bands LH and HH (T.800 §F.3.3).</summary>
    private static void Halves<T>(
        ReadOnlySpan<T> low, Resolution lower, Resolution next, ReadOnlySpan<T> coefficients, int y, int oddY, out ReadOnlySpan<T> left, out ReadOnlySpan<T> right)
    {
        var isLow = (y & 1) == oddY;
        left = isLow ? low.Slice((y >> 1) * lower.Area.Width, lower.Area.Width) : Row(coefficients, next.Bands[1], y >> 1);
        right = Row(coefficients, next.Bands[isLow ? 0 : 2], y >> 1);

        static ReadOnlySpan<T> Row(ReadOnlySpan<T> coefficients, Subband band, int y) => coefficients.Slice(band.Start + (y * band.Area.Width), band.Area.Width);
    }

    /// <summary>Copies both halves with room for a mirrored neighbour at each end.</summary>
    private static PaddedHalves<T> Pad<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> room)
    {
        var halves = new PaddedHalves<T>(room[..(left.Length + 2)], room.Slice(left.Length + 2, right.Length + 2));
        left.CopyTo(halves.Even[1..]);
        right.CopyTo(halves.Odd[1..]);
        Mirror(halves.Even);
        Mirror(halves.Odd);
        return halves;
    }

    /// <summary>A mirror at the edge of the row gives a half its own last sample as neighbour (T.800 §F.3.7).</summary>
    private static void Mirror<T>(Span<T> half)
    {
        half[0] = half[1];
        half[^1] = half[^2];
    }

    private readonly ref struct PaddedHalves<T>(Span<T> even, Span<T> odd)
    {
        public Span<T> Even { get; } = even;

        public Span<T> Odd { get; } = odd;

        public void Deconstruct(out Span<T> even, out Span<T> odd)
        {
            even = Even;
            odd = Odd;
        }
    }

    /// <summary>Rows that go on mirrored above the first and below the last.</summary>
    private readonly ref struct MirroredRows<T>(Span<T> samples, int width, int height)
    {
        private readonly Span<T> _samples = samples;

        public int Height => height;

        public Span<T> this[int y] => _samples.Slice((y < 0 ? -y : y >= height ? (2 * (height - 1)) - y : y) * width, width);
    }
}
