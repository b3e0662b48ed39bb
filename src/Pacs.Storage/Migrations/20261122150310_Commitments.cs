using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Questions for storage commitment. By hand for STRICT, as the first tables.</summary>
    public partial class Commitments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE commitment (
                id INTEGER NOT NULL PRIMARY KEY,
                transaction_uid TEXT NOT NULL,
                calling_ae TEXT NOT NULL,
                called_ae TEXT NOT NULL,
                remote_host TEXT NOT NULL,
                state INTEGER NOT NULL,
                count INTEGER NOT NULL,
                failed_count INTEGER NULL,
                requested_at INTEGER NOT NULL,
                due_at INTEGER NOT NULL,
                attempts INTEGER NOT NULL,
                error TEXT NULL,
                dataset BLOB NOT NULL,
                UNIQUE (transaction_uid, calling_ae)
            ) STRICT;
            CREATE INDEX ix_commitment_due ON commitment (state, due_at);
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE commitment;");
    }
}
