namespace Pacs.Dicom;

/// <summary>
/// A content item of a Structured Report (PS3.3 §C.17.3): name, value and children. Values are as received; what is missing in a broken item is
/// null or empty here.
/// </summary>
public sealed class SrNode
{
    private readonly List<SrNode> _children = [];

    internal SrNode(DicomDataset item, SrNode? parent, int number)
    {
        Item = item;
        Parent = parent;
        Number = number;
        Depth = parent is null ? 0 : parent.Depth + 1;
        ValueType = item.GetString(DicomTag.ValueType) ?? "";
        Relationship = item.GetString(DicomTag.RelationshipType) ?? "";
        Concept = CodedConcept.Read(item, DicomTag.ConceptNameCodeSequence);
        parent?._children.Add(this);
    }

    /// <summary>The item of the Content Sequence, or the data set itself at the root: for what this class does not read.</summary>
    public DicomDataset Item { get; }

    /// <summary>The item above, or null at the root.</summary>
    public SrNode? Parent { get; }

    /// <summary>Which child of its parent this is, from 1; the root is 1.</summary>
    public int Number { get; }

    /// <summary>How many items are above.</summary>
    public int Depth { get; }

    /// <summary>Value Type: <c>CONTAINER</c>, <c>NUM</c>, <c>TEXT</c>, <c>CODE</c>, … (PS3.3 table C.17.3-7). Empty in an item by reference.</summary>
    public string ValueType { get; }

    /// <summary>What it is to its parent: <c>CONTAINS</c>, <c>HAS CONCEPT MOD</c>, … (PS3.3 table C.17.3-8).</summary>
    public string Relationship { get; }

    /// <summary>What it is about, or null.</summary>
    public CodedConcept? Concept { get; }

    /// <summary>The items below, in their order. Empty in an item that has none.</summary>
    public IReadOnlyList<SrNode> Children => _children;

    /// <summary>The value as text where the value type is TEXT, DATE, TIME, DATETIME, UIDREF or PNAME; else null.</summary>
    public string? Text => ValueType switch
    {
        "TEXT" => Item.GetString(DicomTag.TextValue),
        "DATE" => Item.GetString(DicomTag.Date),
        "TIME" => Item.GetString(DicomTag.Time),
        "DATETIME" => Item.GetString(DicomTag.DateTime),
        "UIDREF" => Item.GetString(DicomTag.UID),
        "PNAME" => Item.GetString(DicomTag.PersonName),
        _ => null,
    };

    /// <summary>The value of a CODE item, or null.</summary>
    public CodedConcept? Code => ValueType == "CODE" ? CodedConcept.Read(Item, DicomTag.ConceptCodeSequence) : null;

    /// <summary>Numeric Value of a NUM item, as the device wrote it, or null: a measurement may have none (PS3.3 §C.18.1).</summary>
    public string? NumericValue => Measured?.GetString(DicomTag.NumericValue) is { Length: > 0 } value ? value : null;

    /// <summary>The unit of a NUM item, UCUM as a rule, or null.</summary>
    public CodedConcept? Unit => Measured is { } measured ? CodedConcept.Read(measured, DicomTag.MeasurementUnitsCodeSequence) : null;

    /// <summary>Why a NUM item has no value (PS3.3 §C.18.1), e.g. (114007, DCM) Measurement not attempted; or null.</summary>
    public CodedConcept? Qualifier => ValueType == "NUM" ? CodedConcept.Read(Item, DicomTag.NumericValueQualifierCodeSequence) : null;

    /// <summary>Where it is: <c>1.2.5</c> is the fifth child of the root's second child (PS3.3 §C.17.3.2.5, Referenced Content Item Identifier).</summary>
    public string Path
    {
        get
        {
            var numbers = new Stack<int>();
            for (var node = this; node is not null; node = node.Parent)
            {
                numbers.Push(node.Number);
            }
            return string.Join('.', numbers);
        }
    }

    private DicomDataset? Measured => ValueType == "NUM" && Item.GetSequence(DicomTag.MeasuredValueSequence) is [var first, ..] ? first : null;

    /// <summary>Path, value type and code, never the value.</summary>
    public override string ToString() => $"{Path} {ValueType} {Concept}";
}
