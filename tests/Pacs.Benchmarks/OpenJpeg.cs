using System.Runtime.InteropServices;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>Decodes with OpenJPEG (BSD licence), to be compared with.</summary>
internal static unsafe class OpenJpeg
{
    // opj_dparameters_t is 8252 bytes in 2.5
    private const int ParametersSize = 16384;

    /// <summary>Whether it is installed, in a version that can do it.</summary>
    public static bool IsPresent => OpenJpegNative.IsPresent;

    /// <summary>Decodes a codestream.</summary>
    /// <param name="codestream">From its SOC marker on.</param>
    /// <param name="size">What its headers say, checked.</param>
    /// <param name="frame">Takes the samples.</param>
    /// <param name="threads">Threads that it may use.</param>
    /// <exception cref="DicomException">The library refuses the stream.</exception>
    public static void Decode(ReadOnlyMemory<byte> codestream, ImageSize size, DecodedFrame frame, int threads)
    {
        var codec = OpenJpegNative.opj_create_decompress(0);
        var parameters = (byte*)NativeMemory.AllocZeroed(ParametersSize);
        var stream = IntPtr.Zero;
        OpenJpegNative.Image* image = null;
        using var bytes = codestream.Pin();
        var source = new OpenJpegNative.Source { Bytes = (byte*)bytes.Pointer, Length = codestream.Length };
        var complaint = default(OpenJpegNative.Complaint);
        try
        {
            OpenJpegNative.opj_set_default_decoder_parameters(parameters);
            stream = OpenJpegNative.opj_stream_create(1 << 16, 1);
            OpenJpegNative.Source.Attach(stream, &source);
            if (!OpenJpegNative.Complaint.Attach(codec, &complaint)
                || OpenJpegNative.opj_setup_decoder(codec, parameters) == 0
                || OpenJpegNative.opj_codec_set_threads(codec, threads) == 0
                || OpenJpegNative.opj_read_header(stream, codec, &image) == 0
                || OpenJpegNative.opj_decode(codec, stream, image) == 0)
            {
                throw new DicomException($"The JPEG 2000 stream cannot be decoded: {complaint}", offset: source.At);
            }
            Store(image, size, frame);
        }
        finally
        {
            if (image is not null)
            {
                OpenJpegNative.opj_image_destroy(image);
            }
            if (stream != IntPtr.Zero)
            {
                OpenJpegNative.opj_stream_destroy(stream);
            }
            OpenJpegNative.opj_destroy_codec(codec);
            NativeMemory.Free(parameters);
        }
    }

    private static void Store(OpenJpegNative.Image* image, ImageSize size, DecodedFrame frame)
    {
        if (image->ComponentCount != (uint)size.Components.Length)
        {
            throw new DicomException($"OpenJPEG has decoded {image->ComponentCount} components, not {size.Components.Length}");
        }
        for (var c = 0; c < size.Components.Length; c++)
        {
            ref var component = ref image->Components[c];
            if (component.Data is null || component.Width != (uint)size.Width || component.Height != (uint)size.Height)
            {
                throw new DicomException($"OpenJPEG has decoded {component.Width} x {component.Height} pixels of component {c}");
            }
            var rowBytes = size.Width * frame.Samples * (frame.BitsAllocated / 8);
            for (var y = 0; y < size.Height; y++)
            {
                SampleStore.Interleave(
                    new ReadOnlySpan<int>(component.Data + ((long)y * size.Width), size.Width), frame.Data.Slice(y * rowBytes, rowBytes), c, frame.Samples, frame.BitsAllocated);
            }
        }
    }
}
