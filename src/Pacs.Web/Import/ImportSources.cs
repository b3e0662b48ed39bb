using System.Text.Json;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Orthanc;

namespace Pacs.Web.Import;

/// <summary>The Orthancs whose data are taken over, by the configuration; and up to where that was done.</summary>
internal sealed class ImportSources(PacsOptions options, UserNames names, JobQueue queue)
{
    /// <summary>The setting that keeps the marks: JSON, <see cref="SourceList.Mark"/> by source.</summary>
    public const string MarksSetting = "orthanc_import";

    // between the two folders in the name of a source; no path has it
    private const string And = " | ";

    /// <summary>The names of the sources; they are on pages and in jobs.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            var settings = options.OrthancImport;
            if (!settings.Enable)
            {
                return [];
            }
            var found = new List<string>();
            if (settings.StorageDirectory is { } storage)
            {
                found.Add(NameOf(storage, settings.IndexDirectory ?? storage));
            }
            else if (settings.Url is null && new[] { options.IndexDirectory, options.StorageDirectory }.FirstOrDefault(OrthancFolder.Has) is { } index)
            {
                found.Add(NameOf(options.StorageDirectory, index));
            }
            if (settings.Url is { } url)
            {
                found.Add(OrthancServer.Name(url));
            }
            return found;
        }
    }

    /// <summary>Opens a source.</summary>
    /// <exception cref="SourceException">It is none any more, or cannot be read.</exception>
    public IOrthancSource Open(string name)
    {
        if (!Names.Contains(name))
        {
            throw new SourceException("The configuration names it no more, or its index is gone");
        }
        if (options.OrthancImport.Url is { } url && OrthancServer.Name(url) == name)
        {
            return new OrthancServer(url, names);
        }
        return name.Split(And) is [var storage, var index] ? OrthancFolder.Open(storage, index) : OrthancFolder.Open(name, name);
    }

    /// <summary>A job that takes over what came to a source since the last one, or all of it.</summary>
    public static Job NewJob(string source, bool isComplete, int patience) => new()
    {
        Kind = ImportJob.Kind,
        Node = ImportJob.Kind,
        Key = ImportJob.Kind + " " + source,
        Priority = -1,
        Patience = patience * 3_600_000L,
        Content = new ImportJob { Source = source, IsComplete = isComplete }.ToJson(),
    };

    /// <summary>The marks by source.</summary>
    public async Task<Dictionary<string, long>> MarksAsync(CancellationToken ct)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, long>>(await queue.SettingAsync(MarksSetting, ct) ?? "{}") ?? [];
        }
        catch (JsonException)
        {
            return []; // everything again: what is here already stays as it is
        }
    }

    private static string NameOf(string storage, string index) => storage == index ? storage : storage + And + index;
}
