using System.Security.Cryptography;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>
/// The expected values were made by xxhsum 0.8.1 (<c>xxhsum -H128</c>, Debian's package xxhash) over the first bytes of <see cref="Input"/>.
/// </summary>
public sealed class ContentDigestTests
{
    private static readonly byte[] Input = MakeInput((1 << 20) + 3);

    [Theory]
    [InlineData(0, "99aa06d3014798d86001c324468d497f")]
    [InlineData(1, "beff62be44bc9be4429e81bc6744101c")]
    [InlineData(2, "e06f6948991f8637a65771cbfd464c2d")]
    [InlineData(3, "9dce807f4a9aaa5632dbb5c7774cc94f")]
    [InlineData(4, "9772187e76395ea05def542b8e8255bb")]
    [InlineData(5, "7f628d5a7483bbec7a25306dedbc0165")]
    [InlineData(8, "29a3277f85f28675da3ca77f4508da63")]
    [InlineData(9, "57fc1cef528bd18785e53a642b77ffab")]
    [InlineData(15, "4af2793202a8fe7be20dec4c2b218fde")]
    [InlineData(16, "f8ae1a6f144fb00b4c6929dc65a535a0")]
    [InlineData(17, "0ad716e7cfed9dc843287186cdfec85d")]
    [InlineData(32, "3061e37048c04caacf805526ea96182f")]
    [InlineData(33, "7787bc63ca3818d69fc38e5c19be3ef3")]
    [InlineData(64, "87477a4bb45568ed4cbebc1074a4c793")]
    [InlineData(127, "4b6c4e49dcd2cf023712628b027d3e24")]
    [InlineData(128, "2b83749a25627c556772960c7e09e15b")]
    [InlineData(129, "d2c5fdf14399d768d15020c0444d308f")]
    [InlineData(159, "dd06d145c9c25d5691c65e6677692ea4")]
    [InlineData(160, "0cbccabccae4eb0df9025b7b4fa59974")]
    [InlineData(240, "b2c3c2aa029b2279e16f608e11e76335")]
    [InlineData(241, "e75e577a31d24834d6afac6f8fa85b01")]
    [InlineData(255, "5afba4ec2dcd2de122062a421972fdde")]
    [InlineData(256, "5f3bd3b68315e0249e6593bab96413da")]
    [InlineData(257, "bd1fb14b2159e83dc7f456fff4eaca08")]
    [InlineData(512, "962be99a28940a20426b67e0356d303d")]
    [InlineData(600, "5e2ab5471f843631b187310a68cc64bd")]
    [InlineData(1023, "dfd1bc5c5a55d341120a0457e3e899f6")]
    [InlineData(1024, "1ac8856c8b289d9abb9f0c3761cdfd54")]
    [InlineData(1025, "15379a00bb4cec9895edccc1adc4d895")]
    [InlineData(1087, "3ca55e2b3e633f3cb954c65e909b59e2")]
    [InlineData(1088, "1d6f34c84443eb69e8391a3978cbcf06")]
    [InlineData(1089, "25e03fd6d43a0e67b6e2a9bc2973e16a")]
    [InlineData(2048, "dda6abe2811d8216278f7a6a39416b51")]
    [InlineData(2049, "8030e23166b51b02644272755e8980a0")]
    [InlineData(65535, "19c892a979bb0ccf207ade2d8ad22d1c")]
    [InlineData(65536, "9f30f0a857570d69b25b6166131fa281")]
    [InlineData(65537, "bbb4683662baea6849235290459c83cc")]
    [InlineData(1048575, "305cfb63f083c01a662714b4014f57f4")]
    [InlineData(1048576, "63b839d1456b05c96a1e48380a87d1af")]
    [InlineData(1048577, "b093d9e10b98176e9388f1672403e3d1")]
    [InlineData(1048579, "420b6e7f3eab618fcfad44ee737a6cae")]
    public void Digests_are_those_of_xxhsum(int length, string expected)
    {
        var bytes = Input.AsSpan(0, length);
        Assert.Equal(expected, Convert.ToHexStringLower(ContentDigest.HashData(bytes)));
        Assert.Equal(expected, Convert.ToHexStringLower(Scalar(bytes)));
    }

