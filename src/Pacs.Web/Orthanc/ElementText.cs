using System.Text;
using Pacs.Dicom;

namespace Pacs.Web.Orthanc;

/// <summary>
/// The value of an element as Orthanc writes it: a text without its padding at the end; blanks before it stay, and of an element of unknown VR also those behind it. Pixels, and what nobody
/// knows unless it is plain ASCII, is null.
/// </summary>
internal readonly ref struct ElementText
{
    // the same characters in every character set; others are decoded
    private const byte FirstPlain = 0x20;
    private const byte LastPlain = 0x7D;

    private readonly ReadOnlySpan<byte> _ascii;
    private readonly string? _text;

    /// <summary>The value of an element.</summary>
    /// <param name="dataset">What it is an element of.</param>
    /// <param name="element">The element, not a sequence.</param>
    public ElementText(DicomDataset dataset, DicomElement element)
    {
        var vr = element.Vr;
        if (vr == DicomVr.UN)
        {
            var bytes = element.IsEncapsulated ? default : element.Value.Span;
            _ascii = bytes.Length <= OrthancTags.MaxText ? bytes.TrimEnd((byte)0) : default;
            IsNull = _ascii.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E) || (_ascii.IsEmpty && (bytes.Length > 0 || element.IsEncapsulated));
        }
        else if (vr.IsString)
        {
            _ascii = element.Value.Span.TrimEnd("\0 "u8);
            if (_ascii.ContainsAnyExceptInRange(FirstPlain, LastPlain))
            {
                _text = vr.IsText ? dataset.CharacterSet.Decode(_ascii, vr) : Encoding.Latin1.GetString(_ascii);
            }
        }
        else if (vr == DicomVr.AT)
        {
            _text = string.Join('\\', dataset.GetStrings(element.Tag).Select(t => DicomTag.TryParse(t, out var tag) ? OrthancTags.Number(tag) : t));
        }
        else if (vr.UnitSize > 1 && vr != DicomVr.OW && vr != DicomVr.OD && vr != DicomVr.OF && vr != DicomVr.OL && vr != DicomVr.OV)
        {
            _text = dataset.GetString(element.Tag) ?? "";
        }
        else
        {
            IsNull = true;
        }
    }

    /// <summary>Whether it is no text.</summary>
    public bool IsNull { get; }

    /// <summary>How many characters it has.</summary>
    public int Length => IsNull ? 0 : _text?.Length ?? _ascii.Length;

    /// <summary>Whether another is the same text.</summary>
    public bool Is(ElementText other) => IsNull == other.IsNull && (_text is null && other._text is null ? _ascii.SequenceEqual(other._ascii) : ToString() == other.ToString());

    /// <inheritdoc/>
    public override string ToString() => _text ?? Encoding.ASCII.GetString(_ascii);

    /// <summary>Writes it.</summary>
    /// <param name="json">Gets it.</param>
    /// <param name="isLong">Whether it is left out because it is too long.</param>
    public void WriteTo(OrthancJsonWriter json, bool isLong)
    {
        if (IsNull || isLong)
        {
            json.Null();
        }
        else if (_text is not null)
        {
            json.Text(_text);
        }
        else
        {
            json.Text(_ascii);
        }
    }
}
