using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class GdtFileNameTests
{
    private static readonly ResourceId Study = ResourceId.ForStudy("1723", "1.2.3");
    private static readonly ResourceId Instance = ResourceId.ForInstance("1723", "1.2.3", "1.2.3.4", "1.2.3.4.5");

    // accession numbers as hostile devices, or somebody at a keyboard, make them
    public static readonly TheoryData<string, string> Names = new()
    {
        { "R0000000007", "R0000000007" },
        { "a-b_c", "a-b_c" },
        { "../x", "___x" },
        { "..\\x", "___x" },
        { "/etc/passwd", "_etc_passwd" },
        { "C:\\x", "C__x" },
        { "X/1", "X_1" },
        { "A:B", "A_B" },
        { "A*?", "A__" },
        { "a\"b|c<d>e", "a_b_c_d_e" },
        { "a.gdt", "a_gdt" },
        { "a.", "a_" },
        { "a ", "a" },
        { "a b", "a_b" },
        { "a\0b\r\nc", "a_b__c" },
        { "~1", "_1" },
        { "$HOME", "_HOME" },
        { "Ärger", "_rger" },
        { "検1", "_1" },
        { "CON", "_CON" },
        { "con", "_con" },
        { "NUL", "_NUL" },
        { "Aux", "_Aux" },
        { "PRN", "_PRN" },
        { "COM1", "_COM1" },
        { "lpt9", "_lpt9" },
        { "COM10", "COM10" },
        { "CONSOLE", "CONSOLE" },
        { new string('a', 500), new string('a', 64) },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_harmless_characters_of_an_accession_number_get_into_a_name(string accession, string stem)
    {
        Assert.Equal(stem + ".gdt", ForStudy(accession, Study));
        Assert.Equal(stem + "-sr-1.2.3.4.5.gdt", ForReport(accession, Study, "1.2.3.4.5", Instance));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("..")]
    [InlineData("///")]
    [InlineData("検査")]
    [InlineData("---")]
    public void Without_a_usable_accession_number_the_name_comes_from_the_study(string? accession)
    {
        var hash = Convert.ToHexStringLower(Study.ToBytes())[..16];
        Assert.Equal($"study-{hash}.gdt", ForStudy(accession, Study));
        Assert.NotEqual(ForStudy(accession, Study), ForStudy(accession, ResourceId.ForStudy("1723", "1.2.4")));
        Assert.Equal($"study-{hash}-sr-1.2.gdt", ForReport(accession, Study, "1.2", Instance));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("../1")]
    [InlineData("1.2/3")]
    [InlineData("1..2")]
    public void What_is_no_uid_gets_into_no_name(string? uid) =>
        Assert.Equal($"R1-sr-{Convert.ToHexStringLower(Instance.ToBytes())[..16]}.gdt", ForReport("R1", Study, uid, Instance));

    [Fact]
    public void Alternatives_are_counted_before_the_extension()
    {
        Assert.Equal("R1.gdt", GdtFileName.Alternative("R1.gdt", 1));
        Assert.Equal("R1-2.gdt", GdtFileName.Alternative("R1.gdt", 2));
        Assert.Equal("R1-sr-1.2.3-3.gdt", GdtFileName.Alternative("R1-sr-1.2.3.gdt", 3));
    }

    [Theory]
    [InlineData("{ReceiverId:4}{SenderId:4}.{n:3}", "", "BARCQPCN.001")] // QMS, GDT 2.1: receiver first
    [InlineData("{ReceiverId:4}{SenderId:4}.{n:3}", "barcqpcn.001 BARCQPCN.017", "BARCQPCN.018")]
    [InlineData("{ReceiverId:4}{SenderId:4}.{n:3}", "BARCQPCN.999", "BARCQPCN.001")]
    [InlineData("{ReceiverId}_{SenderId}_{n}.gdt", "BARCODE_QPCNET_9.gdt BARCODE_QPCNET_x.gdt other.gdt", "BARCODE_QPCNET_10.gdt")]
    [InlineData("EXPORT.GDT", "", "EXPORT.GDT")]
    public void A_number_is_behind_those_that_wait(string pattern, string inFolder, string name)
    {
        var wanted = GdtFileName.Of(pattern, new GdtProfileData { ReceiverId = "BARCODE", SenderId = "QPCNET" }, "R1", Study);
        Assert.Equal(name, GdtFileName.Alternative(wanted, GdtFileName.FirstAttempt(wanted, inFolder.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../{Accession}.gdt")]
    [InlineData("{Patient}.gdt")]
    [InlineData("{n:10}.gdt")]
    [InlineData("{ReceiverId:0}.gdt")]
    [InlineData(".{Accession}")]
    [InlineData("a b.gdt")]
    [InlineData("#1#.gdt")]
    public void A_pattern_that_could_make_a_wrong_name_is_refused(string pattern)
    {
        var problems = new List<GdtProblem>();
        GdtFileName.Check("StudyFile", pattern, problems);
        Assert.StartsWith("StudyFile", Assert.Single(problems).ToString(), StringComparison.Ordinal);
    }

    private static string ForStudy(string? accession, ResourceId study) => GdtFileName.Of("{Accession}.gdt", new GdtProfileData(), accession, study);

    private static string ForReport(string? accession, ResourceId study, string? sopInstance, ResourceId instance) =>
        GdtFileName.Of("{Accession}-sr-{InstanceUid}.gdt", new GdtProfileData(), accession, study, sopInstance, instance);
}
