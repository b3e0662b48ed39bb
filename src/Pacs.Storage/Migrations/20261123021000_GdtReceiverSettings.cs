using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Receivers of GDT files that are changed while the server runs; what a record lacks, and how many series its study had. By hand for STRICT, as the first tables.</summary>
    public partial class GdtReceiverSettings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE gdt_receiver (
                name TEXT NOT NULL PRIMARY KEY,
                settings TEXT NOT NULL,
                changed_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            ALTER TABLE gdt_file ADD COLUMN left_out TEXT NULL;
            ALTER TABLE gdt_file ADD COLUMN series INTEGER NOT NULL DEFAULT 0;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP TABLE gdt_receiver;
            ALTER TABLE gdt_file DROP COLUMN left_out;
            ALTER TABLE gdt_file DROP COLUMN series;
            """);
    }
}
