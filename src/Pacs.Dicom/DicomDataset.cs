using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom;

/// <summary>
/// A data set (PS3.5 §7): elements in ascending order of their tags. Getters are lenient: what is absent or cannot be read is null or empty.
/// Setters are strict: they refuse what PS3.5 §6.2 does not allow. Not safe for concurrent writers.
/// </summary>
public sealed partial class DicomDataset : IEnumerable<DicomElement>
{
    private readonly List<DicomElement> _elements = [];
    private CharacterSet? _characterSet;
    private bool _isOrdered = true;

    /// <summary>How many elements there are at this level.</summary>
    public int Count => _elements.Count;

    /// <summary>The data set whose sequence this is an item of, or null. Items without (0008,0005) inherit their parent's (PS3.5 §6.1.1).</summary>
    public DicomDataset? Parent { get; private set; }

    /// <summary>The character set of texts in this data set: its own (0008,0005), or its parent's, or ASCII.</summary>
    public CharacterSet CharacterSet
    {
        get
        {
            if (_characterSet is null)
            {
                // no recursion: depth comes from the peer. Every level on the way keeps the answer, see ForgetCharacterSet
                var source = this;
                while (source._characterSet is null && !source.Contains(DicomTag.SpecificCharacterSet) && source.Parent is { } parent)
                {
                    source = parent;
                }
                var found = source._characterSet ?? source.DeclaredCharacterSet();
                for (var level = this; level != source; level = level.Parent!)
                {
                    level._characterSet = found;
                }
                source._characterSet = _characterSet = found;
            }
            return _characterSet;
        }
    }

    /// <summary>The element at a position, in tag order.</summary>
    public DicomElement this[int index] => _elements[index];

    /// <inheritdoc/>
    public IEnumerator<DicomElement> GetEnumerator() => _elements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether there is such an element, empty or not.</summary>
    public bool Contains(DicomTag tag) => IndexOf(tag) >= 0;

    /// <summary>The element with a tag, if there is one.</summary>
    public bool TryGet(DicomTag tag, [NotNullWhen(true)] out DicomElement? element)
    {
        var index = IndexOf(tag);
        element = index >= 0 ? _elements[index] : null;
        return element is not null;
    }

    /// <summary>The element with a tag, or null.</summary>
    public DicomElement? Get(DicomTag tag) => TryGet(tag, out var element) ? element : null;

    /// <summary>
    /// The whole value as text: decoded, trailing padding and (but for text blocks) surrounding blanks removed, several values still separated
    /// by <c>\</c>. Numbers are printed in the invariant culture. Null when the element is absent, empty when it has no value.
    /// </summary>
    public string? GetString(DicomTag tag) => TryGet(tag, out var element) ? Text(element) : null;

