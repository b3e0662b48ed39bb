using System.Runtime.InteropServices;

namespace Pacs.Benchmarks;

/// <summary>libjpeg-turbo, the peer for baseline JPEG, with the transform that gives the same samples as ours.</summary>
internal static unsafe partial class TurboJpeg
{
    private const string Library = "libturbojpeg.so.0";
    private const int Rgb = 0;
    private const int AccurateTransform = 4096;

    private static readonly IntPtr Compressor = tjInitCompress();
    private static readonly IntPtr Decompressor = tjInitDecompress();

    /// <summary>Compresses RGB; returns the size.</summary>
    /// <param name="pixels">Interleaved.</param>
    /// <param name="width">Of the picture.</param>
    /// <param name="height">Of the picture.</param>
    /// <param name="subsampling">0 for 4:4:4, 1 for 4:2:2, 2 for 4:2:0.</param>
    /// <param name="quality">1 to 100.</param>
    public static int Encode(byte[] pixels, int width, int height, int subsampling, int quality)
    {
        byte* target = null;
        CULong size = default;
        fixed (byte* from = pixels)
        {
            Check(tjCompress2(Compressor, from, width, 0, height, Rgb, &target, &size, subsampling, quality, AccurateTransform));
        }
        tjFree(target);
        return (int)size.Value;
    }

    /// <summary>Decompresses into RGB.</summary>
    public static void Decode(byte[] frame, byte[] pixels, int width, int height)
    {
        fixed (byte* from = frame)
        fixed (byte* to = pixels)
        {
            Check(tjDecompress2(Decompressor, from, new CULong((nuint)frame.Length), to, width, 0, height, Rgb, AccurateTransform));
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException("libjpeg-turbo failed");
        }
    }

    [LibraryImport(Library)]
    private static partial IntPtr tjInitCompress();

    [LibraryImport(Library)]
    private static partial IntPtr tjInitDecompress();

    [LibraryImport(Library)]
    private static partial int tjCompress2(IntPtr handle, byte* source, int width, int pitch, int height, int format, byte** target, CULong* size, int subsampling, int quality, int flags);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(IntPtr handle, byte* source, CULong size, byte* target, int width, int pitch, int height, int format, int flags);

    [LibraryImport(Library)]
    private static partial void tjFree(byte* buffer);
}
