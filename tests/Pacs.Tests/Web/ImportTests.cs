using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Taking over folders as Orthanc writes them, made here: with labels, compressed, damaged, of other versions. Real ones: OrthancImportTests of Pacs.Interop.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-orthanc-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task What_cannot_be_taken_over_is_said_and_tried_again_when_somebody_wants_it(int version)
    {
        var (plain, packed, damaged, missing) = (Image(1), Image(2), Image(3), Image(4));
        using (var index = Make(version))
        {
            Add(index, plain, isCompressed: false);
            Add(index, packed, isCompressed: true);
            File.WriteAllBytes(Add(index, damaged, isCompressed: false), [.. damaged.Bytes[..^1], 1]);
            File.Delete(Add(index, missing, isCompressed: true));
            Run(index, $"INSERT INTO Labels SELECT internalId, 'Kontrolle' FROM Resources WHERE publicId = '{plain.Study}'");
            Run(index, $"INSERT INTO Labels SELECT internalId, 'mit Blank' FROM Resources WHERE publicId = '{plain.Study}'");
            Run(index, $"INSERT INTO Metadata SELECT internalId, 1024, 'notiert' FROM Resources WHERE publicId = '{plain.Series}'");
        }
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["OrthancImport:StorageDirectory"] = _folder, ["GdtGenerator:IncomingDir"] = _folder });
        var job = await EndAsync(server, "Failure");
        var content = job["Content"]!;
        Assert.Equal((4, 2, 2, 0), ((int)content["InstancesCount"]!, (int)content["ImportedInstancesCount"]!, (int)content["FailedInstancesCount"]!, (int)content["AlreadyThereInstancesCount"]!));
        Assert.Equal(
            [$"/studies/{plain.Study} Label ", $"/instances/{damaged.Instance} Damaged Its MD5 is not the one Orthanc has noted", $"/instances/{missing.Instance} NoFile "],
            content["Failures"]!.AsArray().Select(f => $"{f!["Resource"]} {f["Reason"]} {f["Detail"]}"));
        var page = await server.Http.GetStringAsync(new Uri("/auftraege", UriKind.Relative), Ct);
        Assert.Contains("Übernahme aus Orthanc", page, StringComparison.Ordinal);
        Assert.Contains("Die Datei ist beschädigt", page, StringComparison.Ordinal);
        Assert.Contains("2 neu, 0 waren schon da", page, StringComparison.Ordinal);

        Assert.Equal("""["Kontrolle"]""", (await JsonAsync(server, $"/studies/{plain.Study}/labels")).ToJsonString());
        var metadata = await JsonAsync(server, $"/instances/{packed.Instance}/metadata?expand");
        Assert.Equal(("20190304T050607", "DicomProtocol", "VIVID"), ((string)metadata["ReceptionDate"]!, (string)metadata["Origin"]!, (string)metadata["RemoteAET"]!));
        metadata = await JsonAsync(server, $"/series/{plain.Series}/metadata?expand");
        Assert.Equal(("notiert", "20190304T050607"), ((string)metadata["1024"]!, (string)metadata["LastUpdate"]!));
        Assert.True((bool)(await JsonAsync(server, $"/studies/{plain.Study}"))["IsStable"]!);
        Assert.Empty(Directory.GetFiles(_folder, "*.gdt"));

        // somebody has found the files in a back-up
        File.WriteAllBytes(PathOf(damaged), damaged.Bytes);
        File.WriteAllBytes(PathOf(missing), Packed(missing.Bytes));
        using var again = await server.Http.PostAsync(new Uri($"/jobs/{job["ID"]}/resubmit", UriKind.Relative), null, Ct);
        again.EnsureSuccessStatusCode();
        content = (await EndAsync(server, "Success"))["Content"]!;
        Assert.Equal((4, 0), ((int)content["ImportedInstancesCount"]!, (int)content["FailedInstancesCount"]!));
        Assert.Equal(damaged.Bytes, await server.Http.GetByteArrayAsync(new Uri($"/instances/{damaged.Instance}/file", UriKind.Relative), Ct));

        // nothing is new there; all of it again changes nothing
        Assert.Empty((await StartAsync(server, "{}"))["Content"]!["Failures"]!.AsArray());
        content = (await StartAsync(server, """{"All":true}"""))["Content"]!;
        Assert.Equal((4, 0, 4), ((int)content["InstancesCount"]!, (int)content["ImportedInstancesCount"]!, (int)content["AlreadyThereInstancesCount"]!));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("")]
    public async Task An_index_of_another_version_is_left_alone(string version)
    {
        using (var index = Make(6))
        {
            Run(index, $"UPDATE GlobalProperties SET value = '{version}'");
        }
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["OrthancImport:StorageDirectory"] = _folder });
        Assert.Contains("5 and 6 can be read", (string)(await EndAsync(server, "Retry"))["ErrorDetails"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_unpacks_to_more_than_it_was_is_not_read_further()
    {
        var image = Image(1);
        using (var index = Make(6))
        {
            File.WriteAllBytes(Add(index, image, isCompressed: true), Packed(new byte[1 << 26]));
        }
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["OrthancImport:StorageDirectory"] = _folder });
        Assert.Contains((await EndAsync(server, "Failure"))["Content"]!["Failures"]!.AsArray(), f => (string)f!["Reason"]! is "Damaged" or "Refused");
    }

    [Fact]
    public async Task A_file_whose_meta_group_names_another_instance_is_what_its_data_set_says()
    {
        var image = Image(1);
        var own = Encoding.ASCII.GetBytes(TestArchive.Uid(1, 1, 1));
        var at = image.Bytes.AsSpan().IndexOf(own); // (0002,0003), the first of the file
        var wrong = (byte[])image.Bytes.Clone();
        wrong[at + own.Length - 1] ^= 1;
        using (var index = Make(6))
        {
            Add(index, image with { Bytes = wrong }, isCompressed: false);
        }
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["OrthancImport:StorageDirectory"] = _folder });
        Assert.Equal(1, (int)(await EndAsync(server, "Success"))["Content"]!["ImportedInstancesCount"]!);
        Assert.Equal(image.Bytes, await server.Http.GetByteArrayAsync(new Uri($"/instances/{image.Instance}/file", UriKind.Relative), Ct));
    }

    [Fact]
    public async Task Nothing_is_taken_over_where_nobody_wants_it()
    {
        using (var index = Make(6))
        {
            Add(index, Image(1), isCompressed: false);
        }
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["StorageDirectory"] = _folder, ["OrthancImport:Enable"] = "false" });
        using var answer = await server.Http.PostAsync(new Uri("/tools/import-orthanc", UriKind.Relative), null, Ct);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Empty((await JsonAsync(server, "/jobs")).AsArray());
    }

    [Fact]
    public async Task A_study_that_a_device_is_sending_is_announced_though_old_images_come_to_it()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image(instance: 1));
        var image = TestArchive.Image(instance: 2);
        await using var staged = box.Archive.Stage(image.GetString(DicomTag.SOPClassUID)!, image.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian);
        await staged.AppendAsync(DicomWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian));
        var old = new DateTimeOffset(2019, 3, 4, 5, 6, 7, TimeSpan.Zero);
        var result = await box.Archive.CommitAsync(staged, new Origin(OriginKind.ImportedDimse) { ReceivedAt = old }, Ct);
        var entry = await box.Reader.InstanceAsync(result.Instance, Ct);
        Assert.Equal((old, false), (entry!.Instance.ReceivedAt, entry.Study.Stable));
        Assert.True(entry.Study.UpdatedAt > old.AddYears(1));
        var told = (await box.EventsAsync()).Where(e => e.Resource == result.Instance).ToList();
        Assert.True(Assert.Single(told).Rebuilt);
        await box.AssertConsistentAsync();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed record Made(byte[] Bytes, ResourceId Patient, ResourceId Study, ResourceId Series, ResourceId Instance, Guid File);

    private static Made Image(int number)
    {
        var image = TestArchive.Image(instance: number);
        using var stream = new MemoryStream();
        new DicomFile(image, TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        var (patient, study, series) = (image.GetString(DicomTag.PatientID), image.GetString(DicomTag.StudyInstanceUID)!, image.GetString(DicomTag.SeriesInstanceUID)!);
        return new Made(stream.ToArray(), ResourceId.ForPatient(patient), ResourceId.ForStudy(patient, study), ResourceId.ForSeries(patient, study, series),
            ResourceId.ForInstance(patient, study, series, image.GetString(DicomTag.SOPInstanceUID)!), Guid.NewGuid());
    }

    // the tables that Orthanc has; version 5 differs from 6 in those of tags, which nobody reads
    private SqliteConnection Make(int version)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Join(_folder, "index"), Pooling = false }.ConnectionString);
        connection.Open();
        Run(connection, $"""
            CREATE TABLE GlobalProperties (property INTEGER PRIMARY KEY, value TEXT);
            CREATE TABLE Resources (internalId INTEGER PRIMARY KEY AUTOINCREMENT, resourceType INTEGER, publicId TEXT UNIQUE, parentId INTEGER);
            CREATE TABLE Metadata (id INTEGER, type INTEGER, value TEXT, PRIMARY KEY (id, type));
            CREATE TABLE AttachedFiles (id INTEGER, fileType INTEGER, uuid TEXT, compressedSize INTEGER, uncompressedSize INTEGER, compressionType INTEGER, uncompressedMD5 TEXT, compressedMD5 TEXT,
                PRIMARY KEY (id, fileType));
            CREATE TABLE Labels (id INTEGER, label TEXT);
            INSERT INTO GlobalProperties VALUES (1, '{version}');
            """);
        return connection;
    }

    private string Add(SqliteConnection index, Made made, bool isCompressed)
    {
        foreach (var (type, id, parent) in new[] { (1, made.Patient, default(ResourceId)), (2, made.Study, made.Patient), (3, made.Series, made.Study), (4, made.Instance, made.Series) })
        {
            Run(index, $"INSERT OR IGNORE INTO Resources (resourceType, publicId, parentId) VALUES ({type}, '{id}', (SELECT internalId FROM Resources WHERE publicId = '{parent}'))");
        }
        var stored = isCompressed ? Packed(made.Bytes) : made.Bytes;
        Run(index, $"""
            INSERT INTO AttachedFiles SELECT internalId, 1, '{made.File:D}', {stored.Length}, {made.Bytes.Length}, {(isCompressed ? 2 : 1)}, '{Md5(made.Bytes)}', '{Md5(stored)}'
                FROM Resources WHERE publicId = '{made.Instance}';
            INSERT INTO Metadata SELECT internalId, 2, '20190304T050607' FROM Resources WHERE publicId = '{made.Instance}';
            INSERT INTO Metadata SELECT internalId, 3, 'VIVID' FROM Resources WHERE publicId = '{made.Instance}';
            INSERT INTO Metadata SELECT internalId, 8, 'DicomProtocol' FROM Resources WHERE publicId = '{made.Instance}';
            """);
        var path = PathOf(made);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, stored);
        return path;
    }

    private string PathOf(Made made) => Path.Join(_folder, $"{made.File:D}"[..2], $"{made.File:D}"[2..4], $"{made.File:D}");

    [SuppressMessage("Security", "CA5351", Justification = "Orthanc keeps MD5")]
    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    private static byte[] Packed(byte[] bytes)
    {
        using var stream = new MemoryStream();
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        stream.Write(length);
        using (var zlib = new ZLibStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(bytes);
        }
        return stream.ToArray();
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static async Task<JsonNode> StartAsync(TestServer server, string body)
    {
        using var answer = await server.Http.PostAsync(new Uri("/tools/import-orthanc", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        answer.EnsureSuccessStatusCode();
        return await EndAsync(server, "Success", (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))![0]!["ID"]!);
    }

    private static async Task<JsonNode> EndAsync(TestServer server, string state, string? id = null)
    {
        JsonNode? job = null;
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(60);)
        {
            var change = server.Services.GetRequiredService<JobQueue>().NextChange;
            job = (await JsonAsync(server, "/jobs?expand")).AsArray().FirstOrDefault(j => id is null || (string)j!["ID"]! == id);
            if ((string?)job?["State"] == state)
            {
                return job!;
            }
            await Task.WhenAny(change, Task.Delay(TimeSpan.FromSeconds(1), Ct));
        }
        Assert.Fail($"The job is not {state}: {job?.ToJsonString()}");
        return job!;
    }

    private static async Task<JsonNode> JsonAsync(TestServer server, string path) => JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!;
}
