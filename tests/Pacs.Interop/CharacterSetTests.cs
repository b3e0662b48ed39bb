using System.Globalization;
using System.Text;
using System.Text.Json;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>pydicom reads what we write, and we read what it writes, in every character set.</summary>
public sealed class CharacterSetTests
{
    /// <summary>Reads N.dcm, prints its texts as JSON and writes them again, encoded by pydicom, as N.answer.dcm.</summary>
    private const string Script = """
        import json, sys, warnings, pydicom
        warnings.simplefilter("error")
        for number in range(int(sys.argv[2])):
            data = pydicom.dcmread(f"{sys.argv[1]}/{number}.dcm")
            texts = [str(data.PatientName), list(data.OtherPatientIDs), data.PatientComments, data.ReferencedStudySequence[0].StudyDescription]
            print(json.dumps(texts, ensure_ascii=True))
            answer = pydicom.Dataset()
            # pydicom 2.3 writes question marks for ISO_IR 13 without code extensions
            terms = data.SpecificCharacterSet
            answer.SpecificCharacterSet = ["ISO 2022 IR 13", "ISO 2022 IR 87"] if terms == "ISO_IR 13" else terms
            answer.SOPClassUID, answer.SOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
            answer.PatientName, answer.OtherPatientIDs, answer.PatientComments = texts[:3]
            item = pydicom.Dataset()
            item.StudyDescription = texts[3]
            answer.ReferencedStudySequence = [item]
            answer.file_meta = data.file_meta
            answer.is_little_endian, answer.is_implicit_VR = True, False
            answer.save_as(f"{sys.argv[1]}/{number}.answer.dcm", write_like_original=False)
        """;

