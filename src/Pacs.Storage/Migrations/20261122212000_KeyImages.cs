using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Frames that were marked in the viewer. By hand for STRICT, as the first tables.</summary>
    public partial class KeyImages : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE key_image (
                instance INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
                frame INTEGER NOT NULL,
                marked_at INTEGER NOT NULL,
                PRIMARY KEY (instance, frame)
            ) STRICT;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE key_image;");
    }
}
