using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Studies that can be restored. By hand for STRICT, as the first tables.</summary>
    public partial class Bin : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE bin (
                id INTEGER NOT NULL PRIMARY KEY,
                study BLOB NOT NULL,
                patient_name TEXT, patient_id TEXT NOT NULL, birth_date TEXT, sex TEXT,
                date TEXT, time TEXT, accession TEXT, description TEXT, modalities TEXT NOT NULL,
                series_count INTEGER NOT NULL, instance_count INTEGER NOT NULL, size INTEGER NOT NULL,
                deleted_at INTEGER NOT NULL, due_at INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX ix_bin_due ON bin (due_at);
            CREATE TABLE bin_file (
                key TEXT NOT NULL PRIMARY KEY,
                bin INTEGER NOT NULL,
                size INTEGER NOT NULL, data_offset INTEGER NOT NULL, header_length INTEGER NOT NULL, syntax TEXT NOT NULL,
                digest BLOB, received_digest BLOB,
                received_at INTEGER NOT NULL, origin INTEGER NOT NULL, calling_ae TEXT, called_ae TEXT, remote_host TEXT
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX ix_bin_file_bin ON bin_file (bin);
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE bin_file; DROP TABLE bin;");
    }
}
