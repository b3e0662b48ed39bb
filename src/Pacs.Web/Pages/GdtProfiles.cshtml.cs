using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary><c>/gdt/profile</c>: the profiles there are, who uses them, and copying one.</summary>
public sealed class GdtProfilesModel(GdtReceivers receivers) : PageModel
{
    /// <summary>A profile in the list.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Description">What it is for.</param>
    /// <param name="Version">The version of GDT; null when it is not right.</param>
    /// <param name="Users">The receivers that use it.</param>
    /// <param name="IsBuiltIn">Whether it is the program's.</param>
    public sealed record Line(string Name, string? Description, string? Version, IReadOnlyList<string> Users, bool IsBuiltIn);

    /// <summary>The profiles, the practice's own first.</summary>
    public IReadOnlyList<Line> Lines { get; } =
    [
        .. receivers.Profiles.Names.OrderBy(GdtProfile.BuiltIn.ContainsKey).Select(n => new Line(
            n, receivers.Profiles.Find(n)!.Description, GdtProfile.TryCreate(new GdtProfileData { Profile = n }, receivers.Profiles, [])?.Data.Version, receivers.UsersOf(n),
            GdtProfile.BuiltIn.ContainsKey(n))),
    ];

    /// <summary>Files in the folder that are no profiles.</summary>
    public IReadOnlyList<string> Unreadable { get; } = receivers.Profiles.Unreadable;
}
