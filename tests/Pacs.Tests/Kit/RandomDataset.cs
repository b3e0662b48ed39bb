using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Valid data sets at random: the same number always gives the same one.</summary>
internal static class RandomDataset
{
    private static readonly Lazy<DicomDictionary.Entry[]> Entries = new(() =>
    [
        .. DicomDictionary.All.Where(e => e.Tag.Group is not (0x0000 or 0x0002 or 0x7FE0 or 0xFFFE) && !e.Tag.IsGroupLength && e.VrText.Length == 2
            && e.Tag != DicomTag.SpecificCharacterSet && e.Tag != DicomTag.PixelRepresentation),
    ]);

    /// <param name="random">Where the choices come from.</param>
    /// <param name="syntax">The syntax it is for: Implicit VR cannot tell the VR of private elements, encapsulated ones need fragments.</param>
    public static DicomDataset Create(Random random, TransferSyntax syntax)
    {
        var dataset = Level(random, syntax, 0);
        dataset.Set(new DicomElement(DicomTag.SOPClassUID, DicomVr.UI, "1.2.840.10008.5.1.4.1.1.6.1"u8.ToArray()));
        dataset.Set(new DicomElement(DicomTag.SOPInstanceUID, DicomVr.UI, Encoding.ASCII.GetBytes($"2.25.{random.Next(1, int.MaxValue)}")));
        if (syntax.IsEncapsulated)
        {
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Enumerable.Range(0, random.Next(1, 4)).Select(_ => (ReadOnlyMemory<byte>)Bytes(random, random.Next(0, 40)))));
        }
        else if (random.Next(2) == 0)
        {
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, Bytes(random, 2 * random.Next(0, 100))));
        }
        return dataset;
    }

    private static DicomDataset Level(Random random, TransferSyntax syntax, int depth)
    {
        var dataset = new DicomDataset();
        for (var i = random.Next(0, 12); i > 0; i--)
        {
            var tag = Entries.Value[random.Next(Entries.Value.Length)].Tag;
            var vr = DicomDictionary.GetVr(tag);
            if (vr == DicomVr.SQ)
            {
                dataset.Set(new DicomElement(tag, depth > 4 ? [] : Enumerable.Range(0, random.Next(0, 4)).Select(_ => Level(random, syntax, depth + 1)).ToList()));
            }
            else
            {
                dataset.Set(new DicomElement(tag, vr, Value(random, vr)));
            }
        }
        if (random.Next(3) == 0)
        {
            var group = (ushort)(0x0009 + (2 * random.Next(0, 20)));
            dataset.Set(new DicomElement(new DicomTag(group, 0x0010), DicomVr.LO, "A CREATOR"u8.ToArray()));
            dataset.Set(new DicomElement(new DicomTag(group, 0x1001), DicomVr.UN, Bytes(random, random.Next(0, 30))));
            if (syntax.IsExplicitVr && depth < 3)
            {
                dataset.Set(new DicomElement(new DicomTag(group, 0x1002), DicomVr.FD, Bytes(random, 8 * random.Next(0, 4))));
                dataset.Set(new DicomElement(new DicomTag(group, 0x1003), [Level(random, syntax, depth + 1)]));
            }
        }
        return dataset;
    }

    private static byte[] Value(Random random, DicomVr vr)
    {
        if (!vr.IsString)
        {
            return Bytes(random, vr.UnitSize * random.Next(0, 5));
        }
        var text = new byte[random.Next(0, 20)];
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = (byte)random.Next('0', '9' + 1);
        }
        return text;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
