using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary><c>/gdt/empfaenger</c>: who gets GDT files, and where that is set.</summary>
public sealed class GdtReceiversModel(GdtReceivers receivers) : PageModel
{
    /// <summary>A receiver in the list.</summary>
    /// <param name="Settings">What is set of it.</param>
    /// <param name="IsEntered">Whether it was entered on the pages or over REST.</param>
    /// <param name="IsConfigured">Whether the configuration has one of that name.</param>
    /// <param name="IsBroken">Whether it gets nothing, because something of it is not right any more.</param>
    public sealed record Line(GdtReceiverSettings Settings, bool IsEntered, bool IsConfigured, bool IsBroken);

    /// <summary>Whether GDT is switched on.</summary>
    public bool IsEnabled => receivers.IsEnabled;

    /// <summary>The receivers.</summary>
    public IReadOnlyList<Line> Lines { get; } =
    [
        .. receivers.Names.Select(n => new Line((receivers.Entered(n) ?? receivers.Configured(n))!, receivers.Entered(n) is not null, receivers.Configured(n) is not null,
            receivers.Broken.Any(b => b.Settings.Name == n))),
    ];
}
