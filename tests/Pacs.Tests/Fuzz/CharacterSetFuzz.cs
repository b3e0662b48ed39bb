using System.Diagnostics;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class CharacterSetFuzz
{
    private static readonly string[] Fragments =
    [
        "\u001B$B", "\u001B(B", "\u001B(J", "\u001B$)C", "\u001B$)A", "\u001B$(D", "\u001B-A", "\u001B-L", "\u001B)I", "\u001B(I", "\u001B", "\u001B$", "\u001B$(", "\\", "^", "=", "\r\n", "ISO", "2022", "IR", " ", "_",
        "100", "87", "13", "149", "58", "159", "GB18030", "UTF-8", "a",
    ];

    /// <summary>Two seconds with a seed that is the same every time, and in the output in case of a failure.</summary>
    [Fact]
    public void Decoding_any_bytes_in_any_set_never_fails_and_stays_bounded()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        var vrs = new[] { DicomVr.PN, DicomVr.LO, DicomVr.LT, DicomVr.UC, DicomVr.CS };
        var watch = Stopwatch.StartNew();
        var rounds = 0;
        while (watch.Elapsed < TimeSpan.FromSeconds(2) || rounds < 1000)
        {
            var term = random.Next(2) == 0 ? Pick(random) : RandomText(random);
            var set = CharacterSet.Parse(term);
            var bytes = RandomBytes(random);
            var vr = vrs[random.Next(vrs.Length)];
            var text = set.Decode(bytes, vr);
            Assert.True(text.Length <= bytes.Length, $"seed {seed}, round {rounds}, '{set.Value}': {text.Length} characters from {bytes.Length} bytes");
            Assert.Equal(text, set.Decode(bytes, vr));
            // what was decoded without a loss survives being sent on in Unicode
            Assert.True(CharacterSet.Utf8.TryEncode(text, DicomVr.UT, out var utf8), $"seed {seed}, round {rounds}, '{set.Value}'");
            Assert.Equal(text, CharacterSet.Utf8.Decode(utf8, DicomVr.UT));
            Assert.Equal(CharacterSet.Parse(set.Value).Value, set.Value);
            rounds++;
        }
    }

    private static string Pick(Random random)
    {
        var terms = CharacterSetPropertyTests.Terms.ToArray();
        return terms[random.Next(terms.Length)].Data;
    }

    private static string RandomText(Random random) => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => Fragments[random.Next(Fragments.Length)]));

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new List<byte>();
        var length = random.Next(200);
        while (bytes.Count < length)
        {
            if (random.Next(3) == 0)
            {
                bytes.AddRange(System.Text.Encoding.Latin1.GetBytes(Fragments[random.Next(Fragments.Length)]));
            }
            else
            {
                bytes.Add((byte)(random.Next(2) == 0 ? random.Next(0x80, 0x100) : random.Next(0x100)));
            }
        }
        return [.. bytes];
    }
}
