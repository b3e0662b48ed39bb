using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Nodes. By hand for STRICT, as the first tables.</summary>
    public partial class Modalities : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE modality (
                name TEXT NOT NULL PRIMARY KEY,
                ae_title TEXT NOT NULL,
                host TEXT NOT NULL,
                port INTEGER NOT NULL,
                manufacturer INTEGER NOT NULL,
                permissions INTEGER NOT NULL,
                allow_transcoding INTEGER NOT NULL,
                use_tls INTEGER NOT NULL,
                local_ae_title TEXT NULL,
                timeout INTEGER NOT NULL
            ) STRICT;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE modality;");
    }
}
