using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pacs.Storage.Migrations
{
    /// <summary>Values that an index of the whole column does not find: very few rows, for which queries look as well.</summary>
    public partial class QueryIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_study_accession_several",
                table: "study",
                column: "accession",
                filter: "instr(accession, '\\') > 0");

            migrationBuilder.CreateIndex(
                name: "ix_patient_id_odd",
                table: "patient",
                column: "patient_id",
                filter: "patient_id GLOB ' *' OR instr(patient_id, '\\') > 0");

            migrationBuilder.CreateIndex(
                name: "ix_patient_name_several",
                table: "patient",
                column: "name_fold",
                filter: "instr(name_fold, '=') > 0 OR instr(name_fold, '\\') > 0");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_study_accession_several",
                table: "study");

            migrationBuilder.DropIndex(
                name: "ix_patient_id_odd",
                table: "patient");

            migrationBuilder.DropIndex(
                name: "ix_patient_name_several",
                table: "patient");
        }
    }
}
