using System.Text;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>What we write, checked by a checker that shares no code with us (<c>gdt_check.py</c>): line lengths, line ends, field ids, first field.</summary>
public sealed class GdtCheckTests
{
    // the old plugin's records have no 8100, 8402 and 9206, and practice software is set up for that
    private static readonly string[] Known = ["no 8100", "no 8402", "non-ASCII bytes but no 9206"];

    [Fact]
    public async Task Records_pass_the_checker_whatever_the_values_are()
    {
        Tool.Require("/usr/bin/python3");
        var ct = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-check-").FullName;
        try
        {
            string[] values =
            [
                "", "R0000000007", "Schilddrüse € groß", "Łódź Михаил 検査 😀", "a\r\n0098000b", "tab\tnul\0esc\u001B", new string('x', 990), new string('ü', 991),
                string.Join(' ', Enumerable.Range(0, 2000)), "\u2028\u2029\u0085", "0138000",
            ];
            var files = new List<string>();
            foreach (var value in values)
            {
                var profile = Profiles.Of("medical-office");
                await WriteAsync(profile.Study(Profiles.Values(value)));
                await WriteAsync(profile.Report(Profiles.Values(value), [new Measurement(value, value, "1.0", value, value, value, "1.1")]));
            }
            var checker = Path.Join(AppContext.BaseDirectory, "gdt_check.py");
            var result = await Tool.RunAsync("/usr/bin/python3", ct, [checker, .. files]);
            Assert.Equal(0, result.ExitCode);
            Assert.Equal(files.Count, result.Output.Split('\n').Count(l => l.Contains(" lines - ", StringComparison.Ordinal)));
            var findings = result.Output.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l.Trim());
            Assert.DoesNotContain(findings, f => !Known.Any(k => f.StartsWith(k, StringComparison.Ordinal)));

            async Task WriteAsync(byte[] record)
            {
                files.Add(Path.Join(folder, $"{files.Count}.gdt"));
                await File.WriteAllBytesAsync(files[^1], record, ct);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // what has no 8100 by its version; 8402 is in the others' fields
    public static TheoryData<string, string[]> Strict => new()
    {
        { "gdt-2.1", [] }, { "turbomed", [] }, { "medistar", [] }, { "red-medical", [] }, { "x-concept", [] }, { "insuite", [] }, { "tomedo", [] },
        { "quincy", ["non-ASCII bytes but no 9206"] }, { "elexis", ["non-ASCII bytes but no 9206"] }, // they take CP437, which is what no 9206 means
        { "gdt-3.0", [] }, { "gdt-3.1", [] }, { "gdt-3.5", ["no 8100", "non-ASCII bytes but no 9206"] },
        { "medical-office", Known },
    };

    [Theory]
    [MemberData(nameof(Strict))]
    public async Task Records_of_the_profiles_pass_the_checker_with_the_lengths_of_the_standard(string name, string[] known)
    {
        Tool.Require("/usr/bin/python3");
        var ct = TestContext.Current.CancellationToken;
        var profile = Profiles.Of(name);
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-check-").FullName;
        try
        {
            var values = Profiles.Values("4711") with
            {
                Attachments = [new GdtAttachment("000001", "URL", "Bilder vom 22.11.2026", "http://192.168.1.10:8042/gdt/R0000000007")],
            };
            var named = values with
            {
                Examination = values.Examination with
                {
                    PatientName = Pacs.Dicom.PersonName.Parse("Müller-Łukaszewicz-Schönbächler-Hernández^Jörg Ağa"),
                    Text = string.Join(' ', Enumerable.Range(0, 300)) + " Größe – Ödem",
                },
            };
            Measurement[] tests = [new("SOEC2DLVEF", "Left Ventricular Ejection Fraction by Teichholz, of several beats averaged (2D mode)", "67.3", "%", null, "Größe", "1.1"), new(new string('X', 21), "too long", "1", "", null, null, "1.2")];
            await File.WriteAllBytesAsync(Path.Join(folder, "study.gdt"), profile.Study(named), ct);
            await File.WriteAllBytesAsync(Path.Join(folder, "report.gdt"), profile.Report(named, tests), ct);
            // 3.x has no lengths of fields in its table: the checker that knows none
            var checker = profile.Version == GdtVersion.Gdt21 ? Path.Join(AppContext.BaseDirectory, "gdt21", "gdt_check.py") : Path.Join(AppContext.BaseDirectory, "gdt_check.py");
            var result = await Tool.RunAsync("/usr/bin/python3", ct, checker, Path.Join(folder, "study.gdt"), Path.Join(folder, "report.gdt"));
            Assert.Equal(0, result.ExitCode);
            var findings = result.Output.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l.Trim());
            Assert.DoesNotContain(findings, f => !known.Any(k => f.StartsWith(k, StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Strict))]
    public async Task Records_with_codes_and_text_lines_pass_the_checker(string name, string[] known)
    {
        Tool.Require("/usr/bin/python3");
        var ct = TestContext.Current.CancellationToken;
        var profile = Profiles.Of(name);
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-check-").FullName;
        try
        {
            // reports of ours, and those of the samples where they are
            var reports = new List<DicomDataset>
            {
                SrBuilder.Report("5100", SrBuilder.Container("121070", "Findings", SrBuilder.Num("11726-7", "Peak Systolic Velocity", "123.456", "cm/s"), SrBuilder.Num("12144-2", "Systolic to Diastolic Velocity Ratio", "-2.5", "1"))),
                SrBuilder.Report("5200", SrBuilder.Group("2D mode", SrBuilder.Num("18043-0", "Left Ventricular Ejection Fraction by Größe und Übermaß", "67.3", "%"))),
            };
            if (SharedSamples.SharedFolder is { } shared && Path.Join(shared, "samples", "A_sr", "synthetic") is var samples && Directory.Exists(samples))
            {
                reports.AddRange(Directory.EnumerateFiles(samples, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => DicomFile.Open(f).Dataset));
            }
            var files = new List<string>();
            foreach (var report in reports)
            {
                var document = SrReader.Read(report);
                var folded = SrRepeats.Fold(SrMeasurements.Read(document), RepeatedValue.Mean);
                var language = System.Globalization.CultureInfo.GetCultureInfo("de-DE");
                var values = CodedMeasurements.Read(folded, language).Values;
                foreach (var field in (string[])["6220", "6228"])
                {
                    files.Add(Path.Join(folder, $"{files.Count}.gdt"));
                    var record = profile.Report(Profiles.Values("4711"), values, new GdtText(field, ReportTable.Create(document, folded, language).Lines(60), "Text fehlt"));
                    await File.WriteAllBytesAsync(files[^1], record, ct);
                    // the old plugin's bytes say no character set
                    Assert.DoesNotContain(GdtReader.Read(record, profile.CharacterSet).Remarks, r => profile.Version != GdtVersion.Plugin || r.Fault != GdtFault.CharacterSet);
                }
            }
            var checker = profile.Version == GdtVersion.Gdt21 ? Path.Join(AppContext.BaseDirectory, "gdt21", "gdt_check.py") : Path.Join(AppContext.BaseDirectory, "gdt_check.py");
            var result = await Tool.RunAsync("/usr/bin/python3", ct, [checker, .. files]);
            Assert.Equal(0, result.ExitCode);
            Assert.Equal(files.Count, result.Output.Split('\n').Count(l => l.Contains(" lines - ", StringComparison.Ordinal)));
            var findings = result.Output.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l.Trim());
            Assert.DoesNotContain(findings, f => !known.Append(profile.Version is GdtVersion.Gdt35 or GdtVersion.Plugin ? "no 8402" : "-").Any(k => f.StartsWith(k, StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_checker_with_the_table_of_2_1_finds_what_is_too_long()
    {
        Tool.Require("/usr/bin/python3");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, GdtWriter.ToBytes(new GdtRecord { { "8000", "6310" }, { "3000", "12345678901" } }), TestContext.Current.CancellationToken);
            var result = await Tool.RunAsync("/usr/bin/python3", TestContext.Current.CancellationToken, Path.Join(AppContext.BaseDirectory, "gdt21", "gdt_check.py"), file);
            Assert.Contains("FK 3000: 11 bytes > GDT2.1 max <=10", result.Output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_checker_finds_what_is_wrong()
    {
        Tool.Require("/usr/bin/python3");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, Encoding.ASCII.GetBytes("01380006310\r\n0128413x\n"), TestContext.Current.CancellationToken);
            var result = await Tool.RunAsync("/usr/bin/python3", TestContext.Current.CancellationToken, Path.Join(AppContext.BaseDirectory, "gdt_check.py"), file);
            Assert.Contains("LF only", result.Output);
            Assert.Contains("LLL=12, expected 10", result.Output);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
