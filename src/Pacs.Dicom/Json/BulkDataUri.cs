namespace Pacs.Dicom;

/// <summary>Decides about a binary value when a data set becomes JSON or XML.</summary>
/// <param name="element">The element; encapsulated pixel data, too.</param>
/// <param name="path">
/// Where it is: its tag in eight hexadecimal digits; within a sequence behind the sequence's tag and the number of the item, from 1, e.g. <c>00400555/1/0040A13A</c>.
/// </param>
/// <returns>The URI that is written instead of the value (PS3.18 §F.2.6), or null to write the value inline.</returns>
public delegate string? BulkDataUri(DicomElement element, string path);
