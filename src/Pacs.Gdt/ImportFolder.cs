using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>The import folder cannot be used at the moment. The message has no patient data.</summary>
public sealed class ImportFolderException : IOException
{
    /// <summary>An exception without a reason.</summary>
    public ImportFolderException()
    {
    }

    /// <summary>An exception with a reason.</summary>
    public ImportFolderException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a reason and what caused it.</summary>
    public ImportFolderException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A folder that files are handed over in, and the two tokens of a delivery (docs/adr/0008): the file under a temporary name, which becomes the
/// file, and an empty witness, which stays until the index knows. Both begin with a dot and end in no extension that practice software takes.
/// </summary>
internal sealed class ImportFolder(string path)
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>For tests: called before every step that touches the disk, may throw what a disk throws.</summary>
    public Action<string>? BeforeStep { get; init; }

    /// <summary>Whether the folder may be written to.</summary>
    /// <param name="markerFile">A file that must be there, or null.</param>
    /// <param name="usedBefore">Whether files were handed over here before: then the folder is not made when it is absent.</param>
    /// <exception cref="ImportFolderException">It may not.</exception>
    public void Check(string? markerFile, bool usedBefore)
    {
        BeforeStep?.Invoke("check");
        if (!Directory.Exists(Path))
        {
            if (usedBefore || markerFile is not null)
            {
                throw new ImportFolderException(GdtReasons.NoFolder);
            }
            Directory.CreateDirectory(Path);
            // remembered as used from now on, it is never made again: it must survive a power cut
            DurableFiles.SyncFolder(System.IO.Path.GetDirectoryName(Path) ?? Path);
        }
        if (markerFile is not null && !File.Exists(System.IO.Path.Join(Path, markerFile)))
        {
            throw new ImportFolderException(GdtReasons.NoMarker);
        }
    }

    /// <summary>Puts both tokens into the folder; they are durable when this returns. Overwrites what an attempt before left behind.</summary>
    public void Prepare(GdtKey key, ReadOnlySpan<byte> body)
    {
        try
        {
            BeforeStep?.Invoke("witness");
            DurableFiles.Write(Witness(key), []);
            CrashPoint.Hit("gdt-witness");
            BeforeStep?.Invoke("temporary");
            DurableFiles.Write(Temporary(key), body);
            // the names too, not only the bytes: a power cut must not take them away after the index has learnt of them
            BeforeStep?.Invoke("sync");
            DurableFiles.SyncFolder(Path);
        }
        catch (IOException)
        {
            Discard(key); // on a full disk the bytes are wanted back
            throw;
        }
    }

    /// <summary>
    /// Whether the tokens are where they belong. A share can go away between the look at its marker file and the writing, and come back before the next step: then they are in the empty mount
    /// point, and a rename there would be a delivery that nobody sees.
    /// </summary>
    /// <exception cref="ImportFolderException">They are not; what of them can be seen is removed.</exception>
    public void Confirm(GdtKey key, string? markerFile)
    {
        BeforeStep?.Invoke("confirm");
        if (markerFile is not null && !File.Exists(System.IO.Path.Join(Path, markerFile)))
        {
            Discard(key);
            throw new ImportFolderException(GdtReasons.NoMarker);
        }
        if (!File.Exists(Temporary(key)) || !File.Exists(Witness(key)))
        {
            throw new ImportFolderException(GdtReasons.NoFolder);
        }
    }

    /// <summary>Gives the file its name, or finds that this has happened.</summary>
    /// <returns>
    /// True: it has the name, or had it before a crash (the practice software may have fetched it since). False: the name is taken. Null: the folder has
    /// neither of the two tokens, so it is not the folder they were put into.
    /// </returns>
    public bool? Publish(GdtKey key, ReadOnlySpan<byte> body, string name)
    {
        var temporary = Temporary(key);
        if (!Directory.Exists(Path))
        {
            throw new ImportFolderException(GdtReasons.NoFolder);
        }
        if (File.Exists(temporary) && !File.ReadAllBytes(temporary).AsSpan().SequenceEqual(body))
        {
            // nobody has seen it under this name: it may be put right
            DurableFiles.Write(temporary, body);
            DurableFiles.SyncFolder(Path);
        }
        BeforeStep?.Invoke("rename");
        switch (DurableFiles.Rename(temporary, System.IO.Path.Join(Path, name)))
        {
            case RenameResult.Exists:
                return false;
            case RenameResult.Missing when !File.Exists(Witness(key)):
                return null;
        }
        CrashPoint.Hit("gdt-renamed");
        BeforeStep?.Invoke("sync");
        DurableFiles.SyncFolder(Path);
        return true;
    }

    /// <summary>Writes a file, renames it and deletes it: what a delivery needs.</summary>
    /// <param name="markerFile">A file that must be there, or null.</param>
    public void Probe(string? markerFile)
    {
        Check(markerFile, usedBefore: true);
        var probe = System.IO.Path.Join(Path, $".probe-{Guid.NewGuid():N}");
        try
        {
            DurableFiles.Write(probe, "GDT"u8);
            DurableFiles.Rename(probe, probe + "-2");
        }
        finally
        {
            File.Delete(probe);
            File.Delete(probe + "-2");
        }
    }

    /// <summary>Whether a name is free. It need not be a moment later.</summary>
    public bool IsFree(string name) => !System.IO.Path.Exists(System.IO.Path.Join(Path, name));

    /// <summary>Removes the tokens of a delivery that is over or has to begin again. What cannot be removed stays: it does no harm.</summary>
    public void Discard(GdtKey key)
    {
        foreach (var token in (string[])[Temporary(key), Witness(key)])
        {
            try
            {
                File.Delete(token);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // the next attempt writes over it, the next start sweeps it
            }
        }
    }

    /// <summary>The deliveries of which there are tokens.</summary>
    public IEnumerable<GdtKey> Tokens()
    {
        foreach (var file in Directory.Exists(Path) ? Directory.EnumerateFiles(Path, ".*") : [])
        {
            var name = System.IO.Path.GetFileName(file.AsSpan());
            if ((name.EndsWith(TemporaryEnd, StringComparison.Ordinal) || name.EndsWith(WitnessEnd, StringComparison.Ordinal))
                && GdtKey.Parse(name[1..name.LastIndexOf('.')]) is { } key)
            {
                yield return key;
            }
        }
    }

    /// <summary>The names of the files that wait in the folder, in whatever case.</summary>
    public HashSet<string> Names()
    {
        BeforeStep?.Invoke("list");
        return Directory.EnumerateFiles(Path).Select(f => System.IO.Path.GetFileName(f)).Where(n => !n.StartsWith('.')).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    private const string TemporaryEnd = ".tmp";
    private const string WitnessEnd = ".witness";

    private string Temporary(GdtKey key) => System.IO.Path.Join(Path, $".{key}{TemporaryEnd}");

    private string Witness(GdtKey key) => System.IO.Path.Join(Path, $".{key}{WitnessEnd}");
}
