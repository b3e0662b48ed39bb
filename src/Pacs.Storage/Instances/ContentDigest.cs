using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pacs.Storage;

/// <summary>
/// The fingerprint of an instance's bytes: XXH3-128 with seed 0. It tells whether the same instance came again and finds silent damage on the disk. It
/// does not hold against somebody who makes two contents of one digest on purpose, and nothing may rest on it that has to. With AVX2 it is more than
/// ten times as fast as SHA-256, which took a fifth of the processor time of receiving large frames; without, about twice. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// Source: xxHash fast digest algorithm, version 0.2.0, "XXH3 Algorithm Overview" and the three descriptions after it (github.com/Cyan4973/xxHash,
/// doc/xxhash_spec.md), cited below as [XXH3]. With the seed 0 its terms fall away. All words are little-endian, whatever the machine.
/// </remarks>
internal sealed class ContentDigest
{
    /// <summary>How many bytes a digest has.</summary>
    public const int Size = 16;

    private const int StripeSize = 64;
    private const int StripesPerBlock = (SecretSize - StripeSize) / 8;
    private const int BlockSize = StripesPerBlock * StripeSize;
    private const int SecretSize = 192;

    // up to here an input has formulas of its own
    private const int MediumSize = 240;

    // a read of a file costs visibly more in pieces of 16 KiB than in those of 128 KiB
    private const int ReadSize = 128 * 1024;

    private const uint Prime32A = 0x9E3779B1;
    private const uint Prime32B = 0x85EBCA77;
    private const uint Prime32C = 0xC2B2AE3D;
    private const ulong Prime64A = 0x9E3779B185EBCA87;
    private const ulong Prime64B = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime64C = 0x165667B19E3779F9;
    private const ulong Prime64D = 0x85EBCA77C2B2AE63;
    private const ulong Prime64E = 0x27D4EB2F165667C5;
    private const ulong PrimeMixA = 0x165667919E3779F9;
    private const ulong PrimeMixB = 0x9FB21C651E98DF25;

    private readonly bool _vectorised;
    private readonly ulong[] _lanes = new ulong[8];

    // the stripe before the pending bytes, which the last stripe may reach into, then up to a block of pending bytes
    private readonly byte[] _buffer = new byte[StripeSize + BlockSize];
    private int _pending;
    private long _length;

    /// <summary>A digest of nothing yet.</summary>
    /// <param name="scalar">Leaves the vector instructions unused where there are some. The result is the same.</param>
    public ContentDigest(bool scalar = false)
    {
        _vectorised = Avx2.IsSupported && !scalar;
        Reset();
    }

    // [XXH3] "Seed and Secret": the default secret
    private static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb,
        0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
        0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
        0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
        0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
        0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc,
        0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    /// <summary>The digest of these bytes.</summary>
    /// <returns>16 bytes.</returns>
    public static byte[] HashData(ReadOnlySpan<byte> bytes)
    {
        var digest = new ContentDigest();
        digest.Append(bytes);
        return digest.Finish();
    }

