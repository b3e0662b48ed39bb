using System.Globalization;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

public sealed class FinderTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_what_is_asked_for_is_read_and_what_can_be_counted_is()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(TestArchive.Image());
        await archive.StoreAsync(TestArchive.Image(instance: 2));
        await archive.StoreAsync(TestArchive.Image(series: 2, modality: "SR", change: d => d.Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage)));
        await archive.StoreAsync(TestArchive.Image(study: 2));

        var patient = Assert.Single(await FindAsync(archive, Level.Patient, [], DicomTag.NumberOfPatientRelatedStudies, DicomTag.NumberOfPatientRelatedSeries, DicomTag.NumberOfPatientRelatedInstances));
        Assert.Equal(["2", "3", "4"], patient.Dataset.Skip(1).Select(e => patient.Dataset.GetString(e.Tag)));

        var studies = await FindAsync(archive, Level.Study, [], DicomTag.ModalitiesInStudy, DicomTag.SOPClassesInStudy, DicomTag.Modality, DicomTag.NumberOfStudyRelatedSeries,
            DicomTag.NumberOfStudyRelatedInstances, DicomTag.InstanceAvailability, DicomTag.RetrieveAETitle, DicomTag.PatientName);
        Assert.Equal("US\\SR", studies[0].Dataset.GetString(DicomTag.ModalitiesInStudy));
        Assert.Equal("US\\SR", studies[0].Dataset.GetString(DicomTag.Modality));
        Assert.Equal($"{DicomUid.UltrasoundImageStorage}\\{DicomUid.ComprehensiveSRStorage}", studies[0].Dataset.GetString(DicomTag.SOPClassesInStudy));
        Assert.Equal(("2", "3"), (studies[0].Dataset.GetString(DicomTag.NumberOfStudyRelatedSeries), studies[0].Dataset.GetString(DicomTag.NumberOfStudyRelatedInstances)));
        Assert.Equal(("ONLINE", "PACS"), (studies[0].Dataset.GetString(DicomTag.InstanceAvailability), studies[0].Dataset.GetString(DicomTag.RetrieveAETitle)));
        Assert.Equal("Müller^Jörg", studies[0].Dataset.GetString(DicomTag.PatientName));
        Assert.Equal("US", studies[1].Dataset.GetString(DicomTag.ModalitiesInStudy));
        Assert.Null(studies[1].Header);
        Assert.False(studies[1].HasUnsupportedKeys);

        var series = await FindAsync(archive, Level.Series, [Key(DicomTag.Modality, "SR")], DicomTag.NumberOfSeriesRelatedInstances, DicomTag.SeriesNumber);
        Assert.Equal(["SR", "2", "1"], Assert.Single(series).Dataset.Skip(1).Select(e => series[0].Dataset.GetString(e.Tag)));
        var image = await FindAsync(archive, Level.Instance, [Key(DicomTag.SOPInstanceUID, TestArchive.Uid(1, 1, 2))], DicomTag.AvailableTransferSyntaxUID, DicomTag.NumberOfFrames);
        Assert.Equal(DicomUid.ExplicitVRLittleEndian, Assert.Single(image).Dataset.GetString(DicomTag.AvailableTransferSyntaxUID));
        Assert.Equal("1", image[0].Dataset.GetString(DicomTag.NumberOfFrames));
    }

    [Fact]
    public async Task A_binary_number_stays_one()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(TestArchive.Image(change: d => d.Set(DicomTag.NumberOfSlices, 300).Set(DicomTag.ImageIndex, 7)));
        var found = Assert.Single(await FindAsync(archive, Level.Instance, [Key(DicomTag.NumberOfSlices, "300"), Key(DicomTag.ImageIndex, "7")], DicomTag.NumberOfSlices));
        Assert.Equal(300, found.Dataset.GetInt32(DicomTag.NumberOfSlices));
        Assert.Empty(await FindAsync(archive, Level.Series, [Key(DicomTag.NumberOfSlices, "30")]));
        Assert.All(QueryAttributes.All.Where(a => !a.Vr.IsString), a => Assert.Equal(DicomVr.US, a.Vr));
    }

    [Fact]
    public async Task A_list_of_thousands_of_uids_is_one_condition()
    {
        await using var archive = await TestArchive.StartAsync();
        for (var i = 1; i <= 3; i++)
        {
            await archive.StoreAsync(TestArchive.Image(instance: i));
        }
        var list = string.Join('\\', Enumerable.Range(2, 40_000).Select(i => TestArchive.Uid(1, 1, i)));
        Assert.Equal(2, (await FindAsync(archive, Level.Instance, [Key(DicomTag.SOPInstanceUID, list)])).Count);
        Assert.Single(await FindAsync(archive, Level.Study, [Key(DicomTag.SOPInstanceUID, list)]));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_nothing_comes_twice()
    {
        await using var archive = await TestArchive.StartAsync();
        await Task.WhenAll(Enumerable.Range(1, 230).Select(i => archive.StoreAsync(TestArchive.Image(study: i % 5 + 1, instance: i))));
        var all = await ListAsync(archive, Query(Level.Instance, []));
        Assert.Equal(230, all.Select(r => r.Id).Distinct().Count());
        Assert.Equal(all.Skip(100).Take(30).Select(r => r.Id), (await ListAsync(archive, Query(Level.Instance, []) with { Offset = 100, Limit = 30 })).Select(r => r.Id));
        Assert.Equal(all.Skip(130).Select(r => r.Id), (await ListAsync(archive, Query(Level.Instance, []) with { After = all[129].RowId })).Select(r => r.Id));
        Assert.Empty(await ListAsync(archive, Query(Level.Instance, []) with { Offset = 1000 }));
        Assert.Empty(await ListAsync(archive, Query(Level.Instance, []) with { Limit = 0 }));
    }

    [Fact]
    public async Task A_query_can_be_about_what_is_below_one_resource()
    {
        await using var archive = await TestArchive.StartAsync();
        var first = await archive.StoreAsync(TestArchive.Image());
        await archive.StoreAsync(TestArchive.Image(series: 2, modality: "SR"));
        await archive.StoreAsync(TestArchive.Image(patient: 2, study: 2));
        Assert.Equal(2, (await ListAsync(archive, Query(Level.Instance, []) with { Under = (Level.Patient, first.Patient) })).Count);
        Assert.Equal(2, (await ListAsync(archive, Query(Level.Series, []) with { Under = (Level.Study, first.Study) })).Count);
        Assert.Single(await ListAsync(archive, Query(Level.Series, [Key(DicomTag.Modality, "SR")]) with { Under = (Level.Patient, first.Patient) }));
        Assert.Empty(await ListAsync(archive, Query(Level.Study, []) with { Under = (Level.Patient, first.Study) }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => ListAsync(archive, Query(Level.Study, []) with { Under = (Level.Series, first.Series) }));
    }

    [Fact]
    public async Task What_is_stored_and_deleted_while_somebody_reads_slowly_does_no_harm()
    {
        await using var archive = await TestArchive.StartAsync();
        await Task.WhenAll(Enumerable.Range(1, 120).Select(i => archive.StoreAsync(TestArchive.Image(patient: i, study: i))));
        var late = (await ListAsync(archive, Query(Level.Patient, [])))[^5].Id;
        var count = 0;
        await foreach (var row in archive.Get<Finder>().FindAsync(Query(Level.Study, []), Ct))
        {
            if (++count == 1)
            {
                await archive.Archive.DeleteAsync(Level.Patient, late, Ct);
                await archive.StoreAsync(TestArchive.Image(patient: 500, study: 500));
            }
        }
        Assert.Equal(119, count);
    }

    [Fact]
    public async Task Keys_the_index_lacks_are_matched_and_returned_from_the_files()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(Weighing(1, "70", "Bär"));
        await archive.StoreAsync(Weighing(2, "81.50", "Łoś"));
        var found = Assert.Single(await FindAsync(archive, Level.Study, [Key(DicomTag.PatientWeight, "81.5")], DicomTag.PatientWeight, DicomTag.PatientComments, DicomTag.Allergies));
        Assert.Equal(ResourceId.ForStudy("P2", TestArchive.Uid(2)), found.Id);
        Assert.Equal("Łoś", found.Header!.GetString(DicomTag.PatientComments));
        Assert.False(found.HasUnsupportedKeys);

        var code = new TagMatch.Item(DicomTag.AnatomicRegionSequence, [Key(DicomTag.CodeValue, "2")]);
        Assert.Equal(found.Id, Assert.Single(await FindAsync(archive, Level.Study, [code])).Id);

        // in the answer both sets of characters become one
        var identifier = new DicomDataset().SetUnchecked(DicomTag.PatientName, "").SetUnchecked(DicomTag.PatientComments, "").SetUnchecked(DicomTag.PatientWeight, "81.5");
        var keys = MatchParser.Parse(identifier, combineDateTime: false);
        var row = Assert.Single(await ListAsync(archive, new DicomQuery(Level.Study, keys.Matches, keys.Return)));
        var answer = ResultBuilder.Build(row, keys);
        Assert.Equal(("Müller^Jörg", "Łoś", "81.50"),
            (answer.GetString(DicomTag.PatientName), answer.GetString(DicomTag.PatientComments), answer.GetString(DicomTag.PatientWeight)));
        Assert.Equal("ISO_IR 192", answer.GetString(DicomTag.SpecificCharacterSet));
    }

    [Fact]
    public async Task Files_are_opened_in_a_limited_number()
    {
        await using var archive = await TestArchive.StartAsync();
        for (var i = 1; i <= 4; i++)
        {
            await archive.StoreAsync(Weighing(i, "70", "x"));
        }
        var broad = Query(Level.Study, [Key(DicomTag.PatientWeight, "70")]) with { MaxHeaders = 3 };
        Assert.Equal(DicomTag.PatientWeight, (await Assert.ThrowsAsync<QueryTooBroadException>(() => ListAsync(archive, broad))).Tag);
        // a condition of the index goes first: what it excludes needs no file
        Assert.Equal(3, (await ListAsync(archive, broad with { Matches = [.. broad.Matches, Key(DicomTag.PatientID, "P1\\P2\\P3")] })).Count);
        // what cannot be looked up any more is answered, and said to be incomplete
        var rows = await ListAsync(archive, Query(Level.Study, [], DicomTag.PatientWeight) with { MaxHeaders = 3 });
        Assert.Equal([false, false, false, true], rows.Select(r => r.HasUnsupportedKeys));
    }

    [Fact]
    public async Task Optional_attributes_come_from_few_files_and_are_left_out_where_there_is_none()
    {
        await using var archive = await TestArchive.StartAsync();
        for (var i = 1; i <= 4; i++)
        {
            await archive.StoreAsync(Weighing(i, i == 1 ? null : "70", "x"));
        }
        var optional = new ReturnKey(DicomTag.PatientWeight, DicomVr.DS, []) { IsOptional = true };
        var query = Query(Level.Study, []) with { Return = [optional], MaxOptionalHeaders = 3 };
        var keys = new QueryKeys([], query.Return, null);
        var rows = await ListAsync(archive, query);
        Assert.Equal([null, "70", "70", null], rows.Select(r => ResultBuilder.Build(r, keys).GetString(DicomTag.PatientWeight)));
        Assert.Equal([false, true, true, false], rows.Select(r => ResultBuilder.Build(r, keys).TryGet(DicomTag.PatientWeight, out _)));
        Assert.DoesNotContain(rows, r => r.HasUnsupportedKeys);
        // beside one that is waited for it costs nothing
        var both = await ListAsync(archive, query with { Return = [optional, new ReturnKey(DicomTag.PatientComments, DicomVr.LT, [])] });
        Assert.Equal("70", ResultBuilder.Build(both[3], keys).GetString(DicomTag.PatientWeight));
    }

    [Fact]
    public async Task A_missing_file_is_an_incomplete_answer()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(Weighing(1, "70", "x"));
        File.Delete(Assert.Single(archive.Files()));
        Assert.True(Assert.Single(await FindAsync(archive, Level.Study, [], DicomTag.PatientWeight)).HasUnsupportedKeys);
        Assert.Empty(await FindAsync(archive, Level.Study, [Key(DicomTag.PatientWeight, "70")]));
    }

    [Fact]
    public async Task What_belongs_to_a_level_below_can_be_matched_but_not_returned()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(TestArchive.Image(change: d => d.Set(DicomTag.BodyPartExamined, "NECK")));
        await archive.StoreAsync(TestArchive.Image(study: 2));
        var study = Assert.Single(await FindAsync(archive, Level.Study, [Key(DicomTag.BodyPartExamined, "NE*")], DicomTag.BodyPartExamined));
        Assert.True(study.HasUnsupportedKeys);
        Assert.False(study.Dataset.Contains(DicomTag.BodyPartExamined));
        // pixels are no key
        Assert.All(await FindAsync(archive, Level.Instance, [new TagMatch.Exact(DicomTag.PixelData, DicomVr.OW, "1")]), r => Assert.True(r.HasUnsupportedKeys));
    }

    [Fact]
    public async Task A_query_that_is_cancelled_ends()
    {
        await using var archive = await TestArchive.StartAsync();
        await archive.StoreAsync(TestArchive.Image());
        await archive.StoreAsync(TestArchive.Image(study: 2));
        using var cancel = new CancellationTokenSource();
        await using var rows = archive.Get<Finder>().FindAsync(Query(Level.Study, []), cancel.Token).GetAsyncEnumerator(Ct);
        Assert.True(await rows.MoveNextAsync());
        await cancel.CancelAsync();
        await using var others = archive.Get<Finder>().FindAsync(Query(Level.Study, []), cancel.Token).GetAsyncEnumerator(Ct);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await others.MoveNextAsync());
    }

    [Theory]
    [InlineData("Mueller*", true, 3)]
    [InlineData("Muller*", true, 3)]
    [InlineData("Müller^Jörg", true, 2)]
    [InlineData("Mueller*", false, 1)]
    [InlineData("müller*", false, 2)]
    [InlineData("Bauer", true, 1)]
    public async Task Fuzzy_names_know_German_spellings(string name, bool fuzzy, int expected)
    {
        await using var archive = await TestArchive.StartAsync();
        var number = 0;
        foreach (var stored in new[] { "Müller^Jörg", "Mueller^Joerg", "Muller", "Bauer" })
        {
            number++;
            await archive.StoreAsync(TestArchive.Image(number, number, change: d => d.Set(DicomTag.PatientName, stored)));
        }
        Assert.Equal(expected, (await FindAsync(archive, Level.Patient, [MatchParser.ParseValue(DicomTag.PatientName, DicomVr.PN, name, fuzzy)!])).Count);
    }

    [Theory]
    [InlineData(Level.Study, "PatientID=P1", "ix_patient_id")]
    [InlineData(Level.Study, "PatientID=P*", "ix_patient_id")]
    [InlineData(Level.Study, "AccessionNumber=R1", "ix_study_accession")]
    [InlineData(Level.Study, "StudyInstanceUID=1.2", "ix_study_uid")]
    [InlineData(Level.Study, "PatientName=MUE*", "ix_patient_name")]
    [InlineData(Level.Study, "PatientName=MUELLER^HANS", "ix_patient_name")]
    [InlineData(Level.Study, "PatientBirthDate=19580307", "ix_patient_birth")]
    [InlineData(Level.Study, "StudyDate=20240301", "ix_study_date")]
    [InlineData(Level.Study, "StudyDate=20240301-20240331 ModalitiesInStudy=US", "ix_study_date")]
    [InlineData(Level.Study, "StudyDate=20240301- PatientName=M*", "ix_patient_name")]
    [InlineData(Level.Patient, "AccessionNumber=R1", "ix_study_accession")]
    [InlineData(Level.Patient, "SOPInstanceUID=1.2", "ix_instance_uid")]
    [InlineData(Level.Series, "StudyInstanceUID=1.2", "ix_study_uid")]
    [InlineData(Level.Series, "PatientID=P1", "ix_patient_id")]
    [InlineData(Level.Instance, "StudyInstanceUID=1.2 SeriesInstanceUID=1.2.3", "ix_series_uid")]
    [InlineData(Level.Instance, "SOPInstanceUID=1.2.3.4\\1.2.3.5", "ix_instance_uid")]
    public async Task Every_kind_of_key_goes_through_its_index(Level level, string keys, string index)
    {
        await using var archive = await TestArchive.StartAsync();
        TagMatch[] matches = [.. keys.Split(' ').Select(k => k.Split('=')).Select(k => Key(DicomTag.Parse(k[0]), k[1]))];
        var sql = new QuerySql(Query(level, matches));
        using var lease = archive.Reader.Rent();
        using var plan = lease.Connection.Query("EXPLAIN QUERY PLAN " + sql.Keys, [.. sql.KeyValues, 0L, 100L]).ExecuteReader();
        var steps = new List<string>();
        while (plan.Read())
        {
            steps.Add(plan.GetString(3));
        }
        var text = string.Join('\n', steps);
        Assert.Contains(index + " ", text, StringComparison.Ordinal);
        // no table is gone through
        Assert.DoesNotContain(steps, s => s.Split(' ') is ["SCAN", "p" or "s" or "e" or "i" or "patient" or "study" or "series" or "instance", ..]
            && !s.Contains("_odd", StringComparison.Ordinal) && !s.Contains("_several", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine(text);
    }

    [Theory]
    [InlineData("A", "B")]
    [InlineData("MÜ", "MÝ")]
    [InlineData("\uD7FF", "\uE000")]
    [InlineData("a\U0010FFFF", "b")]
    [InlineData("\U0010FFFF", null)]
    public void What_comes_after_a_prefix(string prefix, string? successor) => Assert.Equal(successor, MatchSql.Successor(prefix));

    private static DicomDataset Weighing(int study, string? weight, string comments) => TestArchive.Image(study, study, change: d =>
    {
        if (weight is not null)
        {
            d.Set(DicomTag.PatientWeight, weight);
        }
        d.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        d.Set(DicomTag.PatientName, "Müller^Jörg").Set(DicomTag.StudyDescription, "Sono").Set(DicomTag.PatientComments, comments)
            .Set(DicomTag.AnatomicRegionSequence, new DicomDataset().Set(DicomTag.CodeValue, study.ToString(CultureInfo.InvariantCulture)));
    });

    private static TagMatch Key(DicomTag tag, string value) => MatchParser.ParseValue(tag, DicomDictionary.GetVr(tag), value)!;

    private static DicomQuery Query(Level level, IReadOnlyList<TagMatch> matches, params DicomTag[] returned) =>
        new(level, matches, [.. returned.Select(t => new ReturnKey(t, DicomDictionary.GetVr(t), []))]) { RetrieveAe = "PACS" };

    private static Task<List<QueryRow>> FindAsync(TestArchive archive, Level level, IReadOnlyList<TagMatch> matches, params DicomTag[] returned) =>
        ListAsync(archive, Query(level, matches, returned));

    private static async Task<List<QueryRow>> ListAsync(TestArchive archive, DicomQuery query)
    {
        var rows = new List<QueryRow>();
        await foreach (var row in archive.Get<Finder>().FindAsync(query, Ct))
        {
            rows.Add(row);
        }
        return rows;
    }
}
