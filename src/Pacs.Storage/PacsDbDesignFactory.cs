using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Pacs.Storage;

/// <summary>Lets <c>dotnet ef migrations add</c> make a context without a server.</summary>
public sealed class PacsDbDesignFactory : IDesignTimeDbContextFactory<PacsDb>
{
    /// <inheritdoc/>
    public PacsDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PacsDb>().UseSqlite("Data Source=:memory:").Options);
}