    /// <summary>The digest of what a stream holds from its position to its end. Blocks.</summary>
    /// <returns>16 bytes.</returns>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static byte[] HashData(Stream stream)
    {
        var digest = new ContentDigest();
        var piece = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            int read;
            while ((read = stream.Read(piece)) > 0)
            {
                digest.Append(piece.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
        return digest.Finish();
    }

    /// <summary>Takes the next bytes, in pieces of any size.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        // a block is taken only when more follows: what a full last one goes through is different, [XXH3] large inputs, step 2
        if (_pending + bytes.Length > BlockSize)
        {
            if (_pending > 0)
            {
                var missing = BlockSize - _pending;
                bytes[..missing].CopyTo(_buffer.AsSpan(StripeSize + _pending));
                TakeBlocks(_buffer.AsSpan(StripeSize));
                bytes = bytes[missing..];
                _pending = 0;
            }
            var blocks = bytes[..((bytes.Length - 1) / BlockSize * BlockSize)];
            TakeBlocks(blocks);
            bytes = bytes[blocks.Length..];
        }
        bytes.CopyTo(_buffer.AsSpan(StripeSize + _pending));
        _pending += bytes.Length;
    }

    /// <summary>The digest of what was appended. The next bytes begin another.</summary>
    /// <returns>16 bytes: the higher half, then the lower, each with its highest byte first, which is the canonical form of [XXH3].</returns>
    public byte[] Finish()
    {
        var input = _buffer.AsSpan(StripeSize, _pending);
        var (high, low) = _length switch
        {
            0 => (AvalancheShort(SecretWord(80) ^ SecretWord(88)), AvalancheShort(SecretWord(64) ^ SecretWord(72))),
            <= 3 => UpTo3(input),
            <= 8 => UpTo8(input),
            <= 16 => UpTo16(input),
            <= 128 => UpTo128(input),
            <= MediumSize => UpTo240(input),
            _ => Large(),
        };
        Reset();
        var digest = new byte[Size];
        BinaryPrimitives.WriteUInt64BigEndian(digest, high);
        BinaryPrimitives.WriteUInt64BigEndian(digest.AsSpan(8), low);
        return digest;
    }

    private void Reset()
    {
        _length = 0;
        _pending = 0;
        // [XXH3] large inputs, step 1
        ReadOnlySpan<ulong> initial = [Prime32C, Prime64A, Prime64B, Prime64C, Prime64D, Prime32B, Prime64E, Prime32A];
        initial.CopyTo(_lanes);
    }

    // [XXH3] large inputs, step 2: each block is accumulated, then scrambled
    private void TakeBlocks(ReadOnlySpan<byte> blocks)
    {
        if (blocks.IsEmpty)
        {
            return;
        }
        if (_vectorised)
        {
            TakeBlocksByVectors(blocks, _lanes);
        }
        else
        {
            for (var rest = blocks; !rest.IsEmpty; rest = rest[BlockSize..])
            {
                Accumulate(rest[..BlockSize]);
                Scramble();
            }
        }
        blocks[^StripeSize..].CopyTo(_buffer);
    }

    // the same as Accumulate and Scramble, four lanes at a time; the lanes stay in registers
    private static void TakeBlocksByVectors(ReadOnlySpan<byte> blocks, Span<ulong> lanes)
    {
        Debug.Assert(blocks.Length % BlockSize == 0 && lanes.Length == 8, "the loads below are not checked");
        ref var secret = ref MemoryMarshal.GetReference(Secret);
        ref var lane = ref MemoryMarshal.GetReference(lanes);
        ref var input = ref MemoryMarshal.GetReference(blocks);
        var first = Vector256.LoadUnsafe(ref lane);
        var second = Vector256.LoadUnsafe(ref lane, 4);
        nuint at = 0;
        for (var left = blocks.Length / BlockSize; left > 0; left--)
        {
            for (nuint offset = 0; offset < 8 * StripesPerBlock; offset += 8)
            {
                first += Contribution(Vector256.LoadUnsafe(ref input, at).AsUInt64(), Vector256.LoadUnsafe(ref secret, offset).AsUInt64());
                second += Contribution(Vector256.LoadUnsafe(ref input, at + 32).AsUInt64(), Vector256.LoadUnsafe(ref secret, offset + 32).AsUInt64());
                at += StripeSize;
            }
            first = Scrambled(first, Vector256.LoadUnsafe(ref secret, SecretSize - StripeSize).AsUInt64());
            second = Scrambled(second, Vector256.LoadUnsafe(ref secret, SecretSize - StripeSize + 32).AsUInt64());
        }
        first.StoreUnsafe(ref lane);
        second.StoreUnsafe(ref lane, 4);

        // what a stripe adds to the lanes: the neighbour's word as it is, and the product of the halves of the own word under the secret
        static Vector256<ulong> Contribution(Vector256<ulong> words, Vector256<ulong> key)
        {
            const byte SwapNeighbours = 0b01_00_11_10;
            var value = words ^ key;
            return Avx2.Multiply(value.AsUInt32(), (value >>> 32).AsUInt32()) + Avx2.Shuffle(words.AsUInt32(), SwapNeighbours).AsUInt64();
        }

        // there is no multiplication of 64 bits before AVX-512: the factor has 32, so two of 32 do
        static Vector256<ulong> Scrambled(Vector256<ulong> lanes, Vector256<ulong> key)
        {
            var factor = Vector256.Create(Prime32A);
            var value = lanes ^ (lanes >>> 47) ^ key;
            return Avx2.Multiply(value.AsUInt32(), factor) + (Avx2.Multiply((value >>> 32).AsUInt32(), factor) << 32);
        }
    }

    // [XXH3] large inputs, step 2-1; also for the full stripes of the last block
    private void Accumulate(ReadOnlySpan<byte> stripes)
    {
        for (var offset = 0; !stripes.IsEmpty; stripes = stripes[StripeSize..], offset += 8)
        {
            AccumulateStripe(stripes[..StripeSize], offset);
        }
    }

    private void AccumulateStripe(ReadOnlySpan<byte> stripe, int secretOffset)
    {
        var lanes = _lanes;
        for (var i = 0; i < 8; i++)
        {
            var word = Word(stripe, 8 * i);
            var value = word ^ SecretWord(secretOffset + (8 * i));
            lanes[i ^ 1] += word;
            lanes[i] += (value & uint.MaxValue) * (value >> 32);
        }
    }

    // [XXH3] large inputs, step 2-2
    private void Scramble()
    {
        for (var i = 0; i < 8; i++)
        {
            var lane = _lanes[i];
            _lanes[i] = (lane ^ (lane >> 47) ^ SecretWord(SecretSize - StripeSize + (8 * i))) * Prime32A;
        }
    }

    // [XXH3] large inputs, steps 3 and 4: something is always pending here
    private (ulong High, ulong Low) Large()
    {
        Accumulate(_buffer.AsSpan(StripeSize, (_pending - 1) / StripeSize * StripeSize));
        AccumulateStripe(_buffer.AsSpan(_pending, StripeSize), SecretSize - StripeSize - 7);
        var length = (ulong)_length;
        return (Merge(~(length * Prime64B), SecretSize - StripeSize - 11), Merge(length * Prime64A, 11));
    }

    private ulong Merge(ulong result, int secretOffset)
    {
        for (var i = 0; i < 8; i += 2)
        {
            result += Fold(_lanes[i] ^ SecretWord(secretOffset + (8 * i)), _lanes[i + 1] ^ SecretWord(secretOffset + (8 * i) + 8));
        }
        return Avalanche(result);
    }

    // [XXH3] small inputs, 1-3 bytes
    private static (ulong High, ulong Low) UpTo3(ReadOnlySpan<byte> input)
    {
        var combined = (uint)(input[^1] | (input.Length << 8) | (input[0] << 16) | (input[input.Length >> 1] << 24));
        var turned = BitOperations.RotateLeft(BinaryPrimitives.ReverseEndianness(combined), 13);
        var (lowKey, highKey) = (SecretWord(0), SecretWord(8));
        return (AvalancheShort((uint)highKey ^ (highKey >> 32) ^ turned), AvalancheShort((uint)lowKey ^ (lowKey >> 32) ^ combined));
    }

    // [XXH3] small inputs, 4-8 bytes
    private static (ulong High, ulong Low) UpTo8(ReadOnlySpan<byte> input)
    {
        var combined = BinaryPrimitives.ReadUInt32LittleEndian(input) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(input[^4..]) << 32);
        var value = SecretWord(16) ^ SecretWord(24) ^ combined;
        var high = Math.BigMul(value, Prime64A + ((ulong)input.Length << 2), out var low);
        high += low << 1;
        low ^= high >> 3;
        low = (low ^ (low >> 35)) * PrimeMixB;
        return (Avalanche(high), low ^ (low >> 28));
    }

