using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Our questions for storage commitment, and the kinds of errors of jobs. By hand for STRICT, as the first tables.</summary>
    public partial class CommitmentRequests : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE commitment_request (
                id INTEGER NOT NULL PRIMARY KEY,
                transaction_uid TEXT NOT NULL UNIQUE,
                node TEXT NOT NULL,
                remote_ae TEXT NOT NULL,
                job INTEGER NULL,
                answer INTEGER NOT NULL,
                requested_at INTEGER NOT NULL,
                dataset BLOB NOT NULL
            ) STRICT;
            CREATE INDEX ix_commitment_request_job ON commitment_request (job);
            ALTER TABLE job ADD COLUMN fault INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE job ADD COLUMN fault_detail TEXT NOT NULL DEFAULT '';
            ALTER TABLE job ADD COLUMN commitment_uid TEXT NULL;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP TABLE commitment_request;
            ALTER TABLE job DROP COLUMN fault;
            ALTER TABLE job DROP COLUMN fault_detail;
            ALTER TABLE job DROP COLUMN commitment_uid;
            """);
    }
}
