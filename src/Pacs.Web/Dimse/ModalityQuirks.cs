using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>What is different in our queries to nodes whose software has peculiarities (<see cref="ModalityManufacturer"/>).</summary>
public static class ModalityQuirks
{
    private static readonly DicomTag[] UniqueKeys = [DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID];

    /// <summary>The identifier of a C-FIND-RQ as a node understands it.</summary>
    /// <param name="node">Who is asked.</param>
    /// <param name="identifier">The identifier by the standard (PS3.4 §C.4.1.1.3); stays as it is.</param>
    public static DicomDataset Adapt(Modality node, DicomDataset identifier)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(identifier);
        if (node.Manufacturer is ModalityManufacturer.Generic or ModalityManufacturer.Vitrea)
        {
            return identifier;
        }
        var adapted = new DicomDataset();
        foreach (var element in identifier)
        {
            adapted.Set(Adapt(node, identifier, element));
        }
        return adapted;
    }

    private static DicomElement Adapt(Modality node, DicomDataset identifier, DicomElement element)
    {
        if (element.Items is { } items)
        {
            return new DicomElement(element.Tag, items.Select(i => Adapt(node, i)));
        }
        var isUniversal = element.Value.Length > 0 && identifier.GetString(element.Tag) == "*"; // PS3.4 §C.2.2.2.3: the same as an empty key
        return node.Manufacturer switch
        {
            ModalityManufacturer.GenericNoUniversalWildcard when isUniversal => Empty(element),
            ModalityManufacturer.GenericNoWildcardInDates when isUniversal && (element.Vr == DicomVr.DA || element.Vr == DicomVr.TM || element.Vr == DicomVr.DT) => Empty(element),
            ModalityManufacturer.GE when element.Value.IsEmpty && UniqueKeys.Contains(element.Tag) => new DicomElement(element.Tag, element.Vr, element.Vr == DicomVr.UI ? "*\0"u8.ToArray() : "* "u8.ToArray()),
            _ => element,
        };
    }

    private static DicomElement Empty(DicomElement element) => new(element.Tag, element.Vr, ReadOnlyMemory<byte>.Empty);
}