    // [XXH3] small inputs, 9-16 bytes
    private static (ulong High, ulong Low) UpTo16(ReadOnlySpan<byte> input)
    {
        var (first, last) = (Word(input, 0), Word(input, input.Length - 8));
        var mixed = SecretWord(48) ^ SecretWord(56) ^ last;
        var high = Math.BigMul(SecretWord(32) ^ SecretWord(40) ^ first ^ last, Prime64A, out var low);
        low += (ulong)(input.Length - 1) << 54;
        high += mixed + ((mixed & uint.MaxValue) * (Prime32B - 1));
        low ^= BinaryPrimitives.ReverseEndianness(high);
        high = Math.BigMul(low, Prime64B, out low) + (high * Prime64B);
        return (Avalanche(high), Avalanche(low));
    }

    // [XXH3] medium inputs, 17-128 bytes: pairs of chunks from both ends, the innermost first
    private static (ulong High, ulong Low) UpTo128(ReadOnlySpan<byte> input)
    {
        var (a, b) = ((ulong)input.Length * Prime64A, 0UL);
        for (var i = (input.Length - 1) / 32; i >= 0; i--)
        {
            MixTwo(ref a, ref b, input[(16 * i)..], input[^(16 * (i + 1))..], 32 * i);
        }
        return FinishMedium(a, b, input.Length);
    }

