using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>What users note about resources and put beside them. By hand for STRICT, as the first tables.</summary>
    public partial class UserData : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE metadata (
                level INTEGER NOT NULL,
                resource BLOB NOT NULL,
                number INTEGER NOT NULL,
                value TEXT NOT NULL,
                revision INTEGER NOT NULL,
                PRIMARY KEY (level, resource, number)
            ) STRICT, WITHOUT ROWID;

            CREATE TABLE attachment (
                level INTEGER NOT NULL,
                resource BLOB NOT NULL,
                number INTEGER NOT NULL,
                key TEXT NOT NULL,
                size INTEGER NOT NULL,
                md5 TEXT NOT NULL,
                revision INTEGER NOT NULL,
                PRIMARY KEY (level, resource, number)
            ) STRICT, WITHOUT ROWID;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE attachment; DROP TABLE metadata;");
    }
}
