using System.Globalization;
using System.Xml;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>What the viewer Weasis is started with: a link, or a manifest that lists what to load.</summary>
internal sealed class WeasisRoutes(IndexReader index, PacsOptions options, AccessTokens tokens)
{
    private const string Namespace = "http://www.weasis.org/xsd/2.5";

    // what nobody looks at in one go
    private const int MaxStudies = 100;
    private const int MaxInstances = 20_000;

    /// <summary>
    /// The address that starts Weasis with a study: its handler of <c>weasis:</c> takes the command behind the question mark. Null for what is no UID and would be part of a command.
    /// </summary>
    /// <param name="address">Of the services.</param>
    /// <param name="study">Study Instance UID.</param>
    /// <param name="token">What it reads with where there is a log-in, or null.</param>
    public static string? Link(DicomWebAddress address, string study, string? token) => DicomUid.IsValid(study)
        ? "weasis://?" + Uri.EscapeDataString($"$dicom:rs --url \"{address.Root}\" -r \"studyUID={study}\"{(token is null ? "" : $" -H \"Authorization: Bearer {token}\"")}") : null;

    /// <summary>Answers with the manifest of studies: by UID, accession number or patient id.</summary>
    public async Task<IResult> ManifestAsync(HttpContext context)
    {
        var ct = context.RequestAborted;
        var query = context.Request.Query;
        IReadOnlyList<StudyEntry> studies;
        if (query["studyUID"].ToString() is { Length: > 0 } study)
        {
            studies = await index.StudiesByUidAsync(study, ct);
        }
        else if (query["accessionNumber"].ToString() is { Length: > 0 } accession)
        {
            studies = await index.StudiesByAccessionAsync(accession, ct);
        }
        else if (query["patientID"].ToString() is { Length: > 0 } id)
        {
            var patient = await index.PatientAsync(ResourceId.ForPatient(id), ct);
            studies = patient is null ? [] : [.. (await index.StudiesOfAsync(patient.PublicId, ct)).Select(s => new StudyEntry(patient, s))];
        }
        else
        {
            return HttpProblem.BadRequest("studyUID, accessionNumber or patientID is needed");
        }
        if (studies.Count == 0)
        {
            return HttpProblem.NotFound;
        }
        using var buffer = new MemoryStream();
        await WriteAsync(buffer, $"{context.Request.Scheme}://{context.Request.Host.ToUriComponent()}{options.DicomWeb.WadoRoot}", [.. studies.Take(MaxStudies)], ct);
        return Results.Bytes(buffer.ToArray(), "text/xml; charset=utf-8");
    }

    private async Task WriteAsync(MemoryStream buffer, string wado, IReadOnlyList<StudyEntry> studies, CancellationToken ct)
    {
        await using var xml = XmlWriter.Create(buffer, new XmlWriterSettings { Async = true, Encoding = new System.Text.UTF8Encoding(false) });
        xml.WriteStartElement("manifest", Namespace);
        xml.WriteStartElement("arcQuery", Namespace);
        Attributes(xml, ("arcId", options.DicomAet), ("baseUrl", wado), ("webLogin", ""), ("requireOnlySOPInstanceUID", "false"));
        if (options.AuthenticationEnabled)
        {
            // who may read the manifest may read what it lists
            xml.WriteStartElement("httpTag", Namespace);
            Attributes(xml, ("key", "Authorization"), ("value", $"Bearer {tokens.Create().Token}"));
            xml.WriteEndElement();
        }
        foreach (var patient in studies.GroupBy(s => s.Patient.PublicId))
        {
            var who = patient.First().Patient;
            xml.WriteStartElement("Patient", Namespace);
            Attributes(xml, ("PatientID", who.PatientId), ("PatientName", who.Name), ("PatientBirthDate", who.BirthDate), ("PatientSex", who.Sex));
            foreach (var (_, study) in patient)
            {
                await WriteAsync(xml, study, ct);
            }
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private async Task WriteAsync(XmlWriter xml, Study study, CancellationToken ct)
    {
        xml.WriteStartElement("Study", Namespace);
        Attributes(xml, ("StudyInstanceUID", study.Uid), ("StudyDescription", study.Description), ("StudyDate", study.Date), ("StudyTime", study.Time), ("AccessionNumber", study.Accession),
            ("StudyID", study.StudyId), ("ReferringPhysicianName", study.Referring));
        foreach (var series in await index.SeriesOfAsync(study.PublicId, ct))
        {
            xml.WriteStartElement("Series", Namespace);
            Attributes(xml, ("SeriesInstanceUID", series.Uid), ("SeriesDescription", series.Description), ("SeriesNumber", series.Number?.ToString(CultureInfo.InvariantCulture)),
                ("Modality", series.Modality), ("WadoTransferSyntaxUID", "*"));
            foreach (var instance in await index.InstancesOfAsync(series.PublicId, 0, MaxInstances, ct))
            {
                xml.WriteStartElement("Instance", Namespace);
                Attributes(xml, ("SOPInstanceUID", instance.Uid), ("InstanceNumber", instance.Number?.ToString(CultureInfo.InvariantCulture)));
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    private static void Attributes(XmlWriter xml, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            if (value is not null)
            {
                // XML 1.0 §2.2 has no place for control characters
                xml.WriteAttributeString(name, string.Concat(value.Where(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c))));
            }
        }
    }
}
