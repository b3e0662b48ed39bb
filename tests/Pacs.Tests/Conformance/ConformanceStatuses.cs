using System.Reflection;
using System.Text.RegularExpressions;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Conformance;

/// <summary>
/// Why each service answers which status. The causes are words and stand here; that none is missing and none is too many is checked against the sources, by the
/// names of <see cref="DimseStatus"/> that they mention.
/// </summary>
internal static partial class ConformanceStatuses
{
    private static readonly Dictionary<string, (string[] Files, (string Name, string Cause)[] Causes)> Services = new(StringComparer.Ordinal)
    {
        ["session"] = (
            ["Pacs.Dicom/Network/DimseSession.cs", "Pacs.Web/Dimse/Modalities.cs"],
            [
                ("Success", "done"),
                ("Pending", "a match, with more to come"),
                ("PendingWithUnsupportedKeys", "a match; an optional key could not be matched on"),
                ("Cancel", "ended by C-CANCEL-RQ"),
                ("CannotUnderstand", "the data set or identifier is missing or cannot be read; a UID of a C-STORE-RQ is missing or no UID"),
                ("SopClassNotSupported", "the SOP class does not belong to the service of the presentation context"),
                ("UnrecognizedOperation", "the service has no such operation"),
                ("NotAuthorized", "the caller may not do that: see section 8"),
                ("OutOfResources", "a query of more than 64 KiB, while others of that size have the memory for them (`MaximumDatasetMemory`)"),
            ]),
        ["find"] = (
            ["Pacs.Web/Dimse/FindScp.cs"],
            [
                ("OutOfResources", "a key that is not in the index would have to be looked up in too many files"),
                ("DataSetDoesNotMatchSopClass", "the Query/Retrieve Level is missing or not one of the model; a key cannot be matched (a pattern that is too long)"),
            ]),
        ["retrieve"] = (
            ["Pacs.Web/Dimse/RetrieveScp.cs", "Pacs.Dicom/Network/DimseSession.Retrieve.cs", "Pacs.Dicom/Network/SubOperations.cs"],
            [
                ("Success", "all sub-operations succeeded; also when nothing matched"),
                ("Pending", "sub-operations continue; about every half second"),
                ("Cancel", "ended by C-CANCEL-RQ; the failed and remaining instances are in the response"),
                ("CannotUnderstand", "the request has no identifier, or it cannot be read"),
                ("CoercionOfDataElements", "some sub-operations failed or had warnings; the failed instances are in the response"),
                ("DataSetDoesNotMatchSopClass", "the level is not one of the model, its unique key is missing, or a UID is none"),
                ("UnableToCalculateMatches", "more than 100,000 instances match"),
                ("UnableToPerformSubOperations", "all sub-operations failed, the destination cannot be reached, or this server is being stopped"),
                ("MoveDestinationUnknown", "the move destination is missing or no node (C-MOVE only)"),
            ]),
        ["worklist"] = (
            ["Pacs.Web/Dimse/WorklistScp.cs"],
            [
                ("DataSetDoesNotMatchSopClass", "a key cannot be matched"),
            ]),
        ["n"] = (
            ["Pacs.Dicom/Network/DimseSession.N.cs"],
            [
                ("ProcessingFailure", "failed, for no better known reason"),
                ("NoSuchEventType", "an event type that the class does not have"),
                ("InvalidSopInstance", "the SOP Instance UID is missing or no UID"),
                ("NoSuchSopClass", "the SOP Class UID is missing"),
                ("MistypedArgument", "the data set is missing, or cannot be read"),
                ("NoSuchAction", "an action type that the class does not have"),
                ("ResourceLimitation", "a data set of more than 64 KiB, while others of that size have the memory for them (`MaximumDatasetMemory`)"),
            ]),
        ["mpps"] = (
            ["Pacs.Web/Dimse/MppsScp.cs"],
            [
                ("Success", "done, and durable"),
                ("AttributeListError", "N-GET: attributes that the step does not have; the others are in the response"),
                ("InvalidAttributeValue", "a value is not allowed, or must not change any more"),
                ("ProcessingFailure", "the step is completed or discontinued and may no longer be updated (error id A710H)"),
                ("DuplicateSopInstance", "N-CREATE: there is a step with that UID"),
                ("NoSuchSopInstance", "N-SET, N-GET: there is no step with that UID"),
                ("MissingAttribute", "a required attribute is missing"),
                ("MissingAttributeValue", "a required attribute has no value"),
                ("UnrecognizedOperation", "another N-service than these"),
                ("ResourceLimitation", "the index cannot be written, or the step would become too long"),
            ]),
        ["commitment"] = (
            ["Pacs.Web/Dimse/CommitmentScp.cs"],
            [
                ("Success", "accepted, and durable; the report follows"),
                ("NoSuchSopInstance", "another SOP instance than the well-known one"),
                ("NoSuchArgument", "there is no Action Information"),
                ("InvalidArgumentValue", "the Transaction UID is missing or no UID, or belongs to a question about other instances; no instance is referenced, or one without its UIDs"),
                ("NoSuchAction", "another action than 1"),
                ("UnrecognizedOperation", "another N-service than N-ACTION"),
                ("ResourceLimitation", "more than 100,000 instances; too many that wait for their report; the index cannot be written"),
            ]),
    };

    /// <summary>The statuses of a service.</summary>
    public static IEnumerable<(DimseStatus Status, string Cause)> Of(string service) =>
        Services[service].Causes.Select(c => ((DimseStatus)typeof(DimseStatus).GetProperty(c.Name, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!, c.Cause));

    /// <summary>What the sources answer and the lists do not say, and the other way round.</summary>
    public static IEnumerable<string> Differences()
    {
        foreach (var (service, (files, causes)) in Services)
        {
            var used = files.SelectMany(f => Mention().Matches(File.ReadAllText(Path.Join(Repository.Root, "src", f))).Select(m => m.Groups["name"].Value))
                .Where(name => typeof(DimseStatus).GetProperty(name, BindingFlags.Public | BindingFlags.Static) is not null).ToHashSet(StringComparer.Ordinal);
            var listed = causes.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var name in used.Except(listed).Order(StringComparer.Ordinal))
            {
                yield return $"{service}: {name} is answered in {string.Join(", ", files)} and has no cause here";
            }
            foreach (var name in listed.Except(used).Order(StringComparer.Ordinal))
            {
                yield return $"{service}: {name} is answered no more";
            }
        }
    }

    [GeneratedRegex(@"\bDimseStatus\.(?<name>[A-Z]\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Mention();
}
