using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>The pictures and sheets that have to be in a folder before a GDT file.</summary>
    public partial class GdtAttachments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE gdt_file ADD COLUMN attachments TEXT NULL;");

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE gdt_file DROP COLUMN attachments;");
    }
}
