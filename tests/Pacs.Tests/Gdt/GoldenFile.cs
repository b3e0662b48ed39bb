namespace Pacs.Tests;

/// <summary>The files of <c>Golden/gdt</c>.</summary>
internal static class GoldenFile
{
    /// <summary>The path of a file of a case.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Join([AppContext.BaseDirectory, "Golden", "gdt", .. parts]);

    /// <summary>What the old plugin was given.</summary>
    public static string Input(string name) => Path(name, "input.dcm");

    /// <summary>The only file it wrote: its name and bytes.</summary>
    public static (string Name, byte[] Bytes) Output(string name)
    {
        var file = Assert.Single(Directory.GetFiles(Path(name), "out_*.gdt"));
        return (System.IO.Path.GetFileName(file)["out_".Length..], File.ReadAllBytes(file));
    }

    /// <summary>Bytes as text, so that a difference can be read.</summary>
    public static string Text(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    /// <summary>The fields of a record, after every line's length and end have been checked.</summary>
    public static List<(string Id, string Value)> Fields(byte[] bytes)
    {
        var fields = new List<(string, string)>();
        var rest = bytes.AsSpan();
        while (rest.Length > 0)
        {
            Assert.True(rest.Length >= 9, "a line is cut");
            var length = int.Parse(Text(rest[..3].ToArray()));
            Assert.InRange(length, 9, 999);
            Assert.True(rest.Length >= length, "a length is wrong");
            var line = rest[..length];
            Assert.Equal("\r\n", Text(line[^2..].ToArray()));
            var content = Text(line[7..^2].ToArray());
            Assert.DoesNotContain(content, char.IsControl);
            fields.Add((Text(line[3..7].ToArray()), content));
            rest = rest[length..];
        }
        Assert.Equal(("8000", "6310"), fields[0]);
        Assert.Equal(("8001", "6310"), fields[^1]);
        Assert.Single(fields, f => f.Item1 == "8000");
        return fields;
    }
}
