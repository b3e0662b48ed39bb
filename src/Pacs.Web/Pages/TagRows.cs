using System.Globalization;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;

namespace Pacs.Web.Pages;

/// <summary>One line of the table of DICOM tags.</summary>
/// <param name="Depth">How many sequences it lies in, 0 for the top level.</param>
/// <param name="Tag">The tag as DICOM prints it, empty for the line that starts an item.</param>
/// <param name="Vr">The two letters, empty for an item.</param>
/// <param name="Name">The name from the dictionary, in English as in the standard; for an item its number.</param>
/// <param name="Value">The value for people; not HTML.</param>
public sealed record TagRow(int Depth, string Tag, string Vr, string Name, string Value)
{
    /// <summary>Whether this line starts an item of a sequence.</summary>
    public bool IsItem => Tag.Length == 0;
}

/// <summary>A data set as lines of a table: every element in order, sequences with their items below them, long and binary values summarised.</summary>
public sealed class TagRows(IStringLocalizer<Texts> texts, Display display)
{
    /// <summary>More lines than this are not shown: a page has to stay readable for the browser, too. Downloads have everything.</summary>
    public const int MaxRows = 5000;

    private const int MaxNumbers = 64;
    private const int MaxHexBytes = 16;

    /// <summary>The lines of a data set; one more than <see cref="MaxRows"/> when it has more.</summary>
    public IReadOnlyList<TagRow> Of(DicomDataset dataset)
    {
        var rows = new List<TagRow>();
        // no recursion: how deep sequences nest is the sender's choice
        var work = new Stack<(DicomDataset Dataset, int Next, int Depth, IReadOnlyList<DicomDataset> Siblings, int Number)>();
        work.Push((dataset, 0, 0, [], 0));
        while (rows.Count <= MaxRows && work.TryPop(out var level))
        {
            if (level.Next == level.Dataset.Count)
            {
                if (level.Number < level.Siblings.Count)
                {
                    PushItem(level.Siblings, level.Number, level.Depth);
                }
                continue;
            }
            var element = level.Dataset[level.Next];
            work.Push(level with { Next = level.Next + 1 });
            rows.Add(new TagRow(level.Depth, element.Tag.ToString(), element.Vr.ToString(), NameOf(level.Dataset, element.Tag), ValueOf(level.Dataset, element)));
            if (element.Items is { Count: > 0 } items)
            {
                PushItem(items, 0, level.Depth + 1);
            }
        }
        return rows.Count > MaxRows ? rows[..(MaxRows + 1)] : rows;

        void PushItem(IReadOnlyList<DicomDataset> siblings, int index, int depth)
        {
            rows.Add(new TagRow(depth, "", "", texts["Tags.Item", index + 1], ""));
            work.Push((siblings[index], 0, depth, siblings, index + 1));
        }
    }

    private string NameOf(DicomDataset dataset, DicomTag tag)
    {
        if (tag.IsPrivateCreator)
        {
            return "Private Creator"; // PS3.5 §7.8.1
        }
        if (tag.IsGroupLength)
        {
            return "Group Length";
        }
        if (tag.IsPrivate)
        {
            var creator = dataset.GetString(new DicomTag(tag.Group, (ushort)(tag.Element >> 8)));
            return string.IsNullOrEmpty(creator) ? texts["Tags.Private"] : texts["Tags.PrivateOf", display.Text(creator, 64)];
        }
        return DicomDictionary.Find(tag)?.Name ?? texts["Tags.Unknown"];
    }

    private string ValueOf(DicomDataset dataset, DicomElement element)
    {
        if (element.IsSequence)
        {
            return display.Count("Items", element.Items.Count);
        }
        if (element.IsEncapsulated)
        {
            // the first fragment is the basic offset table (PS3.5 §A.4)
            return texts["Tags.Encapsulated", display.Count("Fragments", Math.Max(0, element.Fragments.Count - 1)), display.Size(element.Fragments.Sum(f => (long)f.Length))];
        }
        if (element.Value.IsEmpty)
        {
            return "";
        }
        if (element.Vr == DicomVr.UI)
        {
            return string.Join(" \\ ", dataset.GetStrings(element.Tag).Select(uid => DicomUid.Find(uid) is { } known ? $"{display.Text(uid, 64)} ({known.Name})" : display.Text(uid)));
        }
        if (element.Vr.IsString)
        {
            var text = display.Text(dataset.GetString(element.Tag));
            return element.Vr.IsMultiString ? text.Replace("\\", " \\ ", StringComparison.Ordinal) : text;
        }
        return IsNumbers(element.Vr) ? Numbers(element) : Bytes(element.Value.Span);
    }

    private static bool IsNumbers(DicomVr vr) => vr.UnitSize > 1 && vr.ToString()[0] != 'O';

    private string Numbers(DicomElement element)
    {
        var size = element.Vr == DicomVr.AT ? 4 : element.Vr.UnitSize;
        var shown = Math.Min(element.Value.Length / size, MaxNumbers);
        var first = new DicomDataset().Set(new DicomElement(element.Tag, element.Vr, element.Value[..(shown * size)]));
        var text = (first.GetString(element.Tag) ?? "").Replace("\\", " \\ ", StringComparison.Ordinal);
        return element.Value.Length / size > shown ? $"{text} \\ … {texts["Tags.CutNumbers", display.Number(element.Value.Length / size)].Value}" : text;
    }

    private string Bytes(ReadOnlySpan<byte> value)
    {
        var start = value[..Math.Min(value.Length, MaxHexBytes)];
        var hex = string.Join(' ', Convert.ToHexString(start).Chunk(2).Select(pair => new string(pair)));
        // texts of manufacturers arrive as UN in Implicit VR
        var isText = value.Length <= 256 && value.TrimEnd((byte)0).IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) < 0;
        return isText
            ? $"“{System.Text.Encoding.ASCII.GetString(value.TrimEnd((byte)0))}”"
            : string.Create(CultureInfo.InvariantCulture, $"{texts["Tags.Binary", display.Size(value.Length)].Value}: {hex}{(value.Length > start.Length ? " …" : "")}");
    }
}
