namespace Pacs.Dicom;

/// <summary>
/// A measurement of Sonoscape's private templates SONO1000 and SONO10000: a container that spells out in texts what other devices say in codes.
/// </summary>
/// <param name="Number">The NUM item.</param>
/// <param name="Concept">The device's id of the measurement, with its name as the meaning.</param>
/// <param name="Unit">As the device displays it.</param>
/// <param name="Source">The image mode, or null.</param>
/// <param name="IsReported">Whether this is the result the device reports, one of several or their mean.</param>
internal sealed record SonoscapeMeasurement(SrNode Number, CodedConcept Concept, CodedConcept? Unit, SrModifier? Source, bool IsReported)
{
    /// <summary>Code Value of the container.</summary>
    public const string ContainerCode = "10020";

    private static readonly CodedConcept ImageMode = new("399264008", "SCT", "Image Mode");

    /// <summary>Null when the container is none, or has no value or no name.</summary>
    public static SonoscapeMeasurement? Read(SrNode container)
    {
        if (container.Concept?.Value != ContainerCode
            || container.Children.FirstOrDefault(c => c.ValueType == "NUM" && c.Concept?.Value == "10041") is not { } number
            || (Text(container, "10033") ?? Text(container, "10031")) is not { } name)
        {
            return null;
        }
        var unit = Text(container, "10042") is { } shown ? new CodedConcept(shown, "", shown) : number.Unit;
        var source = Text(container, "10036") is { } mode ? new SrModifier(ImageMode, "HAS ACQ CONTEXT", null, mode) : null;
        // single results are numbered from 0
        return new SonoscapeMeasurement(number, new CodedConcept(Text(container, "10031") ?? name, "99SONOSCAPE", name), unit, source, Text(container, "10037") is null or "-1");
    }

    private static string? Text(SrNode container, string code) =>
        container.Children.FirstOrDefault(c => c.ValueType == "TEXT" && c.Concept?.Value == code)?.Text is { Length: > 0 } text ? text : null;
}
