using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Gdt;

/// <summary>A profile in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="IsBuiltIn">Whether it is the program's.</param>
/// <param name="Receivers">The receivers that use it.</param>
internal sealed record GdtProfileLine(string Name, string? Description, bool IsBuiltIn, IReadOnlyList<string> Receivers);

/// <summary>Where a receiver's settings are from.</summary>
internal enum GdtReceiverSource
{
    /// <summary>From the configuration.</summary>
    Configuration,

    /// <summary>Entered while the server runs.</summary>
    Entered,

    /// <summary>Entered while the server runs, and counting instead of what the configuration says.</summary>
    EnteredInstead,
}

/// <summary>A receiver and how it is going with him.</summary>
/// <param name="Name">His name.</param>
/// <param name="Source">Where his settings are from.</param>
/// <param name="Profile">How his records are written.</param>
/// <param name="Folder">His import folder.</param>
/// <param name="Trigger">What makes him get the record of a study.</param>
/// <param name="Delivery">When a file goes into the folder.</param>
/// <param name="InboxDirectory">His inbox.</param>
/// <param name="Waiting">Files that are not handed over yet.</param>
/// <param name="Undecided">Of these, files of which nobody can tell whether they were fetched.</param>
/// <param name="Problem">What stops the others.</param>
/// <param name="Since">Since when it does.</param>
/// <param name="InboxProblem">What stops his inbox.</param>
/// <param name="Wrong">What is wrong with his settings, one sentence each, so that he gets nothing; null when nothing is.</param>
internal sealed record GdtReceiverLine(
    string Name, GdtReceiverSource Source, string Profile, string Folder, GdtTrigger Trigger, GdtDelivery Delivery, string? InboxDirectory, int? Waiting, int? Undecided, string? Problem,
    DateTimeOffset? Since, string? InboxProblem, IReadOnlyList<string>? Wrong);

/// <summary>What a check of folders has found.</summary>
/// <param name="Problem">What is wrong; null when all is well.</param>
internal sealed record GdtCheck(string? Problem);

/// <summary>Something that is wrong with what was sent.</summary>
/// <param name="Field">The setting it concerns.</param>
/// <param name="Problem">A sentence.</param>
internal sealed record GdtFieldProblem(string Field, string Problem);

/// <summary>Everything that is wrong with what was sent; nothing of it was kept.</summary>
/// <param name="Problems">One for each thing.</param>
internal sealed record GdtFieldProblems(IReadOnlyList<GdtFieldProblem> Problems)
{
    public static GdtFieldProblems Of(IEnumerable<GdtProblem> problems) => new([.. problems.Select(p => new GdtFieldProblem(p.Field, p.ToString()))]);
}

/// <summary>A field of a record.</summary>
/// <param name="Id">Its id, four digits.</param>
/// <param name="Name">What the standard calls it.</param>
/// <param name="Value">What is in it.</param>
internal sealed record GdtFieldLine(string Id, string? Name, string Value)
{
    public static IReadOnlyList<GdtFieldLine>? Of(byte[] body) =>
        body.Length == 0 ? null : [.. GdtReader.Read(body).Records.SelectMany(r => r).Select(f => new GdtFieldLine(f.Id, GdtFieldTable.NameOf(f.Id), f.Value))];
}

/// <summary>A record that went out or waits.</summary>
/// <param name="Path">Its address.</param>
/// <param name="Receiver">Who gets it.</param>
/// <param name="Kind"><c>study</c> or <c>report</c>.</param>
/// <param name="Resource">The study or instance it is about.</param>
/// <param name="Revision">0 for the first about it.</param>
/// <param name="State">How far it is.</param>
/// <param name="Name">The name of its file.</param>
/// <param name="Attempts">How often its delivery failed.</param>
/// <param name="Error">Why the last attempt failed, or what it waits for.</param>
/// <param name="LeftOut">What could not be in it.</param>
/// <param name="At">When the state last changed.</param>
/// <param name="Fields">Its fields, where one record is asked for.</param>
internal sealed record GdtFileLine(
    string Path, string Receiver, string Kind, string Resource, int Revision, string State, string Name, int Attempts, string? Error, IReadOnlyList<string>? LeftOut, DateTimeOffset At,
    IReadOnlyList<GdtFieldLine>? Fields)
{
    public static GdtFileLine Of(GdtFile file, bool withFields) => new(
        GdtRoutes.PathOf(GdtKey.Of(file)), file.Receiver, file.Kind, file.Resource.ToString(), file.Revision, file.State, GdtFileName.Display(file.Path), file.Attempts, file.Error,
        file.LeftOut?.Split('\n'), file.At, withFields ? GdtFieldLine.Of(file.Body) : null);
}

/// <summary>What would be written.</summary>
/// <param name="Name">The name of the file.</param>
/// <param name="Problem">Why it cannot be a record of the receiver's profile.</param>
/// <param name="LeftOut">What could not be in it.</param>
/// <param name="Fields">Its fields.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record GdtPreview(string Name, string? Problem, IReadOnlyList<string>? LeftOut, IReadOnlyList<GdtFieldLine>? Fields, byte[] Content);

/// <summary>Where something is.</summary>
/// <param name="Path">The path of its address.</param>
internal sealed record GdtPath(string Path);

/// <summary>A record that came in.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When it came.</param>
/// <param name="Receiver">Whose inbox it came by.</param>
/// <param name="Name">The name of its file.</param>
/// <param name="Type">8000.</param>
/// <param name="State">What became of it.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="PatientId">3000.</param>
/// <param name="OrderId">8310.</param>
/// <param name="OrderUid">8314.</param>
/// <param name="TestType">8402 or 8410.</param>
/// <param name="Accession">The accession number of the worklist entry it made.</param>
internal sealed record GdtIncomingLine(
    long Id, DateTimeOffset At, string Receiver, string Name, string Type, string State, string? Reason, string PatientId, string OrderId, string OrderUid, string TestType, string Accession)
{
    public static GdtIncomingLine Of(GdtIncoming g) => new(g.Id, g.At, g.Receiver, g.Name, g.Type, g.State, g.Reason, g.PatientId, g.OrderId, g.OrderUid, g.TestType, g.Accession);
}
