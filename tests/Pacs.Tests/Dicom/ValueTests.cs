using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("AE", "PACS 1")]
    [InlineData("AS", "045Y")]
    [InlineData("CS", "ORIGINAL_1 A")]
    [InlineData("DA", "20240229")]
    [InlineData("DS", "-1.5E+10")]
    [InlineData("DS", " 0.25 ")]
    [InlineData("DS", ".5")]
    [InlineData("DT", "2024")]
    [InlineData("DT", "20240229103059.123456-0330")]
    [InlineData("IS", "-2147483648")]
    [InlineData("IS", " +12 ")]
    [InlineData("LO", "äöü 山😀")]
    [InlineData("LT", "a\\b\r\n\tc\f")]
    [InlineData("PN", "Müller^Jürgen^^Dr.^jun.=山田=やまだ")]
    [InlineData("SH", "R0000000001")]
    [InlineData("ST", "a\\b")]
    [InlineData("TM", "10")]
    [InlineData("TM", "235960")]
    [InlineData("TM", "103059.123456")]
    [InlineData("UC", "x")]
    [InlineData("UI", "1.2.840.0.10008")]
    [InlineData("UR", "https://example.org/a?b=c%20d#e")]
    [InlineData("UT", "\\\\server\\share")]
    public void What_the_standard_allows_is_taken(string vr, string value) => Assert.Null(ValueRules.Violation(DicomVr.Parse(vr), value));

    [Theory]
    [InlineData("AE", "12345678901234567")]
    [InlineData("AE", "   ")]
    [InlineData("AE", "A\\B")]
    [InlineData("AE", "A\nB")]
    [InlineData("AS", "45Y")]
    [InlineData("AS", "045y")]
    [InlineData("CS", "Original")]
    [InlineData("CS", "A-B")]
    [InlineData("CS", "12345678901234567")]
    [InlineData("DA", "2024-02-29")]
    [InlineData("DA", "20230229")]
    [InlineData("DA", "20200101-")]
    [InlineData("DS", "1,5")]
    [InlineData("DS", "NaN")]
    [InlineData("DS", "1.23456789012345678")]
    [InlineData("DS", "1e999")]
    [InlineData("DS", "-")]
    [InlineData("DT", "2024-02-29T10:00:00")]
    [InlineData("DT", "2024-02-29")]
    [InlineData("DT", "2024-0000")]
    [InlineData("DT", "20240229103059Z")]
    [InlineData("DT", "20240229103059.1234567")]
    [InlineData("IS", "2147483648")]
    [InlineData("IS", "1.5")]
    [InlineData("IS", "1 2")]
    [InlineData("LO", "a\nb")]
    [InlineData("LO", "a\u0085b")]
    [InlineData("LT", "a\u001Bb")]
    [InlineData("LT", "a\0b")]
    [InlineData("PN", "a=b=c=d")]
    [InlineData("PN", "a^b^c^d^e^f")]
    [InlineData("PN", "a\tb")]
    [InlineData("SH", "12345678901234567")]
    [InlineData("TM", "10:30:59")]
    [InlineData("TM", "103059.")]
    [InlineData("TM", "103059.1234567")]
    [InlineData("TM", "2460")]
    [InlineData("UI", "1.02")]
    [InlineData("UI", "1..2")]
    [InlineData("UI", "1.2\0")]
    [InlineData("UR", "https://a b")]
    [InlineData("UR", "C:\\x")]
    public void What_it_does_not_allow_is_refused(string vr, string value)
    {
        var rule = Assert.IsType<string>(ValueRules.Violation(DicomVr.Parse(vr), value));
        Assert.StartsWith(vr, rule, StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_are_counted_in_characters_and_not_in_bytes()
    {
        var text = string.Concat(Enumerable.Repeat("😀", 64));
        var data = Utf8();
        data.Set(DicomTag.PatientID, text);
        Assert.Equal(256, data.Get(DicomTag.PatientID)!.Value.Length);
        Assert.Equal("LO allows 64 characters, not 65 (PS3.5 §6.2) in (0010,0020)", Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientID, text + "x")).Message);
        var group = new string('ü', 64);
        data.Set(DicomTag.PatientName, $"{group}={group}={group}");
        Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientName, group + "^"));
        Assert.Equal(DicomTag.PatientName, Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientName, group + "x")).Tag);
    }

    [Fact]
    public void A_message_names_tag_and_rule_and_never_the_value()
    {
        var data = Utf8();
        foreach (var (tag, value) in new[] { (DicomTag.StudyDate, "geheim"), (DicomTag.Modality, "geheim"), (DicomTag.PatientName, "ge\u0001heim"), (DicomTag.StudyInstanceUID, "geheim") })
        {
            var error = Assert.Throws<DicomException>(() => data.Set(tag, value));
            Assert.Equal(tag, error.Tag);
            Assert.DoesNotContain("heim", error.Message, StringComparison.Ordinal);
            Assert.Contains("PS3.5", error.Message, StringComparison.Ordinal);
            Assert.False(data.Contains(tag));
        }
    }

    [Fact]
    public void As_many_values_as_the_dictionary_allows_are_taken()
    {
        var data = Utf8();
        data.Set(DicomTag.ImageType, "ORIGINAL", "PRIMARY").Set(DicomTag.ImageType, "ORIGINAL\\PRIMARY\\0001");
        Assert.Equal(["ORIGINAL", "PRIMARY", "0001"], data.GetStrings(DicomTag.ImageType));
        data.Set(DicomTag.PixelSpacing, "0.5", "0.5").Set(DicomTag.PatientID, "").Set(DicomTag.PixelSpacing);
        Assert.Equal("2 values where 1 are allowed (PS3.6 §6) in (0010,0020)", Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientID, "a\\b")).Message);
        Assert.Throws<DicomException>(() => data.Set(DicomTag.PixelSpacing, "1"));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.ImageType, "ORIGINAL"));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientComments, "a", "b"));
        data.Set(new DicomTag(0x0009, 0x1001), DicomVr.LO, "any", "number", "of", "them");
    }

    [Fact]
    public void Keys_of_a_query_are_set_without_the_rules_for_values()
    {
        var keys = Utf8().SetUnchecked(DicomTag.StudyDate, "20200101-").SetUnchecked(DicomTag.StudyInstanceUID, "1.2", "1.3").SetUnchecked(DicomTag.Modality, "*");
        Assert.Equal("20200101-", keys.GetString(DicomTag.StudyDate));
        Assert.Equal(["1.2", "1.3"], keys.GetStrings(DicomTag.StudyInstanceUID));
        Assert.Throws<DicomException>(() => keys.SetUnchecked(DicomTag.Modality, "Ü"));
        Assert.Throws<DicomException>(() => keys.SetUnchecked(DicomTag.Rows, "1"));
        Assert.Throws<DicomException>(() => new DicomDataset().SetUnchecked(DicomTag.PatientName, "Ü"));
    }

    [Fact]
    public void Numbers_that_a_VR_cannot_hold_are_refused()
    {
        var data = new DicomDataset();
        Assert.Throws<DicomException>(() => data.Set(DicomTag.Rows, 65536));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.Rows, 1.5));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.InstanceNumber, 1.5));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.InstanceNumber, double.NaN));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.SliceThickness, double.PositiveInfinity));
        Assert.Throws<DicomException>(() => data.Set(DicomTag.PatientName, 1));
        foreach (var number in new[] { Math.PI, -Math.PI * 1e-200, -1.0 / 3, 1e300 / 7, -1e22 / 3, 0.1, 100000000000000000 })
        {
            data.Set(DicomTag.SliceThickness, number);
            Assert.True(data.Get(DicomTag.SliceThickness)!.Value.Length <= 16);
            Assert.Null(ValueRules.Violation(DicomVr.DS, data.GetString(DicomTag.SliceThickness)));
            Assert.Equal(number, data.GetDouble(DicomTag.SliceThickness)!.Value, Math.Abs(number) * 1e-8);
        }
    }

    [Fact]
    public void Typed_getters_read_what_devices_write()
    {
        var data = Utf8();
        data.Set(DicomTag.StudyDate, "20240229").Set(DicomTag.StudyTime, "1030").Set(DicomTag.PatientName, "Müller^Jürgen");
        data.Set(DicomTag.AcquisitionDateTime, "20240229103059.5+0100");
        data.Set(new DicomElement(DicomTag.PatientBirthDate, DicomVr.DA, "1960.01.31"u8.ToArray()));
        data.Set(new DicomElement(DicomTag.SeriesDate, DicomVr.DA, "unknown"u8.ToArray()));
        Assert.Equal(new DateOnly(2024, 2, 29), data.GetDate(DicomTag.StudyDate)?.Date);
        Assert.Equal(new DateOnly(1960, 1, 31), data.GetDate(DicomTag.PatientBirthDate)?.Date);
        Assert.Null(data.GetDate(DicomTag.SeriesDate));
        Assert.Null(data.GetDate(DicomTag.ContentDate));
        Assert.Equal(new TimeOnly(10, 30), data.GetTime(DicomTag.StudyTime)?.Time);
        Assert.Equal("202402291030", data.GetDateTime(DicomTag.StudyDate, DicomTag.StudyTime)?.ToString());
        Assert.Equal("20240229", data.GetDateTime(DicomTag.StudyDate, DicomTag.SeriesTime)?.ToString());
        Assert.Null(data.GetDateTime(DicomTag.ContentDate, DicomTag.StudyTime));
        Assert.Equal(TimeSpan.FromHours(1), data.GetDateTime(DicomTag.AcquisitionDateTime)?.Offset);
        Assert.Equal("Jürgen", data.GetPersonName(DicomTag.PatientName)?.GivenName);
        Assert.Null(data.GetPersonName(DicomTag.ReferringPhysicianName));
        Assert.Null(data.GetPersonName(DicomTag.PatientName, 1));
        Assert.Null(data.GetPersonName(DicomTag.PatientName, -1));
    }

    [Fact]
    public void Converting_the_character_set_reaches_every_item_and_no_bytes_twice()
    {
        var inner = new DicomDataset().Set(new DicomElement(DicomTag.CodeMeaning, DicomVr.LO, Encoding.Latin1.GetBytes("Größe")));
        var cyrillic = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 144").Set(DicomTag.CodeMeaning, "Шевченко");
        var middle = new DicomDataset().Set(DicomTag.ConceptNameCodeSequence, inner, cyrillic).Set(new DicomElement(DicomTag.TextValue, DicomVr.UT, Encoding.Latin1.GetBytes(" Überblick \\ ")));
        var data = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").Set(DicomTag.PatientName, "Müller^Jürgen").Set(DicomTag.PatientID, "ASCII").Set(DicomTag.ContentSequence, middle);
        var untouched = data.Get(DicomTag.PatientID);

        Assert.Same(data, data.ConvertCharacterSet(CharacterSet.Utf8));

        Assert.Equal("ISO_IR 192", data.GetString(DicomTag.SpecificCharacterSet));
        Assert.Equal(Encoding.UTF8.GetBytes("Müller^Jürgen"), data.Get(DicomTag.PatientName)!.Value.ToArray());
        Assert.Equal("Größe", inner.GetString(DicomTag.CodeMeaning));
        Assert.Equal("Шевченко", cyrillic.GetString(DicomTag.CodeMeaning));
        Assert.False(cyrillic.Contains(DicomTag.SpecificCharacterSet));
        Assert.Equal(" Überblick \\", middle.GetString(DicomTag.TextValue));
        Assert.Same(untouched, data.Get(DicomTag.PatientID));
        var bytes = data.Get(DicomTag.PatientName)!.Value.ToArray();
        data.ConvertCharacterSet(CharacterSet.Utf8);
        Assert.Equal(bytes, data.Get(DicomTag.PatientName)!.Value.ToArray());
    }

    [Fact]
    public void A_conversion_that_would_lose_something_changes_nothing()
    {
        var item = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 144").Set(DicomTag.CodeMeaning, "Шевченко");
        var data = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192").Set(DicomTag.PatientName, "Müller").Set(DicomTag.ContentSequence, item);
        Assert.Equal(DicomTag.CodeMeaning, Assert.Throws<DicomException>(() => data.ConvertCharacterSet(CharacterSet.Latin1)).Tag);
        Assert.Equal("ISO_IR 192", data.GetString(DicomTag.SpecificCharacterSet));
        Assert.Equal("Müller", data.GetString(DicomTag.PatientName));
        Assert.Equal("Шевченко", item.GetString(DicomTag.CodeMeaning));

        var broken = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 126").Set(new DicomElement(DicomTag.PatientName, DicomVr.PN, new byte[] { 0xC4, 0xFF }));
        Assert.Throws<DicomException>(() => broken.ConvertCharacterSet(CharacterSet.Utf8));
        // a character that says "lost" and was written as one is not lost again
        var honest = Utf8().Set(DicomTag.PatientName, "a\uFFFD").ConvertCharacterSet(CharacterSet.Parse("GB18030"));
        Assert.Equal("a\uFFFD", honest.GetString(DicomTag.PatientName));
    }

    [Fact]
    public void Converting_to_ASCII_removes_the_declaration_at_the_top_and_empties_it_in_an_item()
    {
        var item = new DicomDataset().Set(DicomTag.CodeMeaning, "a");
        var data = Utf8().Set(DicomTag.ContentSequence, item);
        item.ConvertCharacterSet(CharacterSet.Default);
        Assert.Same(CharacterSet.Default, item.CharacterSet);
        Assert.True(item.Get(DicomTag.SpecificCharacterSet)!.IsEmpty);
        data.ConvertCharacterSet(CharacterSet.Default);
        Assert.False(data.Contains(DicomTag.SpecificCharacterSet));
        Assert.False(item.Contains(DicomTag.SpecificCharacterSet));
    }

    [Fact]
    public void Any_depth_is_converted_without_a_stack_overflow()
    {
        var data = new DicomDataset().Set(new DicomElement(DicomTag.CodeMeaning, DicomVr.LO, new byte[] { 0xFC }));
        for (var i = 0; i < 100_000; i++)
        {
            data = new DicomDataset().Set(new DicomElement(DicomTag.ContentSequence, [data]));
        }
        data.Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").ConvertCharacterSet(CharacterSet.Utf8);
        Assert.Equal("ISO_IR 192", data.CharacterSet.Value);
    }

    [Fact]
    public void An_item_reads_its_texts_in_the_set_of_whatever_it_is_put_into()
    {
        var leaf = new DicomDataset().Set(new DicomElement(DicomTag.CodeMeaning, DicomVr.LO, "\u00D0\u0096"u8.ToArray()));
        var item = new DicomDataset().Set(DicomTag.ConceptNameCodeSequence, leaf);
        Assert.Equal("\u00D0\u0096", leaf.GetString(DicomTag.CodeMeaning));
        var data = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 144").Set(DicomTag.ContentSequence, item);
        Assert.Equal("ISO_IR 144", leaf.CharacterSet.Value);
        data.Set(DicomTag.SpecificCharacterSet, "ISO_IR 100");
        Assert.Same(CharacterSet.Latin1, leaf.CharacterSet);
        item.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        Assert.Same(CharacterSet.Utf8, leaf.CharacterSet);
        Assert.Same(CharacterSet.Latin1, data.CharacterSet);
        item.Remove(DicomTag.SpecificCharacterSet);
        Assert.Same(CharacterSet.Latin1, leaf.CharacterSet);
    }

    private static DicomDataset Utf8() => new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
}
