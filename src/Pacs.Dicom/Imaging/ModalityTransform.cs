namespace Pacs.Dicom.Imaging;

/// <summary>From stored values to those that mean something: Modality LUT, or slope and intercept (PS3.3 §C.11.1).</summary>
internal sealed class ModalityTransform
{
    private readonly LookupTable? _table;
    private readonly double _slope = 1;
    private readonly double _intercept;

    /// <param name="values">Where the rescale is: the data set, a functional group, or a presentation state.</param>
    /// <param name="mayHaveTable">Whether a Modality LUT counts; functional groups have none (PS3.3 §C.7.6.16.2.9).</param>
    public ModalityTransform(DicomDataset values, bool mayHaveTable)
    {
        var item = mayHaveTable && values.GetSequence(DicomTag.ModalityLUTSequence) is [var first, ..] ? first : null;
        if (item is not null)
        {
            _table = LookupTable.Of(item);
        }
        if (_table is null)
        {
            // a slope of 0 would make everything one value; devices mean none
            _slope = values.GetDouble(DicomTag.RescaleSlope) is { } slope && slope != 0 ? slope : 1;
            _intercept = values.GetDouble(DicomTag.RescaleIntercept) ?? 0;
        }
        Unit = (_table is null ? values.GetString(DicomTag.RescaleType) : item?.GetString(DicomTag.ModalityLUTType))?.Trim();
    }

    /// <summary>What values are measured in, for example HU (PS3.3 §C.11.1.1.2); null where nothing is said.</summary>
    public string? Unit { get; }

    /// <summary>Whether whole stored values stay whole.</summary>
    public bool IsWhole => _table is not null || (_slope == Math.Floor(_slope) && _intercept == Math.Floor(_intercept));

    /// <summary>The largest value of the table, or null where there is none.</summary>
    public int? LargestOfTable => _table is null ? null : (1 << _table.Bits) - 1;

    /// <summary>The value that a stored one means.</summary>
    public double Of(double stored) => _table is null ? (stored * _slope) + _intercept : _table[(int)stored];
}
