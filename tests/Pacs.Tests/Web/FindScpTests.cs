using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Tests.Web;

public sealed class FindScpTests
{
    private const string PatientRoot = DicomUid.PatientRootQueryRetrieveInformationModelFind;
    private const string StudyRoot = DicomUid.StudyRootQueryRetrieveInformationModelFind;
    private const string PatientStudyOnly = DicomUid.PatientStudyOnlyQueryRetrieveInformationModelFind;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PatientRoot, "PATIENT", 2)]
    [InlineData(PatientRoot, "STUDY", 3)]
    [InlineData(PatientRoot, "SERIES", 4)]
    [InlineData(PatientRoot, "IMAGE", 5)]
    [InlineData(PatientRoot, "image", 5)]
    [InlineData(PatientRoot, "INSTANCE", 5)]
    [InlineData(StudyRoot, "STUDY", 3)]
    [InlineData(StudyRoot, "SERIES", 4)]
    [InlineData(StudyRoot, "IMAGE", 5)]
    [InlineData(PatientStudyOnly, "PATIENT", 2)]
    [InlineData(PatientStudyOnly, "STUDY", 3)]
    public async Task Every_level_of_every_model_is_answered(string model, string level, int expected)
    {
        await using var server = await StartAsync();
        var answers = await FindAsync(server, model, level, []);
        Assert.Equal(expected, answers.Count);
        Assert.All(answers, a => Assert.Equal(level.ToUpperInvariant().Replace("INSTANCE", "IMAGE", StringComparison.Ordinal), a.GetString(DicomTag.QueryRetrieveLevel)));
        Assert.All(answers, a => Assert.Equal("ORTHANC", a.GetString(DicomTag.RetrieveAETitle)));
    }

    [Theory]
    [InlineData(StudyRoot, "PATIENT")]
    [InlineData(PatientStudyOnly, "SERIES")]
    [InlineData(PatientStudyOnly, "IMAGE")]
    [InlineData(PatientRoot, "FRAME")]
    [InlineData(PatientRoot, "")]
    [InlineData(PatientRoot, null)]
    public async Task A_level_that_the_model_lacks_is_refused_and_the_association_lives(string model, string? level)
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, new AssociationRequest { CallingAe = "STATION", CalledAe = "ORTHANC" }.Propose(model));
        var identifier = new DicomDataset().SetUnchecked(DicomTag.PatientID, "");
        if (level is not null)
        {
            identifier.SetUnchecked(DicomTag.QueryRetrieveLevel, level);
        }
        for (var i = 0; i < 2; i++)
        {
            var status = await StatusAsync(client, model, identifier);
            Assert.Equal(0xA900, status.Code);
            Assert.Equal([DicomTag.QueryRetrieveLevel], status.OffendingElements);
        }
        await client.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task A_pattern_that_cannot_be_is_refused_with_its_tag()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, new AssociationRequest { CallingAe = "STATION", CalledAe = "ORTHANC" }.Propose(StudyRoot));
        var status = await StatusAsync(client, StudyRoot,
            new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").SetUnchecked(DicomTag.StudyDescription, new string('?', 200)));
        Assert.Equal((ushort)0xA900, status.Code);
        Assert.Equal([DicomTag.StudyDescription], status.OffendingElements);
        await client.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task Every_key_is_answered_and_no_other()
    {
        await using var server = await StartAsync();
        var answer = Assert.Single(await FindAsync(server, StudyRoot, "STUDY",
        [
            (DicomTag.StudyInstanceUID, TestArchive.Uid(1)), (DicomTag.PatientName, ""), (DicomTag.PatientID, ""), (DicomTag.PatientBirthDate, ""), (DicomTag.StudyDate, ""),
            (DicomTag.ModalitiesInStudy, ""), (DicomTag.NumberOfStudyRelatedSeries, ""), (DicomTag.NumberOfStudyRelatedInstances, ""), (DicomTag.InstanceAvailability, ""),
            (DicomTag.PatientComments, ""), (DicomTag.NameOfPhysiciansReadingStudy, ""), (DicomTag.SOPClassesInStudy, ""), (new DicomTag(0x0029, 0x1010), ""),
        ]));
        Assert.Equal(
            [
                DicomTag.StudyDate, DicomTag.QueryRetrieveLevel, DicomTag.RetrieveAETitle, DicomTag.InstanceAvailability, DicomTag.ModalitiesInStudy, DicomTag.SOPClassesInStudy,
                DicomTag.NameOfPhysiciansReadingStudy, DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientComments,
                DicomTag.StudyInstanceUID, DicomTag.NumberOfStudyRelatedSeries, DicomTag.NumberOfStudyRelatedInstances, new DicomTag(0x0029, 0x1010),
            ],
            answer.Select(e => e.Tag).Where(t => t != DicomTag.SpecificCharacterSet).OrderBy(t => t.IsPrivate ? 1 : 0));
        Assert.Equal(("US\\SR", "2", "3", "ONLINE", "Müller^Jörg"),
            (answer.GetString(DicomTag.ModalitiesInStudy), answer.GetString(DicomTag.NumberOfStudyRelatedSeries), answer.GetString(DicomTag.NumberOfStudyRelatedInstances),
                answer.GetString(DicomTag.InstanceAvailability), answer.GetString(DicomTag.PatientName)));
        Assert.True(answer.Get(DicomTag.PatientComments)!.IsEmpty);
    }

    [Theory]
    [InlineData("ISO_IR 100", "Mül*", "ISO_IR 100", "Müller^Jörg")]
    [InlineData("ISO_IR 192", "MUL*", "ISO_IR 192", "Müller^Jörg")]
    [InlineData("ISO_IR 101", "Lodz*", "ISO_IR 101", "Łódź^Wisława")]
    [InlineData("ISO_IR 100", "Lodz*", "ISO_IR 192", "Łódź^Wisława")]
    [InlineData("ISO_IR 101", "Łódź^W*", "ISO_IR 101", "Łódź^Wisława")]
    [InlineData(null, "Mul*", "ISO_IR 100", "Müller^Jörg")]
    [InlineData(null, "Lodz*", "ISO_IR 192", "Łódź^Wisława")]
    public async Task Names_come_in_the_set_asked_for_or_in_one_that_has_them(string? asked, string key, string answered, string name)
    {
        await using var server = await StartAsync();
        var answer = Assert.Single(await FindAsync(server, PatientRoot, "PATIENT", [(DicomTag.PatientName, key)], asked));
        Assert.Equal(answered, answer.GetString(DicomTag.SpecificCharacterSet));
        Assert.Equal(name, answer.GetString(DicomTag.PatientName));
    }

    [Fact]
    public async Task Date_and_time_are_one_moment_and_names_fuzzy_when_that_was_negotiated()
    {
        await using var server = await StartAsync();
        // studies of 2026-01-05, 09:30: in the range of moments, and outside of the range of times
        (DicomTag, string)[] keys = [(DicomTag.StudyDate, "20260104-20260106"), (DicomTag.StudyTime, "1000-1100"), (DicomTag.PatientName, "Mueller*")];
        Assert.Empty(await FindAsync(server, StudyRoot, "STUDY", keys));
        foreach (var (proposed, answered, found) in new (byte[], byte[], int)[] { ([1, 1, 1, 1], [1, 1, 1, 0], 2), ([1, 1, 0], [1, 1, 0], 0), ([1], [1], 0) })
        {
            var request = new AssociationRequest { CallingAe = "STATION", CalledAe = "ORTHANC" }.Propose(StudyRoot) with
            {
                ExtendedNegotiations = [new ExtendedNegotiation(StudyRoot, proposed), new ExtendedNegotiation(PatientRoot, proposed)],
            };
            await using var client = await ConnectAsync(server, request);
            // only what was asked about a class that was accepted is answered
            var agreed = Assert.Single(client.Association.Info.ExtendedNegotiations);
            Assert.Equal((StudyRoot, Convert.ToHexString(answered)), (agreed.SopClass, Convert.ToHexString(agreed.Information.Span)));
            Assert.Equal(found, (await ListAsync(client, StudyRoot, Identifier("STUDY", keys, null))).Count);
            await client.ReleaseAsync(Ct);
        }
    }

    [Fact]
    public async Task An_unsupported_key_is_said_to_be_one()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, new AssociationRequest { CallingAe = "STATION", CalledAe = "ORTHANC" }.Propose(StudyRoot));
        Assert.Equal([0xFF00, 0xFF00, 0xFF00, 0x0000], await StatusesAsync(client, Identifier("STUDY", [(DicomTag.PatientName, "")], null)));
        Assert.Equal([0xFF01, 0xFF01, 0xFF01, 0x0000], await StatusesAsync(client, Identifier("STUDY", [(DicomTag.SeriesDescription, "")], null)));
        await client.ReleaseAsync(Ct);
    }

    [Fact]
    public async Task Strangers_get_no_answers_unless_that_is_allowed()
    {
        await using var server = await StartAsync(new Dictionary<string, string> { ["DicomAlwaysAllowFind"] = "false" });
        await using var client = await ConnectAsync(server, new AssociationRequest { CallingAe = "STRANGER", CalledAe = "ORTHANC" }.Propose(StudyRoot));
        Assert.Equal(DimseStatus.NotAuthorized.Code, (await StatusAsync(client, StudyRoot, Identifier("STUDY", [], null))).Code);
        await client.ReleaseAsync(Ct);
    }

    /// <summary>Two patients, three studies, four series, five instances.</summary>
    private static async Task<TestServer> StartAsync(Dictionary<string, string>? settings = null)
    {
        var server = await TestServer.StartAsync(settings ?? new Dictionary<string, string> { ["DicomAlwaysAllowFind"] = "true" });
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "ORTHANC" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var client = await ConnectAsync(server, request);
        DicomDataset[] images =
        [
            TestArchive.Image(), TestArchive.Image(instance: 2), TestArchive.Image(series: 2, modality: "SR"), TestArchive.Image(study: 2),
            TestArchive.Image(2, 3, change: d => d.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192").Set(DicomTag.PatientName, "Łódź^Wisława").Set(DicomTag.StudyDescription, "")),
        ];
        foreach (var image in images)
        {
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(image, Ct));
        }
        await client.ReleaseAsync(Ct);
        return server;
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, AssociationRequest request) => DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct);

    private static DicomDataset Identifier(string level, (DicomTag Tag, string Value)[] keys, string? characterSet)
    {
        var identifier = new DicomDataset();
        if (characterSet is not null)
        {
            identifier.Set(DicomTag.SpecificCharacterSet, characterSet);
        }
        identifier.SetUnchecked(DicomTag.QueryRetrieveLevel, level);
        foreach (var (tag, value) in keys)
        {
            _ = tag.IsPrivate ? identifier.Set(new DicomElement(tag, DicomVr.LO, ReadOnlyMemory<byte>.Empty)) : identifier.SetUnchecked(tag, value);
        }
        return identifier;
    }

    private static async Task<List<DicomDataset>> FindAsync(TestServer server, string model, string level, (DicomTag, string)[] keys, string? characterSet = null)
    {
        await using var client = await ConnectAsync(server, new AssociationRequest { CallingAe = "STATION", CalledAe = "ORTHANC" }.Propose(model));
        var answers = await ListAsync(client, model, Identifier(level, keys, characterSet));
        await client.ReleaseAsync(Ct);
        return answers;
    }

    private static async Task<List<DicomDataset>> ListAsync(DimseClient client, string model, DicomDataset identifier)
    {
        var answers = new List<DicomDataset>();
        await foreach (var answer in client.FindAsync(model, identifier, Ct))
        {
            answers.Add(answer);
        }
        return answers;
    }

    private static async Task<DimseStatus> StatusAsync(DimseClient client, string model, DicomDataset identifier) =>
        (await Assert.ThrowsAsync<DimseStatusException>(() => ListAsync(client, model, identifier))).Status;

    private static async Task<List<int>> StatusesAsync(DimseClient client, DicomDataset identifier)
    {
        var association = client.Association;
        await association.SendAsync(association.Info.Contexts[0], DimseCommand.FindRequest(77, StudyRoot), identifier, Ct);
        var statuses = new List<int>();
        while (statuses is not [.., 0])
        {
            var response = await association.ReceiveAsync(Ct);
            statuses.Add(response!.Command.Status.Code);
            if (response.Data is { } data)
            {
                await data.DrainAsync(Ct);
            }
        }
        return statuses;
    }
}
