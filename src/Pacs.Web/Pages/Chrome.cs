using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Extensions;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary>What every page shows around its content.</summary>
public sealed class Chrome(PacsOptions options, Listener listener, OpenProblems problems, JobQueue queue)
{
    /// <summary>The version of the program.</summary>
    public static string Version => PacsServer.Version;

    /// <summary>The name of the practice, or of the program.</summary>
    public string Name => options.Name;

    /// <summary>Our AE title.</summary>
    public string AeTitle => options.DicomAet;

    /// <summary>The port we really listen on for DICOM.</summary>
    public int DicomPort => listener.DicomPort;

    /// <summary>Whether there is a worklist here.</summary>
    public bool HasWorklist => options.Worklists.Enable;

    /// <summary>Whether Weasis can be started with a study.</summary>
    public bool HasWeasis => options.DicomWeb.Enable;

    /// <summary>How many problems wait for somebody to look.</summary>
    public async Task<long> CountProblemsAsync(CancellationToken ct) => (await problems.CountAsync(ct)).Total;

    /// <summary>How many jobs are not done yet.</summary>
    public Task<int> CountJobsAsync(CancellationToken ct) => queue.CountOpenAsync(ct);

    /// <summary>The same page in another language.</summary>
    public static string InLanguage(HttpRequest request, string language) => With(request, LanguageFilter.Key, language);

    /// <summary>The same page with another value of a key of its query.</summary>
    public static string With(HttpRequest request, string key, string value)
    {
        var query = new QueryBuilder(request.Query.Where(p => p.Key != key)) { { key, value } };
        return request.PathBase.Add(request.Path) + query.ToString();
    }

    /// <summary>
    /// The addresses under which devices may reach this machine: the one the browser used when that is one, else those of the network cards. In a
    /// container the cards have addresses nobody else can reach, but then the browser's is right.
    /// </summary>
    public static IReadOnlyList<string> AddressesFor(HttpRequest request)
    {
        var host = request.Host.Host;
        if (IPAddress.TryParse(host, out var address) && !IPAddress.IsLoopback(address))
        {
            return [host];
        }
        var cards = NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Where(a => a.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(a => a.Address.ToString())
            .Distinct()
            .Take(4)
            .ToArray();
        return cards.Length > 0 ? cards : [host];
    }
}
