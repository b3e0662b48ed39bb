using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Dicom.Network;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.DicomWeb;
using Pacs.Web.Dimse;
using Pacs.Web.Http;

namespace Pacs.Tests.Conformance;

/// <summary>The tables of docs/conformance.md, made of the code: each is a block between <c>generated: NAME</c> and <c>end</c>.</summary>
internal static class ConformanceTables
{
    /// <summary>What is behind the operation <c>N</c> of a SOP class: the handler decides itself, so it is said here.</summary>
    private static readonly Dictionary<string, string> NOperations = new(StringComparer.Ordinal)
    {
        [DicomUid.ModalityPerformedProcedureStep] = "N-CREATE, N-SET",
        [DicomUid.ModalityPerformedProcedureStepRetrieve] = "N-GET",
        [DicomUid.StorageCommitmentPushModel] = "N-ACTION, N-EVENT-REPORT",
    };

    /// <summary>The names of the tables, and how each is made.</summary>
    public static IReadOnlyDictionary<string, Func<DimseHandlers, string>> All { get; } = new Dictionary<string, Func<DimseHandlers, string>>(StringComparer.Ordinal)
    {
        ["services"] = Services,
        ["identity"] = _ => Identity(),
        ["limits"] = _ => Limits(),
        ["rejections"] = _ => Rejections(),
        ["contexts"] = Contexts,
        ["store-status"] = _ => StoreStatus(),
        ["query-keys"] = _ => QueryKeys(),
        ["worklist-keys"] = _ => WorklistKeys(),
        ["session-status"] = _ => Statuses("session"),
        ["find-status"] = _ => Statuses("find"),
        ["retrieve-status"] = _ => Statuses("retrieve"),
        ["worklist-status"] = _ => Statuses("worklist"),
        ["n-status"] = _ => Statuses("n"),
        ["mpps-status"] = _ => Statuses("mpps"),
        ["commitment-status"] = _ => Statuses("commitment"),
        ["character-sets"] = _ => CharacterSets(),
        ["cipher-suites"] = _ => string.Join('\n', DicomTls.CipherSuites.Select(s => $"- `{s}`")),
        ["settings"] = _ => Settings(k => k.Section is null
            && (k.Path.StartsWith("Dicom", StringComparison.Ordinal) || k.Path.StartsWith("Maximum", StringComparison.Ordinal) || k.Path is "BindAddress" or "OverwriteInstances" or "MinimumFreeDiskSpace")
            || k.Section?.Name == "Worklists"),
        ["coercions"] = _ => Coercions(),
        ["dicomweb-resources"] = _ => DicomWebResources(),
        ["dicomweb-frames"] = _ => DicomWebFrames(),
        ["dicomweb-search"] = _ => DicomWebSearch(),
        ["dicomweb-store"] = _ => DicomWebStore(),
        ["dicomweb-settings"] = _ => Settings(k => k.Section?.Name == "DicomWeb" || k.Path is "AuthenticationEnabled" or "RegisteredUsers" or "TokenLifetime"),
        ["storage-classes"] = _ => StorageClasses(),
        ["transfer-syntaxes"] = _ => TransferSyntaxes(),
    };

    private static string Services(DimseHandlers handlers)
    {
        var rows = handlers.Services.OrderBy(s => s.SopClass == DicomUid.Verification ? 0 : 1).ThenBy(s => s.SopClass, StringComparer.Ordinal)
            .Select(s => new[] { DicomUid.NameOf(s.SopClass), $"`{s.SopClass}`", s.Operation == "N" ? NOperations[s.SopClass] : s.Operation, Invokes(s.SopClass) ? "yes" : "no", "yes" });
        return Table(["SOP class", "UID", "operations", "user (SCU)", "provider (SCP)"], [.. rows, ["all of the storage service, see annex A", "", "C-STORE", "yes", "yes"]]);
    }

    // what we ask of others beside C-STORE
    private static bool Invokes(string sopClass) => sopClass is DicomUid.Verification or DicomUid.StorageCommitmentPushModel
        or DicomUid.PatientRootQueryRetrieveInformationModelFind or DicomUid.PatientRootQueryRetrieveInformationModelMove or DicomUid.PatientRootQueryRetrieveInformationModelGet
        or DicomUid.StudyRootQueryRetrieveInformationModelFind or DicomUid.StudyRootQueryRetrieveInformationModelMove or DicomUid.StudyRootQueryRetrieveInformationModelGet
        or DicomUid.ModalityWorklistInformationModelFind;

    private static string Identity() => Table(
        ["", ""],
        [
            ["Application context", $"`{DicomUid.DICOMApplicationContext}`"],
            ["Implementation Class UID", $"`{FileMetaInformation.ImplementationClassUid}`"],
            ["Implementation Version Name", $"`{FileMetaInformation.ImplementationVersionName}`"],
        ]);

