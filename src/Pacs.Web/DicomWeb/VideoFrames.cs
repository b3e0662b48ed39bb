using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Web.Configuration;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>
/// Single pictures of videos, made by the program ffmpeg where it is installed. It runs as a process of its own, with an end to its time and its memory: video decoders are large, and what they read
/// comes from strangers.
/// </summary>
internal sealed partial class VideoFrames(PacsOptions options, DecodingSlots slots, ILogger<VideoFrames> logger)
{
    // a picture takes a quarter of a second; a late frame of a long video longer
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(20);

    // RGB of 8 bits; 8K video has 100 MB
    private const int MostBytes = 128 * 1024 * 1024;

    // of address space in kB; of one allocation in bytes
    private const string MostMemory = "2000000";
    private const string MostAllocation = "536870912";

    // no playlists, which would have it open other files and addresses
    private const string Containers = "mov,mpegts,mpeg,mpegvideo,h264,hevc";

    private readonly Lazy<string?> _program = new(() => Find(options.DicomWeb.Ffmpeg));

    /// <summary>Whether pictures can be made.</summary>
    public bool IsPresent => _program.Value is not null;

    /// <summary>What to do when they cannot.</summary>
    public const string Missing = "Pictures of videos are made by ffmpeg, which is not installed here: install it (apt-get install ffmpeg) or name it in DicomWeb.Ffmpeg. Or retrieve the video itself as video/mp4 or video/mpeg";

    /// <summary>Reads a frame.</summary>
    /// <param name="path">The file of the instance.</param>
    /// <param name="fragments">Where in it the video lies.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>To be disposed.</returns>
    /// <exception cref="DicomException">There is no such frame, or ffmpeg cannot read the video.</exception>
    public async Task<RenderedImage> ReadAsync(string path, IReadOnlyList<ByteRange> fragments, int frame, CancellationToken ct)
    {
        using var slot = await slots.TakeAsync(ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(MostTime);
        using var process = Process.Start(Command(path, fragments, frame)) ?? throw new DicomException("ffmpeg does not start", DicomTag.PixelData);
        try
        {
            // what it complains of is about the patient's video, and nobody reads it; but a full pipe would stop it
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            var input = SendAsync(process.StandardInput.BaseStream, path, fragments, limit.Token);
            // one picture; whatever it goes on to do is ended below
            var picture = await ReadAsync(process.StandardOutput.BaseStream, limit.Token);
            End(process);
            await input;
            return picture ?? throw new DicomException($"ffmpeg finds no frame {frame} in the video", DicomTag.PixelData);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            LogSlow(MostTime.TotalSeconds);
            throw new DicomException($"ffmpeg has taken more than {MostTime.TotalSeconds} s", DicomTag.PixelData);
        }
        finally
        {
            End(process);
        }
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private ProcessStartInfo Command(string path, IReadOnlyList<ByteRange> fragments, int frame)
    {
        // one fragment as a rule (PS3.5 §A.4.6): a part of the file, in which it can seek. Several come one after the other
        var input = fragments is [var whole] ? string.Create(CultureInfo.InvariantCulture, $"subfile,,start,{whole.Offset},end,{whole.End},,:{Path.GetFullPath(path)}") : "pipe:0";
        string[] arguments =
        [
            "-v", "error", "-max_alloc", MostAllocation, "-threads", "1", "-protocol_whitelist", "subfile,file,pipe", "-format_whitelist", Containers, "-i", input,
            "-map", "0:v:0", "-vf", string.Create(CultureInfo.InvariantCulture, $"select=eq(n\\,{frame - 1})"), "-frames:v", "1", "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
        ];
        // the shell sets the limit and is replaced by the program
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(_program.Value!, arguments)
            : new ProcessStartInfo("/bin/sh", ["-c", $"ulimit -v {MostMemory}; exec \"$0\" \"$@\"", _program.Value!, .. arguments]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        return start;
    }

    private static async Task SendAsync(Stream input, string path, IReadOnlyList<ByteRange> fragments, CancellationToken ct)
    {
        await using (input)
        {
            if (fragments.Count == 1)
            {
                return;
            }
            var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
            try
            {
                using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                foreach (var fragment in fragments)
                {
                    for (var at = fragment.Offset; at < fragment.End;)
                    {
                        var count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, fragment.End - at)), at);
                        if (count == 0)
                        {
                            return;
                        }
                        await input.WriteAsync(buffer.AsMemory(0, count), ct);
                        at += count;
                    }
                }
            }
            catch (IOException)
            {
                // it has its frame and reads no more
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>A PPM: <c>P6</c>, width, height, 255, each on a line or behind a blank, then the pixels. Null when there is none.</summary>
    private static async Task<RenderedImage?> ReadAsync(Stream output, CancellationToken ct)
    {
        var numbers = new int[3];
        var head = new byte[1];
        var (found, inNumber, magic) = (0, false, 0);
        // byte by byte, as far as the head goes
        while (found < numbers.Length)
        {
            if (await output.ReadAsync(head, ct) == 0 || magic > 32)
            {
                return null;
            }
            magic++;
            if (magic <= 2)
            {
                if (head[0] != "P6"[magic - 1])
                {
                    return null;
                }
                continue;
            }
            if (char.IsAsciiDigit((char)head[0]))
            {
                numbers[found] = Math.Min((numbers[found] * 10) + head[0] - '0', 100_000);
                inNumber = true;
            }
            else if (inNumber)
            {
                found++;
                inNumber = false;
            }
        }
        var (width, height) = (numbers[0], numbers[1]);
        if (width < 1 || height < 1 || numbers[2] != 255 || (long)width * height * 3 > MostBytes)
        {
            return null;
        }
        var picture = RenderedImage.Rent(width, height, 3);
        try
        {
            await output.ReadExactlyAsync(picture.Memory, ct);
            return picture;
        }
        catch (EndOfStreamException)
        {
            picture.Dispose();
            return null;
        }
        catch
        {
            picture.Dispose();
            throw;
        }
    }

    private static string? Find(string? program)
    {
        if (string.IsNullOrEmpty(program))
        {
            return null;
        }
        if (Path.IsPathRooted(program))
        {
            return File.Exists(program) ? program : null;
        }
        var name = OperatingSystem.IsWindows() && !Path.HasExtension(program) ? program + ".exe" : program;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Join(folder, name)).FirstOrDefault(File.Exists);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "ffmpeg was ended: it took more than {Seconds} s for a picture of a video")]
    private partial void LogSlow(double seconds);
}
