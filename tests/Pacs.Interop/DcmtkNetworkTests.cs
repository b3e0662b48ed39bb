using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>Our upper layer and DIMSE against DCMTK's, in both directions, without anything else of the product.</summary>
public sealed class DcmtkNetworkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Echoscu_is_answered_plainly_and_with_its_quirks()
    {
        Tool.Require("echoscu");
        await using var server = new DimseListener(new DimseHandlers());
        Assert.Equal(0, (await Tool.RunAsync("echoscu", Ct, ["127.0.0.1", $"{server.Port}"])).ExitCode);
        // 128 presentation contexts, 38 transfer syntaxes, abort instead of release
        Assert.Equal(0, (await Tool.RunAsync("echoscu", Ct, ["-ppc", "128", "-pts", "38", "--repeat", "5", "127.0.0.1", $"{server.Port}"])).ExitCode);
        Assert.Equal(0, (await Tool.RunAsync("echoscu", Ct, ["--abort", "127.0.0.1", $"{server.Port}"])).ExitCode);
    }

    [Theory]
    [InlineData(16384)]
    [InlineData(4096)]
    [InlineData(131072)]
    public async Task Storescu_sends_what_we_receive(int maxPdu)
    {
        Tool.Require("storescu");
        using var folder = new TemporaryFolder();
        var files = MakeFiles(folder.Path);
        var store = new SummarisingStore();
        await using var server = new DimseListener(new DimseHandlers().AddStorage(store));
        var result = await Tool.RunAsync("storescu", Ct, ["--max-pdu", $"{maxPdu}", "--max-send-pdu", $"{maxPdu}", "-R", "127.0.0.1", $"{server.Port}", .. files]);
        Assert.True(result.ExitCode == 0, result.All);
        // storescu writes uncompressed data sets anew in the syntax it likes best, so elements are compared, not bytes
        Assert.Equal(files.Select(f => Summary(DicomFile.Open(f).Dataset)).Order(), store.Received.Order());
    }

    [Fact]
    public async Task Our_client_stores_files_on_storescp_unchanged()
    {
        Tool.Require("storescp");
        using var folder = new TemporaryFolder();
        var files = MakeFiles(folder.Path);
        var received = Directory.CreateDirectory(Path.Join(folder.Path, "received")).FullName;
        var port = Ports.Free();
        await using var peer = Daemon.Start("storescp", ["--accept-all", "--bit-preserving", "-od", received, $"{port}"]);
        await using var client = await ConnectAsync(port, new AssociationRequest { CallingAe = "PACS", CalledAe = "STORESCP" }.ProposeFiles(files));
        foreach (var file in files)
        {
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(file, Ct));
        }
        await client.ReleaseAsync(Ct);
        Assert.Equal(Hashes(files), Hashes(Directory.GetFiles(received)));
    }

    [Fact]
    public async Task Findscu_gets_our_matches_and_can_cancel()
    {
        Tool.Require("findscu");
        var find = new EndlessFind();
        await using var server = new DimseListener(new DimseHandlers().AddFind(find, DicomUid.ModalityWorklistInformationModelFind));
        var result = await Tool.RunAsync("findscu", Ct, ["-v", "-W", "--cancel", "3", "-k", "PatientID=", "-k", "PatientName=", "127.0.0.1", $"{server.Port}"]);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("[P2", result.All, StringComparison.Ordinal);
        Assert.Contains("Cancel", result.All, StringComparison.Ordinal);
        Assert.True(await find.WasCancelled.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct));
    }

    [Fact]
    public async Task Our_client_queries_the_worklist_of_wlmscpfs()
    {
        Tool.Require("wlmscpfs");
        using var folder = new TemporaryFolder();
        var data = Directory.CreateDirectory(Path.Join(folder.Path, "WL")).FullName;
        await File.WriteAllTextAsync(Path.Join(data, "lockfile"), "", Ct);
        for (var i = 0; i < 3; i++)
        {
            var entry = new DicomDataset()
                .Set(DicomTag.PatientID, $"P{i}").Set(DicomTag.PatientName, $"Test^{i}").Set(DicomTag.AccessionNumber, $"R{i}")
                .Set(DicomTag.StudyInstanceUID, $"1.2.3.{i}").Set(DicomTag.RequestedProcedureID, $"RP{i}").Set(DicomTag.RequestedProcedureDescription, "US")
                .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset()
                    .Set(DicomTag.Modality, "US").Set(DicomTag.ScheduledStationAETitle, "US1").Set(DicomTag.ScheduledProcedureStepID, $"S{i}")
                    .Set(DicomTag.ScheduledProcedureStepStartDate, "20260105").Set(DicomTag.ScheduledProcedureStepStartTime, "080000")
                    .Set(DicomTag.ScheduledProcedureStepDescription, "US"))
                .Set(DicomTag.SOPClassUID, DicomUid.ModalityWorklistInformationModelFind).Set(DicomTag.SOPInstanceUID, $"1.2.4.{i}");
            new DicomFile(entry, TransferSyntax.ExplicitVRLittleEndian).Save(Path.Join(data, $"{i}.wl"));
        }
        var port = Ports.Free();
        await using var peer = Daemon.Start("wlmscpfs", ["-dfr", "-dfp", folder.Path, $"{port}"]);
        await using var client = await ConnectAsync(port, new AssociationRequest { CallingAe = "US1", CalledAe = "WL" }.Propose(DicomUid.ModalityWorklistInformationModelFind));
        var keys = new DicomDataset().Set(DicomTag.PatientID).Set(DicomTag.AccessionNumber)
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().Set(DicomTag.Modality, "US").Set(DicomTag.ScheduledStationAETitle));
        var found = new List<string?>();
        await foreach (var match in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, keys, Ct))
        {
            found.Add(match.GetString(DicomTag.AccessionNumber));
        }
        Assert.Equal(["R0", "R1", "R2"], found.Order());
        await client.ReleaseAsync(Ct);
    }

    private static async Task<DimseClient> ConnectAsync(int port, AssociationRequest request)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await DimseClient.ConnectAsync("127.0.0.1", port, request, tls: null, Ct);
            }
            catch (AssociationException e) when (e.Failure == AssociationFailure.ConnectionLost && waited.Elapsed < TimeSpan.FromSeconds(20))
            {
                // the peer is still starting
                await Task.Delay(50, Ct);
            }
        }
    }

    private static string[] MakeFiles(string folder)
    {
        var files = new List<string>();
        (TransferSyntax Syntax, int Pixels)[] syntaxes =
        [
            (TransferSyntax.ExplicitVRLittleEndian, 200_000),
            (TransferSyntax.ImplicitVRLittleEndian, 4),
            (TransferSyntax.ExplicitVRBigEndian, 40_002),
            (TransferSyntax.ExplicitVRLittleEndian, 5_000_000),
        ];
        for (var i = 0; i < syntaxes.Length; i++)
        {
            var (syntax, pixels) = syntaxes[i];
            var bytes = new byte[pixels];
            new Random(i).NextBytes(bytes);
            var dataset = new DicomDataset()
                .Set(DicomTag.SOPClassUID, i == 1 ? DicomUid.CTImageStorage : DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, $"1.2.276.0.99.{i}")
                .Set(DicomTag.PatientID, "P1").Set(DicomTag.PatientName, "Test^Net").Set(DicomTag.StudyInstanceUID, "1.2.3").Set(DicomTag.SeriesInstanceUID, "1.2.3.4")
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, bytes));
            var path = Path.Join(folder, $"{i}.dcm");
            new DicomFile(dataset, syntax).Save(path);
            files.Add(path);
        }
        return [.. files];
    }

    /// <summary>SOP instance, transfer syntax and a hash of the data set as it lies in the file.</summary>
    private static IEnumerable<string> Hashes(IEnumerable<string> files) => files.Select(path =>
    {
        var bytes = File.ReadAllBytes(path);
        var file = DicomFile.Parse(bytes);
        // every file here has a right group length
        var start = 144 + BitConverter.ToInt32(bytes, 140);
        return $"{file.Dataset.GetString(DicomTag.SOPInstanceUID)} {file.Syntax.Uid} {Convert.ToHexString(SHA256.HashData(bytes.AsSpan(start)))}";
    }).Order();

    private static string Summary(DicomDataset dataset) => string.Join(' ', dataset.Where(e => !e.Tag.IsGroupLength)
        .Select(e => $"{e.Tag}:{Convert.ToHexString(SHA256.HashData(e.Value.Span.TrimEnd((byte)0)).AsSpan(0, 4))}"));

    private sealed class SummarisingStore : IStoreHandler
    {
        public ConcurrentBag<string> Received { get; } = [];

        public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
        {
            Received.Add(Summary(await data.ReadDatasetAsync(10_000_000, ct)));
            return DimseStatus.Success;
        }
    }

    private sealed class EndlessFind : IFindHandler
    {
        public TaskCompletionSource<bool> WasCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
        {
            for (var i = 0; ; i++)
            {
                try
                {
                    await Task.Delay(5, ct);
                }
                catch (OperationCanceledException)
                {
                    WasCancelled.TrySetResult(true);
                    throw;
                }
                yield return new DicomDataset().Set(DicomTag.PatientID, $"P{i}").Set(DicomTag.PatientName, "Test^Find");
            }
        }
    }
}