    private static string Limits()
    {
        var options = new PacsOptions();
        var limits = AssociationLimits.Default;
        return Table(
            ["what", "value", "setting"],
            [
                ["associations accepted at once", Number(options.MaximumAssociations), "`MaximumAssociations`"],
                ["of these from one host", Number(options.MaximumAssociationsPerHost), "`MaximumAssociationsPerHost`"],
                ["operations outstanding on an association", "1 each way", ""],
                ["longest PDU received", $"{Number(options.MaximumPduLength)} bytes", "`MaximumPduLength`"],
                ["longest PDU sent", $"the peer's maximum, at most {Number(limits.MaxPeerPdu)} bytes", ""],
                ["shortest maximum of a peer that is accepted", $"{Number(limits.MinPeerPdu)} bytes", ""],
                ["presentation contexts in a request", Number(PduReader.MaxContexts), ""],
                ["longest A-ASSOCIATE-RQ", $"{Number(PduReader.MaxAssociateLength)} bytes", ""],
                ["longest command set", $"{Number(DimseCommand.MaxLength)} bytes", ""],
                ["ARTIM; pause within a PDU; TLS handshake", $"{options.DicomScpTimeout} s", "`DicomScpTimeout`"],
                ["silence between messages", $"{options.DicomIdleTimeout} s", "`DicomIdleTimeout`"],
                ["peer does not read", $"{limits.Write.TotalSeconds} s", ""],
                ["a node that we call: connection, association, response", $"{options.DicomScuTimeout} s", "`DicomScuTimeout`, `Timeout` of the node"],
            ]);
    }

    private static string Rejections()
    {
        (AssociateRejectPdu Pdu, string Cause)[] causes =
        [
            (AssociateRejectPdu.ApplicationContextNotSupported, "another application context than DICOM's"),
            (AssociateRejectPdu.CallingAeNotRecognized, "the caller may do nothing at all here: no node, or not from its host, and strangers may nothing"),
            (AssociateRejectPdu.CalledAeNotRecognized, "`DicomCheckCalledAet` is on, and the title is none of ours"),
            (AssociateRejectPdu.NotSpecified, "the user is not in `DicomUsers`, or the peer wants shorter PDUs than the limit above"),
            (AssociateRejectPdu.ProtocolVersionNotSupported, "bit 0 of the protocol version is not set"),
            (AssociateRejectPdu.LocalLimitExceeded, "too many associations, at all or from this host"),
        ];
        return Table(
            ["result", "source", "reason", "meaning", "our cause"],
            causes.Select(c => new[] { $"{(int)c.Pdu.Result} {c.Pdu.Result.ToString().ToLowerInvariant()}", $"{c.Pdu.Source}", $"{c.Pdu.Reason}", c.Pdu.ToString(), c.Cause }));
    }

    private static string Contexts(DimseHandlers handlers)
    {
        string[] all = [.. TransferSyntax.KnownSyntaxes.Select(s => s.Uid)];
        var rows = new List<string[]>();
        foreach (var sopClass in handlers.Services.Select(s => s.SopClass).Order(UidOrder))
        {
            rows.Add([DicomUid.NameOf(sopClass), Preference(handlers, sopClass, all)]);
        }
        rows.Add(["storage classes (annex A)", "the first that the requestor proposes, whatever it is"]);
        return Table(["abstract syntax", "transfer syntaxes, in the order of our preference"], rows);
    }

    // takes the favourite away until nothing is left
    private static string Preference(DimseHandlers handlers, string sopClass, string[] proposed)
    {
        var order = new List<string>();
        while (proposed.Length > 0 && handlers.ChooseTransferSyntax(sopClass, proposed) is { Length: > 0 } chosen)
        {
            order.Add(TransferSyntax.Get(chosen).Name);
            proposed = [.. proposed.Where(p => p != chosen)];
        }
        return string.Join(", ", order);
    }

    private static string StoreStatus()
    {
        Dictionary<StoreOutcome, string> meanings = new()
        {
            [StoreOutcome.Stored] = "file and index are on the disk",
            [StoreOutcome.AlreadyStored] = "the same content is here already",
            [StoreOutcome.Replaced] = "it has taken the place of other content (`OverwriteInstances`)",
            [StoreOutcome.Conflicting] = "other content is here under this UID: both are kept, and the conflict is shown to the users",
            [StoreOutcome.Malformed] = "the bytes cannot be read as a data set",
            [StoreOutcome.InvalidIdentity] = "SOP Class, SOP Instance, Study or Series Instance UID is missing or no UID of at most 64 characters",
            [StoreOutcome.Contradiction] = "SOP Class or Instance UID of command and data set differ",
            [StoreOutcome.OutOfResources] = "the disk is full, below `MinimumFreeDiskSpace`, or does not work",
        };
        return Table(
            ["status", "kind", "our cause"],
            Enum.GetValues<StoreOutcome>().Select(o => (Status: StoreScp.StatusOf(StoreResult.Refused(o, "")), Meaning: meanings[o]))
                .OrderBy(r => r.Status.Code).Select(r => new[] { $"{r.Status.Code:X4}H", r.Status.Kind.ToString(), r.Meaning }));
    }

