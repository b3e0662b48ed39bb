using System.Globalization;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

/// <summary>The one meaning of a query: what SQL finds in the index is what the matcher finds in the data sets.</summary>
public sealed class QuerySqlTests
{
    private static readonly string[] PatientIds = ["1", "10", "SYN-001", " 7", "7", "A[1]", "MÜ*", "A\\B", "Ä?"];

    private static readonly string?[] Names =
    [
        "Müller^Jörg", "MULLER^JORG", "Mueller^Jörg", "Müller", "Meier^Anna^^Dr.", "de la Cruz^José", "Łódź^Wisława", "Yamada^Tarou=山田^太郎=やまだ^たろう", "=山田", "[x]^y", "ÅSE",
        "Bauer^Ute", "Öz\\Oz", "", null,
    ];

    private static readonly string?[] Dates = ["20240301", "20240312", "20240331", "2024.03.12", "2024-03-31", "20231231", "2023.12.31", "20240399", "", null];
    private static readonly string?[] Times = ["1030", "103000", "103059.5", "00", "235959.999999", "10:30:00", "", null];
    private static readonly string?[] Accessions = ["R0000000001", "R0000000002", "R1\\R2", "r1", "A*", "", null];
    private static readonly string?[] Descriptions = ["Sono Abdomen", "sono abdomen", "Schilddrüse", "[Hals]", "*", "", null];
    private static readonly string[] Modalities = ["US", "SR", "CT", "US\\PR", ""];
    private static readonly string?[] Numbers = ["1", "007", "12", "-3", "x", "", null];
    private static readonly string[] Classes = [DicomUid.UltrasoundImageStorage, DicomUid.ComprehensiveSRStorage, DicomUid.CTImageStorage];

    // which attribute is whose, said here once more and not taken from the table under test
    private static readonly Dictionary<Level, DicomTag[]> Own = new()
    {
        [Level.Patient] = [DicomTag.PatientID, DicomTag.PatientName, DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.OtherPatientIDs],
        [Level.Study] =
        [
            DicomTag.StudyInstanceUID, DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.AccessionNumber, DicomTag.StudyID, DicomTag.StudyDescription,
            DicomTag.ReferringPhysicianName, DicomTag.InstitutionName, DicomTag.RequestingPhysician,
        ],
        [Level.Series] =
        [
            DicomTag.SeriesInstanceUID, DicomTag.Modality, DicomTag.SeriesNumber, DicomTag.SeriesDescription, DicomTag.BodyPartExamined, DicomTag.OperatorsName,
            DicomTag.SeriesDate, DicomTag.SeriesTime, DicomTag.ImageOrientationPatient,
        ],
        [Level.Instance] = [DicomTag.SOPInstanceUID, DicomTag.SOPClassUID, DicomTag.InstanceNumber, DicomTag.AcquisitionNumber, DicomTag.ImageComments],
    };

