using System.Globalization;
using System.IO.Compression;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/…/archive</c> and <c>/tools/create-archive</c>: the files of resources as a ZIP, written while it is read (with ZIP64 where it is needed). They are not compressed: pictures
/// hardly get smaller by it, and it would take ten times as long.
/// </summary>
internal sealed class ZipRoutes(IndexReader index, Archive archive)
{
    // more than one medium holds
    private const int MaxInstances = 200_000;

    // a part of a name; the ways of old Windows are 260 long
    private const int MaxName = 60;

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var level in ResourcePath.Levels.Where(l => l < Level.Instance))
        {
            routes.MapGet($"/{ResourcePath.Collection(level)}/{{id}}/archive", (string id, HttpContext context, ZipRoutes zip) => zip.OneAsync(level, id, context));
        }
        routes.MapGet("/tools/create-archive", (HttpContext context, ZipRoutes zip) => zip.SeveralAsync(context));
    }

    private async Task<IResult> OneAsync(Level level, string id, HttpContext context) =>
        ResourceId.TryParse(id, out var resource) && await index.FindRowAsync(level, resource, context.RequestAborted) is not null
            ? await AnswerAsync(context, [(level, resource)], id) : OrthancError.UnknownResource.Answer(context.Request);

    private async Task<IResult> SeveralAsync(HttpContext context)
    {
        var resources = new List<(Level, ResourceId)>();
        foreach (var text in context.Request.Query["resources"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            Level? found = null;
            if (ResourceId.TryParse(text, out var id))
            {
                foreach (var level in ResourcePath.Levels)
                {
                    found ??= await index.FindRowAsync(level, id, context.RequestAborted) is null ? null : level;
                }
            }
            if (found is null)
            {
                return OrthancError.UnknownResource.Answer(context.Request, "resources are ids, separated by commas");
            }
            resources.Add((found.Value, id));
        }
        return await AnswerAsync(context, resources, "Archive");
    }

    private async Task<IResult> AnswerAsync(HttpContext context, IReadOnlyList<(Level Level, ResourceId Id)> resources, string name)
    {
        var ct = context.RequestAborted;
        if (context.Request.Query["transcode"].ToString().Length > 0)
        {
            return OrthancError.NotImplemented.Answer(context.Request, "Archives have the files as they are stored");
        }
        var locations = new List<InstanceLocation>();
        foreach (var (level, id) in resources)
        {
            if (await index.LocateAsync(level, id, MaxInstances - locations.Count, ct) is not { } some)
            {
                return OrthancError.BadRequest.Answer(context.Request, $"An archive has at most {MaxInstances} files");
            }
            locations.AddRange(some);
        }
        var wanted = InstanceRoutes.FileName(context.Request.Query["filename"].ToString());
        return Results.Stream(stream => WriteAsync(stream, [.. locations.DistinctBy(l => l.Id)], ct), "application/zip", wanted ?? name + ".zip");
    }

    private async Task WriteAsync(Stream stream, List<InstanceLocation> locations, CancellationToken ct)
    {
        await using var target = new HeldWrites(stream);
        await WriteFilesAsync(target, locations, ct);
        await target.FlushAsync(ct);
    }

    private async Task WriteFilesAsync(Stream stream, List<InstanceLocation> locations, CancellationToken ct)
    {
        await using var zip = await ZipArchive.CreateAsync(stream, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, ct);
        var folders = new Dictionary<ResourceId, (string Folder, int Count)>();
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var location in locations)
        {
            if (await index.InstanceAsync(location.Id, ct) is not { } entry || await archive.OpenAsync(location.Id, ct) is not { } file)
            {
                continue; // deleted meanwhile
            }
            await using (file)
            {
                if (!folders.TryGetValue(entry.Series.PublicId, out var place))
                {
                    place = (Unused(Folder(entry), taken), 0);
                }
                folders[entry.Series.PublicId] = place with { Count = place.Count + 1 };
                var prefix = Part(entry.Series.Modality) is { Length: >= 2 } modality ? modality[..2].ToUpperInvariant() : "IM";
                var item = zip.CreateEntry(string.Create(CultureInfo.InvariantCulture, $"{place.Folder}/{prefix}{place.Count:D6}.dcm"), CompressionLevel.NoCompression);
                item.LastWriteTime = entry.Instance.ReceivedAt;
                await using var content = await item.OpenAsync(ct);
                await file.CopyToAsync(content, ct);
            }
        }
    }

    // "4711 Müller Jörg/R001 Sonographie Abdomen/US Leber": as Orthanc names them
    private static string Folder(InstanceEntry entry) => string.Join('/', new[]
    {
        Part(entry.Patient.PatientId, entry.Patient.Name), Part(entry.Study.Accession, entry.Study.Description), Part(entry.Series.Modality, entry.Series.Description),
    }.Zip(["Unknown Patient", "Unknown Study", "Unknown Series"], (part, unknown) => part.Length > 0 ? part : unknown));

    // two series may have the same description
    private static string Unused(string folder, HashSet<string> taken)
    {
        var name = folder;
        for (var i = 2; !taken.Add(name); i++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{folder} {i}");
        }
        return name;
    }

    // what sent the instance has written this: nothing of it may lead out of a folder, nor be more than a name anywhere
    private static string Part(params IEnumerable<string?> texts)
    {
        var text = string.Concat(string.Join(' ', texts.Where(t => !string.IsNullOrWhiteSpace(t)))
            .Select(c => c == '^' ? ' ' : char.IsControl(c) || c is '/' or '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' or '=' ? '_' : c));
        return (text.Length > MaxName ? text[..MaxName] : text).Trim(' ', '.');
    }

    /// <summary>The BCL writes the heads of files without waiting, which an answer does not take: they are kept until it waits again.</summary>
    private sealed class HeldWrites(Stream answer) : Stream
    {
        private readonly MemoryStream _held = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => _held.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => _held.Write(buffer);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await SendAsync(cancellationToken);
            await answer.WriteAsync(buffer, cancellationToken);
        }

        public override void Flush()
        {
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await SendAsync(cancellationToken);
            await answer.FlushAsync(cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private async ValueTask SendAsync(CancellationToken ct)
        {
            if (_held.Length > 0)
            {
                await answer.WriteAsync(_held.GetBuffer().AsMemory(0, (int)_held.Length), ct);
                _held.SetLength(0);
            }
        }
    }
}