    private static string QueryKeys()
    {
        var text = new StringBuilder();
        foreach (var level in QueryAttributes.All.GroupBy(a => a.Level))
        {
            text.Append(CultureInfo.InvariantCulture, $"**{level.Key} level**\n\n");
            text.Append(Table(
                ["attribute", "tag", "VR", "type", "matching", "value"],
                level.Select(a => new[]
                {
                    Keyword(a.Tag), a.Tag.ToString(), a.Vr.ToString(), a.Type switch { QueryKeyType.Unique => "U", QueryKeyType.Required => "R", _ => "O" }, Matching(a.Vr), a.IsComputed ? "computed" : "of the instances",
                })));
            text.Append("\n\n");
        }
        return text.ToString().TrimEnd('\n');
    }

    private static string Matching(DicomVr vr) =>
        vr == DicomVr.UI ? "list of UIDs"
        : vr == DicomVr.PN ? "single value, wildcard; case and accents do not count"
        : vr == DicomVr.DA || vr == DicomVr.TM || vr == DicomVr.DT ? "single value, range"
        : vr == DicomVr.SQ ? "sequence"
        : vr == DicomVr.IS || vr == DicomVr.DS || vr == DicomVr.US || vr == DicomVr.UL || vr == DicomVr.SS || vr == DicomVr.SL ? "single value"
        : vr.IsMultiString ? "single value, wildcard, list" : "single value, wildcard";

    private static string WorklistKeys()
    {
        var order = new WorklistOrder
        {
            PatientId = "1",
            PatientName = "A^B",
            BirthDate = new DateOnly(1970, 1, 1),
            Sex = "F",
            Modality = "US",
            StationAe = "US1",
            Procedure = "x",
            PerformingPhysician = "C^D",
            Source = "x",
        };
        var entry = order.ToDataset("1", "1.2.3", new DateTime(2026, 1, 5, 8, 0, 0, DateTimeKind.Unspecified));
        var rows = new List<string[]>();
        foreach (var element in entry.Where(e => e.Tag != DicomTag.SpecificCharacterSet))
        {
            rows.Add(Row(element, ""));
            if (element.IsSequence)
            {
                rows.AddRange(entry.GetSequence(element.Tag).SelectMany(i => i).Select(e => Row(e, "> ")));
            }
        }
        return Table(["attribute", "tag", "VR", "matching", "value in our own entries"], rows);

        static string[] Row(DicomElement e, string indent) =>
            [indent + Keyword(e.Tag), e.Tag.ToString(), e.Vr.ToString(), Matching(e.Vr), e.IsSequence ? (e.IsEmpty ? "empty" : "one item") : e.IsEmpty ? "empty" : "from the order"];
    }

    private static string Statuses(string service) => Table(
        ["status", "kind", "our cause"],
        ConformanceStatuses.Of(service).OrderBy(s => s.Status.Code).Select(s => new[] { $"{s.Status.Code:X4}H", s.Status.Kind.ToString(), s.Cause }));

    private static string CharacterSets()
    {
        // PS3.3 tables C.12-2 to C.12-5; what the code does not know would read as the default repertoire
        string[] single = ["ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 144", "ISO_IR 127", "ISO_IR 126", "ISO_IR 138", "ISO_IR 148", "ISO_IR 203", "ISO_IR 13", "ISO_IR 166"];
        string[] multi = ["ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 149", "ISO 2022 IR 58"];
        string[] whole = ["ISO_IR 192", "GB18030", "GBK"];
        var extended = single.Select(t => t.Replace("ISO_IR", "ISO 2022 IR", StringComparison.Ordinal));
        foreach (var term in single.Concat(whole))
        {
            Assert.Equal(term, CharacterSet.Parse(term).Value);
        }
        return $"""
            - default repertoire (ISO_IR 6)
            - {string.Join(", ", single)}
            - with code extensions: ISO 2022 IR 6, {string.Join(", ", extended.Concat(multi))}
            - {string.Join(", ", whole)}
            """.ReplaceLineEndings("\n");
    }

    // as the capabilities say it; a deletion only where it is switched on
    private static string DicomWebResources()
    {
        var options = new PacsOptions();
        return Table(
            ["resource", "method", "media types of the answer"],
            Capabilities.Resources(options).Select(r => new[] { $"`/{r.Path}`", r.Method, string.Join(", ", r.Types.Select(t => $"`{t}`")) }));
    }

