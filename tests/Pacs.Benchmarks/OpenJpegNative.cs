using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pacs.Benchmarks;

/// <summary>The functions of OpenJPEG 2.5 that decoding needs, and its structures as far as they are read.</summary>
internal static unsafe partial class OpenJpegNative
{
    private const string Library = "openjp2";

    // what the library is called on Linux, Windows and macOS; the number is that of its interface
    private static readonly string[] Names = ["libopenjp2.so.7", "openjp2.dll", "libopenjp2.7.dylib"];

    private static readonly Lazy<IntPtr> Handle = new(Load);

    /// <summary>Whether the library is there in a version that decodes High-Throughput JPEG 2000: 2.5 or later.</summary>
    public static bool IsPresent { get; } = Handle.Value != IntPtr.Zero && Version.TryParse(Marshal.PtrToStringUTF8(opj_version()), out var version) && version >= new Version(2, 5);

    private static IntPtr Load()
    {
        foreach (var name in Names)
        {
            if (NativeLibrary.TryLoad(name, typeof(OpenJpegNative).Assembly, searchPath: null, out var handle))
            {
                NativeLibrary.SetDllImportResolver(typeof(OpenJpegNative).Assembly, (library, _, _) => library == Library ? handle : IntPtr.Zero);
                return handle;
            }
        }
        return IntPtr.Zero;
    }

    [LibraryImport(Library)]
    private static partial IntPtr opj_version();

    [LibraryImport(Library)]
    public static partial IntPtr opj_create_decompress(int format);

    [LibraryImport(Library)]
    public static partial void opj_destroy_codec(IntPtr codec);

    [LibraryImport(Library)]
    public static partial void opj_set_default_decoder_parameters(byte* parameters);

    [LibraryImport(Library)]
    public static partial int opj_setup_decoder(IntPtr codec, byte* parameters);

    [LibraryImport(Library)]
    public static partial int opj_codec_set_threads(IntPtr codec, int threads);

    [LibraryImport(Library)]
    public static partial int opj_set_error_handler(IntPtr codec, delegate* unmanaged[Cdecl]<byte*, void*, void> handler, void* user);

    [LibraryImport(Library)]
    public static partial int opj_read_header(IntPtr stream, IntPtr codec, Image** image);

    [LibraryImport(Library)]
    public static partial int opj_decode(IntPtr codec, IntPtr stream, Image* image);

    [LibraryImport(Library)]
    public static partial void opj_image_destroy(Image* image);

    [LibraryImport(Library)]
    public static partial IntPtr opj_stream_create(nuint bufferSize, int isInput);

    [LibraryImport(Library)]
    public static partial void opj_stream_destroy(IntPtr stream);

    [LibraryImport(Library)]
    public static partial void opj_stream_set_user_data(IntPtr stream, void* user, IntPtr free);

    [LibraryImport(Library)]
    public static partial void opj_stream_set_user_data_length(IntPtr stream, ulong length);

    [LibraryImport(Library)]
    public static partial void opj_stream_set_read_function(IntPtr stream, delegate* unmanaged[Cdecl]<void*, nuint, void*, nuint> function);

    [LibraryImport(Library)]
    public static partial void opj_stream_set_skip_function(IntPtr stream, delegate* unmanaged[Cdecl]<long, void*, long> function);

    [LibraryImport(Library)]
    public static partial void opj_stream_set_seek_function(IntPtr stream, delegate* unmanaged[Cdecl]<long, void*, int> function);

    /// <summary>The bytes that the library reads; it holds a pointer to this on our stack.</summary>
    public struct Source
    {
        public byte* Bytes;
        public long Length;
        public long At;

        /// <summary>The stream calls: they never throw, since there are frames of C above them.</summary>
        public static void Attach(IntPtr stream, Source* source)
        {
            opj_stream_set_read_function(stream, &Read);
            opj_stream_set_skip_function(stream, &Skip);
            opj_stream_set_seek_function(stream, &Seek);
            opj_stream_set_user_data(stream, source, IntPtr.Zero);
            opj_stream_set_user_data_length(stream, (ulong)source->Length);
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static nuint Read(void* target, nuint count, void* user)
        {
            var source = (Source*)user;
            var taken = Math.Min(source->Length - source->At, (long)Math.Min(count, int.MaxValue));
            if (taken <= 0)
            {
                // the end; 0 would be asked for again without end
                return nuint.MaxValue;
            }
            new ReadOnlySpan<byte>(source->Bytes + source->At, (int)taken).CopyTo(new Span<byte>(target, (int)taken));
            source->At += taken;
            return (nuint)taken;
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static long Skip(long count, void* user)
        {
            var source = (Source*)user;
            var taken = Math.Min(source->Length - source->At, count);
            if (count < 0 || (taken <= 0 && count > 0))
            {
                return -1;
            }
            source->At += taken;
            return taken;
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static int Seek(long to, void* user)
        {
            var source = (Source*)user;
            if (to < 0 || to > source->Length)
            {
                return 0;
            }
            source->At = to;
            return 1;
        }
    }

    /// <summary>What the library complains of first.</summary>
    public struct Complaint
    {
        private const int Room = 200;

        private fixed byte _text[Room];
        private int _length;

        public static bool Attach(IntPtr codec, Complaint* complaint) => opj_set_error_handler(codec, &Take, complaint) != 0;

        public override string ToString()
        {
            fixed (byte* text = _text)
            {
                return System.Text.Encoding.UTF8.GetString(text, _length).Trim();
            }
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static void Take(byte* message, void* user)
        {
            var complaint = (Complaint*)user;
            if (complaint->_length == 0)
            {
                while (complaint->_length < Room && message[complaint->_length] != 0)
                {
                    complaint->_text[complaint->_length] = message[complaint->_length];
                    complaint->_length++;
                }
            }
        }
    }

    /// <summary>opj_image_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Image
    {
        public uint X0, Y0, X1, Y1, ComponentCount;
        public int ColorSpace;
        public Component* Components;
        public byte* IccProfile;
        public uint IccProfileLength;
    }

    /// <summary>opj_image_comp_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Component
    {
        public uint StepX, StepY, Width, Height, X0, Y0, Precision, BitsPerPixel, IsSigned, Resolutions, Factor;
        public int* Data;
        public ushort Alpha;
    }
}
