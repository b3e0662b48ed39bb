using System.Security.Cryptography;
using System.Text;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>Finds what the path of a retrieve names (PS3.18 table 10.4.1-1).</summary>
internal sealed class WadoTarget(IndexReader index, Archive archive)
{
    // the largest study that anybody has: some seconds of a CT perfusion. More is not one answer
    private const int MaxInstances = 200_000;

    /// <summary>The instances of a study, a series or an instance, in the order in which a viewer shows them.</summary>
    /// <returns>Empty when there is no such study, series or instance; null when there are too many.</returns>
    public ValueTask<IReadOnlyList<InstanceLocation>?> FindAsync(string study, string? series, string? instance, CancellationToken ct)
    {
        var level = instance is not null ? Level.Instance : series is not null ? Level.Series : Level.Study;
        return index.LocateAsync(
            new RetrieveKeys(level) { Studies = [study], Series = series is null ? [] : [series], Instances = instance is null ? [] : [instance] }, MaxInstances, ct);
    }

    /// <summary>An instance: the first, where patients share UIDs; null when there is none.</summary>
    public async ValueTask<InstanceLocation?> FindInstanceAsync(string study, string series, string instance, CancellationToken ct) =>
        await FindAsync(study, series, instance, ct) is [var location, ..] ? location : null;

    /// <summary>Where the file of an instance is, or null when it is missing.</summary>
    public string? PathOf(InstanceLocation location) => archive.TryGetPath(location.Key);

    /// <summary>The address of an instance: with the UIDs that the index knows, which may be others than those of the path.</summary>
    public async ValueTask<string> AddressAsync(DicomWebAddress address, InstanceLocation location, CancellationToken ct) =>
        await index.InstanceAsync(location.Id, ct) is { } entry ? address.Instance(entry.Study.Uid, entry.Series.Uid, entry.Instance.Uid) : address.Root;

    /// <summary>An entity tag: another as soon as an instance comes, goes or is replaced. Files never change, and each has a name of its own.</summary>
    public static string Tag(IEnumerable<InstanceLocation> locations, string variant)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(variant));
        foreach (var location in locations)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(location.Key));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
