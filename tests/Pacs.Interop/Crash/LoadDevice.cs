using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Network;

namespace Pacs.Interop;

/// <summary>A device that sends one small study after the other and remembers what the server has acknowledged.</summary>
public sealed class LoadDevice(int port)
{
    private int _study;

    /// <summary>SOP Instance UID of everything answered 0000H, the SHA-256 of the data set that was sent, and when the answer was here.</summary>
    public ConcurrentDictionary<string, (string Digest, DateTimeOffset At)> Acknowledged { get; } = new();

    /// <summary>Accession numbers of studies with at least one acknowledged instance.</summary>
    public ConcurrentDictionary<string, byte> Studies { get; } = new();

    /// <summary>Accession numbers of all studies begun, acknowledged or not.</summary>
    public ConcurrentDictionary<string, byte> Begun { get; } = new();

    /// <summary>Whether the disk may be gone before the process is: what is refused then was not acknowledged.</summary>
    public bool MayBeRefused { get; init; }

    /// <summary>Sends until the connection breaks or the token says stop.</summary>
    public async Task SendAsync(CancellationToken ct)
    {
        var request = new AssociationRequest { CallingAe = "LOAD", CalledAe = "ORTHANC" }.Propose(DicomUid.UltrasoundImageStorage, DicomUid.ExplicitVRLittleEndian);
        try
        {
            while (!ct.IsCancellationRequested)
            {
                await using var client = await DimseClient.ConnectAsync("127.0.0.1", port, request, null, ct);
                for (var round = 0; round < 5; round++)
                {
                    var number = Interlocked.Increment(ref _study);
                    var study = DicomUid.New();
                    for (var image = 1; image <= 3; image++)
                    {
                        await StoreAsync(client, Image(number, study, image), ct);
                    }
                }
                await client.ReleaseAsync(ct);
            }
        }
        catch (Exception e) when (e is AssociationException or IOException or OperationCanceledException)
        {
            // the server was killed, as it should be
        }
    }

    private async Task StoreAsync(DimseClient client, DicomDataset image, CancellationToken ct)
    {
        var accession = image.GetString(DicomTag.AccessionNumber)!;
        Begun[accession] = 0;
        var digest = Convert.ToHexString(SHA256.HashData(DicomWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian)));
        var status = await client.StoreAsync(image, ct);
        if (MayBeRefused && status.Code != 0)
        {
            throw new IOException("refused");
        }
        Assert.Equal(0, status.Code);
        Acknowledged[image.GetString(DicomTag.SOPInstanceUID)!] = (digest, DateTimeOffset.UtcNow);
        Studies[accession] = 0;
    }

    private static DicomDataset Image(int number, string study, int image)
    {
        // small ones go through the intake journal whole, large ones to a file of their own
        var pixels = new byte[(image == 3 ? 1100 : 32) * 1024];
        RandomNumberGenerator.Fill(pixels);
        return new DicomDataset()
            .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100")
            .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage)
            .Set(DicomTag.SOPInstanceUID, DicomUid.New())
            .Set(DicomTag.StudyDate, "20261122")
            .Set(DicomTag.StudyTime, "101500")
            .Set(DicomTag.AccessionNumber, $"C{number:D9}")
            .Set(DicomTag.Modality, "US")
            .Set(DicomTag.Manufacturer, "Crash test")
            .Set(DicomTag.StudyDescription, "Abdomen")
            .Set(DicomTag.PatientName, "Müller^Jörg")
            .Set(DicomTag.PatientID, $"{number % 100}")
            .Set(DicomTag.StudyInstanceUID, study)
            .Set(DicomTag.SeriesInstanceUID, study + ".1")
            .Set(DicomTag.InstanceNumber, image)
            .Set(DicomTag.SamplesPerPixel, 1)
            .Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTag.Rows, pixels.Length / 256)
            .Set(DicomTag.Columns, 256)
            .Set(DicomTag.BitsAllocated, 8)
            .Set(DicomTag.BitsStored, 8)
            .Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels));
    }
}
