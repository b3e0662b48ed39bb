namespace Pacs.Dicom;

/// <summary>The content tree of a Structured Report and what its header says about it.</summary>
/// <param name="Root">The root container (PS3.3 §C.17.3): the data set itself.</param>
/// <param name="Template">Template Identifier of the root, e.g. <c>5200</c> (PS3.16), or null where the device does not say.</param>
/// <param name="MappingResource">Who defines the template, e.g. <c>DCMR</c>, or null.</param>
/// <param name="LeftOut">The paths of items whose children were not read because a limit was reached; empty as a rule.</param>
public sealed record SrDocument(SrNode Root, string? Template, string? MappingResource, IReadOnlyList<string> LeftOut);

/// <summary>Reads content trees (PS3.3 §C.17.3). Never throws at what a device sends: broken items become nodes without a name or a value.</summary>
public static class SrReader
{
    /// <summary>The deepest level that is read. Real reports have fewer than ten; the data set reader stops at 64 as well.</summary>
    public const int MaxDepth = 64;

    /// <summary>The most items that are read. The largest real echo reports have about 2,000.</summary>
    public const int MaxItems = 100_000;

    /// <summary>
    /// Whether objects of a SOP class are Structured Reports: all storage classes below 1.2.840.10008.5.1.4.1.1.88 (PS3.4 §B.5) but the Key Object
    /// Selection, which measures nothing.
    /// </summary>
    public static bool IsReport(string sopClass)
    {
        ArgumentNullException.ThrowIfNull(sopClass);
        return sopClass.StartsWith("1.2.840.10008.5.1.4.1.1.88.", StringComparison.Ordinal) && sopClass != DicomUid.KeyObjectSelectionDocumentStorage;
    }

    /// <summary>Reads the tree.</summary>
    /// <param name="dataset">The whole data set of the report.</param>
    public static SrDocument Read(DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var template = dataset.GetSequence(DicomTag.ContentTemplateSequence) is [var first, ..] ? first : null;
        var root = new SrNode(dataset, null, 1);
        var leftOut = new List<string>();
        var items = 1;
        // no recursion: the depth is the sender's choice
        var work = new Stack<SrNode>([root]);
        while (work.TryPop(out var node))
        {
            var content = node.Item.GetSequence(DicomTag.ContentSequence);
            if (content.Count == 0)
            {
                continue;
            }
            if (node.Depth >= MaxDepth || items + content.Count > MaxItems)
            {
                leftOut.Add(node.Path);
                continue;
            }
            items += content.Count;
            for (var i = 0; i < content.Count; i++)
            {
                _ = new SrNode(content[i], node, i + 1);
            }
            foreach (var child in node.Children)
            {
                work.Push(child);
            }
        }
        return new SrDocument(root, Text(template, DicomTag.TemplateIdentifier), Text(template, DicomTag.MappingResource), leftOut);
    }

    private static string? Text(DicomDataset? item, DicomTag tag) => item?.GetString(tag) is { Length: > 0 } text ? text : null;
}
