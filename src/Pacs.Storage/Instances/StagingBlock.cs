using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Pacs.Storage;

/// <summary>Memory in which an instance is gathered: aligned for <see cref="UncachedFile"/>, and used again and again.</summary>
internal sealed class StagingBlock
{
    /// <summary>
    /// Bytes of a block. Measured: with 256 KiB large frames cost a quarter more processor time, and CT slices take half as long again, since what fits in one is
    /// acknowledged without waiting for its file, see <see cref="IntakeJournal"/>.
    /// </summary>
    public const int Size = 1024 * 1024;

    // 16 MiB stay for the next rush
    private const int MaxKept = 16;

    private static readonly ConcurrentBag<StagingBlock> Kept = [];

    private StagingBlock()
    {
        var array = GC.AllocateUninitializedArray<byte>(Size + UncachedFile.Alignment, pinned: true);
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        Memory = array.AsMemory((int)(-address & (UncachedFile.Alignment - 1)), Size);
    }

    public Memory<byte> Memory { get; }

    public static StagingBlock Rent() => Kept.TryTake(out var block) ? block : new StagingBlock();

    public static void Return(StagingBlock block)
    {
        if (Kept.Count < MaxKept)
        {
            Kept.Add(block);
        }
    }
}
