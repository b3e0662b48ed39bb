using Pacs.Gdt;
using static Pacs.Web.Gdt.GdtJson;

namespace Pacs.Web.Gdt;

/// <summary><c>/gdt/receivers</c> and <c>/gdt/profiles</c>: who gets records, how they are written, and changing both while the server runs.</summary>
internal static class GdtReceiverRoutes
{
    /// <summary>Maps the routes.</summary>
    public static void MapGdtReceivers(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/gdt/profiles", (GdtReceivers receivers) => Answer(receivers.Profiles.Names.Select(
            n => new GdtProfileLine(n, receivers.Profiles.Find(n)?.Description, GdtProfile.BuiltIn.ContainsKey(n), receivers.UsersOf(n))))).Gives<IReadOnlyList<GdtProfileLine>>();
        routes.MapGet("/gdt/profiles/{name}", (string name, GdtReceivers receivers) =>
            GdtProfile.TryCreate(new GdtProfileData { Profile = name }, receivers.Profiles, []) is { } profile ? Answer(profile.Data) : NotFound("There is no such profile.")).Gives<GdtProfileData>();
        routes.MapPut("/gdt/profiles/{name}", SaveProfileAsync).Takes<GdtProfileData>();
        routes.MapDelete("/gdt/profiles/{name}", (string name, GdtReceivers receivers) => !receivers.Profiles.Own.ContainsKey(name) ? NotFound("There is no such profile of the practice.")
            : receivers.DeleteProfile(name) ? Results.NoContent() : Problem(StatusCodes.Status409Conflict, "A receiver uses the profile."));

        routes.MapGet("/gdt/receivers", (GdtReceivers receivers, GdtFiles files, IServiceProvider services) =>
            Answer(receivers.Names.Select(n => Line(n, receivers, files, services.GetService<GdtInbox>())))).Gives<IReadOnlyList<GdtReceiverLine>>();
        routes.MapGet("/gdt/receivers/{name}", (string name, GdtReceivers receivers) =>
            (receivers.Entered(name) ?? receivers.Configured(name)) is { } settings ? Answer(settings) : NotFound("There is no such receiver.")).Gives<GdtReceiverSettings>();
        routes.MapPut("/gdt/receivers/{name}", SaveAsync).Takes<GdtReceiverSettings>();
        routes.MapDelete("/gdt/receivers/{name}", DeleteAsync);
        routes.MapPost("/gdt/receivers/{name}/check", CheckAsync).Takes<GdtReceiverSettings>().Gives<GdtCheck>();
    }

    private static GdtReceiverLine Line(string name, GdtReceivers receivers, GdtFiles files, GdtInbox? inbox)
    {
        var entered = receivers.Entered(name);
        var settings = (entered ?? receivers.Configured(name))!;
        var source = entered is null ? GdtReceiverSource.Configuration : receivers.Configured(name) is null ? GdtReceiverSource.Entered : GdtReceiverSource.EnteredInstead;
        var status = files.StatusOf(name);
        var wrong = receivers.Broken.FirstOrDefault(b => b.Settings.Name == name)?.Problems.Select(p => p.ToString()).ToList();
        return new GdtReceiverLine(
            name, source, settings.Profile ?? GdtProfile.DefaultName, settings.Folder, settings.Trigger, settings.Delivery, settings.InboxDirectory, status?.Waiting, status?.Undecided, status?.Problem,
            status?.Since, inbox?.ProblemOf(name), wrong);
    }

    // the name is that of the address: what the body says of it does not count
    private static async Task<IResult> SaveAsync(string name, HttpRequest request, GdtReceiverStore store, CancellationToken ct)
    {
        var (settings, wrong) = await ReadAsync<GdtReceiverSettings>(request, ct);
        var problems = new List<GdtProblem>();
        return wrong ?? (await store.SaveAsync(settings! with { Name = name }, problems, ct) ? Results.NoContent() : Answer(GdtFieldProblems.Of(problems), StatusCodes.Status422UnprocessableEntity));
    }

    private static async Task<IResult> DeleteAsync(string name, bool? giveUp, GdtReceiverStore store, CancellationToken ct) => await store.RemoveAsync(name, giveUp == true, ct) switch
    {
        GdtReceiverRemoval.Done => Results.NoContent(),
        GdtReceiverRemoval.Waiting => Problem(StatusCodes.Status409Conflict, "Records wait for the receiver; giveUp=true gives them up."),
        _ => NotFound("No such receiver was entered; one of the configuration is removed there."),
    };

    // of settings in the body, as they would be; without a body as they are
    private static async Task<IResult> CheckAsync(string name, HttpRequest request, GdtReceivers receivers, CancellationToken ct)
    {
        if (request.ContentLength is not > 0 && !request.Headers.ContainsKey("Transfer-Encoding"))
        {
            return receivers.Find(name) is { } known ? Answer(new GdtCheck(await known.CheckFolderAsync(ct))) : NotFound("There is no such receiver.");
        }
        var (settings, wrong) = await ReadAsync<GdtReceiverSettings>(request, ct);
        var problems = new List<GdtProblem>();
        return wrong ?? (receivers.Check(settings! with { Name = name }, problems) is { } receiver ? Answer(new GdtCheck(await receiver.CheckFolderAsync(ct)))
            : Answer(GdtFieldProblems.Of(problems), StatusCodes.Status422UnprocessableEntity));
    }

    // what a PUT of a profile says is kept as it is: what it leaves out is from the profile it names
    private static async Task<IResult> SaveProfileAsync(string name, HttpRequest request, GdtReceivers receivers, CancellationToken ct)
    {
        var (data, wrong) = await ReadAsync<GdtProfileData>(request, ct);
        if (wrong is not null)
        {
            return wrong;
        }
        var problems = new List<GdtProblem>();
        try
        {
            return receivers.SaveProfile(name, data!, problems) ? Results.NoContent() : Answer(GdtFieldProblems.Of(problems), StatusCodes.Status422UnprocessableEntity);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Problem(StatusCodes.Status507InsufficientStorage, "The folder of the profiles cannot be written to.");
        }
    }
}
