using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Media;
using Pacs.Storage;
using Pacs.Web.Upload;

namespace Pacs.Tests;

public sealed class UploadTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_and_ZIPs_are_stored_and_what_is_no_DICOM_is_passed_over()
    {
        await using var server = await TestServer.StartAsync();
        var file = File(PagesKit.Image("Müller^Jörg"));
        Assert.Equal("stored", Assert.Single(await SendAsync(server, "", file)).Outcome);
        Assert.Equal("known", Assert.Single(await SendAsync(server, "", file)).Outcome);
        Assert.Equal("skipped", Assert.Single(await SendAsync(server, "", "MZ this is a viewer"u8.ToArray())).Outcome);

        using var packed = new MemoryStream();
        using (var zip = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in new[] { ("CD/IMG/1", File(PagesKit.Image("Müller^Jörg", number: 2))), ("CD/README.TXT", "hello"u8.ToArray()), ("../../etc/x", File(PagesKit.Image("Müller^Jörg", number: 3))) })
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        var lines = await SendAsync(server, "", packed.ToArray());
        Assert.Equal(["stored", "skipped", "stored"], lines.Select(l => l.Outcome));
        Assert.Equal("Müller, Jörg · 12.03.2024", lines[0].Title);
        Assert.StartsWith("/studien/", lines[0].Study, StringComparison.Ordinal);
        Assert.Equal("failed", Assert.Single(await SendAsync(server, "", packed.ToArray()[..200])).Outcome);
    }

    [Fact]
    public async Task What_is_assigned_to_a_patient_keeps_its_pixels_its_uids_and_what_it_said_before()
    {
        await using var server = await TestServer.StartAsync();
        var image = PagesKit.Image("SMITH^JOHN", patientId: "FOREIGN", born: "19580308");
        image.Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").Set(DicomTag.IssuerOfPatientID, "ELSEWHERE").Set(DicomTag.StudyDescription, "Schädel");
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray()));
        const string Owner = "Nr=77&LastName=Ko%C5%82odziej&FirstName=Jan&Born=1958-03-07&Sex=M"; // ł is not in Latin-1
        var line = Assert.Single(await SendAsync(server, Owner, File(image)));
        Assert.Equal("stored", line.Outcome);
        Assert.Equal("known", Assert.Single(await SendAsync(server, Owner, File(image))).Outcome);

        var archive = server.Services.GetRequiredService<Archive>();
        await using var stored = await archive.OpenAsync(ResourceId.ForInstance("77", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"), Ct);
        var dataset = (await DicomFile.ReadAsync(stored!, null, Ct)).Dataset;
        Assert.Equal(("77", "Kołodziej^Jan", "19580307", "M"),
            (dataset.GetString(DicomTag.PatientID), dataset.GetString(DicomTag.PatientName), dataset.GetString(DicomTag.PatientBirthDate), dataset.GetString(DicomTag.PatientSex)));
        Assert.Equal("Schädel", dataset.GetString(DicomTag.StudyDescription));
        Assert.False(dataset.Contains(DicomTag.IssuerOfPatientID));
        Assert.True(dataset.Get(DicomTag.PixelData)!.Value.Span.SequenceEqual(image.Get(DicomTag.PixelData)!.Value.Span));
        var before = Assert.Single(Assert.Single(dataset.GetSequence(DicomTag.OriginalAttributesSequence)).GetSequence(DicomTag.ModifiedAttributesSequence));
        Assert.Equal(("FOREIGN", "SMITH^JOHN", "19580308", "ELSEWHERE"),
            (before.GetString(DicomTag.PatientID), before.GetString(DicomTag.PatientName), before.GetString(DicomTag.PatientBirthDate), before.GetString(DicomTag.IssuerOfPatientID)));

        foreach (var wrong in new[] { "Nr=77", "Nr=77&LastName=a%5Eb", "Nr=7%5C7&LastName=a", "Nr=77&LastName=a&Born=7.3.1958" })
        {
            var refused = Assert.Single(await SendAsync(server, wrong, File(image)));
            Assert.Equal("failed", refused.Outcome);
            Assert.NotEmpty(refused.Reason!);
        }
        // found by name, number or date of birth, also who is only on the worklist
        await server.Services.GetRequiredService<Pacs.Storage.Worklist>().AddAsync(
            new WorklistOrder { PatientId = "88", PatientName = "Kołodziej^Ewa", BirthDate = new DateOnly(1960, 1, 2), Sex = "F", Modality = "US", StationAe = "US1", Source = "hand" }, Ct);
        foreach (var (q, numbers) in new[] { ("kolodziej", "77 88"), ("Jan Kol", "77"), ("07.03.1958", "77"), ("ewa", "88"), ("88", "88"), ("02.01.1960 kol", "88"), ("niemand", ""), ("", "") })
        {
            using var found = JsonDocument.Parse(await server.Http.GetStringAsync(new Uri($"/hochladen?handler=Patients&q={Uri.EscapeDataString(q)}", UriKind.Relative), Ct));
            Assert.Equal(numbers, string.Join(' ', found.RootElement.EnumerateArray().Select(p => p.GetProperty("nr").GetString())));
            Assert.All(found.RootElement.EnumerateArray(), p => Assert.Equal("Kołodziej", p.GetProperty("lastName").GetString()));
            Assert.DoesNotContain(found.RootElement.EnumerateArray(), p => p.GetProperty("nr").GetString() == "77" && (p.GetProperty("born").GetString() != "1958-03-07" || p.GetProperty("sex").GetString() != "M"));
        }
    }

    [Fact]
    public async Task A_medium_is_looked_at_before_it_is_sent()
    {
        await using var server = await TestServer.StartAsync();
        var directory = new DicomDirectory(isExtended: true);
        directory.Add(PagesKit.Image("Müller^Jörg"), TransferSyntax.ExplicitVRLittleEndian, "IMG", "A1");
        directory.Add(PagesKit.Image("Müller^Jörg", number: 2), TransferSyntax.ExplicitVRLittleEndian, "IMG", "A2");
        directory.Add(PagesKit.Image("<b>Other</b>", patientId: "4712", study: "1.2.3.2").Set(DicomTag.StudyDescription, "Thorax"), TransferSyntax.ExplicitVRLittleEndian, "IMG", "A3");
        using var seen = JsonDocument.Parse(await PostAsync(server, "Look", directory.ToBytes("CD")));
        Assert.Equal(
            ["4711 1.2.3.1 Müller, Jörg|*07.03.1958 · m|12.03.2024|US|IMG/A1=1.2.3.1.1.1 IMG/A2=1.2.3.1.1.2", "4712 1.2.3.2 <b>Other</b>|*07.03.1958 · m|12.03.2024 Thorax|US|IMG/A3=1.2.3.2.1.1"],
            seen.RootElement.EnumerateArray().Select(Line));
        // of another file the beginning is enough
        var image = PagesKit.Image("Schmidt^Eva", study: "1.2.3.3");
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[100_000]));
        using var head = JsonDocument.Parse(await PostAsync(server, "Look", File(image)[..2000]));
        Assert.Equal("4711 1.2.3.3 Schmidt, Eva|*07.03.1958 · m|12.03.2024|US|", Line(Assert.Single(head.RootElement.EnumerateArray())));
        foreach (var nothing in new byte[][] { [], "%PDF-1.4"u8.ToArray(), directory.ToBytes("CD")[..500] })
        {
            Assert.Equal("[]", await PostAsync(server, "Look", nothing));
        }

        // what is here need not be sent again; for another patient it is something else
        Assert.Equal("stored", Assert.Single(await SendAsync(server, "", File(PagesKit.Image("Müller^Jörg")))).Outcome);
        Assert.Equal("stored", Assert.Single(await SendAsync(server, "Nr=77&LastName=Own", File(PagesKit.Image("Müller^Jörg", number: 2)))).Outcome);
        const string Instances = """[["4711","1.2.3.1","1.2.3.1.1","1.2.3.1.1.1"],["4711","1.2.3.1","1.2.3.1.1","1.2.3.1.1.2"]]""";
        Assert.Equal("\"10\"", await PostAsync(server, "Known", $$"""{"nr":"","instances":{{Instances}}}"""));
        Assert.Equal("\"01\"", await PostAsync(server, "Known", $$"""{"nr":" 77 ","instances":{{Instances}}}"""));
        foreach (var wrong in new[] { """{"instances":[["1","2","3"]]}""", """{"instances":[null]}""", """{"instances":[["1","2","3",null]]}""" })
        {
            using var body = new StringContent(wrong, Encoding.UTF8, "application/json");
            using var answer = await server.Http.PostAsync(new Uri("/hochladen?handler=Known", UriKind.Relative), body, Ct);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }

        static string Line(JsonElement s) => $"{s.GetProperty("patientId")} {s.GetProperty("uid")} {s.GetProperty("patient")}|{s.GetProperty("born")}|{s.GetProperty("title")}|{string.Join(',', s.GetProperty("modalities").EnumerateArray())}|"
            + string.Join(' ', s.GetProperty("files").EnumerateArray().Select(f => $"{f.GetProperty("path")}={f.GetProperty("uid")}"));
    }

    [Fact]
    public async Task Documents_become_objects_of_a_study()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", accession: "R1"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        byte[] pdf = [.. "%PDF-1.4 not much"u8], jpeg = Jpeg(16, 24), png = Png(3, 2, 2, [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        foreach (var (name, content) in new[] { ("Arztbrief.pdf", pdf), ("Foto.jpg", jpeg), ("Bild.png", png) })
        {
            var line = Assert.Single(await SendAsync(server, $"studie={study}&name={name}", content));
            Assert.Equal("stored", line.Outcome);
            Assert.Equal($"/studien/{study}", line.Study);
        }
        var index = server.Services.GetRequiredService<IndexReader>();
        var series = await index.SeriesOfAsync(study, Ct);
        Assert.Equal(["US", "DOC", "XC", "OT"], series.Select(s => s.Modality));
        Assert.Equal([null, "Arztbrief", "Foto", "Bild"], series.Select(s => s.Description));
        var datasets = new List<DicomFile>();
        foreach (var one in series.Skip(1))
        {
            var instance = Assert.Single(await index.InstancesOfAsync(one.PublicId, 0, 10, Ct));
            await using var stream = await server.Services.GetRequiredService<Archive>().OpenAsync(instance.PublicId, Ct);
            datasets.Add(await DicomFile.ReadAsync(stream!, null, Ct));
        }
        Assert.All(datasets, d => Assert.Equal(("Müller^Jörg", "R1"), (d.Dataset.GetString(DicomTag.PatientName), d.Dataset.GetString(DicomTag.AccessionNumber))));
        Assert.Equal(pdf, datasets[0].Dataset.Get(DicomTag.EncapsulatedDocument)!.Value.Span[..pdf.Length].ToArray());
        Assert.Equal(DicomUid.JPEGBaseline8Bit, datasets[1].Syntax.Uid);
        Assert.Equal(jpeg, datasets[1].Dataset.Get(DicomTag.PixelData)!.Fragments![1].Span[..jpeg.Length].ToArray());
        Assert.Equal((16, 24), (datasets[1].Dataset.GetInt32(DicomTag.Rows), datasets[1].Dataset.GetInt32(DicomTag.Columns)));
        Assert.Equal([255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9], datasets[2].Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
        using var picture = await server.Http.GetAsync(new Uri($"/instances/{(await index.InstancesOfAsync(series[3].PublicId, 0, 1, Ct))[0].PublicId}/preview", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, picture.StatusCode);

        // what cannot be kept is refused, in words
        Assert.Equal("failed", Assert.Single(await SendAsync(server, "", pdf)).Outcome);
        byte[] progressive = [.. jpeg];
        progressive[Find(progressive, [0xFF, 0xC0]) + 1] = 0xC2;
        Assert.Contains("Baseline", Assert.Single(await SendAsync(server, $"studie={study}", progressive)).Reason, StringComparison.Ordinal);
        foreach (var broken in new[] { jpeg[..10], png[..20], png[..^30], [.. png[..8], .. new byte[40]] })
        {
            Assert.Equal("failed", Assert.Single(await SendAsync(server, $"studie={study}", broken)).Outcome);
        }
    }

    [Theory]
    [InlineData(0, 1, new byte[] { 0b1010_0000 }, new byte[] { 255, 0, 255 })]
    [InlineData(0, 4, new byte[] { 0x0F, 0x80 }, new byte[] { 0, 255, 136 })]
    [InlineData(0, 16, new byte[] { 1, 99, 2, 99, 3, 99 }, new byte[] { 1, 2, 3 })]
    [InlineData(4, 8, new byte[] { 10, 255, 10, 0, 0, 255 }, new byte[] { 10, 255, 0 })]
    [InlineData(6, 8, new byte[] { 9, 8, 7, 255, 9, 8, 7, 0, 0, 0, 0, 255 }, new byte[] { 9, 8, 7, 255, 255, 255, 0, 0, 0 })]
    public void A_PNG_of_every_kind_is_read(int type, int depth, byte[] line, byte[] expected)
    {
        foreach (var filter in Enumerable.Range(0, 5))
        {
            var step = Math.Max(1, depth * type switch { 4 => 2, 6 => 4, _ => 1 } / 8);
            // a first line has nothing above it: what each filter subtracts is what is to the left (§9.2)
            var filtered = line.Select((b, i) => (byte)(b - (i < step ? 0 : filter switch { 1 or 4 => line[i - step], 3 => line[i - step] / 2, _ => 0 }))).ToArray();
            Assert.Equal(expected, PngReader.Read(Png(3, 1, type, filtered, depth, filter), 100).Samples);
        }
    }

    private static int Find(byte[] bytes, byte[] what) => bytes.AsSpan().IndexOf(what);

    private static byte[] File(DicomDataset dataset)
    {
        using var stream = new MemoryStream();
        new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        return stream.ToArray();
    }

    // markers of a baseline JPEG with three components; nobody decodes it here
    private static byte[] Jpeg(byte rows, byte columns) =>
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 17, 8, 0, rows, 0, columns, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9];

    private static byte[] Png(int columns, int rows, int type, byte[] data, int depth = 8, int filter = 0)
    {
        using var file = new MemoryStream();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        void Chunk(string name, byte[] content)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            file.Write(length);
            file.Write(Encoding.ASCII.GetBytes(name));
            file.Write(content);
            file.Write(new byte[4]); // the sum is not looked at
        }
        var head = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(head, columns);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), rows);
        (head[8], head[9]) = ((byte)depth, (byte)type);
        Chunk("IHDR", head);
        using var packed = new MemoryStream();
        using (var z = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var line in data.Chunk(data.Length / rows))
            {
                z.WriteByte((byte)filter);
                z.Write(line);
            }
        }
        Chunk("IDAT", packed.ToArray());
        Chunk("IEND", []);
        return file.ToArray();
    }

    private static async Task<string> PostAsync(TestServer server, string handler, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        using var answer = await server.Http.PostAsync(new Uri("/hochladen?handler=" + handler, UriKind.Relative), body, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static async Task<string> PostAsync(TestServer server, string handler, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync(new Uri("/hochladen?handler=" + handler, UriKind.Relative), body, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private sealed record Line(string Outcome, string? Study, string? Title, string? Reason);

    private static async Task<Line[]> SendAsync(TestServer server, string query, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        using var answer = await server.Http.PostAsync(new Uri("/hochladen?handler=File&" + query, UriKind.Relative), body, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        return json.RootElement.GetProperty("lines").Deserialize<Line[]>(JsonSerializerOptions.Web)!;
    }
}
