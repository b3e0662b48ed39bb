using Pacs.Storage;

namespace Pacs.Tests;

public sealed class ResourceIdTests
{
    // values of a real Orthanc 1.10.1
    [Theory]
    [InlineData("1CT1", "fa558bce-587a86d3-ad0da9b3-9d043d9d-4f5c5718")]
    [InlineData("", "da39a3ee-5e6b4b0d-3255bfef-95601890-afd80709")]
    [InlineData(null, "da39a3ee-5e6b4b0d-3255bfef-95601890-afd80709")]
    public void Ids_are_those_of_Orthanc(string? patientId, string expected)
    {
        var id = ResourceId.ForPatient(patientId);
        Assert.Equal(expected, id.ToString());
        Assert.True(ResourceId.TryParse(expected.ToUpperInvariant(), out var parsed));
        Assert.Equal(id, parsed);
        Assert.Equal(id, ResourceId.FromBytes(id.ToBytes()));
    }

    [Fact]
    public void Trailing_blanks_of_a_patient_id_do_not_count_leading_ones_do()
    {
        Assert.Equal(ResourceId.ForPatient(" X7"), ResourceId.ForPatient(" X7 "));
        Assert.NotEqual(ResourceId.ForPatient("X7"), ResourceId.ForPatient(" X7"));
        Assert.Equal(ResourceId.ForStudy("A", "1.2"), ResourceId.ForStudy("A ", "1.2"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fa558bce")]
    [InlineData("fa558bce-587a86d3-ad0da9b3-9d043d9d-4f5c571x")]
    [InlineData("fa558bce_587a86d3-ad0da9b3-9d043d9d-4f5c5718")]
    [InlineData("fa558bce-587a86d3-ad0da9b3-9d043d9d-4f5c57180")]
    public void What_is_no_id_is_not_parsed(string text) => Assert.False(ResourceId.TryParse(text, out _));
}
