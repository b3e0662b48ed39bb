using Pacs.Web.Configuration;
using Pacs.Web.DicomWeb;

namespace Pacs.Web;

/// <summary>DICOMweb (PS3.18): searching, retrieving and storing over HTTP.</summary>
public static class DicomWebSetup
{
    /// <summary>Maps the services below <see cref="DicomWebSettings.Root"/>.</summary>
    public static void MapDicomWeb(this WebApplication app, PacsOptions options)
    {
        if (options.DicomWeb.Enable)
        {
            var routes = app.MapGroup(options.DicomWeb.Root.TrimEnd('/'));
            routes.MapQido();
        }
    }
}
