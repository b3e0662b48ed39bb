using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Dicom.Media;
using Pacs.Storage;
using Pacs.Web.Instances;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>How a ZIP of instances is made.</summary>
/// <param name="IsMedium">Whether it is a medium: short names and a DICOMDIR (PS3.10 §8).</param>
/// <param name="IsExtended">Whether the DICOMDIR also has what the standard leaves to choice.</param>
/// <param name="FileName">What the file shall be called; null for the id.</param>
/// <param name="Transcode">The UID of the transfer syntax that files shall have; null for the stored one.</param>
internal sealed record ZipForm(bool IsMedium, bool IsExtended, string? FileName, string? Transcode)
{
    /// <summary>Whether the client wants a job, from whose <c>/archive</c> it fetches the ZIP later.</summary>
    public bool IsJob { get; init; }

    /// <summary>The priority of the job.</summary>
    public int Priority { get; init; }

    /// <summary>What the client wants to find again in the job.</summary>
    public JsonElement? UserData { get; init; }
}

/// <summary>
/// <c>/…/archive</c>, <c>/…/media</c> and the like below <c>/tools</c>: the files of resources as a ZIP, written while it is read (with ZIP64 where it is needed). They are not compressed: pictures
/// hardly get smaller by it, and it would take ten times as long.
/// </summary>
internal sealed class ZipRoutes(IndexReader index, Archive archive, DecodingSlots slots, JobQueue queue)
{
    // more than one medium holds
    private const int MaxInstances = 200_000;

