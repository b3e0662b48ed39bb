namespace Pacs.Tests;

/// <summary>The checkout the tests were built from: for tests that compare the manual with the code.</summary>
public static class Repository
{
    /// <summary>The folder of <c>Pacs.sln</c>.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, "Pacs.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException("The tests do not lie below the checkout.");
    }
}