    private static readonly DicomTag[] Uids = [DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Sql_finds_what_the_matcher_finds(int seed)
    {
        var random = new Random(seed);
        await using var archive = await TestArchive.StartAsync();
        var stored = new List<DicomDataset>();
        foreach (var dataset in Archive(random))
        {
            await archive.StoreAsync(dataset);
            stored.Add(dataset);
        }
        var finder = archive.Get<Finder>();
        var (found, several) = (0, 0);
        for (var i = 0; i < 500; i++)
        {
            var level = (Level)random.Next(4);
            var identifier = Query(random, stored);
            var keys = MatchParser.Parse(identifier, combineDateTime: random.Next(2) == 0, fuzzyNames: random.Next(4) == 0);
            var expected = Expected(stored, level, keys.Matches);
            var answers = await ListAsync(finder, new DicomQuery(level, keys.Matches, [new ReturnKey(Uids[(int)level], DicomVr.UI, [])]));
            var actual = answers.Select(a => a.Id.ToString()).ToList();
            Assert.True(expected.SequenceEqual(actual), $"query {i} at {level}: {Describe(identifier)}: expected {expected.Count}, found {actual.Count}");
            Assert.Equal(answers.Select(a => a.RowId).Order(), answers.Select(a => a.RowId));
            found += actual.Count > 0 ? 1 : 0;
            several += actual.Count > 1 && keys.Matches.Count > 1 ? 1 : 0;
        }
        // a test of nothing but empty answers would be none
        Assert.InRange(found, 100, 499);
        Assert.True(several > 10, $"{several}");
    }

    private static IEnumerable<DicomDataset> Archive(Random random)
    {
        for (var p = 0; p < 9; p++)
        {
            var patient = new Dictionary<DicomTag, string?>
            {
                [DicomTag.PatientID] = PatientIds[p],
                [DicomTag.PatientName] = One(Names),
                [DicomTag.PatientBirthDate] = One(Dates),
                [DicomTag.PatientSex] = One(["M", "F", "", null]),
                [DicomTag.OtherPatientIDs] = One(["X1\\X2", "X2", null]),
            };
            for (var s = random.Next(1, 4); s > 0; s--)
            {
                var study = new Dictionary<DicomTag, string?>(patient)
                {
                    [DicomTag.StudyInstanceUID] = $"1.2.{p}.{s}",
                    [DicomTag.StudyDate] = One(Dates),
                    [DicomTag.StudyTime] = One(Times),
                    [DicomTag.AccessionNumber] = One(Accessions),
                    [DicomTag.StudyID] = One(["1", "S 2", null]),
                    [DicomTag.StudyDescription] = One(Descriptions),
                    [DicomTag.ReferringPhysicianName] = One(Names),
                    [DicomTag.InstitutionName] = One(Descriptions),
                    [DicomTag.RequestingPhysician] = One(Names),
                };
                for (var e = random.Next(1, 4); e > 0; e--)
                {
                    var series = new Dictionary<DicomTag, string?>(study)
                    {
                        [DicomTag.SeriesInstanceUID] = $"1.2.{p}.{s}.{e}",
                        [DicomTag.Modality] = One(Modalities),
                        [DicomTag.SeriesNumber] = One(Numbers),
                        [DicomTag.SeriesDescription] = One(Descriptions),
                        [DicomTag.BodyPartExamined] = One(["ABDOMEN", "HEAD", null]),
                        [DicomTag.OperatorsName] = One(Names),
                        [DicomTag.SeriesDate] = One(Dates),
                        [DicomTag.SeriesTime] = One(Times),
                        [DicomTag.ImageOrientationPatient] = One(["1\\0\\0\\0\\1\\0", "0\\1\\0\\0\\0\\-1.0", null]),
                    };
                    for (var i = random.Next(1, 3); i > 0; i--)
                    {
                        var instance = new Dictionary<DicomTag, string?>(series)
                        {
                            [DicomTag.SOPInstanceUID] = $"1.2.{p}.{s}.{e}.{i}",
                            [DicomTag.SOPClassUID] = One(Classes),
                            [DicomTag.InstanceNumber] = One(Numbers),
                            [DicomTag.AcquisitionNumber] = One(Numbers),
                            [DicomTag.ImageComments] = One(Descriptions),
                        };
                        var dataset = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
                        foreach (var (tag, value) in instance)
                        {
                            if (value is not null)
                            {
                                dataset.SetUnchecked(tag, value);
                            }
                        }
                        yield return dataset;
                    }
                }
            }
        }

        string? One(string?[] values) => values[random.Next(values.Length)];
    }

    /// <summary>Keys made of what is there, cut, changed and combined.</summary>
    private static DicomDataset Query(Random random, List<DicomDataset> stored)
    {
        var identifier = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        DicomTag[] computed = [DicomTag.ModalitiesInStudy, DicomTag.SOPClassesInStudy, DicomTag.NumberOfStudyRelatedInstances, DicomTag.NumberOfPatientRelatedSeries];
        var tags = Own.Values.SelectMany(t => t).Concat(computed).ToArray();
        for (var n = random.Next(0, 4); n > 0; n--)
        {
            var tag = tags[random.Next(tags.Length)];
            var source = stored[random.Next(stored.Count)];
            var value = tag == DicomTag.ModalitiesInStudy ? Modalities[random.Next(4)]
                : tag == DicomTag.SOPClassesInStudy ? Classes[random.Next(3)]
                : computed.Contains(tag) ? random.Next(1, 4).ToString(CultureInfo.InvariantCulture)
                : source.GetString(tag) ?? "x";
            identifier.SetUnchecked(tag, Key(random, DicomDictionary.GetVr(tag), value, () => stored[random.Next(stored.Count)].GetString(tag) ?? ""));
        }
        return identifier;
    }

    private static string Key(Random random, DicomVr vr, string value, Func<string> other) => random.Next(12) switch
    {
        0 => "\"\"",
        1 or 2 when value.Length > 1 => value[..random.Next(1, value.Length)] + "*",
        3 when value.Length > 1 => "*" + value[random.Next(1, value.Length)..],
        4 when value.Length > 2 => value[..1] + "?" + value[2..],
        5 when value.Length > 2 => $"*{value[1..^1]}*",
        6 or 7 => $"{value}\\{other()}",
        8 or 9 when vr == DicomVr.DA || vr == DicomVr.TM => random.Next(3) switch { 0 => $"{value}-", 1 => $"-{value}", _ => $"{value}-{other()}" },
        10 => value.ToUpperInvariant(),
        11 => value.ToLowerInvariant(),
        _ => value,
    };

    /// <summary>The ids of the entities that match, in order of arrival, by going through all data sets.</summary>
    private static List<string> Expected(List<DicomDataset> stored, Level level, IReadOnlyList<TagMatch> matches)
    {
        var below = matches.Where(m => LevelOf(m.Tag, level) > level).ToList();
        var own = matches.Except(below).ToList();
        return
        [
            .. stored.GroupBy(d => Id(d, level))
                .Where(entity => DatasetMatcher.IsMatch(Entity(stored, entity.First(), level), own)
                    && (below.Count == 0 || entity.Any(d => DatasetMatcher.IsMatch(Entity(stored, d, below.Max(m => LevelOf(m.Tag, level))), below))))
                .Select(entity => Id(entity.First(), level).ToString()),
        ];
    }

    private static Level LevelOf(DicomTag tag, Level asked) => Own.Where(o => o.Value.Contains(tag)).Select(o => (Level?)o.Key).FirstOrDefault()
        is { } level ? tag == DicomTag.Modality && asked <= Level.Study ? Level.Study : level
        : tag == DicomTag.NumberOfPatientRelatedSeries ? Level.Patient : Level.Study;

    /// <summary>What an entity is: its attributes and what can be counted.</summary>
    private static DicomDataset Entity(List<DicomDataset> stored, DicomDataset first, Level level)
    {
        var entity = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        foreach (var element in first)
        {
            entity.Set(element);
        }
        // the index keeps a number as one
        foreach (var tag in (ReadOnlySpan<DicomTag>)[DicomTag.SeriesNumber, DicomTag.InstanceNumber])
        {
            entity.Remove(tag);
            if (first.GetInt32(tag) is { } number)
            {
                entity.Set(tag, number);
            }
        }
        var ofPatient = stored.Where(d => Id(d, Level.Patient) == Id(first, Level.Patient)).ToList();
        entity.Set(DicomTag.NumberOfPatientRelatedSeries, ofPatient.Select(d => d.GetString(DicomTag.SeriesInstanceUID)).Distinct().Count());
        if (level >= Level.Study)
        {
            var ofStudy = ofPatient.Where(d => d.GetString(DicomTag.StudyInstanceUID) == first.GetString(DicomTag.StudyInstanceUID)).ToList();
            var modalities = string.Join('\\', ofStudy.Select(d => d.GetString(DicomTag.Modality)).Where(m => !string.IsNullOrEmpty(m)).Distinct());
            entity.SetUnchecked(DicomTag.ModalitiesInStudy, modalities);
            entity.SetUnchecked(DicomTag.SOPClassesInStudy, string.Join('\\', ofStudy.Select(d => d.GetString(DicomTag.SOPClassUID)).Distinct()));
            entity.Set(DicomTag.NumberOfStudyRelatedInstances, ofStudy.Count);
            if (level == Level.Study)
            {
                entity.SetUnchecked(DicomTag.Modality, modalities);
            }
        }
        return entity;
    }

    private static ResourceId Id(DicomDataset d, Level level)
    {
        var patient = d.CharacterSet.Decode(d.Get(DicomTag.PatientID)!.Value.Span, DicomVr.LO).TrimEnd();
        string Uid(DicomTag tag) => d.GetString(tag)!;
        return level switch
        {
            Level.Patient => ResourceId.ForPatient(patient),
            Level.Study => ResourceId.ForStudy(patient, Uid(DicomTag.StudyInstanceUID)),
            Level.Series => ResourceId.ForSeries(patient, Uid(DicomTag.StudyInstanceUID), Uid(DicomTag.SeriesInstanceUID)),
            _ => ResourceId.ForInstance(patient, Uid(DicomTag.StudyInstanceUID), Uid(DicomTag.SeriesInstanceUID), Uid(DicomTag.SOPInstanceUID)),
        };
    }

    private static string Describe(DicomDataset identifier) => string.Join(", ", identifier.Skip(1).Select(e => $"{e.Tag}={identifier.GetString(e.Tag)}"));

    private static async Task<List<QueryRow>> ListAsync(Finder finder, DicomQuery query)
    {
        var rows = new List<QueryRow>();
        await foreach (var row in finder.FindAsync(query, Ct))
        {
            rows.Add(row);
        }
        return rows;
    }
}
