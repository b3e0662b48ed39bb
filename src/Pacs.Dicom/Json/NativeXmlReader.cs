using System.Text.Json;
using System.Xml;

namespace Pacs.Dicom;

/// <summary>
/// Reads the Native DICOM Model (PS3.19 §A.1): the metadata of STOW-RS in XML. It has the same parts as the DICOM JSON Model (PS3.18 §F.1), into which it is brought, so that one reader knows what a value of
/// each VR may be. The bytes are taken for hostile: no DTD, no entities, no references to elsewhere.
/// </summary>
public static class NativeXmlReader
{
    private const string Namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    // an item within a sequence takes two elements
    private const int MaxDepth = 2 * 65;

    // those that may be left out
    private const int MaxValues = 1000;

    private static readonly string[] Components = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];

    /// <summary>Reads a document of one data set.</summary>
    /// <param name="document">The document.</param>
    /// <param name="bulkData">Gives the bytes of a bulk data URI, or null when it knows none of that name. Null: the document may have none.</param>
    /// <returns>The data set, its texts in UTF-8, with (0008,0005) where one of them is not ASCII.</returns>
    /// <exception cref="DicomException">It is not in the Native DICOM Model.</exception>
    public static DicomDataset Read(ReadOnlyMemory<byte> document, Func<string, byte[]?>? bulkData = null)
    {
        using var json = new MemoryStream();
        try
        {
            using var xml = XmlReader.Create(new MemoryStream(document.ToArray(), writable: false), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                IgnoreComments = true,
                IgnoreProcessingInstructions = true,
                CloseInput = true,
            });
            xml.MoveToContent();
            // the namespace is required, but some leave it out
            if (xml.LocalName != "NativeDicomModel" || xml.NamespaceURI is not ("" or Namespace))
            {
                throw new DicomException("The document is not a NativeDicomModel");
            }
            using var writer = new Utf8JsonWriter(json);
            WriteDataset(xml, writer);
        }
        catch (XmlException e)
        {
            throw new DicomException($"Not XML: line {e.LineNumber}, column {e.LinePosition}", null, -1, e);
        }
        try
        {
            return new DicomJsonReader(bulkData).Read(json.GetBuffer().AsSpan(0, (int)json.Length))[0];
        }
        catch (DicomException e)
        {
            // its offsets are those of the other model
            throw new DicomException(e.Reason, e.Tag, -1, e);
        }
    }

    /// <summary>Calls back for every element below the present one, which is left behind its end.</summary>
    private static void Children(XmlReader xml, Action<string> child)
    {
        if (xml.Depth > MaxDepth)
        {
            throw new DicomException("Sequences are nested too deeply");
        }
        if (xml.IsEmptyElement)
        {
            xml.Read();
            return;
        }
        xml.Read();
        while (xml.NodeType != XmlNodeType.EndElement)
        {
            if (xml.NodeType == XmlNodeType.Element)
            {
                child(xml.LocalName);
            }
            else if (!xml.Read())
            {
                break;
            }
        }
        xml.Read();
    }

    private static void WriteDataset(XmlReader xml, Utf8JsonWriter json)
    {
        var seen = new HashSet<DicomTag>();
        json.WriteStartObject();
        Children(xml, name =>
        {
            if (name != "DicomAttribute")
            {
                xml.Skip();
                return;
            }
            if (xml.GetAttribute("tag") is not { Length: 8 } text || !DicomTag.TryParse(text, out var tag) || !seen.Add(tag))
            {
                throw new DicomException("A DicomAttribute without a tag of eight hexadecimal digits, or one that is there twice");
            }
            json.WriteStartObject(text);
            if (xml.GetAttribute("vr") is { } vr)
            {
                json.WriteString("vr", vr);
            }
            WriteValue(xml, json, tag);
            json.WriteEndObject();
        });
        json.WriteEndObject();
    }

    private static void WriteValue(XmlReader xml, Utf8JsonWriter json, DicomTag tag)
    {
        var isArray = false;
        var isDone = false;
        var count = 0;
        Children(xml, name =>
        {
            if (name is "Value" or "PersonName" or "Item")
            {
                if (isDone)
                {
                    throw new DicomException("An attribute with more than one kind of value", tag);
                }
                if (!isArray)
                {
                    json.WriteStartArray("Value");
                    isArray = true;
                }
                // values that are left out are empty ones
                if (name != "Item" && int.TryParse(xml.GetAttribute("number"), out var number) && number <= MaxValues)
                {
                    for (; count + 1 < number; count++)
                    {
                        json.WriteNullValue();
                    }
                }
                count++;
                switch (name)
                {
                    case "Value":
                        json.WriteStringValue(Text(xml));
                        break;
                    case "Item":
                        WriteDataset(xml, json);
                        break;
                    default:
                        WriteName(xml, json);
                        break;
                }
            }
            else if (name is "BulkData" or "InlineBinary" && !(isArray || isDone))
            {
                isDone = true;
                if (name == "InlineBinary")
                {
                    // line breaks are allowed in XML's Base64
                    json.WriteString("InlineBinary", string.Concat(Text(xml).Where(c => !char.IsWhiteSpace(c))));
                    return;
                }
                json.WriteString("BulkDataURI", xml.GetAttribute("uri") ?? throw new DicomException("BulkData without an address: those by UUID are not known here", tag));
                xml.Skip();
            }
            else
            {
                throw new DicomException("An attribute with something else than Value, PersonName, Item, BulkData or InlineBinary, or with several kinds of them", tag);
            }
        });
        if (isArray)
        {
            json.WriteEndArray();
        }
    }

    private static void WriteName(XmlReader xml, Utf8JsonWriter json)
    {
        var groups = new Dictionary<string, string>(StringComparer.Ordinal);
        Children(xml, group =>
        {
            var parts = new string[Components.Length];
            Array.Fill(parts, "");
            Children(xml, component =>
            {
                var at = Array.IndexOf(Components, component);
                var text = Text(xml);
                if (at >= 0)
                {
                    parts[at] = text;
                }
            });
            groups[group] = string.Join('^', parts).TrimEnd('^');
        });
        json.WriteStartObject();
        foreach (var (group, text) in groups)
        {
            json.WriteString(group, text);
        }
        json.WriteEndObject();
    }

    // texts only; what is nested in them is no model of DICOM's
    private static string Text(XmlReader xml)
    {
        try
        {
            return xml.ReadElementContentAsString();
        }
        catch (InvalidOperationException e)
        {
            throw new DicomException("Something within a value that is not text", null, -1, e);
        }
    }
}
