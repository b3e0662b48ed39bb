using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Who has called, for the page of devices. By hand for STRICT, as the first tables.</summary>
    public partial class Callers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE caller (
                ae_title TEXT NOT NULL,
                host TEXT NOT NULL,
                first_seen_at INTEGER NOT NULL,
                seen_at INTEGER NOT NULL,
                asked INTEGER NOT NULL,
                refused INTEGER NOT NULL,
                is_rejected INTEGER NOT NULL,
                last_instance TEXT NULL,
                PRIMARY KEY (ae_title, host)
            ) STRICT;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE caller;");
    }
}
