using System.Globalization;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Orthanc;

/// <summary>What the numbers of metadata and attachments are called: Orthanc's own names, those of the configuration, else the number itself.</summary>
internal sealed class UserNames(PacsOptions options)
{
    // Orthanc's system metadata (REST: read-only)
    private static readonly Dictionary<string, int> SystemMetadata = From(
        "IndexInSeries", "ReceptionDate", "RemoteAET", "ExpectedNumberOfInstances", "ModifiedFrom", "AnonymizedFrom", "LastUpdate", "Origin", "TransferSyntax", "SopClassUid", "RemoteIP", "CalledAET",
        "HttpUsername", "PixelDataOffset", "MainDicomTagsSignature", "MainDicomSequences", "PixelDataVR", "IsProtected");

    // of instances; what Orthanc writes beside it (dicom-as-json, dicom-until-pixel-data) is not needed here
    private static readonly Dictionary<string, int> SystemAttachments = From("dicom", "dicom-as-json", "dicom-until-pixel-data");

    /// <summary>The DICOM file of an instance among its attachments.</summary>
    public const int Dicom = 1;

    /// <summary>Whether users may change what has this number.</summary>
    public static bool IsOfUsers(int number) => number is >= ResourceMetadata.FirstOfUsers and <= ResourceMetadata.LastOfUsers;

    /// <summary>The number of a metadata by its name or number; null when there is no such name.</summary>
    public int? Metadata(string name) => Number(name, SystemMetadata, options.UserMetadata);

    /// <summary>The name of a metadata.</summary>
    public string Metadata(int number) => Name(number, SystemMetadata, options.UserMetadata);

    /// <summary>The number of an attachment by its name or number; null when there is no such name.</summary>
    public int? Attachment(string name) => Number(name, SystemAttachments, options.UserContentType);

    /// <summary>The name of an attachment.</summary>
    public string Attachment(int number) => Name(number, SystemAttachments, options.UserContentType);

    // numbered from one
    private static Dictionary<string, int> From(params string[] names) => names.Index().ToDictionary(n => n.Item, n => n.Index + 1, StringComparer.Ordinal);

    private static int? Number(string name, Dictionary<string, int> system, IReadOnlyDictionary<string, int> users) =>
        system.TryGetValue(name, out var number) || users.TryGetValue(name, out number) || int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : null;

    private static string Name(int number, Dictionary<string, int> system, IReadOnlyDictionary<string, int> users) =>
        system.Concat(users).Where(n => n.Value == number).Select(n => n.Key).FirstOrDefault() ?? number.ToString(CultureInfo.InvariantCulture);
}
