using System.Text.Json.Nodes;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Orthanc;

namespace Pacs.Web.Import;

/// <summary>
/// At each start looks whether an Orthanc whose data are taken over has something that was not listed before, and makes a job of it: nothing has to be set up but where it is. <c>POST /tools/import-orthanc</c>
/// looks again at once.
/// </summary>
internal sealed partial class ImportStarter(ImportSources sources, JobQueue queue, PacsOptions options, ILogger<ImportStarter> logger) : BackgroundService
{
    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/tools/import-orthanc", async (HttpRequest request, ImportStarter starter, CancellationToken ct) =>
    {
        try
        {
            using var body = await OrthancBody.ReadOrEmptyAsync(request, ct);
            var isComplete = OrthancBody.Flag(body.RootElement, "All") == true;
            if (starter.Sources.Count == 0)
            {
                return OrthancError.BadRequest.Answer(request, "The configuration names no Orthanc (OrthancImport), and there is no index of one in the folders of this server");
            }
            var jobs = new JsonArray();
            foreach (var source in starter.Sources)
            {
                var job = await starter.AddAsync(source, isComplete, ct);
                jobs.Add((JsonNode)new JsonObject { ["ID"] = job.PublicId, ["Path"] = "/jobs/" + job.PublicId, ["Source"] = source });
            }
            return new OrthancResult(jobs);
        }
        catch (FormatException e)
        {
            return OrthancError.BadRequest.Answer(request, e.Message);
        }
    });

    private IReadOnlyList<string> Sources => sources.Names;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        foreach (var source in sources.Names)
        {
            try
            {
                if (await HasNewAsync(source, stoppingToken))
                {
                    var job = await AddAsync(source, isComplete: false, stoppingToken);
                    LogStarted(source, job.PublicId);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(e, source); // the index may be unavailable; the next start looks again
            }
        }
    }

    private Task<Job> AddAsync(string source, bool isComplete, CancellationToken ct) => queue.AddOnceAsync(ImportSources.NewJob(source, isComplete, options.ForwardingPatience), ct);

    private async Task<bool> HasNewAsync(string source, CancellationToken ct)
    {
        var mark = (await sources.MarksAsync(ct)).GetValueOrDefault(source);
        if (mark == 0)
        {
            return true;
        }
        try
        {
            await using var orthanc = sources.Open(source);
            return (await orthanc.ListAsync(mark, ct)).Instances.Count > 0;
        }
        catch (SourceException e)
        {
            // it was taken over once; an Orthanc that is switched off for good is no failure
            LogUnreadable(source, e.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "What Orthanc has in {Source} is taken over by job {Job}")]
    private partial void LogStarted(string source, string job);

    [LoggerMessage(Level = LogLevel.Information, Message = "Whether Orthanc has something new in {Source} cannot be seen: {Reason}")]
    private partial void LogUnreadable(string source, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What Orthanc has in {Source} cannot be taken over")]
    private partial void LogFailed(Exception e, string source);
}