    private static readonly (string Terms, string Name, string Text)[] Cases =
    [
        ("ISO_IR 100", "Müßig-Öhlschläger^Jürgen^^Dr.", "Größe 5 µm²"),
        ("ISO_IR 101", "Wałęsa^Łukasz", "Čapek ő"),
        ("ISO_IR 109", "Ĉapelo^Ŝi", "ĝis ħ"),
        ("ISO_IR 110", "Bērziņš^Kārlis", "ģ ŋ"),
        ("ISO_IR 144", "Шевченко^Оксана", "Люксембург"),
        ("ISO_IR 127", "قباني^لنزار", "نزار"),
        ("ISO_IR 126", "Διονυσιος^Άννα", "Ωμέγα"),
        ("ISO_IR 138", "שרון^דבורה", "שלום"),
        ("ISO_IR 148", "Yılmaz^Şükrü", "İstanbul ğ"),
        ("ISO_IR 166", "นามสกุล^ชื่อ", "ภาษาไทย"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", "ｱｲｳ abc"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東", "😀 Größe — Ж"),
        // no character with a second byte 5C here: pydicom takes that for a backslash
        ("GB18030", "Wang^XiaoDong=王^小东", "第一行 ü 😀"),
        ("GBK", "Wang^XiaoDong=王^小东", "第一行 東"),
        (@"\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう", "腹部 エコー〜a−b"),
        (@"ISO 2022 IR 6\ISO 2022 IR 87\ISO 2022 IR 159", "Yamada^Tarou=山田^太郎=やまだ^たろう", "山丂 x 丄"),
        // pydicom does not escape back from Kanji to a set in G1: a text ends in ASCII, where it does
        (@"ISO 2022 IR 13\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "ｱｲ山.ｱ x"),
        (@"\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", "복부 초음파 abc 검사"),
        (@"\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东", "第一行 abc 第二行"),
        (@"ISO 2022 IR 100\ISO 2022 IR 144", "Ä^Ж^Ü", "Größe Ж Größe"),
        (@"ISO 2022 IR 6\ISO 2022 IR 100\ISO 2022 IR 101\ISO 2022 IR 126", "Müller^Łukasz^Άννα", "ü ł ω"),
        (@"ISO 2022 IR 100\ISO 2022 IR 87", "Müller^山田", "ü ä x"),
    ];

    [Fact]
    public async Task Pydicom_and_we_read_each_others_texts_in_every_character_set()
    {
        var ct = TestContext.Current.CancellationToken;
        await Tool.RequirePythonAsync("pydicom", ct);
        var folder = Directory.CreateTempSubdirectory("pacs-charset-").FullName;
        try
        {
            for (var i = 0; i < Cases.Length; i++)
            {
                new DicomFile(Dataset(Cases[i]), TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(folder, $"{i}.dcm"));
            }
            var script = Path.Join(folder, "script.py");
            await File.WriteAllTextAsync(script, Script, ct);

            var run = await Tool.RunAsync("/usr/bin/python3", ct, script, folder, Cases.Length.ToString(CultureInfo.InvariantCulture));

            Assert.True(run.ExitCode == 0, run.All);
            var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Cases.Length, lines.Length);
            var wrong = new StringBuilder();
            for (var i = 0; i < Cases.Length; i++)
            {
                // pydicom leaves the escape sequence of ISO-IR 58 in the text
                Compare(wrong, $"{Cases[i].Terms} as pydicom reads it", Texts(Cases[i]), JsonTexts(lines[i].Replace("\\u001b$)A", "", StringComparison.Ordinal)));
                var answer = DicomFile.Open(Path.Join(folder, $"{i}.answer.dcm")).Dataset;
                Compare(wrong, $"{Cases[i].Terms} as pydicom writes it", Texts(Cases[i]), Texts(answer));
            }
            Assert.True(wrong.Length == 0, wrong.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static DicomDataset Dataset((string Terms, string Name, string Text) test) => new DicomDataset()
        .Set(DicomTag.SpecificCharacterSet, test.Terms)
        .Set(DicomTag.SOPClassUID, DicomUid.SecondaryCaptureImageStorage)
        .Set(DicomTag.SOPInstanceUID, DicomUid.New())
        .Set(DicomTag.PatientName, test.Name)
        .Set(DicomTag.OtherPatientIDs, test.Text, "ASCII", test.Text)
        .Set(DicomTag.PatientComments, Lines(test))
        .Set(DicomTag.ReferencedStudySequence, Item(test));

    // the item knows the character set of the whole only once it is part of it
    private static DicomDataset Item((string Terms, string Name, string Text) test)
    {
        Assert.True(CharacterSet.Parse(test.Terms).TryEncode(test.Text, DicomVr.LO, out var bytes));
        return new DicomDataset().Set(new DicomElement(DicomTag.StudyDescription, DicomVr.LO, bytes));
    }

    private static string Lines((string Terms, string Name, string Text) test) => $"{test.Text}\r\n\t{test.Text}\r\n1. {test.Text}";

    private static string[] Texts((string Terms, string Name, string Text) test) => [test.Name, test.Text, "ASCII", test.Text, Lines(test), test.Text];

    private static string[] Texts(DicomDataset data) =>
    [
        data.GetString(DicomTag.PatientName)!, .. data.GetStrings(DicomTag.OtherPatientIDs), data.GetString(DicomTag.PatientComments)!,
        data.GetSequence(DicomTag.ReferencedStudySequence)[0].GetString(DicomTag.StudyDescription)!,
    ];

    private static string[] JsonTexts(string line)
    {
        var texts = JsonDocument.Parse(line).RootElement;
        return [texts[0].GetString()!, .. texts[1].EnumerateArray().Select(t => t.GetString()!), texts[2].GetString()!, texts[3].GetString()!];
    }

    private static void Compare(StringBuilder wrong, string what, string[] expected, string[] actual)
    {
        if (!expected.AsSpan().SequenceEqual(actual))
        {
            wrong.Append(CultureInfo.InvariantCulture, $"\n{what}\n  {string.Join(" | ", expected)}\n  {string.Join(" | ", actual)}");
        }
    }
}