    /// <summary>The values of an element, each as text and trimmed; empty when it is absent or has no value.</summary>
    public string[] GetStrings(DicomTag tag)
    {
        if (!TryGet(tag, out var element))
        {
            return [];
        }
        var text = Text(element);
        if (text.Length == 0)
        {
            return [];
        }
        if (element.Vr.IsString && !element.Vr.IsMultiString)
        {
            return [text];
        }
        var values = text.Split('\\');
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = values[i].Trim(' ', '\0');
        }
        return values;
    }

    /// <summary>The value at an index as a whole number, or null when it is absent, no number or out of range. IS, DS and every binary integer VR.</summary>
    public int? GetInt32(DicomTag tag, int index = 0) =>
        GetDouble(tag, index) is { } value && value >= int.MinValue && value <= int.MaxValue && Math.Floor(value) == value ? (int)value : null;

    /// <summary>The value at an index as a number, or null when it is absent or no number. IS, DS and every binary number VR.</summary>
    public double? GetDouble(DicomTag tag, int index = 0)
    {
        if (!TryGet(tag, out var element) || index < 0)
        {
            return null;
        }
        if (element.Vr.IsString)
        {
            var values = GetStrings(tag);
            return index < values.Length && double.TryParse(values[index], NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed)
                && double.IsFinite(parsed) ? parsed : null;
        }
        var size = element.Vr.UnitSize;
        var bytes = element.Value.Span;
        return size > 1 && (index + 1L) * size <= bytes.Length ? Number(element.Vr, bytes.Slice(index * size, size)) : null;
    }

    /// <summary>All values as numbers; a value that is none is left out.</summary>
    public double[] GetDoubles(DicomTag tag)
    {
        if (!TryGet(tag, out var element))
        {
            return [];
        }
        var count = element.Vr.IsString ? GetStrings(tag).Length : element.Vr.UnitSize > 1 ? element.Value.Length / element.Vr.UnitSize : 0;
        return [.. Enumerable.Range(0, count).Select(i => GetDouble(tag, i)).OfType<double>()];
    }

    /// <summary>The items of a sequence; empty when it is absent or has none.</summary>
    public IReadOnlyList<DicomDataset> GetSequence(DicomTag tag) => TryGet(tag, out var element) ? element.Items ?? [] : [];

    /// <summary>Puts an element in its place; replaces one with the same tag.</summary>
    /// <returns>This data set, so that calls can be chained.</returns>
    public DicomDataset Set(DicomElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        if (element.Items is { } items)
        {
            foreach (var item in items)
            {
                item.Parent = this;
                item.ForgetCharacterSet();
            }
        }
        if (element.Tag == DicomTag.SpecificCharacterSet)
        {
            ForgetCharacterSet();
        }
        // data sets arrive in order: appending is the rule
        if (_elements.Count == 0 || _elements[^1].Tag < element.Tag)
        {
            _elements.Add(element);
            return this;
        }
        var index = IndexOf(element.Tag);
        if (index >= 0)
        {
            _elements[index] = element;
        }
        else
        {
            _elements.Insert(~index, element);
        }
        return this;
    }

    /// <summary>
    /// Adds an element that was read, wherever its tag belongs; <see cref="Seal"/> must follow. Elements out of order thus cost a sort and not
    /// a search and a shift each.
    /// </summary>
    internal void Append(DicomElement element)
    {
        _isOrdered &= _elements.Count == 0 || _elements[^1].Tag < element.Tag;
        _elements.Add(element);
        foreach (var item in element.Items ?? [])
        {
            item.Parent = this;
        }
    }

    /// <summary>Brings appended elements in order. Of several with one tag the first stays, as it does for whoever reads a stream.</summary>
    internal void Seal()
    {
        if (_isOrdered)
        {
            return;
        }
        // OrderBy is stable
        var ordered = _elements.OrderBy(e => e.Tag).ToArray();
        _elements.Clear();
        foreach (var element in ordered)
        {
            if (_elements.Count == 0 || _elements[^1].Tag != element.Tag)
            {
                _elements.Add(element);
            }
        }
        _isOrdered = true;
    }

    /// <summary>
    /// Sets a text value with the dictionary's VR. Several values become one, separated by <c>\</c>; none makes the element empty. Keys of a query
    /// and what other systems wrote go through <see cref="SetUnchecked"/>.
    /// </summary>
    /// <exception cref="DicomException">
    /// The value breaks a rule of its VR (<see cref="ValueRules"/>), there are more values than the tag allows, or the data set's character set
    /// lacks a character.
    /// </exception>
    [OverloadResolutionPriority(1)] // Set(tag) without values
    public DicomDataset Set(DicomTag tag, params ReadOnlySpan<string> values) => Set(tag, DicomDictionary.GetVr(tag), values);

    /// <summary>Sets a text value with a VR of one's own, for private tags and for those where the dictionary leaves a choice.</summary>
    /// <exception cref="DicomException">The value is not allowed in this VR, or the data set's character set lacks a character.</exception>
    public DicomDataset Set(DicomTag tag, DicomVr vr, params ReadOnlySpan<string> values)
    {
        Check(tag, vr, values);
        return Set(Encoded(tag, vr, values));
    }

    /// <summary>Sets a number with the dictionary's VR: IS and DS as text, binary VRs in their width.</summary>
    /// <exception cref="DicomException">The number does not fit the VR, or the VR takes no numbers.</exception>
    public DicomDataset Set(DicomTag tag, double value) => Set(new DicomElement(tag, DicomDictionary.GetVr(tag), NumberBytes(tag, DicomDictionary.GetVr(tag), value)));

    /// <summary>Sets a sequence.</summary>
    public DicomDataset Set(DicomTag tag, params IEnumerable<DicomDataset> items) => Set(new DicomElement(tag, items));

    /// <summary>Removes an element. False when there was none.</summary>
    public bool Remove(DicomTag tag)
    {
        var index = IndexOf(tag);
        if (index < 0)
        {
            return false;
        }
        _elements.RemoveAt(index);
        if (tag == DicomTag.SpecificCharacterSet)
        {
            ForgetCharacterSet();
        }
        return true;
    }

    private int IndexOf(DicomTag tag)
    {
        int low = 0, high = _elements.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = _elements[middle].Tag.CompareTo(tag);
            if (order == 0)
            {
                return middle;
            }
            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return ~low;
    }

    private CharacterSet DeclaredCharacterSet() => TryGet(DicomTag.SpecificCharacterSet, out var element)
        ? CharacterSet.Parse(System.Text.Encoding.ASCII.GetString(element.Value.Span).TrimEnd(' ', '\0'))
        : CharacterSet.Default;

    // an item that inherited its character set has a parent that knows it: below one that does not there is nothing to forget
    private void ForgetCharacterSet()
    {
        var work = new Stack<DicomDataset>([this]);
        while (work.TryPop(out var next))
        {
            if (next._characterSet is null)
            {
                continue;
            }
            next._characterSet = null;
            foreach (var element in next._elements)
            {
                foreach (var item in element.Items ?? [])
                {
                    work.Push(item);
                }
            }
        }
    }

    private string Text(DicomElement element)
    {
        var bytes = element.Value.Span;
        if (element.Vr.IsText)
        {
            var text = CharacterSet.Decode(bytes, element.Vr);
            // leading blanks of text blocks may be layout (PS3.5 §6.2)
            return element.Vr.IsMultiString ? text.Trim(' ', '\0') : text.TrimEnd(' ', '\0');
        }
        if (element.Vr.IsString || element.Vr == DicomVr.UN)
        {
            return System.Text.Encoding.Latin1.GetString(bytes).Trim(' ', '\0');
        }
        if (element.Vr == DicomVr.AT)
        {
            return string.Join('\\', Enumerable.Range(0, element.Value.Length / 4).Select(i => TagAt(element.Value.Span[(i * 4)..]).ToHexString()));
        }
        if (element.Vr == DicomVr.UV || element.Vr == DicomVr.SV)
        {
            // a double has 53 bits only
            return string.Join('\\', Enumerable.Range(0, element.Value.Length / 8).Select(i => Long(element.Vr, element.Value.Span[(i * 8)..])));
        }
        return element.Vr.UnitSize > 1 && !element.IsEncapsulated
            ? string.Join('\\', GetDoubles(element.Tag).Select(v => v.ToString(CultureInfo.InvariantCulture)))
            : "";

        static string Long(DicomVr vr, ReadOnlySpan<byte> eight) => vr == DicomVr.UV
            ? BinaryPrimitives.ReadUInt64LittleEndian(eight).ToString(CultureInfo.InvariantCulture) : BinaryPrimitives.ReadInt64LittleEndian(eight).ToString(CultureInfo.InvariantCulture);

        static DicomTag TagAt(ReadOnlySpan<byte> four) => new(BinaryPrimitives.ReadUInt16LittleEndian(four), BinaryPrimitives.ReadUInt16LittleEndian(four[2..]));
    }

    private static double Number(DicomVr vr, ReadOnlySpan<byte> bytes) => vr.Code switch
    {
        0x5553 or 0x4F57 or 0x4154 => BinaryPrimitives.ReadUInt16LittleEndian(bytes), // US OW AT
        0x5353 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        0x554C or 0x4F4C => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        0x534C => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        0x464C or 0x4F46 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        0x4644 or 0x4F44 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        0x5556 or 0x4F56 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    private static byte[] NumberBytes(DicomTag tag, DicomVr vr, double value)
    {
        if (!double.IsFinite(value) && vr != DicomVr.FL && vr != DicomVr.FD)
        {
            throw new DicomException($"VR {vr} has no NaN and no infinity", tag);
        }
        if (Math.Floor(value) != value && vr.Code is 0x4953 or 0x5553 or 0x5353 or 0x554C or 0x534C or 0x5556 or 0x5356)
        {
            throw new DicomException($"VR {vr} takes whole numbers", tag);
        }
        try
        {
            var bytes = new byte[vr.UnitSize];
            switch (vr.Code)
            {
                case 0x4953: // IS
                    return System.Text.Encoding.ASCII.GetBytes(checked((int)value).ToString(CultureInfo.InvariantCulture));
                case 0x4453: // DS
                    return System.Text.Encoding.ASCII.GetBytes(DecimalString(value));
                case 0x5553:
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)value));
                    return bytes;
                case 0x5353:
                    BinaryPrimitives.WriteInt16LittleEndian(bytes, checked((short)value));
                    return bytes;
                case 0x554C:
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes, checked((uint)value));
                    return bytes;
                case 0x534C:
                    BinaryPrimitives.WriteInt32LittleEndian(bytes, checked((int)value));
                    return bytes;
                case 0x464C:
                    BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)value);
                    return bytes;
                case 0x4644:
                    BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
                    return bytes;
                case 0x5556:
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes, checked((ulong)value));
                    return bytes;
                case 0x5356:
                    BinaryPrimitives.WriteInt64LittleEndian(bytes, checked((long)value));
                    return bytes;
                default:
                    throw new DicomException($"VR {vr} does not take numbers", tag);
            }
        }
        catch (OverflowException)
        {
            throw new DicomException($"The number does not fit VR {vr}", tag);
        }
    }

    // PS3.5 §6.2: at most 16 characters; as many digits as find room
    private static string DecimalString(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        for (var digits = 16; text.Length > DicomVr.DS.MaxLength; digits--)
        {
            text = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }
        return text;
    }
}
