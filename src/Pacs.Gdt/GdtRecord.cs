using System.Collections;

namespace Pacs.Gdt;

/// <summary>One line of a GDT record: a field id of four digits and its content, without length and line end.</summary>
/// <param name="Id">The field id ("Feldkennung"), four digits.</param>
/// <param name="Value">The content as text; <see cref="GdtWriter"/> makes it fit the character set and the line.</param>
public readonly record struct GdtField(string Id, string Value);

/// <summary>
/// A GDT record ("Satz"): fields in the order in which they are written, the first being 8000 with the record type. It knows nothing of DICOM,
/// of lengths or of character sets. Collection expressions and initialisers work: <c>new GdtRecord { { "8000", "6310" }, … }</c>.
/// </summary>
public sealed class GdtRecord : IEnumerable<GdtField>
{
    private readonly List<GdtField> _fields = [];

    /// <summary>How many fields there are.</summary>
    public int Count => _fields.Count;

    /// <summary>The field at a position.</summary>
    public GdtField this[int index] => _fields[index];

    /// <summary>The content of the first field with an id, or null.</summary>
    public string? this[string id]
    {
        get
        {
            var index = _fields.FindIndex(f => f.Id == id);
            return index < 0 ? null : _fields[index].Value;
        }
    }

    /// <summary>Adds a field at the end.</summary>
    /// <param name="id">Four digits.</param>
    /// <param name="value">The content; null is the same as empty.</param>
    /// <exception cref="ArgumentException">The id is not four digits.</exception>
    public void Add(string id, string? value)
    {
        if (id is not { Length: 4 } || !id.All(char.IsAsciiDigit))
        {
            throw new ArgumentException($"'{id}' is no GDT field id: four digits", nameof(id));
        }
        _fields.Add(new GdtField(id, value ?? ""));
    }

    /// <inheritdoc/>
    public IEnumerator<GdtField> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
