using Microsoft.Extensions.Logging;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

public sealed class WorklistFolderTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("pacs-wl-").FullName;
    private readonly CountingLog _log = new();
    private readonly WorklistFolder _folder;

    public WorklistFolderTests() => _folder = new WorklistFolder(_path, _log);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public async Task Files_of_other_programs_are_read_whatever_the_case_of_their_extension()
    {
        Put("b.wl", "2");
        Put("A.WL", "1");
        Put("notes.txt", "3");
        Directory.CreateDirectory(Path.Join(_path, "folder.wl"));
        Directory.CreateDirectory(Path.Join(_path, "below"));
        Put("below/c.wl", "4");
        Assert.Equal(["1", "2"], await IdsAsync());
        Assert.Equal(0, _log.Warnings);
    }

    [Fact]
    public async Task Files_of_the_old_plugin_are_read()
    {
        var golden = Path.Join(AppContext.BaseDirectory, "Golden", "gdt", "wl_full");
        Assert.SkipUnless(Directory.Exists(golden), "the golden cases of /worklist/add are not there yet");
        File.Copy(Directory.GetFiles(golden, "*.wl")[0], Path.Join(_path, "x.wl"));
        var entry = Assert.Single(await _folder.ReadAsync(Ct));
        Assert.Equal("Doe^John", entry.GetString(DicomTag.PatientName));
        Assert.Equal("US01", entry.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0].GetString(DicomTag.ScheduledStationAETitle));
    }

    [Fact]
    public async Task A_file_is_parsed_once_and_again_when_it_changes()
    {
        Put("a.wl", "1");
        var first = Assert.Single(await _folder.ReadAsync(Ct));
        Assert.Same(first, Assert.Single(await _folder.ReadAsync(Ct)));
        Put("a.wl", "22222");
        Assert.Equal(["22222"], await IdsAsync());
        File.Delete(Path.Join(_path, "a.wl"));
        Assert.Empty(await IdsAsync());
    }

    [Fact]
    public async Task Bad_files_are_passed_over_and_said_once()
    {
        Put("good.wl", "1");
        File.WriteAllBytes(Path.Join(_path, "empty.wl"), []);
        File.WriteAllText(Path.Join(_path, "text.wl"), "this is no DICOM file");
        File.WriteAllBytes(Path.Join(_path, "cut.wl"), File.ReadAllBytes(Path.Join(_path, "good.wl"))[..^3]);
        File.WriteAllBytes(Path.Join(_path, "large.wl"), new byte[WorklistFolder.MaxFileSize + 1]);
        Assert.Equal(["1"], await IdsAsync());
        Assert.Equal(["1"], await IdsAsync());
        Assert.Equal(4, _log.Warnings);
    }

    [Fact]
    public async Task A_missing_folder_is_empty_and_said_once_each_time_it_goes()
    {
        Directory.Delete(_path, recursive: true);
        Assert.Empty(await IdsAsync());
        Assert.Empty(await IdsAsync());
        Assert.Equal(1, _log.Warnings);
        Directory.CreateDirectory(_path);
        Put("a.wl", "1");
        Assert.Equal(["1"], await IdsAsync());
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("1", 0)]
    [InlineData("42", 41)]
    [InlineData("42\n", 41)]
    [InlineData(" 42 \r\n", 41)]
    [InlineData("", 0)]
    [InlineData("garbage", 0)]
    [InlineData("-5", 0)]
    public void Numbers_go_on_where_the_old_plugin_would_have(string? counter, long last)
    {
        if (counter is not null)
        {
            File.WriteAllText(Path.Join(_path, "accessionid.conf"), counter);
        }
        Assert.Equal(last, _folder.LastAccessionNumber());
    }

    [Theory]
    [InlineData("3", 17)]
    [InlineData("", 17)]
    [InlineData("100", 99)]
    public void A_counter_behind_the_entries_it_made_is_not_believed(string counter, long last)
    {
        File.WriteAllText(Path.Join(_path, "accessionid.conf"), counter);
        Put("R0000000017-20260105120000.wl", "1");
        Put("R0000000099.wl", "1"); // not a name of the old plugin
        Assert.Equal(last, _folder.LastAccessionNumber());
    }

    [Fact]
    public async Task Clean_up_takes_what_the_old_plugin_left_and_nothing_else()
    {
        string[] stay = ["R0000000003-20260105235959.wl", "R0000000004-20260106000000.wl", "foreign.wl", "R12-20200101000000.wl", "R0000000001-2020.wl", "x-20200101000000.wl", "R0000000001-20200101000000.wl.bak"];
        string[] go = ["R0000000001-20260104235959.wl", "R0000000002-20260105080000.wl"];
        foreach (var name in stay.Concat(go))
        {
            Put(name, "1");
        }
        var removed = await _folder.CleanUpAsync("20260105", accessions =>
            Task.FromResult<IReadOnlySet<string>>(accessions.Where(a => a == "R0000000002").ToHashSet()));
        Assert.Equal(2, removed);
        Assert.Equal(stay.Order(StringComparer.Ordinal), Directory.GetFiles(_path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    private async Task<IEnumerable<string?>> IdsAsync() => (await _folder.ReadAsync(Ct)).Select(e => e.GetString(DicomTag.PatientID));

    private void Put(string name, string patientId)
    {
        var entry = new DicomDataset()
            .Set(DicomTag.SOPClassUID, "1.2.276.0.7230010.3.1.0.1").Set(DicomTag.SOPInstanceUID, "1.2.3.4")
            .Set(DicomTag.PatientID, patientId)
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().Set(DicomTag.Modality, "US"));
        new DicomFile(entry, TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(_path, name));
    }

    private sealed class CountingLog : ILogger
    {
        public int Warnings { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                Warnings++;
            }
        }
    }
}
