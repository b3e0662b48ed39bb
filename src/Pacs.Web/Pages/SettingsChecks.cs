using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Localization;
using Pacs.Gdt;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary>
/// Tries what the files set: the ports, the certificate, the folders, the addresses that are called. Nothing is sent to anybody: of an address only the connection is tried, for a web hook would tell the
/// practice's program of a study that there is not.
/// </summary>
public sealed class SettingsChecks(PacsOptions options, Readiness readiness, DicomTls tls, Listener listener, GdtReceivers receivers, IStringLocalizer<Texts> texts, Display show)
{
    // a machine that is gone makes the system wait for minutes
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What was tried.</summary>
    /// <param name="Name">What.</param>
    /// <param name="IsGood">Whether it works.</param>
    /// <param name="Sentence">It in words.</param>
    public sealed record Line(string Name, bool IsGood, string Sentence);

    /// <summary>Tries everything.</summary>
    public async Task<IReadOnlyList<Line>> RunAsync(CancellationToken ct)
    {
        var lines = new List<Line>();
        foreach (var (check, isGood) in (await readiness.CheckAsync(ct)).Where(c => c.Key != "certificate"))
        {
            lines.Add(new Line(texts["Settings.Check." + check], isGood, check == "dicom" ? texts["Status.Port", listener.DicomPort] : texts[isGood ? "Status.Good" : "Status.Bad"]));
        }
        if (listener.DicomTlsPort is { } port && tls.Credentials.Expires is { } ends)
        {
            lines.Add(new Line(texts["Settings.Check.certificate"], tls.IsGood, texts["Status.TlsOn", port, show.Moment(ends)]));
        }
        var addresses = new (string Name, Uri? Address)[]
        {
            ("GdtGenerator.UrlOnGdtWritten", options.GdtGenerator.UrlOnGdtWritten), ("Worklists.UrlOnWorklistEntryAdded", options.Worklists.UrlOnWorklistEntryAdded),
            ("Telemetry.OtlpEndpoint", options.Telemetry.OtlpEndpoint),
        };
        lines.AddRange(await Task.WhenAll(addresses.Where(a => a.Address is not null).Select(a => ConnectAsync(a.Name, a.Address!, ct))));
        lines.AddRange(await Task.WhenAll(receivers.All.Select(r => WriteAsync(r, ct))));
        if (!string.IsNullOrEmpty(options.BackupFile))
        {
            lines.Add(await FindAsync(options.BackupFile, ct));
        }
        return lines;
    }

    private async Task<Line> ConnectAsync(string name, Uri address, CancellationToken ct)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, patience.Token);
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                await using var encrypted = new SslStream(client.GetStream());
                await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, patience.Token);
            }
            return new Line(name, true, texts["Settings.Check.Reached", where]);
        }
        catch (AuthenticationException)
        {
            return new Line(name, false, texts["Settings.Check.NotTrusted", where]);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return new Line(name, false, texts["Settings.Check.NotReached", where]);
        }
    }

    private async Task<Line> WriteAsync(GdtReceiver receiver, CancellationToken ct)
    {
        var name = texts["Settings.Check.Gdt", receiver.Name];
        try
        {
            var problem = await receiver.CheckFolderAsync(ct).WaitAsync(Patience, ct);
            return new Line(name, problem is null, problem is null ? texts["Status.Good"] : texts.Reason(problem));
        }
        catch (TimeoutException)
        {
            return new Line(name, false, texts["Status.NotReachable"]);
        }
    }

    private async Task<Line> FindAsync(string file, CancellationToken ct)
    {
        try
        {
            var at = await Task.Run(() => File.Exists(file) ? new DateTimeOffset(File.GetLastWriteTimeUtc(file)) : (DateTimeOffset?)null, ct).WaitAsync(Patience, ct);
            return new Line(texts["Setting.BackupFile"], at is not null, at is { } moment ? show.Moment(moment) : texts["Status.BackupMissing"]);
        }
        catch (Exception e) when (e is TimeoutException or IOException or UnauthorizedAccessException)
        {
            return new Line(texts["Setting.BackupFile"], false, texts["Status.BackupMissing"]);
        }
    }
}
