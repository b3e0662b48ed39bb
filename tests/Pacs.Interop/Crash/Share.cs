using System.Globalization;

namespace Pacs.Interop;

/// <summary>What can be wrong with a share.</summary>
public enum ShareTrouble
{
    /// <summary>Its folder is not there, or is an empty mount point.</summary>
    Away,

    /// <summary>It can be read, and not written.</summary>
    ReadOnly,

    /// <summary>There is no room in it.</summary>
    Full,
}

/// <summary>
/// A share as the server sees it: where root may mount, a small file system of its own that is bound to the folder, so that it can be away, read-only and full as a real one; elsewhere a
/// folder that is renamed, and whose permissions are taken.
/// </summary>
public sealed class Share : IAsyncDisposable
{
    /// <summary>The file that says that the share is mounted.</summary>
    public const string Marker = "share.txt";

    private const UnixFileMode Writable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private Share(string folder, bool isMounted) => (Folder, IsMounted) = (folder, isMounted);

    /// <summary>Where the server sees it.</summary>
    public string Folder { get; }

    /// <summary>Whether it is a file system of its own.</summary>
    public bool IsMounted { get; }

    /// <summary>What can happen to it here.</summary>
    public IReadOnlyList<ShareTrouble> Possible => IsMounted ? [ShareTrouble.Away, ShareTrouble.ReadOnly, ShareTrouble.Full]
        : Environment.UserName == "root" ? [ShareTrouble.Away] : [ShareTrouble.Away, ShareTrouble.ReadOnly];

    private string Disk => Folder + "-disk";

    private string Filler => Path.Join(Disk, ".filler");

    /// <summary>Makes one.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<Share> CreateAsync(string folder, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        var disk = Directory.CreateDirectory(folder + "-disk").FullName;
        var isMounted = OperatingSystem.IsLinux() && Environment.UserName == "root" && (await Tool.RunAsync("mount", ct, "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk)).ExitCode == 0;
        var share = new Share(folder, isMounted);
        if (isMounted)
        {
            await MustAsync("mount", ct, "--bind", disk, folder);
        }
        await File.WriteAllTextAsync(Path.Join(folder, Marker), "", ct);
        return share;
    }

    /// <summary>Lets something happen to it for a while.</summary>
    public async Task SufferAsync(ShareTrouble trouble, TimeSpan duration, CancellationToken ct)
    {
        await BeginAsync(trouble, ct);
        try
        {
            await Task.Delay(duration, ct);
        }
        finally
        {
            await EndAsync(trouble, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsMounted)
        {
            await Tool.RunAsync("umount", CancellationToken.None, "-l", Folder);
            await Tool.RunAsync("umount", CancellationToken.None, "-l", Disk);
        }
    }

    private async Task BeginAsync(ShareTrouble trouble, CancellationToken ct)
    {
        switch (trouble)
        {
            case ShareTrouble.Away when IsMounted:
                await MustAsync("umount", ct, "-l", Folder); // lazily: somebody has a file open
                break;
            case ShareTrouble.Away:
                Directory.Move(Folder, Folder + "-away");
                break;
            case ShareTrouble.ReadOnly when IsMounted:
                await MustAsync("mount", ct, "-o", "remount,bind,ro", Folder);
                break;
            case ShareTrouble.ReadOnly when !OperatingSystem.IsWindows():
                File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
                break;
            default:
                await using (var filler = File.Create(Filler))
                {
                    try
                    {
                        while (true)
                        {
                            filler.Write(new byte[4096]);
                            filler.Flush();
                        }
                    }
                    catch (IOException)
                    {
                        break; // full
                    }
                }
        }
    }

    private async Task EndAsync(ShareTrouble trouble, CancellationToken ct)
    {
        switch (trouble)
        {
            case ShareTrouble.Away when IsMounted:
                // hidden ones are those of a delivery that found out in time, or was killed before
                Assert.DoesNotContain(Directory.EnumerateFiles(Folder).Select(f => Path.GetFileName(f)), n => !n.StartsWith('.'));
                await MustAsync("mount", ct, "--bind", Disk, Folder);
                break;
            case ShareTrouble.Away:
                Assert.False(Directory.Exists(Folder), $"the folder {Path.GetFileName(Folder)} was made where the share was");
                Directory.Move(Folder + "-away", Folder);
                break;
            case ShareTrouble.ReadOnly when IsMounted:
                await MustAsync("mount", ct, "-o", "remount,bind,rw", Folder);
                break;
            case ShareTrouble.ReadOnly when !OperatingSystem.IsWindows():
                File.SetUnixFileMode(Folder, Writable);
                break;
            default:
                File.Delete(Filler);
                break;
        }
    }

    private static async Task MustAsync(string name, CancellationToken ct, params string[] arguments)
    {
        var result = await Tool.RunAsync(name, ct, arguments);
        Assert.True(result.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{name} {string.Join(' ', arguments)}: {result.All}"));
    }
}
