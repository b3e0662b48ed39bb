using System.Net.Mime;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;
using static Pacs.Web.Gdt.GdtJson;

namespace Pacs.Web.Gdt;

/// <summary>
/// <c>/gdt/…</c>: what went out and came in, what would be written, sending again, profiles and receivers; and <c>/gdt/{accession}</c>, the short link of GDT records. Answers are JSON in camel
/// case; records are their bytes.
/// </summary>
internal static class GdtRoutes
{
    private const int MaxRows = 1000;

    /// <summary>Maps the routes.</summary>
    public static void MapGdt(this IEndpointRouteBuilder routes)
    {
        routes.MapGdtReceivers();
        routes.MapGet("/gdt/receivers/{name}/next", async (string name, HttpContext context, GdtFiles files, CancellationToken ct) =>
        {
            if (await files.NextHeldAsync(name, ct) is not { } file)
            {
                return Results.NoContent();
            }
            try
            {
                await files.WriteAttachmentsAsync(file, ct);
            }
            catch (ImportFolderException e)
            {
                return Problem(StatusCodes.Status503ServiceUnavailable, e.Message);
            }
            context.Response.Headers.Location = PathOf(GdtKey.Of(file));
            return Results.Bytes(file.Body, MediaTypeNames.Application.Octet);
        });
        routes.MapGet("/gdt/files", ListAsync).Gives<IReadOnlyList<GdtFileLine>>();
        routes.MapGet("/gdt/files/{receiver}/{kind}/{resource}/{revision:int}", async (string receiver, string kind, string resource, int revision, GdtFiles files, CancellationToken ct) =>
            await FindAsync(files, receiver, kind, resource, revision, ct) is { } file ? Answer(GdtFileLine.Of(file, withFields: true)) : NotFound("There is no such file."))
            .Gives<GdtFileLine>();
        routes.MapGet("/gdt/files/{receiver}/{kind}/{resource}/{revision:int}/content", async (string receiver, string kind, string resource, int revision, GdtFiles files, CancellationToken ct) =>
            await FindAsync(files, receiver, kind, resource, revision, ct) is { } file ? Results.Bytes(file.Body, MediaTypeNames.Application.Octet) : NotFound("There is no such file."));
        routes.MapPost("/gdt/files/{receiver}/{kind}/{resource}/{revision:int}/send",
            async (string receiver, string kind, string resource, int revision, GdtFiles files, GdtResend resend, CancellationToken ct) =>
            await FindAsync(files, receiver, kind, resource, revision, ct) is not { } file ? NotFound("There is no such file.")
                : await resend.SendAsync(GdtKey.Of(file), ct) is { } key ? Answer(new GdtPath(PathOf(key)), StatusCodes.Status202Accepted)
                : Problem(StatusCodes.Status409Conflict, "What the file was about is not in the archive any more, or its receiver is not configured.")).Gives<GdtPath>();
        routes.MapPost("/gdt/files/{receiver}/{kind}/{resource}/{revision:int}/taken", async (string receiver, string kind, string resource, int revision, GdtFiles files, CancellationToken ct) =>
            ResourceId.TryParse(resource, out var id) && await files.TakeAsync(new GdtKey(receiver, kind, id, revision), ct) ? Results.NoContent()
                : Problem(StatusCodes.Status409Conflict, "The file does not wait for a request."));
        routes.MapGet("/gdt/studies/{id}/preview/{receiver}", async (string id, string receiver, GdtReceivers receivers, GdtContents contents, CancellationToken ct) =>
            receivers.Find(receiver) is not { } to || !ResourceId.TryParse(id, out var study) || await contents.SpokesmanAsync(study, ct) is not { } entry
                ? NotFound("There is no such study or receiver.")
                : Answer(Describe(await contents.StudyAsync(to, entry, ct)))).Gives<GdtPreview>();
        routes.MapGet("/gdt/incoming", async (int? limit, IndexReader index, CancellationToken ct) => Answer(
            (await index.ReadAsync((db, token) => db.GdtIncoming.OrderByDescending(g => g.Id).Take(Math.Clamp(limit ?? 100, 1, MaxRows)).ToListAsync(token), ct)).Select(GdtIncomingLine.Of)))
            .Gives<IReadOnlyList<GdtIncomingLine>>();
        routes.MapPost("/gdt/open", LookUpAsync).Gives<GdtPath>();
        routes.MapGet("/gdt/{key}", OpenAsync);
    }

