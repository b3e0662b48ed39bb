using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Web.OpenApi;

namespace Pacs.Web.Pages;

/// <summary><c>/api</c>: the API to be read: every route with its methods, parameters and media types.</summary>
public sealed class ApiModel(IServiceProvider services) : PageModel
{
    /// <summary>The operations, by what they belong to.</summary>
    public IReadOnlyList<IGrouping<string, ApiOperation>> Groups { get; } = [.. services.GetRequiredService<ApiTable>().Operations.GroupBy(o => o.Group)];
}
