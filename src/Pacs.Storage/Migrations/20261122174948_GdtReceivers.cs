using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>
    /// Several receivers of GDT files, and the records that come in. The key of <c>gdt_file</c> grows, for which SQLite needs a new table; what there is was for the default receiver. By
    /// hand, as all tables: STRICT.
    /// </summary>
    public partial class GdtReceivers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE gdt_file_new (
                    receiver TEXT NOT NULL DEFAULT 'default',
                    kind TEXT NOT NULL,
                    resource BLOB NOT NULL,
                    revision INTEGER NOT NULL DEFAULT 0,
                    path TEXT NOT NULL,
                    body BLOB NOT NULL,
                    state TEXT NOT NULL,
                    attempts INTEGER NOT NULL DEFAULT 0,
                    error TEXT NULL,
                    at INTEGER NOT NULL,
                    PRIMARY KEY (kind, resource, receiver, revision)
                ) STRICT;
                INSERT INTO gdt_file_new (kind, resource, path, body, state, attempts, error, at) SELECT kind, resource, path, body, state, attempts, error, at FROM gdt_file;
                DROP TABLE gdt_file;
                ALTER TABLE gdt_file_new RENAME TO gdt_file;
                CREATE INDEX ix_gdt_file_state ON gdt_file (state);
                CREATE INDEX ix_gdt_file_at ON gdt_file (at);

                CREATE TABLE gdt_incoming (
                    id INTEGER NOT NULL PRIMARY KEY,
                    receiver TEXT NOT NULL,
                    name TEXT NOT NULL,
                    type TEXT NOT NULL,
                    state TEXT NOT NULL,
                    reason TEXT NULL,
                    body BLOB NOT NULL,
                    digest BLOB NOT NULL,
                    patient_id TEXT NOT NULL,
                    order_id TEXT NOT NULL,
                    order_uid TEXT NOT NULL,
                    test_type TEXT NOT NULL,
                    accession TEXT NOT NULL,
                    at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX ix_gdt_incoming_at ON gdt_incoming (at);
                CREATE INDEX ix_gdt_incoming_accession ON gdt_incoming (accession) WHERE accession <> '';
                CREATE INDEX ix_gdt_incoming_patient ON gdt_incoming (patient_id, type);
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP TABLE gdt_incoming;
                CREATE TABLE gdt_file_old (
                    kind TEXT NOT NULL,
                    resource BLOB NOT NULL,
                    path TEXT NOT NULL,
                    body BLOB NOT NULL,
                    state TEXT NOT NULL,
                    attempts INTEGER NOT NULL DEFAULT 0,
                    error TEXT NULL,
                    at INTEGER NOT NULL,
                    PRIMARY KEY (kind, resource)
                ) STRICT;
                INSERT INTO gdt_file_old SELECT kind, resource, path, body, state, attempts, error, at FROM gdt_file WHERE receiver = 'default' AND revision = 0;
                DROP TABLE gdt_file;
                ALTER TABLE gdt_file_old RENAME TO gdt_file;
                CREATE INDEX ix_gdt_file_state ON gdt_file (state);
                CREATE INDEX ix_gdt_file_at ON gdt_file (at);
                """);
        }
    }
}
