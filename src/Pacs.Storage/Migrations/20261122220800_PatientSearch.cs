using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>The parts of names for the search box, a column that takes no room, and its index; an index for what has no order.</summary>
    public partial class PatientSearch : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE patient ADD COLUMN name_search TEXT GENERATED ALWAYS AS (
                '^' || replace(replace(replace(replace(replace(replace(name_fold, ' ', '^'), '-', '^'), '=', '^'), 'AE', 'A'), 'OE', 'O'), 'UE', 'U')) VIRTUAL;
            CREATE INDEX ix_patient_search ON patient (name_search);
            CREATE INDEX ix_study_without_order ON study (sort_key, id) WHERE accession IS NULL OR accession = '';
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX ix_study_without_order;
            DROP INDEX ix_patient_search;
            ALTER TABLE patient DROP COLUMN name_search;
            """);
    }
}
