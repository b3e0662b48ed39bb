namespace Pacs.Gdt;

/// <summary>What was wrong with a file that was read all the same. The words are in the texts of the pages.</summary>
public enum GdtFault
{
    /// <summary>The three digits of a line are not its length.</summary>
    LineLength,

    /// <summary>8100 is not the number of bytes.</summary>
    RecordLength,

    /// <summary>8201 or 8202 is not the number of lines.</summary>
    LineCount,

    /// <summary>Lines end in LF or CR alone; said once.</summary>
    LineEnd,

    /// <summary>The last line has no end.</summary>
    NoLastLineEnd,

    /// <summary>A value has a line break in it.</summary>
    LineBreakInValue,

    /// <summary>Text without field ids inside a record; it was taken for more of the value before it.</summary>
    TextInRecord,

    /// <summary>Text without field ids behind the record.</summary>
    TextAfterRecord,

    /// <summary>The first field is not 8000.</summary>
    NoRecordType,

    /// <summary>There are letters beyond ASCII, and 9206 is absent or says another character set.</summary>
    CharacterSet,

    /// <summary>Bytes that are no text before or behind everything: a byte order mark, NUL, the end-of-file mark of DOS.</summary>
    Padding,
}

/// <summary>Something that a reader forgave.</summary>
/// <param name="Fault">What.</param>
/// <param name="Line">In which line, from 1.</param>
/// <param name="Offset">At which byte that line begins.</param>
/// <param name="Field">In which field; null when it is about none.</param>
/// <param name="Said">What the file says: a length, a number of lines, a character set; null where there is no such thing.</param>
/// <param name="Found">What it is.</param>
public sealed record GdtRemark(GdtFault Fault, int Line, int Offset, string? Field = null, string? Said = null, string? Found = null);

/// <summary>What a file says: its records, and what the reader had to forgive.</summary>
public sealed class GdtMessage
{
    internal GdtMessage(IReadOnlyList<GdtRecord> records, GdtCharacterSet characterSet, string text, IReadOnlyList<GdtRemark> remarks) =>
        (Records, CharacterSet, Text, Remarks) = (records, characterSet, text, remarks);

    /// <summary>The records, at least one; each with its fields, brackets included.</summary>
    public IReadOnlyList<GdtRecord> Records { get; }

    /// <summary>The character set it was read in.</summary>
    public GdtCharacterSet CharacterSet { get; }

    /// <summary>Text behind the last record, which some practice software appends; lines separated by LF.</summary>
    public string Text { get; }

    /// <summary>What was forgiven, in the order of the file; at most <see cref="GdtReader.MaxRemarks"/>.</summary>
    public IReadOnlyList<GdtRemark> Remarks { get; }
}
