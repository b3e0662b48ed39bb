using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Jobs. By hand for STRICT, as the first tables.</summary>
    public partial class Jobs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE job (
                id INTEGER NOT NULL PRIMARY KEY,
                public_id TEXT NOT NULL UNIQUE,
                kind TEXT NOT NULL, state INTEGER NOT NULL, priority INTEGER NOT NULL, node TEXT NOT NULL, key TEXT NULL, content TEXT NOT NULL,
                patience INTEGER NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, progressed_at INTEGER NOT NULL, completed_at INTEGER NULL,
                runtime INTEGER NOT NULL, attempts INTEGER NOT NULL, total INTEGER NOT NULL, sent INTEGER NOT NULL, failed INTEGER NOT NULL,
                error_code INTEGER NOT NULL, error TEXT NOT NULL
            ) STRICT;
            CREATE INDEX ix_job_state ON job (state, completed_at);
            CREATE INDEX ix_job_open ON job (key) WHERE completed_at IS NULL;

            CREATE TABLE job_item (
                job INTEGER NOT NULL, ordinal INTEGER NOT NULL, instance BLOB NOT NULL, state INTEGER NOT NULL, tries INTEGER NOT NULL, status INTEGER NOT NULL,
                PRIMARY KEY (job, ordinal)
            ) STRICT, WITHOUT ROWID;
            CREATE UNIQUE INDEX ix_job_item_instance ON job_item (job, instance);
            CREATE INDEX ix_job_item_waiting ON job_item (job, ordinal) WHERE state = 0;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE job_item; DROP TABLE job;");
    }
}
