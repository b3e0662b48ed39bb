namespace Pacs.Dicom.Codecs;

/// <summary>A Huffman table as an encoder uses it: from symbol to code (T.81 §C.2).</summary>
internal sealed class JpegHuffmanCodes
{
    private readonly uint[] _codes = new uint[256];

    /// <summary>Assigns the codes.</summary>
    /// <param name="table">As in a DHT segment: the number of codes of 1 to 16 bits, then the symbols.</param>
    public JpegHuffmanCodes(ReadOnlySpan<byte> table)
    {
        Definition = table.ToArray();
        var code = 0u;
        var at = 16;
        for (var length = 1; length <= 16; length++)
        {
            for (var i = 0; i < table[length - 1]; i++)
            {
                _codes[table[at++]] = (code++ << 8) | (uint)length;
            }
            code <<= 1;
        }
    }

    /// <summary>What goes into the DHT segment.</summary>
    public byte[] Definition { get; }

    /// <summary>The first of 256, each as <see cref="this"/> says.</summary>
    public ref uint First => ref _codes[0];

    /// <summary>The code of a symbol in the upper 24 bits, its length in the lower 8; 0 for a symbol without a code.</summary>
    public uint this[int symbol] => _codes[symbol & 255];
}
