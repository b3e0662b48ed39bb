using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Makes content items of Structured Reports, odd ones too.</summary>
internal static class SrBuilder
{
    public static DicomDataset Report(string? template, params DicomDataset[] content)
    {
        var report = new DicomDataset()
            .Set(DicomTag.SpecificCharacterSet, "ISO_IR 192")
            .Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage)
            .Set(DicomTag.SOPInstanceUID, "1.2.3.4.5")
            .Set(DicomTag.Manufacturer, "ACME")
            .Set(DicomTag.ValueType, "CONTAINER")
            .Set(DicomTag.ContentSequence, content);
        return template is null ? report : report.Set(DicomTag.ContentTemplateSequence, new DicomDataset().Set(DicomTag.TemplateIdentifier, template));
    }

    public static DicomDataset Container(string? code, string? meaning, params DicomDataset[] content)
    {
        var item = Named("CONTAINER", code, meaning);
        return content.Length == 0 ? item : item.Set(DicomTag.ContentSequence, content);
    }

    /// <summary>A measurement group with an image mode.</summary>
    public static DicomDataset Group(string? mode, params DicomDataset[] content) =>
        Container("125007", "Measurement Group", mode is null ? content : [Code("G-0373", "Image Mode", "G-03A2", mode), .. content]);

    public static DicomDataset Num(string? code, string? meaning, string? value, string unit = "mm")
    {
        var item = Named("NUM", code, meaning);
        if (value is null)
        {
            return item;
        }
        var measured = new DicomDataset()
            .Set(DicomTag.MeasurementUnitsCodeSequence, Coded(unit, unit))
            .Set(new DicomElement(DicomTag.NumericValue, DicomVr.DS, System.Text.Encoding.ASCII.GetBytes(value))); // as a device wrote it, right or wrong
        return item.Set(DicomTag.MeasuredValueSequence, measured);
    }

    public static DicomDataset Text(string? code, string? meaning, string? value)
    {
        var item = Named("TEXT", code, meaning);
        return value is null ? item : item.Set(DicomTag.TextValue, value);
    }

    public static DicomDataset Code(string? code, string? meaning, string valueCode, string valueMeaning) =>
        Named("CODE", code, meaning).Set(DicomTag.ConceptCodeSequence, Coded(valueCode, valueMeaning));

    /// <summary>A measurement of Sonoscape's private templates; what is null is absent.</summary>
    public static DicomDataset Sono(string? id, string? name, string? source, string? result, string? value, string? unit)
    {
        var content = new List<DicomDataset>();
        Add("10031", id);
        Add("10033", name);
        Add("10036", source);
        Add("10037", result);
        if (value is not null)
        {
            content.Add(Num("10041", "Value", value));
        }
        Add("10042", unit);
        return Container("10020", "Measurement", [.. content]);

        void Add(string code, string? text)
        {
            if (text is not null)
            {
                content.Add(Text(code, code, text));
            }
        }
    }

    private static DicomDataset Named(string type, string? code, string? meaning)
    {
        var item = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192").Set(DicomTag.ValueType, type);
        return code is null && meaning is null ? item : item.Set(DicomTag.ConceptNameCodeSequence, Coded(code, meaning));
    }

    private static DicomDataset Coded(string? code, string? meaning)
    {
        var item = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192").Set(DicomTag.CodingSchemeDesignator, "99TEST");
        if (code is not null)
        {
            item.Set(DicomTag.CodeValue, code);
        }
        if (meaning is not null)
        {
            item.Set(DicomTag.CodeMeaning, meaning);
        }
        return item;
    }
}
