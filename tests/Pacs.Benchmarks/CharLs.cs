using System.Runtime.InteropServices;

namespace Pacs.Benchmarks;

/// <summary>The C library to be as fast as. Only here: its version in Debian 12 does not come back from some damaged streams.</summary>
internal static unsafe partial class CharLs
{
    private const string Library = "libcharls.so.2";

    /// <summary>Compresses native samples.</summary>
    public static byte[] Encode(byte[] pixels, int width, int height, int bits, int components, int interleave, int near)
    {
        var encoder = charls_jpegls_encoder_create();
        try
        {
            var info = new FrameInfo { Width = (uint)width, Height = (uint)height, Bits = bits, Components = components };
            Check(charls_jpegls_encoder_set_frame_info(encoder, &info));
            Check(charls_jpegls_encoder_set_near_lossless(encoder, near));
            Check(charls_jpegls_encoder_set_interleave_mode(encoder, interleave));
            var target = new byte[pixels.Length + 65536];
            fixed (byte* to = target)
            fixed (byte* from = pixels)
            {
                Check(charls_jpegls_encoder_set_destination_buffer(encoder, to, (nuint)target.Length));
                Check(charls_jpegls_encoder_encode_from_buffer(encoder, from, (nuint)pixels.Length, 0));
                nuint written;
                Check(charls_jpegls_encoder_get_bytes_written(encoder, &written));
                return target.AsSpan(0, (int)written).ToArray();
            }
        }
        finally
        {
            charls_jpegls_encoder_destroy(encoder);
        }
    }

    /// <summary>Decompresses into native samples.</summary>
    public static void Decode(byte[] frame, byte[] pixels)
    {
        var decoder = charls_jpegls_decoder_create();
        try
        {
            fixed (byte* from = frame)
            fixed (byte* to = pixels)
            {
                Check(charls_jpegls_decoder_set_source_buffer(decoder, from, (nuint)frame.Length));
                Check(charls_jpegls_decoder_read_header(decoder));
                Check(charls_jpegls_decoder_decode_to_buffer(decoder, to, (nuint)pixels.Length, 0));
            }
        }
        finally
        {
            charls_jpegls_decoder_destroy(decoder);
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"CharLS: error {error}");
        }
    }

    [LibraryImport(Library)]
    private static partial IntPtr charls_jpegls_encoder_create();

    [LibraryImport(Library)]
    private static partial void charls_jpegls_encoder_destroy(IntPtr encoder);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_set_frame_info(IntPtr encoder, FrameInfo* info);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_set_near_lossless(IntPtr encoder, int near);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_set_interleave_mode(IntPtr encoder, int mode);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_set_destination_buffer(IntPtr encoder, byte* target, nuint size);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_encode_from_buffer(IntPtr encoder, byte* source, nuint size, uint stride);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_encoder_get_bytes_written(IntPtr encoder, nuint* size);

    [LibraryImport(Library)]
    private static partial IntPtr charls_jpegls_decoder_create();

    [LibraryImport(Library)]
    private static partial void charls_jpegls_decoder_destroy(IntPtr decoder);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_decoder_set_source_buffer(IntPtr decoder, byte* source, nuint size);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_decoder_read_header(IntPtr decoder);

    [LibraryImport(Library)]
    private static partial int charls_jpegls_decoder_decode_to_buffer(IntPtr decoder, byte* target, nuint size, uint stride);

    [StructLayout(LayoutKind.Sequential)]
    private struct FrameInfo
    {
        public uint Width, Height;
        public int Bits, Components;
    }
}