    // [XXH3] medium inputs, 129-240 bytes
    private static (ulong High, ulong Low) UpTo240(ReadOnlySpan<byte> input)
    {
        var (a, b) = ((ulong)input.Length * Prime64A, 0UL);
        for (var at = 0; at + 32 <= input.Length; at += 32)
        {
            if (at == 128)
            {
                (a, b) = (Avalanche(a), Avalanche(b));
            }
            MixTwo(ref a, ref b, input[at..], input[(at + 16)..], at < 128 ? at : at - 128 + 3);
        }
        if (input.Length < 160)
        {
            (a, b) = (Avalanche(a), Avalanche(b)); // there was no fifth chunk to do it before
        }
        MixTwo(ref a, ref b, input[^16..], input[^32..], 103);
        return FinishMedium(a, b, input.Length);
    }

    private static (ulong High, ulong Low) FinishMedium(ulong a, ulong b, int length) =>
        (0 - Avalanche((a * Prime64A) + (b * Prime64D) + ((ulong)length * Prime64B)), Avalanche(a + b));

    private static void MixTwo(ref ulong a, ref ulong b, ReadOnlySpan<byte> one, ReadOnlySpan<byte> two, int secretOffset)
    {
        var (one1, one2, two1, two2) = (Word(one, 0), Word(one, 8), Word(two, 0), Word(two, 8));
        a += Fold(one1 ^ SecretWord(secretOffset), one2 ^ SecretWord(secretOffset + 8));
        b += Fold(two1 ^ SecretWord(secretOffset + 16), two2 ^ SecretWord(secretOffset + 24));
        a ^= two1 + two2;
        b ^= one1 + one2;
    }

    // the two halves of a product of 128 bits over each other
    private static ulong Fold(ulong x, ulong y) => Math.BigMul(x, y, out var low) ^ low;

    // [XXH3] "Final Mixing Step"
    private static ulong Avalanche(ulong x)
    {
        x = (x ^ (x >> 37)) * PrimeMixA;
        return x ^ (x >> 32);
    }

    // the one of XXH64, which inputs of up to 3 bytes use
    private static ulong AvalancheShort(ulong x)
    {
        x = (x ^ (x >> 33)) * Prime64B;
        x = (x ^ (x >> 29)) * Prime64C;
        return x ^ (x >> 32);
    }

    private static ulong SecretWord(int offset) => Word(Secret, offset);

    private static ulong Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
