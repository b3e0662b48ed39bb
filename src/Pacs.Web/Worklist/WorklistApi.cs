using System.Net.Mime;
using System.Text;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.Worklist;

/// <summary>
/// <c>GET /worklist/add</c>: makes a worklist entry and answers with a GDT record that the practice software takes for the result of the order. A GET that
/// changes something is against HTTP's manners, but it is what practice software can call; HEAD and all other methods are answered 405, and other web sites cannot cause one.
/// </summary>
public static partial class WorklistApi
{
    /// <summary>Maps the route.</summary>
    public static void MapWorklist(this IEndpointRouteBuilder routes) =>
        routes.Map("/worklist/add", AddAsync).ChangesState();

    private static async Task AddAsync(HttpContext context, Storage.Worklist worklist, GdtReceivers receivers, TimeProvider time, ILogger<WorklistOrder> logger)
    {
        // a repeated call is a new order: no cache may answer for us
        context.Response.Headers.CacheControl = "no-store";
        // every method is ours, so that no other route takes HEAD for a GET without a body
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Get;
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        if (!WorklistParameters.TryRead(context.Request.QueryString.Value, DateOnly.FromDateTime(time.GetLocalNow().DateTime), out var order, out var problem))
        {
            LogRefused(logger, problem!);
            await AnswerAsync(context, StatusCodes.Status400BadRequest, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(problem + "\n"));
            return;
        }
        var profile = receivers.DefaultProfile;
        if (!profile.Fits("3000", order!.PatientId))
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, "text/plain; charset=utf-8", "The parameter 'id' is too long for this version of GDT.\n"u8.ToArray());
            return;
        }
        WorklistEntry entry;
        try
        {
            // once begun it is finished, even when the caller has hung up: it may have been told otherwise already
            entry = await worklist.AddAsync(order, CancellationToken.None);
        }
        catch (IndexUnavailableException e)
        {
            LogUnavailable(logger, e);
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "text/plain; charset=utf-8",
                "The order could not be stored. Try again later.\n"u8.ToArray());
            return;
        }
        // no charset: as the old plugin, whose bytes are ISO 8859-15 whatever the header says
        await AnswerAsync(context, StatusCodes.Status200OK, MediaTypeNames.Text.Plain, profile.Study(new GdtVariables(
            new Examination(order.PatientId, entry.Accession, order.Modality, order.Procedure, DateOnly.FromDateTime(entry.Start), TimeOnly.FromDateTime(entry.Start))
            {
                PatientName = PersonName.Parse(order.PatientName),
                BirthDate = order.BirthDate,
                Sex = order.Sex,
                StudyUid = entry.StudyUid,
                Text = order.Procedure is { } procedure ? $"{entry.Accession} / {procedure}" : entry.Accession,
            })));
    }

    private static async Task AnswerAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "/worklist/add was refused: {Problem}")]
    private static partial void LogRefused(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "/worklist/add could not store an entry")]
    private static partial void LogUnavailable(ILogger logger, Exception e);
}