    // the SHA-256 of all digests of the range one after the other; a range is one of the algorithm's own
    [Theory]
    [InlineData(0, 0, "5e962a7229a481a37be83531cb161dead8eedafe66b592ca77e10e29489e0b30")]
    [InlineData(1, 3, "eafc869f7a1f99aed1a3fdfdd4167037bbcdb0ba9781366473264376bbf2da25")]
    [InlineData(4, 8, "e40b6bc12a6ba7ad84f99f4b78586209424c578b8bbd1e6be954f5b2afa95ca9")]
    [InlineData(9, 16, "395aea5162e6d3527197b46f467d868e304db4d3b474e5d5bfa14eaf7b513736")]
    [InlineData(17, 128, "5769d2ca8a851722b9bfa84ad3cc72e3d71b55d3d219b1268c29b4c0cb247e62")]
    [InlineData(129, 240, "460da30784de1d887a1c125ff489674b6543d3c5ccdce1e9b3a92ae4f926f114")]
    [InlineData(241, 1100, "be2f5a812812f9469590a7316b5585a7c3f83b6d0bcf5e0eb294146227d6f295")]
    public void Digests_of_every_length_are_those_of_xxhsum(int first, int last, string expected)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var length = first; length <= last; length++)
        {
            var bytes = Input.AsSpan(0, length);
            var digest = ContentDigest.HashData(bytes);
            Assert.Equal(digest, Scalar(bytes));
            all.AppendData(digest);
        }
        Assert.Equal(expected, Convert.ToHexStringLower(all.GetHashAndReset()));
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 70)]
    [InlineData(3, 300)]
    [InlineData(4, 1024)]
    [InlineData(5, 5000)]
    [InlineData(6, 70_000)]
    public void Pieces_of_any_size_give_the_same(int seed, int largest)
    {
        var random = new Random(seed);
        var vector = new ContentDigest();
        var scalar = new ContentDigest(scalar: true);
        for (var run = 0; run < 50; run++)
        {
            // the beginning moves too: loads must not depend on where in memory the bytes are
            var whole = Input.AsSpan(random.Next(100), random.Next(Math.Min(20 * largest, Input.Length - 100)));
            for (var rest = whole; !rest.IsEmpty;)
            {
                var piece = rest[..Math.Min(rest.Length, random.Next(largest + 1))];
                vector.Append(piece);
                scalar.Append(piece);
                rest = rest[piece.Length..];
            }
            var expected = ContentDigest.HashData(whole);
            Assert.Equal(expected, vector.Finish());
            Assert.Equal(expected, scalar.Finish());
        }
    }

    // around every edge at which the pending bytes become a block
    [Fact]
    public void Two_pieces_give_the_same_wherever_they_part()
    {
        var digest = new ContentDigest();
        foreach (var length in (int[])[240, 241, 1024, 1025, 1088, 2048, 2049, 2200])
        {
            var whole = Input.AsSpan(0, length);
            var expected = ContentDigest.HashData(whole);
            for (var at = 0; at <= length; at++)
            {
                digest.Append(whole[..at]);
                digest.Append(whole[at..]);
                Assert.Equal(expected, digest.Finish());
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    [InlineData((1 << 20) + 3)]
    public void A_stream_gives_the_same_however_little_it_returns(int length)
    {
        var bytes = Input.AsSpan(0, length).ToArray();
        using var whole = new MemoryStream(bytes);
        using var trickle = new Trickle(bytes);
        Assert.Equal(ContentDigest.HashData(bytes), ContentDigest.HashData(whole));
        Assert.Equal(ContentDigest.HashData(bytes), ContentDigest.HashData(trickle));
    }

    [Fact]
    public void A_single_flipped_bit_shows()
    {
        var bytes = Input.AsSpan(0, 5000).ToArray();
        var seen = new HashSet<string>(StringComparer.Ordinal) { Convert.ToHexString(ContentDigest.HashData(bytes)) };
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            Assert.True(seen.Add(Convert.ToHexString(ContentDigest.HashData(bytes))), $"The digest does not see byte {at}");
            bytes[at] ^= 1;
        }
    }

    private static byte[] Scalar(ReadOnlySpan<byte> bytes)
    {
        var digest = new ContentDigest(scalar: true);
        digest.Append(bytes);
        return digest.Finish();
    }

    // the high byte of x = 1664525 x + 1013904223 mod 2^32, starting from 1: easily made in any language
    private static byte[] MakeInput(int length)
    {
        var bytes = new byte[length];
        var x = 1u;
        for (var i = 0; i < length; i++)
        {
            x = unchecked((x * 1664525) + 1013904223);
            bytes[i] = (byte)(x >> 24);
        }
        return bytes;
    }

    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 997)]);
    }
}
