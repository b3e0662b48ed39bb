using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>
    /// The first tables. Scaffolded, then written by hand: SQLite's STRICT tables keep a text out of a number's column, and EF does not know them. A test
    /// compares the result with the model.
    /// </summary>
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE patient (
                    id INTEGER NOT NULL PRIMARY KEY,
                    public_id BLOB NOT NULL UNIQUE,
                    patient_id TEXT NOT NULL,
                    name TEXT, name_fold TEXT, birth_date TEXT, sex TEXT,
                    study_count INTEGER NOT NULL, instance_count INTEGER NOT NULL, size INTEGER NOT NULL,
                    tags TEXT NOT NULL,
                    updated_at INTEGER NOT NULL, stable INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX ix_patient_id ON patient (patient_id);
                CREATE INDEX ix_patient_name ON patient (name_fold);
                CREATE INDEX ix_patient_birth ON patient (birth_date);
                CREATE INDEX ix_patient_unstable ON patient (updated_at) WHERE stable = 0;

                CREATE TABLE study (
                    id INTEGER NOT NULL PRIMARY KEY,
                    public_id BLOB NOT NULL UNIQUE,
                    patient INTEGER NOT NULL REFERENCES patient (id) ON DELETE RESTRICT,
                    uid TEXT NOT NULL,
                    date TEXT, time TEXT, accession TEXT, description TEXT, description_fold TEXT, study_id TEXT, referring TEXT, referring_fold TEXT,
                    modalities TEXT NOT NULL,
                    series_count INTEGER NOT NULL, instance_count INTEGER NOT NULL, size INTEGER NOT NULL,
                    sort_key TEXT NOT NULL,
                    tags TEXT NOT NULL,
                    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, stable INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX ix_study_patient ON study (patient);
                CREATE INDEX ix_study_uid ON study (uid);
                CREATE INDEX ix_study_date ON study (date, time);
                CREATE INDEX ix_study_accession ON study (accession);
                CREATE INDEX ix_study_newest ON study (sort_key, id);
                CREATE INDEX ix_study_unstable ON study (updated_at) WHERE stable = 0;

                CREATE TABLE series (
                    id INTEGER NOT NULL PRIMARY KEY,
                    public_id BLOB NOT NULL UNIQUE,
                    study INTEGER NOT NULL REFERENCES study (id) ON DELETE RESTRICT,
                    uid TEXT NOT NULL,
                    modality TEXT, number INTEGER, description TEXT, body_part TEXT, station TEXT, protocol TEXT,
                    instance_count INTEGER NOT NULL, size INTEGER NOT NULL,
                    tags TEXT NOT NULL,
                    updated_at INTEGER NOT NULL, stable INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX ix_series_study ON series (study);
                CREATE INDEX ix_series_uid ON series (uid);
                CREATE INDEX ix_series_unstable ON series (updated_at) WHERE stable = 0;

                CREATE TABLE instance (
                    id INTEGER NOT NULL PRIMARY KEY,
                    public_id BLOB NOT NULL UNIQUE,
                    series INTEGER NOT NULL REFERENCES series (id) ON DELETE RESTRICT,
                    uid TEXT NOT NULL,
                    sop_class TEXT NOT NULL, number INTEGER, frames INTEGER NOT NULL, syntax TEXT NOT NULL,
                    key TEXT NOT NULL UNIQUE,
                    size INTEGER NOT NULL, data_offset INTEGER NOT NULL, header_length INTEGER NOT NULL,
                    digest BLOB, received_digest BLOB,
                    received_at INTEGER NOT NULL, origin INTEGER NOT NULL, calling_ae TEXT, called_ae TEXT, remote_host TEXT,
                    tags TEXT NOT NULL
                ) STRICT;
                CREATE INDEX ix_instance_series ON instance (series);
                CREATE INDEX ix_instance_uid ON instance (uid);

                CREATE TABLE conflict (
                    id INTEGER NOT NULL PRIMARY KEY,
                    kind INTEGER NOT NULL, resource BLOB NOT NULL, key TEXT, digest BLOB, size INTEGER NOT NULL,
                    origin INTEGER NOT NULL, calling_ae TEXT, remote_host TEXT,
                    count INTEGER NOT NULL, at INTEGER NOT NULL,
                    UNIQUE (resource, digest)
                ) STRICT;

                -- AUTOINCREMENT: a number that a consumer has passed must not come back, not even when the last row was pruned
                CREATE TABLE event (
                    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
                    kind INTEGER NOT NULL, level INTEGER NOT NULL, resource BLOB NOT NULL, at INTEGER NOT NULL,
                    detail TEXT, rebuilt INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE consumer (name TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE parked_event (
                    consumer TEXT NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, error TEXT NOT NULL,
                    PRIMARY KEY (consumer, seq)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX ix_parked_event_due ON parked_event (consumer, due_at);

                CREATE TABLE gdt_file (
                    kind TEXT NOT NULL, resource BLOB NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL,
                    attempts INTEGER NOT NULL, error TEXT, at INTEGER NOT NULL,
                    PRIMARY KEY (kind, resource)
                ) STRICT;
                CREATE INDEX ix_gdt_file_state ON gdt_file (state);
                CREATE INDEX ix_gdt_file_at ON gdt_file (at);

                CREATE TABLE worklist (
                    id INTEGER NOT NULL PRIMARY KEY,
                    accession TEXT NOT NULL UNIQUE,
                    study_uid TEXT NOT NULL, station_ae TEXT NOT NULL, modality TEXT NOT NULL, start_date TEXT NOT NULL, start_time TEXT NOT NULL,
                    state INTEGER NOT NULL, source TEXT NOT NULL, created_at INTEGER NOT NULL, completed_at INTEGER,
                    dataset BLOB NOT NULL
                ) STRICT;
                CREATE INDEX ix_worklist_study ON worklist (study_uid);
                CREATE INDEX ix_worklist_start ON worklist (state, start_date);

                CREATE TABLE trash (key TEXT NOT NULL PRIMARY KEY, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                CREATE INDEX ix_trash_due ON trash (due_at);
                CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            // parents last
            foreach (var table in new[] { "setting", "trash", "worklist", "gdt_file", "parked_event", "consumer", "event", "conflict", "instance", "series", "study", "patient" })
            {
                migrationBuilder.DropTable(table);
            }
        }
    }
}
