using System.Globalization;
using System.Text;
using System.Xml;

namespace Pacs.Dicom;

/// <summary>Writes data sets in the Native DICOM Model (PS3.19 §A.1), the XML of DICOMweb.</summary>
public static class NativeXmlWriter
{
    private const string Namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    /// <summary>Writes a document of one data set in UTF-8.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="dataset">The data set.</param>
    /// <param name="bulkData">Says which binary values are written as a URI. Null: none, and encapsulated pixel data get no value.</param>
    public static void Write(Stream stream, DicomDataset dataset, BulkDataUri? bulkData = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        using var xml = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), CloseOutput = false });
        xml.WriteStartElement("NativeDicomModel", Namespace);
        xml.WriteAttributeString("xml", "space", null, "preserve"); // PS3.19 §A.1.5
        Write(xml, dataset, bulkData, new Stack<(DicomTag, int)>());
        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, DicomDataset dataset, BulkDataUri? bulkData, Stack<(DicomTag Tag, int Item)> path)
    {
        foreach (var element in dataset)
        {
            if (element.Tag.IsGroupLength || (element.Tag == DicomTag.SpecificCharacterSet && path.Count > 0))
            {
                continue;
            }
            xml.WriteStartElement("DicomAttribute");
            xml.WriteAttributeString("tag", element.Tag.ToHexString());
            xml.WriteAttributeString("vr", element.Vr.ToString());
            if (DicomDictionary.Find(element.Tag) is { Keyword.Length: > 0 } entry)
            {
                xml.WriteAttributeString("keyword", entry.Keyword);
            }
            if (Creator(dataset, element.Tag) is { Length: > 0 } creator)
            {
                xml.WriteAttributeString("privateCreator", Characters(creator));
            }
            WriteContent(xml, dataset, element, bulkData, path);
            xml.WriteEndElement();
        }
    }

    private static void WriteContent(XmlWriter xml, DicomDataset dataset, DicomElement element, BulkDataUri? bulkData, Stack<(DicomTag Tag, int Item)> path)
    {
        if (element.Items is { } items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                xml.WriteStartElement("Item");
                WriteNumber(xml, i);
                path.Push((element.Tag, i + 1));
                Write(xml, items[i], bulkData, path);
                path.Pop();
                xml.WriteEndElement();
            }
        }
        else if (element.Tag == DicomTag.SpecificCharacterSet)
        {
            WriteValues(xml, ["ISO_IR 192"]); // the document's own
        }
        else if (element.Vr == DicomVr.PN)
        {
            WriteNames(xml, dataset.GetStrings(element.Tag));
        }
        else if (element.Vr.IsString || (element.Vr.UnitSize > 1 && !IsBinary(element.Vr)))
        {
            WriteValues(xml, dataset.GetStrings(element.Tag));
        }
        else if (!element.IsEmpty)
        {
            if (bulkData?.Invoke(element, BulkDataPath.Of(path, element.Tag)) is { } uri)
            {
                xml.WriteStartElement("BulkData");
                xml.WriteAttributeString("uri", uri);
                xml.WriteEndElement();
            }
            else if (!element.IsEncapsulated)
            {
                xml.WriteStartElement("InlineBinary");
                var bytes = element.Value.ToArray();
                xml.WriteBase64(bytes, 0, bytes.Length);
                xml.WriteEndElement();
            }
        }
    }

    private static bool IsBinary(DicomVr vr) => vr == DicomVr.OB || vr == DicomVr.OW || vr == DicomVr.OD || vr == DicomVr.OF || vr == DicomVr.OL || vr == DicomVr.OV || vr == DicomVr.UN;

    private static void WriteValues(XmlWriter xml, ReadOnlySpan<string> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            xml.WriteStartElement("Value");
            WriteNumber(xml, i);
            xml.WriteString(Characters(values[i]));
            xml.WriteEndElement();
        }
    }

    private static void WriteNames(XmlWriter xml, ReadOnlySpan<string> names)
    {
        for (var i = 0; i < names.Length; i++)
        {
            xml.WriteStartElement("PersonName");
            WriteNumber(xml, i);
            var name = PersonName.Parse(names[i]);
            WriteGroup(xml, "Alphabetic", name.Alphabetic);
            WriteGroup(xml, "Ideographic", name.Ideographic);
            WriteGroup(xml, "Phonetic", name.Phonetic);
            xml.WriteEndElement();
        }
    }

    private static void WriteGroup(XmlWriter xml, string element, PersonName.Group group)
    {
        if (group.IsEmpty)
        {
            return;
        }
        xml.WriteStartElement(element);
        WriteComponent(xml, "FamilyName", group.FamilyName);
        WriteComponent(xml, "GivenName", group.GivenName);
        WriteComponent(xml, "MiddleName", group.MiddleName);
        WriteComponent(xml, "NamePrefix", group.Prefix);
        WriteComponent(xml, "NameSuffix", group.Suffix);
        xml.WriteEndElement();
    }

    private static void WriteComponent(XmlWriter xml, string element, string text)
    {
        if (text.Length > 0)
        {
            xml.WriteElementString(element, Characters(text));
        }
    }

    private static void WriteNumber(XmlWriter xml, int index) => xml.WriteAttributeString("number", (index + 1).ToString(CultureInfo.InvariantCulture));

    // the owner of a block of private elements (PS3.5 §7.8.1)
    private static string? Creator(DicomDataset dataset, DicomTag tag) =>
        tag.IsPrivate && tag.Element > 0xFF ? dataset.GetString(new DicomTag(tag.Group, (ushort)(tag.Element >> 8))) : null;

    // XML 1.0 §2.2 has no place for most control characters, which devices write all the same
    private static string Characters(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!XmlConvert.IsXmlChar(text[i]) && !char.IsSurrogate(text[i]))
            {
                return string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\uFFFD'));
            }
        }
        return text;
    }
}