    private static string DicomWebFrames() => Table(
        ["transfer syntax", "stored frames", "decoded to Explicit VR Little Endian", "whole instances converted to it"],
        TransferSyntax.KnownSyntaxes.Where(s => !s.IsVideo).OrderBy(s => s.Uid, UidOrder).Select(s => new[]
        {
            s.Name, FrameForm.StoredType(s) is { } type ? $"`{type}`, `{MediaTypes.OctetStream}`" : $"`{MediaTypes.OctetStream}`", Decoded(s),
            Transcoder.CanTranscode(TransferSyntax.ExplicitVRLittleEndian, s) ? "yes" : "",
        }));

    private static string DicomWebSearch() => Table(
        ["level", "returned unasked, beside Retrieve URL"],
        Enum.GetValues<Level>().Where(l => l != Level.Patient).Select(l => new[] { l.ToString(), string.Join(", ", QidoRequest.Unasked(l, null, null).Select(k => Keyword(k.Tag) + (k.IsOptional ? " *" : ""))) }))
        + "\n\n\\* of the first 1,000 answers, read from the files; left out where there is none."
        + $"\n\nParameters that are no attributes: {string.Join(", ", QidoRequest.Reserved.Order(StringComparer.Ordinal).Select(p => $"`{p}`"))}.";

    private static string DicomWebStore() => Table(
        ["outcome", "Failure Reason (0008,1197)"],
        Enum.GetValues<StoreOutcome>().Where(o => !StoreResult.Refused(o, "").IsSafe).Select(o => new[] { Words(o.ToString()), $"{StowOutcome.Refused("1.2", "1.2", o).Reason:X4}H" })
            .Append([Words("OtherStudyThanTheOneInThePath"), $"{0xA900:X4}H"]).Append(["no DICOM file", $"{StowOutcome.NoInstance.Reason:X4}H"]).Append(["the server failed", $"{StowOutcome.Failed(null, null).Reason:X4}H"]));

    // ContentDiffers: content differs
    private static string Words(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : char.ToLowerInvariant(c).ToString()));

    private static string Settings(Func<SettingBinder.Key, bool> isWanted)
    {
        var defaults = new PacsOptions();
        var rows = SettingBinder.Keys
            .Where(isWanted)
            .Select(k => new[] { $"`{k.Path.Replace(':', '.')}`", Default(k.Property.GetValue(k.Section is null ? defaults : k.Section.GetValue(defaults))) });
        return Table(["setting", "default"], rows);

        static string Default(object? value) => value switch
        {
            null => "none",
            bool flag => flag ? "`true`" : "`false`",
            string text => $"`{text}`",
            System.Collections.IEnumerable list => list.Cast<object>().Any() ? "see there" : "none",
            _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
        };
    }

    private static string Coercions()
    {
        ICoercion[] coercions = [new SonoscapeReportCoercion(), new SonoscapeImageCoercion()];
        return string.Join('\n', coercions.Select(c => $"- `{c.Name}`"));
    }

    private static string StorageClasses() => Table(
        ["SOP class", "UID"],
        DicomUid.All.Where(e => e.Type == "SOP Class" && DimseHandlers.IsStorage(e.Uid)).OrderBy(e => e.Uid, UidOrder)
            .Select(e => new[] { e.Name + (e.IsRetired ? " (retired)" : ""), $"`{e.Uid}`" }));

    private static string TransferSyntaxes() => Table(
        ["transfer syntax", "UID", "stored and sent as it is", "frames decoded", "transcoded to"],
        TransferSyntax.KnownSyntaxes.OrderBy(s => s.Uid, UidOrder)
            .Select(s => new[] { s.Name + (s.IsRetired ? " (retired)" : ""), $"`{s.Uid}`", "yes", Decoded(s), Transcoder.CanTranscode(TransferSyntax.ExplicitVRLittleEndian, s) ? "yes" : "" }));

    private static string Decoded(TransferSyntax syntax) => CodecTable.TryGet(syntax, out _, out _) ? "yes" : "";

    private static string Keyword(DicomTag tag) => DicomDictionary.Find(tag)?.Keyword ?? tag.ToString();

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>By components, so that .2 comes before .10.</summary>
    private static Comparer<string> UidOrder { get; } = Comparer<string>.Create((a, b) =>
    {
        var (left, right) = (a.Split('.'), b.Split('.'));
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            var order = left[i].Length != right[i].Length ? left[i].Length.CompareTo(right[i].Length) : string.CompareOrdinal(left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }
        return left.Length.CompareTo(right.Length);
    });

    private static string Table(string[] head, IEnumerable<string[]> rows) => string.Join(
        '\n',
        [$"| {string.Join(" | ", head)} |", $"|{string.Concat(head.Select(_ => "---|"))}", .. rows.Select(r => $"| {string.Join(" | ", r)} |")]);
}
