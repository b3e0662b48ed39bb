using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Labels. By hand for STRICT, as the first tables.</summary>
    public partial class Labels : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE label (
                level INTEGER NOT NULL,
                resource BLOB NOT NULL,
                name TEXT NOT NULL,
                PRIMARY KEY (level, resource, name)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX ix_label_name ON label (name, level, resource);
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE label;");
    }
}
