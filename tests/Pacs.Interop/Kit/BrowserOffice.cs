using System.Net.Http.Headers;
using System.Text;
using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>A server with a few studies, and a browser.</summary>
public sealed class BrowserOffice : IAsyncDisposable
{
    /// <summary>Debian's Chromium.</summary>
    public const string Chromium = "/usr/bin/chromium";

    private IPlaywright? _playwright;

    private BrowserOffice(bool withLogin)
    {
        Credentials = withLogin ? new HttpCredentials { Username = "praxis", Password = "geheim-genug" } : null;
        Server = ServerProcess.Create(
            ("DicomModalities", new Dictionary<string, object> { ["archive"] = new object[] { "ARCHIVE", "127.0.0.1", 1 } }), // nobody listens there
            ("Forwarding", new object[] { new Dictionary<string, object> { ["Name"] = "Archiv mit einem langen Namen", ["To"] = "archive", ["Delay"] = 0 } }),
            ("AuthenticationEnabled", withLogin),
            ("RegisteredUsers", new Dictionary<string, string> { ["praxis"] = "geheim-genug" }));
    }

    public ServerProcess Server { get; }

    /// <summary>Who may use the server; null when everybody may.</summary>
    public HttpCredentials? Credentials { get; }

    public IBrowser Browser { get; private set; } = null!;

    public static async Task<BrowserOffice> OpenAsync(CancellationToken ct, bool withLogin = false)
    {
        Tool.Require("storescu", Chromium);
        var office = new BrowserOffice(withLogin);
        await office.Server.StartAsync(ct);
        using var samples = new SampleFiles()
            .Add("Müller^Jörg", "4711", "1.2.276.0.1").Add("Müller^Jörg", "4711", "1.2.276.0.1", 2)
            .Add("<b>Schmidt</b>^Hans", "4712", "1.2.276.0.2", description: "Ein sehr langes Wort: " + new string('W', 42))
            .Add("Yamada^Tarou=山田^太郎", new string('9', 64), "1.2.276.0.3").Add("כהן^דוד", "4714", "1.2.276.0.4");
        await samples.SendAsync(office.Server.DicomPort, ct);
        // the same image with other content: something for the page of problems
        using var second = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.276.0.1", description: "Anders");
        await second.SendAsync(office.Server.DicomPort, ct);
        using var orders = new HttpClient { BaseAddress = office.Server.Address };
        orders.DefaultRequestHeaders.Authorization = office.Credentials is { } user
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Username}:{user.Password}"))) : null;
        await orders.GetStringAsync("worklist/add?id=4711&lastname=Mustermann-Beispielhausen&firstname=Maximilian%20Alexander&birthdate=07.03.1958&sex=1&procedure=Abdomen", ct);
        office._playwright = await Playwright.CreateAsync();
        office.Browser = await LaunchAsync(office._playwright);
        return office;
    }

    /// <summary>A browser without a window.</summary>
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright, params string[] more) => playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
    {
        ExecutablePath = Chromium,
        Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", .. more],
    });

    /// <summary>One address of each kind of page.</summary>
    public async Task<string[]> PathsAsync()
    {
        var page = await Browser.NewPageAsync(new BrowserNewPageOptions { BaseURL = Server.Address.ToString(), HttpCredentials = Credentials });
        await page.GotoAsync("/?q=4711");
        var study = (await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))!;
        await page.GotoAsync(study);
        var series = (await page.Locator("a[href^='/serien/']").First.GetAttributeAsync("href"))!;
        await page.GotoAsync(series);
        var instance = (await page.Locator("a[href^='/instanzen/']").First.GetAttributeAsync("href"))!;
        await page.CloseAsync();
        var id = study.Replace("/studien/", "", StringComparison.Ordinal);
        return
        [
            "/", "/?q=zzz", study, $"{study}?tab=messwerte", $"{study}?tab=dokumente", $"{study}?tab=verlauf", $"{study}?tab=tags", $"{study}/korrigieren", series, instance,
            $"/studien/kennzeichen?id={id}", $"/studien/senden?id={id}", $"/studien/loeschen?id={id}", $"/drucken?studie={id}", "/hochladen", $"/hochladen?studie={id}",
            "/probleme", "/probleme/vergleich/1", "/auftraege", "/papierkorb", "/arbeitsliste?tage=alle", "/arbeitsliste/neu", "/gdt", "/gdt/profile", "/gdt/empfaenger",
            "/geraete", "/geraete/bearbeiten", "/geraete/entfernen/archive", "/geraete/blatt", "/status",
            "/einstellungen", "/einstellungen/geraete", "/einstellungen/archiv", "/einstellungen/gdt", "/einstellungen/weiterleitung", "/einstellungen/weiterleitung?regel=", "/einstellungen/anmeldung",
            "/einstellungen/konfiguration", "/gdt?stand=offen", "/einrichten", "/einrichten?schritt=anmeldung", "/einrichten?schritt=gdt", "/einrichten?schritt=geraet", "/einrichten?schritt=fertig",
            $"/viewer?study={id}",
        ];
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }
        _playwright?.Dispose();
        await Server.DisposeAsync();
    }
}
