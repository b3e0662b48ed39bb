using System.Globalization;

namespace Pacs.Tests;

/// <summary>
/// The DICOM files of <c>../shared/samples</c> with the facts of their manifest. They are no part of the repository: where the folder is absent,
/// the tests over it skip.
/// </summary>
internal static class SharedSamples
{
    private static readonly Lazy<IReadOnlyList<Sample>> Manifest = new(ReadManifest);

    /// <summary>The folder <c>shared</c> beside the repository, or null.</summary>
    public static string? SharedFolder { get; } = Find();

    /// <summary>A folder or file under <c>shared</c>; skips the calling test when it is absent.</summary>
    public static string Require(params string[] path)
    {
        var full = SharedFolder is null ? null : Path.Join([SharedFolder, .. path]);
        Assert.SkipUnless(full is not null && Path.Exists(full), $"shared/{string.Join('/', path)} is not on this machine");
        return full!;
    }

    /// <summary>Every file of the manifest; skips the calling test when there is none.</summary>
    public static IReadOnlyList<Sample> All
    {
        get
        {
            Require("samples", "manifest.tsv");
            return Manifest.Value;
        }
    }

    /// <summary>The files that two independent readers could read: DICOM files with facts.</summary>
    public static IEnumerable<Sample> Readable => All.Where(s => s.IsDicom && s["parse_pydicom"] == "ok" && s["sop_instance_uid"].Length > 0);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, "Pacs.sln")))
            {
                // a git worktree may lie one folder deeper than the main one
                for (var above = folder.Parent; above is not null; above = above.Parent)
                {
                    var shared = Path.Join(above.FullName, "shared");
                    if (File.Exists(Path.Join(shared, "samples", "manifest.tsv")))
                    {
                        return shared;
                    }
                }
                return null;
            }
        }
        return null;
    }

    private static List<Sample> ReadManifest()
    {
        using var lines = File.ReadLines(Path.Join(SharedFolder, "samples", "manifest.tsv")).GetEnumerator();
        lines.MoveNext();
        var columns = lines.Current.Split('\t').Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i);
        var samples = new List<Sample>();
        while (lines.MoveNext())
        {
            samples.Add(new Sample(columns, lines.Current.Split('\t')));
        }
        return samples;
    }

    /// <summary>One line of the manifest.</summary>
    public sealed class Sample(Dictionary<string, int> columns, string[] values)
    {
        /// <summary>The path as the manifest has it: <c>samples/B_us/...</c>.</summary>
        public string Path => this["path"];

        /// <summary>The path on this machine.</summary>
        public string FullPath => System.IO.Path.Join(SharedFolder, Path);

        /// <summary>Whether it is a DICOM file and not one of the texts beside them.</summary>
        public bool IsDicom => this["parse_pydicom"].Length > 0;

        /// <summary>Whether it may be copied into the repository.</summary>
        public bool IsSynthetic => this["origin"] == "synthetic";

        /// <summary>A fact by its column, with the manifest's escapes undone; empty when there is none.</summary>
        public string this[string column] => columns[column] is var i && i < values.Length ? Unescape(values[i]) : "";

        /// <summary>A fact that is a number, or null.</summary>
        public int? Number(string column) => int.TryParse(this[column], NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) ? n : null;

        public override string ToString() => Path;

        private static string Unescape(string text)
        {
            if (!text.Contains('\\', StringComparison.Ordinal))
            {
                return text;
            }
            var result = new System.Text.StringBuilder(text.Length);
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] != '\\' || i + 1 == text.Length)
                {
                    result.Append(text[i]);
                    continue;
                }
                i++;
                result.Append(text[i] switch { 't' => '\t', 'r' => '\r', 'n' => '\n', '0' => '\0', 'e' => '\x1B', var other => other });
            }
            return result.ToString();
        }
    }
}