    // a part of a name; the ways of old Windows are 260 long
    private const int MaxName = 60;

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/jobs/{id}/archive", (string id, HttpContext context, ZipRoutes zip) => zip.FetchAsync(id, context));
        routes.MapDelete("/jobs/{id}/archive", (string id, HttpContext context, ZipRoutes zip) => zip.DropAsync(id, context));
        foreach (var isMedium in new[] { false, true })
        {
            var verb = isMedium ? "media" : "archive";
            foreach (var level in ResourcePath.Levels.Where(l => l < Level.Instance))
            {
                var path = $"/{ResourcePath.Collection(level)}/{{id}}/{verb}";
                routes.MapGet(path, (string id, HttpContext context, ZipRoutes zip) => zip.OneAsync(level, id, context, OfQuery(context.Request, isMedium)));
                routes.MapPost(path, (string id, HttpContext context, ZipRoutes zip) => OfBodyAsync(context.Request, isMedium, (form, _) => zip.OneAsync(level, id, context, form)));
            }
            foreach (var isExtended in isMedium ? new[] { false, true } : [false])
            {
                var path = $"/tools/create-{verb}{(isExtended ? "-extended" : "")}";
                routes.MapGet(path, (HttpContext context, ZipRoutes zip) => zip.SeveralAsync(
                    context, context.Request.Query["resources"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries), Extended(OfQuery(context.Request, isMedium), isExtended)));
                routes.MapPost(path, (HttpContext context, ZipRoutes zip) => OfBodyAsync(
                    context.Request, isMedium, (form, resources) => zip.SeveralAsync(context, resources, Extended(form, isExtended))));
            }
        }
    }

    private static ZipForm Extended(ZipForm form, bool isExtended) => form with { IsExtended = form.IsExtended || isExtended };

    private static ZipForm OfQuery(HttpRequest request, bool isMedium) => new(
        isMedium, OrthancTags.IsOn(request.Query, "extended"), InstanceRoutes.FileName(request.Query["filename"].ToString()), request.Query["transcode"].ToString() is { Length: > 0 } syntax ? syntax : null);

    // the ids alone, or an object; for one resource there need not be anything
    private static async Task<IResult> OfBodyAsync(HttpRequest request, bool isMedium, Func<ZipForm, IReadOnlyList<string>, Task<IResult>> answer)
    {
        try
        {
            using var body = await OrthancBody.ReadOrEmptyAsync(request, request.HttpContext.RequestAborted);
            var json = body.RootElement;
            var list = json.ValueKind == JsonValueKind.Array ? json : json.ValueKind == JsonValueKind.Object && json.TryGetProperty("Resources", out var resources) ? resources : default;
            if (list.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Array))
            {
                throw new FormatException("Resources must be an array of ids");
            }
            var ids = list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.String ? i.GetString()! : "").ToList() : [];
            var form = new ZipForm(isMedium, OrthancBody.Flag(json, "Extended") == true,
                InstanceRoutes.FileName(OrthancBody.Text(json, "Filename") ?? ""), OrthancBody.Text(json, "Transcode"))
            {
                IsJob = OrthancBody.Flag(json, "Asynchronous") ?? OrthancBody.Flag(json, "Synchronous") == false,
                Priority = OrthancBody.Number(json, "Priority", int.MinValue, int.MaxValue) ?? 0,
                UserData = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("UserData", out var data) ? data.Clone() : null,
            };
            return await answer(form, ids);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private async Task<IResult> OneAsync(Level level, string id, HttpContext context, ZipForm form) =>
        ResourceId.TryParse(id, out var resource) && await index.FindRowAsync(level, resource, context.RequestAborted) is not null
            ? await AnswerAsync(context, [(level, resource)], id, form) : OrthancError.UnknownResource.Answer(context.Request);

    private async Task<IResult> SeveralAsync(HttpContext context, IReadOnlyList<string> ids, ZipForm form)
    {
        var resources = new List<(Level, ResourceId)>();
        foreach (var text in ids)
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
                return OrthancError.UnknownResource.Answer(context.Request, "resources are ids of what is stored here");
            }
            resources.Add((found.Value, id));
        }
        return await AnswerAsync(context, resources, "Archive", form);
    }

    private async Task<IResult> AnswerAsync(HttpContext context, IReadOnlyList<(Level Level, ResourceId Id)> resources, string name, ZipForm form)
    {
        var ct = context.RequestAborted;
        if (form.Transcode is { } wanted && !TransferSyntax.Get(wanted).IsKnown)
        {
            return OrthancError.BadRequest.Answer(context.Request, "Transcode is the UID of a transfer syntax");
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
        List<InstanceLocation> files = [.. locations.DistinctBy(l => l.Id)];
        if (form.IsJob)
        {
            return await StartAsync(resources, files, name, form, ct);
        }
        return Results.Stream(stream => WriteAsync(stream, files, form, ct), "application/zip", form.FileName ?? name + ".zip");
    }

    private async Task<IResult> StartAsync(IReadOnlyList<(Level Level, ResourceId Id)> resources, List<InstanceLocation> files, string name, ZipForm form, CancellationToken ct)
    {
        var kind = form.IsMedium ? ArchiveJob.MediaKind : ArchiveJob.ArchiveKind;
        var content = new ArchiveJob
        {
            Resources = [.. resources.Select(r => new MadeResource(r.Level, r.Id.ToString()))],
            IsExtended = form.IsExtended,
            FileName = form.FileName ?? name + ".zip",
            Transcode = form.Transcode,
            Instances = files.Count,
            Size = files.Sum(f => f.Size),
            UserData = form.UserData,
        };
        var job = await queue.AddAsync(new Job { Kind = kind, Node = kind, Priority = form.Priority, Content = content.ToJson() }, [], ct);
        return new OrthancResult(new JsonObject { ["ID"] = job.PublicId, ["Path"] = $"/jobs/{job.PublicId}" });
    }

    // made while it is fetched: nothing lies on the disk that nobody fetches
    private async Task<IResult> FetchAsync(string id, HttpContext context)
    {
        if (await queue.FindAsync(id, context.RequestAborted) is not { State: JobState.Success } job || !ArchiveJob.Is(job) || ArchiveJob.Of(job) is not { IsDropped: false } content)
        {
            return OrthancError.InexistentItem.Answer(context.Request, "There is no such job, or it has no archive, or not yet, or no more");
        }
        var resources = content.Resources.Select(r => (r.Level, Id: ResourceId.TryParse(r.Id, out var resource) ? resource : default)).ToList();
        return await AnswerAsync(context, resources, "Archive", new ZipForm(job.Kind == ArchiveJob.MediaKind, content.IsExtended, content.FileName, content.Transcode));
    }

    private async Task<IResult> DropAsync(string id, HttpContext context)
    {
        if (await queue.FindAsync(id, context.RequestAborted) is not { } job || !ArchiveJob.Is(job))
        {
            return OrthancError.InexistentItem.Answer(context.Request, "There is no such job, or it has no archive");
        }
        await queue.NoteContentAsync(job, (ArchiveJob.Of(job) with { IsDropped = true }).ToJson(), context.RequestAborted);
        return new OrthancResult(new JsonObject());
    }

    private async Task WriteAsync(Stream stream, List<InstanceLocation> locations, ZipForm form, CancellationToken ct)
    {
        await using var target = new HeldWrites(stream);
        await WriteFilesAsync(target, locations, form, ct);
        await target.FlushAsync(ct);
    }

    private async Task WriteFilesAsync(Stream stream, List<InstanceLocation> locations, ZipForm form, CancellationToken ct)
    {
        await using var zip = await ZipArchive.CreateAsync(stream, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, ct);
        var names = new Names();
        var directory = form.IsMedium ? new DicomDirectory(form.IsExtended) : null;
        foreach (var location in locations)
        {
            if (await index.InstanceAsync(location.Id, ct) is not { } entry || archive.TryGetPath(location.Key) is not { } path)
            {
                continue; // deleted meanwhile
            }
            // what cannot be converted goes as it is: a medium without it would be worse
            var file = (form.Transcode is { } wanted ? OutgoingFile.For(location, wanted, out _) : null) ?? OutgoingFile.For(location, "*", out _)!;
            using var converted = file.IsAsStored ? null : await TryConvertAsync(file, path, ct);
            file = converted is null ? file.AsStored : file;
            var name = directory is null ? names.Next(entry) : string.Create(CultureInfo.InvariantCulture, $"IMAGES/IM{directory.Count}");
            if (directory is not null && !await DescribeAsync(directory, file, name, ct))
            {
                name = $"DAMAGED/{names.Next(entry)}"; // no reader of media would take it, but it is not left out
            }
            var item = zip.CreateEntry(name, CompressionLevel.NoCompression);
            item.LastWriteTime = entry.Instance.ReceivedAt;
            await using var content = await item.OpenAsync(ct);
            await (converted is null ? CopyAsync(path, content, ct) : converted.WriteAsync(content, ct));
        }
        if (directory is not null)
        {
            var item = zip.CreateEntry(DicomDirectory.FileName, CompressionLevel.NoCompression);
            await using var content = await item.OpenAsync(ct);
            await content.WriteAsync(directory.ToBytes("PACS"), ct);
        }
    }

    private async Task<bool> DescribeAsync(DicomDirectory directory, OutgoingFile file, string name, CancellationToken ct)
    {
        try
        {
            if (await archive.ReadHeaderAsync(file.Location.Id, ct) is not { } header)
            {
                return false;
            }
            directory.Add(header, file.Syntax, name.Split('/'));
            return true;
        }
        catch (DicomException)
        {
            return false;
        }
    }

    private async ValueTask<ConvertedFile?> TryConvertAsync(OutgoingFile file, string path, CancellationToken ct)
    {
        try
        {
            return await ConvertedFile.MakeAsync(file, path, slots, ct);
        }
        catch (DicomException)
        {
            return null; // a damaged frame
        }
    }

    private static async ValueTask CopyAsync(string path, Stream content, CancellationToken ct)
    {
        await using var stored = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await stored.CopyToAsync(content, 1 << 20, ct);
    }

    /// <summary>The names of files in an archive: one folder for each series.</summary>
    private sealed class Names
    {
        private readonly Dictionary<ResourceId, (string Folder, int Count)> _folders = [];
        private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

        public string Next(InstanceEntry entry)
        {
            if (!_folders.TryGetValue(entry.Series.PublicId, out var place))
            {
                place = (Unused(Folder(entry), _taken), 0);
            }
            _folders[entry.Series.PublicId] = place with { Count = place.Count + 1 };
            var prefix = Part(entry.Series.Modality) is { Length: >= 2 } modality ? modality[..2].ToUpperInvariant() : "IM";
            return string.Create(CultureInfo.InvariantCulture, $"{place.Folder}/{prefix}{place.Count:D6}.dcm");
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
