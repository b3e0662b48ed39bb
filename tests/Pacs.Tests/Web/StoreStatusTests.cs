using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

public sealed class StoreStatusTests
{
    [Theory]
    [InlineData(StoreOutcome.Stored, 0x0000)]
    [InlineData(StoreOutcome.AlreadyStored, 0x0000)]
    [InlineData(StoreOutcome.Replaced, 0x0000)]
    [InlineData(StoreOutcome.Conflicting, 0x0000)]
    [InlineData(StoreOutcome.OutOfResources, 0xA700)]
    [InlineData(StoreOutcome.Contradiction, 0xA900)]
    [InlineData(StoreOutcome.InvalidIdentity, 0xC000)]
    [InlineData(StoreOutcome.Malformed, 0xC000)]
    public void Each_outcome_has_its_status_of_PS3_4_table_B_2_1(StoreOutcome outcome, int code)
    {
        var status = StoreScp.StatusOf(new StoreResult(outcome, default, default, default, default, "why"));

        Assert.Equal(code, status.Code);
        Assert.Equal(code == 0 ? null : "why", status.Comment);
    }

    [Fact]
    public void Success_is_answered_exactly_when_the_instance_is_safe() =>
        Assert.All(Enum.GetValues<StoreOutcome>(), outcome =>
        {
            var result = new StoreResult(outcome, default, default, default, default);
            Assert.Equal(result.IsSafe, StoreScp.StatusOf(result).Kind == DimseStatusKind.Success);
        });
}
