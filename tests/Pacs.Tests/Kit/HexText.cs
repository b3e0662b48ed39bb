using System.Globalization;

namespace Pacs.Tests;

/// <summary>Bytes as a table that a reader of the standard can check: hex, with the rest of each line a comment after <c>;</c>.</summary>
internal static class HexText
{
    public static byte[] Bytes(string table)
    {
        var bytes = new List<byte>();
        foreach (var line in table.Split('\n'))
        {
            foreach (var word in line.Split(';')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (word[0] == '\'')
                {
                    bytes.AddRange(System.Text.Encoding.ASCII.GetBytes(word.Trim('\'').Replace('_', ' ')));
                }
                else
                {
                    bytes.Add(byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                }
            }
        }
        return [.. bytes];
    }
}
