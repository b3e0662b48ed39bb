using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.Extensions.WebEncoders;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary>Puts the pages together.</summary>
public static class PagesSetup
{
    /// <summary>Registers what the pages use.</summary>
    public static IServiceCollection AddPages(this IServiceCollection services)
    {
        services.AddRazorPages(options => options.Conventions.ConfigureFilter(new LanguageFilter()).ConfigureFilter(new LookFilter()));
        // comes with the pages, makes keys at start and wants a folder for them; nothing here is encrypted or signed
        services.Remove(services.Single(s => s.ImplementationType?.Name == "DataProtectionHostedService"));
        services.AddLocalization();
        // umlauts stay readable in the source; what HTML gives a meaning is still encoded
        services.Configure<WebEncoderOptions>(options => options.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
        return services.AddSingleton<Chrome>().AddSingleton<OpenProblems>().AddSingleton<Display>().AddSingleton<TagRows>().AddSingleton<MeasuredReports>().AddSingleton<StudyMarks>().AddSingleton<StudyHistory>().AddSingleton<StudyNews>().AddSingleton<FirstStart>().AddSingleton<SetupNews>().AddSingleton<DiagnosticPackage>().AddSingleton<SettingsChecks>();
    }

    /// <summary>Maps the pages and what belongs to them in <c>wwwroot</c>.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapStaticAssets().OpenToEverybody(); // an error page needs its style; there is nothing of a patient in it
        app.MapRazorPages().WithStaticAssets();
        StudyNews.Map(app);
        SetupNews.Map(app);
        SelectionRoutes.Map(app);
        DiagnosticPackage.Map(app);
    }
}
