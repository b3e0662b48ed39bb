using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class StoreTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stored_instance_is_on_the_disk_in_the_index_and_in_the_feed()
    {
        await using var box = await TestArchive.StartAsync();
        var image = TestArchive.Image();
        var result = await box.StoreAsync(image);

        Assert.Equal(StoreOutcome.Stored, result.Outcome);
        Assert.Equal(ResourceId.ForInstance("P1", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"), result.Instance);
        var location = await box.Reader.LocateAsync(result.Instance, Ct);
        Assert.NotNull(location);
        var file = DicomFile.Open(box.Archive.TryGetPath(location.Key)!);
        Assert.Null(Datasets.Difference(image, file.Dataset));
        Assert.Equal(TransferSyntax.ExplicitVRLittleEndian, file.Syntax);
        Assert.Equal("DEVICE", file.FileMeta.GetString(DicomTag.SourceApplicationEntityTitle));
        Assert.Equal(
            [EventKind.NewInstance, EventKind.NewSeries, EventKind.NewStudy, EventKind.NewPatient], (await box.EventsAsync()).Select(e => e.Kind));

        var entry = await box.Reader.InstanceAsync(result.Instance, Ct);
        Assert.NotNull(entry);
        Assert.Equal(("Müller^Jörg", "MULLER^JORG", "19580307"), (entry.Patient.Name, entry.Patient.NameFold, entry.Patient.BirthDate));
        Assert.Equal(("20260105", "0930", "R0000000001", "US", "20260105093000"),
            (entry.Study.Date, entry.Study.Time, entry.Study.Accession, entry.Study.Modalities, entry.Study.SortKey));
        Assert.Equal("""{"00080070":"ACME"}""", entry.Series.Tags);
        Assert.Equal(("192.0.2.7", "DEVICE", "PACS", OriginKind.Dimse), (entry.Instance.RemoteHost, entry.Instance.CallingAe, entry.Instance.CalledAe, entry.Instance.Origin));
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_same_instance_again_changes_nothing()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image());
        var events = (await box.EventsAsync()).Count;
        var again = await box.StoreAsync(TestArchive.Image());

        Assert.Equal(StoreOutcome.AlreadyStored, again.Outcome);
        Assert.Equal(first.Instance, again.Instance);
        Assert.Equal(events, (await box.EventsAsync()).Count);
        Assert.Single(box.Files());
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_same_instance_from_two_senders_at_once_is_stored_once()
    {
        await using var box = await TestArchive.StartAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => box.StoreAsync(TestArchive.Image()), Ct)));

        Assert.Equal(1, results.Count(r => r.Outcome == StoreOutcome.Stored));
        Assert.Equal(15, results.Count(r => r.Outcome == StoreOutcome.AlreadyStored));
        Assert.Equal(1, (await box.Reader.StatisticsAsync(Ct)).Instances);
        await box.EmptyTrashAsync();
        await box.AssertConsistentAsync(trashEmptied: true);
    }

    [Fact]
    public async Task Other_content_under_a_known_uid_is_kept_aside_and_recorded_once()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        var second = await box.StoreAsync(TestArchive.Image(size: 200));
        var third = await box.StoreAsync(TestArchive.Image(size: 200));

        Assert.Equal((StoreOutcome.Conflicting, true), (second.Outcome, second.IsSafe));
        Assert.Equal(StoreOutcome.Conflicting, third.Outcome);
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        Assert.Equal((ConflictKind.InstanceContent, first.Instance, 2), (conflict.Kind, conflict.Resource, conflict.Count));
        Assert.Equal(200, DicomFile.Open(box.Archive.TryGetPath(conflict.Key!)!).Dataset.Get(DicomTag.PixelData)!.Value.Length);
        var kept = await box.Reader.LocateAsync(first.Instance, Ct);
        Assert.Equal(100, DicomFile.Open(box.Archive.TryGetPath(kept!.Key)!).Dataset.Get(DicomTag.PixelData)!.Value.Length);
        Assert.Single((await box.EventsAsync()), e => e.Kind == EventKind.ConflictFound);
        Assert.Contains(box.Log, l => l.Contains("other content", StringComparison.Ordinal));
        Assert.DoesNotContain(box.Log, l => l.Contains("Müller", StringComparison.Ordinal));
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task With_overwriting_the_second_content_takes_the_place_of_the_first()
    {
        await using var box = await TestArchive.StartAsync(o => o.OverwriteInstances = true);
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        var second = await box.StoreAsync(TestArchive.Image(size: 200));

        Assert.Equal(StoreOutcome.Replaced, second.Outcome);
        var now = await box.Reader.LocateAsync(first.Instance, Ct);
        Assert.Equal(200, DicomFile.Open(box.Archive.TryGetPath(now!.Key)!).Dataset.Get(DicomTag.PixelData)!.Value.Length);
        Assert.Empty(await box.Reader.ConflictsAsync(10, Ct));
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task An_instance_whose_file_is_gone_is_healed_when_it_comes_again()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        File.Delete(Assert.Single(box.Files()));

        Assert.Equal(StoreOutcome.Replaced, (await box.StoreAsync(TestArchive.Image())).Outcome);
        Assert.Equal(StoreOutcome.AlreadyStored, (await box.StoreAsync(TestArchive.Image())).Outcome);
        Assert.Single(box.Files());
    }

    [Fact]
    public async Task The_same_sop_uid_in_two_studies_and_the_same_study_uid_of_two_patients_are_all_stored()
    {
        await using var box = await TestArchive.StartAsync();
        var one = await box.StoreAsync(TestArchive.Image(study: 1));
        var sameSop = await box.StoreAsync(TestArchive.Image(study: 2, change: d => d.Set(DicomTag.SOPInstanceUID, TestArchive.Uid(1, 1, 1))));
        var otherPatient = await box.StoreAsync(TestArchive.Image(patient: 2, study: 1));

        Assert.All([one, sameSop, otherPatient], r => Assert.Equal(StoreOutcome.Stored, r.Outcome));
        Assert.Equal(3, (await box.Reader.LocateAsync(TestArchive.Uid(1, 1, 1), Ct)).Count);
        Assert.Equal(2, (await box.Reader.StudiesByUidAsync(TestArchive.Uid(1), Ct)).Count);
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        Assert.Equal((ConflictKind.StudyOfOtherPatient, otherPatient.Study), (conflict.Kind, conflict.Resource));
        await box.AssertConsistentAsync();
    }

    public static TheoryData<string, StoreOutcome> Refusals => new()
    {
        { "0020000D", StoreOutcome.InvalidIdentity },
        { "0020000E", StoreOutcome.InvalidIdentity },
        { "00080018", StoreOutcome.InvalidIdentity },
        { "00080016", StoreOutcome.InvalidIdentity },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task An_instance_without_one_of_its_uids_is_refused_and_leaves_nothing(string tag, StoreOutcome expected)
    {
        await using var box = await TestArchive.StartAsync();
        foreach (var value in new[] { null, "", "1.2.x", "../../etc", new string('1', 65) })
        {
            var image = TestArchive.Image();
            image.Remove(DicomTag.Parse(tag));
            if (value is not null)
            {
                image.Set(new DicomElement(DicomTag.Parse(tag), DicomVr.UI, System.Text.Encoding.ASCII.GetBytes(value)));
            }
            var result = await box.StoreAsync(DicomWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian), DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1));
            Assert.Equal((expected, false), (result.Outcome, result.IsSafe));
            Assert.InRange(result.Reason!.Length, 10, 64);
        }
        Assert.Empty(box.Files());
        Assert.Empty(await box.EventsAsync());
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task What_contradicts_its_announcement_is_refused()
    {
        await using var box = await TestArchive.StartAsync();
        var bytes = DicomWriter.ToBytes(TestArchive.Image(), TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal(StoreOutcome.Contradiction, (await box.StoreAsync(bytes, DicomUid.UltrasoundImageStorage, "1.2.3.9")).Outcome);
        Assert.Equal(StoreOutcome.Contradiction, (await box.StoreAsync(bytes, DicomUid.CTImageStorage, TestArchive.Uid(1, 1, 1))).Outcome);
        Assert.Equal(StoreOutcome.InvalidIdentity, (await box.StoreAsync(bytes, "", TestArchive.Uid(1, 1, 1))).Outcome);
        Assert.Empty(box.Files());
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task Bytes_that_are_no_data_set_are_refused_and_leave_nothing()
    {
        await using var box = await TestArchive.StartAsync();
        var bytes = DicomWriter.ToBytes(TestArchive.Image(size: 300_000), TransferSyntax.ExplicitVRLittleEndian);
        foreach (var broken in new[] { bytes[..60], [.. "GET / HTTP/1.1\r\n\r\n"u8], [] })
        {
            var result = await box.StoreAsync(broken, DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1));
            Assert.False(result.IsSafe);
        }
        Assert.Empty(box.Files());
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_cut_association_leaves_nothing_behind()
    {
        await using var box = await TestArchive.StartAsync();
        var bytes = DicomWriter.ToBytes(TestArchive.Image(size: 3_000_000), TransferSyntax.ExplicitVRLittleEndian);
        await using (var staged = box.Archive.Stage(DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1), TransferSyntax.ExplicitVRLittleEndian))
        {
            await staged.AppendAsync(bytes.AsMemory(0, 1_200_000));
            await staged.AppendAsync(bytes.AsMemory(1_200_000, 50_000));
        }
        Assert.Empty(Directory.GetFiles(Path.Join(box.Options.StorageDirectory, "incoming")));
        await box.AssertConsistentAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(200_000)]
    [InlineData(1_000_000)]
    public async Task However_the_bytes_are_cut_the_file_is_the_same(int piece)
    {
        await using var box = await TestArchive.StartAsync();
        var bytes = DicomWriter.ToBytes(TestArchive.Image(size: piece == 1 ? 3000 : 2_700_000), TransferSyntax.ExplicitVRLittleEndian);
        var result = await box.StoreAsync(bytes, DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1), piece: piece);

        var entry = await box.Reader.InstanceAsync(result.Instance, Ct);
        var file = await File.ReadAllBytesAsync(Assert.Single(box.Files()), Ct);
        Assert.Equal(bytes, file[entry!.Instance.DataOffset..]);
        Assert.Equal(ContentDigest.HashData(bytes), entry.Instance.Digest);
        // the pixel data begin where the index says
        Assert.Equal([0xE0, 0x7F, 0x10, 0x00], file.AsSpan((int)entry.Instance.HeaderLength, 4).ToArray());
        var header = await box.Archive.ReadHeaderAsync(result.Instance, Ct);
        Assert.Equal("Müller^Jörg", header!.GetString(DicomTag.PatientName));
        Assert.False(header.Contains(DicomTag.PixelData));
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2")]
    [InlineData("1.2.840.10008.1.2.1")]
    [InlineData("1.2.840.10008.1.2.1.99")]
    [InlineData("1.2.840.10008.1.2.2")]
    public async Task Every_way_of_writing_is_stored_verbatim_and_indexed_alike(string uid)
    {
        await using var box = await TestArchive.StartAsync();
        var syntax = TransferSyntax.Get(uid);
        var bytes = DicomWriter.ToBytes(TestArchive.Image(), syntax);
        var result = await box.StoreAsync(bytes, DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1), syntax);

        var entry = await box.Reader.InstanceAsync(result.Instance, Ct);
        Assert.Equal((uid, "Müller^Jörg", "Schilddrüse"), (entry!.Instance.Syntax, entry.Patient.Name, entry.Study.Description));
        Assert.Equal(bytes, (await File.ReadAllBytesAsync(Assert.Single(box.Files()), Ct))[entry.Instance.DataOffset..]);
    }

    [Fact]
    public async Task Under_random_concurrent_load_everything_adds_up()
    {
        await using var box = await TestArchive.StartAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = Ct }, async (i, ct) =>
        {
            var random = new Random(i);
            var result = await box.StoreAsync(TestArchive.Image(
                random.Next(3), random.Next(4), random.Next(3), random.Next(15), 50 + random.Next(2), random.Next(3) == 0 ? "SR" : "US"));
            Assert.True(result.IsSafe);
            if (random.Next(40) == 0)
            {
                await box.Archive.DeleteAsync(Level.Series, result.Series, ct);
            }
        });
        await box.EmptyTrashAsync();
        await box.AssertConsistentAsync(trashEmptied: true);
        Assert.True((await box.Reader.StatisticsAsync(Ct)).Instances > 50);
        var events = await box.EventsAsync();
        Assert.Equal(events.OrderBy(e => e.Seq), events);
        await box.RestartAsync();
        Assert.Equal((0, 0, 0), (box.Recovered.Adopted, box.Recovered.Unreadable, box.Recovered.Missing.Count));
    }

    [Fact]
    public async Task A_coercion_changes_the_header_and_says_so_in_the_instance()
    {
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<ICoercion, SeriesOfItsOwn>());
        var image = TestArchive.Image(size: 300_000, change: d => d.Set(DicomTag.Manufacturer, "ODD"));
        var result = await box.StoreAsync(image);
        var again = await box.StoreAsync(image);

        Assert.Equal((StoreOutcome.Stored, StoreOutcome.AlreadyStored), (result.Outcome, again.Outcome));
        Assert.Equal(ResourceId.ForSeries("P1", TestArchive.Uid(1), "1.2.3.1.99"), result.Series);
        var file = DicomFile.Open(Assert.Single(box.Files()));
        Assert.Equal(("1.2.3.1.99", "YBR_FULL"), (file.Dataset.GetString(DicomTag.SeriesInstanceUID), file.Dataset.GetString(DicomTag.PhotometricInterpretation)));
        Assert.True(file.Dataset.Get(DicomTag.PixelData)!.Value.Span.SequenceEqual(image.Get(DicomTag.PixelData)!.Value.Span));
        var original = Assert.Single(file.Dataset.GetSequence(DicomTag.OriginalAttributesSequence));
        Assert.Equal(("COERCE", "DEVICE"), (original.GetString(DicomTag.ReasonForTheAttributeModification), original.GetString(DicomTag.SourceOfPreviousValues)));
        Assert.Equal(TestArchive.Uid(1, 1), Assert.Single(original.GetSequence(DicomTag.ModifiedAttributesSequence)).GetString(DicomTag.SeriesInstanceUID));

        // a device that the coercion does not know is left alone
        await box.StoreAsync(TestArchive.Image(instance: 2));
        Assert.Equal(2, (await box.Reader.StatisticsAsync(Ct)).Series);
        await box.AssertConsistentAsync();
    }

    private sealed class SeriesOfItsOwn : ICoercion
    {
        public string Name => "odd";

        public bool Applies(DicomDataset header, TransferSyntax syntax) => header.GetString(DicomTag.Manufacturer) == "ODD";

        public void Apply(DicomDataset header, ReadOnlySpan<byte> pixelData)
        {
            var expected = new byte[64 * 1024];
            new Random(1).NextBytes(expected);
            Assert.True(pixelData.SequenceEqual(expected));
            header.Set(DicomTag.SeriesInstanceUID, "1.2.3.1.99");
            header.Set(DicomTag.PhotometricInterpretation, "YBR_FULL");
        }
    }
}