    /// <summary>The address of a file.</summary>
    public static string PathOf(GdtKey key) => $"/gdt/files/{key.Receiver}/{key.Kind}/{key.Resource}/{key.Revision}";

    // a link in a record: the accession number, or the id of the study; of several studies the newest
    private static async Task<IResult> OpenAsync(string key, IndexReader index, CancellationToken ct)
    {
        var id = ResourceId.TryParse(key, out var study) ? study : (await index.StudiesByAccessionAsync(key, ct)).Select(s => (ResourceId?)s.Study.PublicId).FirstOrDefault();
        return id is { } found && await index.StudyAsync(found, ct) is not null ? Results.Redirect(await ViewAsync(found, index, ct)) : Results.NotFound();
    }

    // the viewer; the page of a study that has no pictures
    private static async Task<string> ViewAsync(ResourceId study, IndexReader index, CancellationToken ct)
    {
        var hasPictures = await index.ReadAsync(
            (db, token) => (from s in db.Studies
                            where s.PublicId == study
                            join r in db.Series on s.Id equals r.ParentId
                            join i in db.Instances on r.Id equals i.ParentId
                            select i).AnyAsync(i => i.HeaderLength < i.Size, token),
            ct);
        return hasPictures ? $"/viewer?study={study}" : $"/studien/{study}";
    }

    // the study that a 6311 is about; the file is looked at and nothing is kept of it
    private static async Task<IResult> LookUpAsync(HttpRequest request, IndexReader index, IServiceProvider services, CancellationToken ct)
    {
        if (services.GetService<GdtOrders>() is not { } orders)
        {
            return NotFound("There is no worklist, and so nobody reads GDT.");
        }
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, ct)) > 0;)
        {
            if (body.Length + read > GdtReader.MaxBytes)
            {
                return Problem(StatusCodes.Status413PayloadTooLarge, "A GDT file is smaller.");
            }
            body.Write(buffer, 0, read);
        }
        try
        {
            return await orders.FindStudyAsync(GdtReader.Read(body.ToArray()).Records[0], ct) is { } study
                ? Answer(new GdtPath(await ViewAsync(study, index, ct)))
                : NotFound("There is no such study.");
        }
        catch (GdtException e)
        {
            return Problem(StatusCodes.Status400BadRequest, e.Message);
        }
    }

    private static async Task<IResult> ListAsync(string? receiver, string? state, int? limit, IndexReader index, CancellationToken ct)
    {
        var rows = await index.ReadAsync(
            (db, token) => db.GdtFiles.Where(g => (receiver == null || g.Receiver == receiver) && (state == null || g.State == state))
                .OrderByDescending(g => g.At).Take(Math.Clamp(limit ?? 100, 1, MaxRows)).ToListAsync(token),
            ct);
        return Answer(rows.Select(r => GdtFileLine.Of(r, withFields: false)));
    }

    private static async Task<GdtFile?> FindAsync(GdtFiles files, string receiver, string kind, string resource, int revision, CancellationToken ct) =>
        ResourceId.TryParse(resource, out var id) ? await files.FindAsync(new GdtKey(receiver, kind, id, revision), ct) : null;

    private static GdtPreview Describe(GdtContent content) =>
        new(GdtFileName.Display(content.Name), content.Problem, content.LeftOut is { Count: > 0 } left ? left : null, GdtFieldLine.Of(content.Body), content.Body);
}
