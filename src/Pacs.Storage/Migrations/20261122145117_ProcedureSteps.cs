using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Performed procedure steps. By hand for STRICT, as the first tables.</summary>
    public partial class ProcedureSteps : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE step (
                uid TEXT NOT NULL PRIMARY KEY,
                state INTEGER NOT NULL,
                accession TEXT NOT NULL,
                study_uid TEXT NOT NULL,
                calling_ae TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                dataset BLOB NOT NULL
            ) STRICT;
            CREATE INDEX ix_step_updated ON step (updated_at);
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE step;");
    }
}
