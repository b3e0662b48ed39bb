using System.Text.Json;
using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class GdtProfileTests
{
    public static readonly TheoryData<string> BuiltIn = [.. GdtProfile.BuiltIn.Keys.Order(StringComparer.Ordinal)];

    private static readonly Measurement[] Tests = [new("SOEC2DLVEF", "Auswurffraktion", "67.3", "%", null, "2D mode", "1.1"), new("SOEC2DGLS", "Strain", "-18.4", "", null, null, "1.2")];

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public void Every_built_in_profile_is_right_and_its_records_are_read_without_forgiving(string name)
    {
        var profile = Profiles.Of(name);
        var values = Values() with { Attachments = [new GdtAttachment("000001", "URL", "Bilder", "http://pacs:8042/gdt/R1")] };
        foreach (var bytes in (byte[][])[profile.Study(values), profile.Report(values, Tests)])
        {
            var message = GdtReader.Read(bytes, profile.CharacterSet);
            Assert.DoesNotContain(message.Remarks, r => r.Fault != GdtFault.CharacterSet || profile.CharacterSet.Code is not null && profile.Data.NamesCharacterSet != false);
            var record = Assert.Single(message.Records);
            Assert.Equal(("6310", "4711"), (record["8000"], record["3000"]));
            Assert.Equal(profile.Version, profile.Version == GdtVersion.Plugin ? GdtVersion.Plugin : GdtVersions.Of(record)); // the old plugin's reports say 01.0
        }
    }

    // the record table of the standard, section 6310: what is mandatory and does not depend on another field
    [Theory]
    [MemberData(nameof(BuiltIn))]
    public void Records_of_2_1_have_what_the_standard_demands_in_fields_it_knows(string name)
    {
        var profile = Profiles.Of(name);
        Assert.SkipUnless(profile.Version == GdtVersion.Gdt21, "not of 2.1");
        foreach (var bytes in (byte[][])[profile.Study(Values()), profile.Report(Values(), Tests)])
        {
            var record = GdtReader.Read(bytes, profile.CharacterSet).Records[0];
            Assert.All(["8000", "8100", "9218", "3000", "3101", "3102", "3103"], id => Assert.False(string.IsNullOrEmpty(record[id]), id));
            Assert.All(record, f => Assert.NotNull(GdtFieldTable.Find(GdtVersion.Gdt21, f.Id)));
            Assert.All(record, f => Assert.NotEqual("", f.Value));
        }
    }

    [Fact]
    public void A_study_record_of_2_1_line_by_line()
    {
        var bytes = Profiles.Of(new GdtProfileData { Profile = "gdt-2.1", ReceiverId = "PRAX_AIS" }).Study(Values() with { Order = new GdtOrderNumbers("A17", "", "SONO01") });
        Assert.Equal(
            """
            01380006310
            014810000316
            0178315PRAX_AIS
            0138316PACS
            01092063
            014921802.10
            01330004711
            0153101Müller
            0133102Jörg
            017310331121980
            0123104Dr.
            01031101
            0158402SONO01
            0128310A17
            017620022112026
            0156201080441
            0256228R1 / US: Abdomen
            0168410EXTPACS
            0238411PACS-Datensatz
            017843222112026
            0158439080441

            """.ReplaceLineEndings("\r\n"), System.Text.Encoding.Latin1.GetString(bytes));
    }

    [Fact]
    public void A_report_of_3_0_counts_its_objects()
    {
        var record = GdtReader.Read(Profiles.Of("gdt-3.0").Report(Values(), Tests)).Records[0];
        Assert.Equal(["6", "8", "9", "14"], record.Where(f => f.Id == "8201").Select(f => f.Value));
        Assert.Equal(["SOEC2DLVEF", "SOEC2DGLS"], record.Where(f => f.Id == "8410").Select(f => f.Value));
        Assert.Equal(["67.3", "-18.4"], record.Where(f => f.Id == "8420").Select(f => f.Value));
        Assert.Equal(record.Count.ToString(), record["8202"]);
    }

    [Fact]
    public void A_record_of_3_5_has_the_objects_dates_and_sexes_of_the_official_starter_files()
    {
        var record = GdtReader.Read(Profiles.Of("gdt-3.5").Study(Values() with { Order = new GdtOrderNumbers("EKG", "47114712", "EKG_01") })).Records[0];
        Assert.Equal(("3.5", "19801231", "M", "20261122", "EKG", "47114712", "EKG_01"),
            (record["0001"], record["3103"], record["3110"], record["7278"], record["8310"], record["8314"], record["8402"]));
        var objects = record.Where(f => f.Id is "8002" or "8003").ToList();
        var open = new Stack<string>();
        foreach (var field in objects)
        {
            if (field.Id == "8002")
            {
                open.Push(field.Value);
            }
            else
            {
                Assert.Equal(open.Pop(), field.Value);
            }
        }
        Assert.Empty(open);
        Assert.Equal("8001", record[record.Count - 1].Id);
    }

    [Fact]
    public void Links_are_attachments_and_too_long_ones_are_an_error_and_no_other_link()
    {
        var profile = Profiles.Of("gdt-2.1");
        var record = GdtReader.Read(profile.Study(Values() with { Attachments = [new GdtAttachment("000001", "URL", "Bilder", "http://192.168.1.10:8042/gdt/R0000000007")] })).Records[0];
        Assert.Equal(("000001", "URL", "Bilder", "http://192.168.1.10:8042/gdt/R0000000007"), (record["6302"], record["6303"], record["6304"], record["6305"]));
        Assert.Throws<GdtException>(() => profile.Study(Values() with { Attachments = [new GdtAttachment("1", "URL", "", "http://" + new string('x', 60))] }));
    }

    [Fact]
    public void Values_whose_identifier_would_have_to_be_cut_are_left_out_and_the_rest_is_written()
    {
        var bytes = Profiles.Of("gdt-2.1").Report(Values(), [new(new string('X', 21), "n", "1", "", null, null, "1"), .. Tests]);
        Assert.Equal(["SOEC2DLVEF", "SOEC2DGLS"], GdtReader.Read(bytes).Records[0].Where(f => f.Id == "8410").Select(f => f.Value));
    }

    public static readonly TheoryData<string, string> Wrong = new()
    {
        { """{ "Profile": "gdt-9" }""", "Profile must be one of" },
        { """{ "Version": "4.0" }""", "Version must be one of" },
        { """{ "CharacterSet": "EBCDIC" }""", "CharacterSet must be one of" },
        { """{ "Profile": "gdt-3.5", "CharacterSet": "UTF-8" }""", "CharacterSet must be ISO-8859-15" },
        { """{ "Profile": "gdt-2.1", "ReceiverId": "TOO_LONG_ID" }""", "ReceiverId must be" },
        { """{ "SenderId": "a b" }""", "SenderId must be" },
        { """{ "Profile": "gdt-2.1", "TestId": "123456789012345678901" }""", "TestId must have 1 to 20" },
        { """{ "Profile": "gdt-2.1", "TestTypes": { "US": "TOOLONG" } }""", "TestTypes.US must have 1 to 6" },
        { """{ "Study": [ "8000 6310", "84x2 x" ] }""", "Study[1] \"84x2 x\" must begin with" },
        { """{ "Study": [ "8000 6310", "8402{TestType}" ] }""", "Study[1] \"8402{TestType}\" must begin with" },
        { """{ "Study": [ "8000 6310", "8402 {Foo}" ] }""", "Study[1], field 8402: there is no variable {Foo}" },
        { """{ "Study": [ "8000 6310", "8402 {TestType" ] }""", "Study[1], field 8402: a brace is not closed" },
        { """{ "Study": [ "8000 6310", "8420 {Value}" ] }""", "Study[1], field 8420: there is no variable {Value}" },
        { """{ "Study": [ "8000 6310", "{Measurements}" ] }""", "Study[1] \"{Measurements}\" must begin with" },
        { """{ "Study": [ "8002 Obj", "8003 Obj" ] }""", "Study[0] must be field 8000" },
        { """{ "Study": [ "8000 6310", "8002 Obj_Patient" ] }""", "Study: an object (8002) is not closed" },
        { """{ "Report": [ "8000 6310", "8003 Obj_Patient" ] }""", "Report[1], field 8003: no object is open" },
        { """{ "Profile": "gdt-2.1", "Study": [ "8000 6310", "3000 {PatientId}" ] }""", "Study[1] must be field 8100" },
        { """{ "Profile": "gdt-2.1", "Study": [ "8000 6310", "8100" ] }""", "Study: field 3000" },
        { """{ "Profile": "gdt-3.0", "Study": [ "8000 6310", "3000 {PatientId}" ] }""", "Study[1] must be field 8202" },
        { """{ "StudyFile": "../{Accession}" }""", "StudyFile must be made of" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_with_a_profile_is_said_with_its_field(string json, string problem)
    {
        var problems = new List<GdtProblem>();
        Assert.Null(GdtProfile.TryCreate(JsonSerializer.Deserialize<GdtProfileData>(json)!, GdtProfiles.BuiltInOnly, problems));
        Assert.Contains(problems, p => p.ToString().StartsWith(problem, StringComparison.Ordinal) && problem.StartsWith(p.Field, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_wrong_with_receivers_is_said_with_their_number()
    {
        var options = new GdtOptions
        {
            Receivers =
            [
                new GdtReceiverSettings { Name = "Große", Folder = "/tmp/a" },
                new GdtReceiverSettings { Name = "default", Folder = "relative" },
                new GdtReceiverSettings { Name = "a", Folder = "/tmp/a", AttachLink = true, MarkerFile = "../x" },
                new GdtReceiverSettings { Name = "a", Folder = "/tmp/a", Profile = "gdt-2.1", Version = "2.2" },
            ],
        };
        string[] expected =
        [
            "Receivers[0].Name must be", "Receivers[1].Folder must be", "Receivers[2].MarkerFile must be", "Receivers[2].AttachLink needs LinkAddress", "Receivers[3].Name: there is another",
            "Receivers[3].Version must be one of",
        ];
        var problems = GdtReceivers.Problems(options);
        Assert.All(expected.Zip(problems), p => Assert.StartsWith(p.First, p.Second, StringComparison.Ordinal));
        Assert.Equal(expected.Length, problems.Count);
        Assert.Throws<ArgumentException>(() => GdtReceivers.Create(options));
    }

    private static GdtVariables Values() => new(new Examination("4711", "R1", "US", "Abdomen", new DateOnly(2026, 11, 22), new TimeOnly(8, 4, 41))
    {
        PatientName = PersonName.Parse("Müller^Jörg^^Dr."),
        BirthDate = new DateOnly(1980, 12, 31),
        Sex = "M",
        StudyUid = "1.2.3",
    });
}
