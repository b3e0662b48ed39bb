using Pacs.Dicom.Network;

namespace Pacs.Tests.Network;

/// <summary>PS3.8 table 9-10, written down a second time in another shape: for each state what each event leads to.</summary>
public sealed class AssociationStateTests
{
    // state: event action>next, event action>next ...; pairs that are not listed cannot happen
    private const string Expected = """
        1: 1 AE1>4, 5 AE5>2
        2: 3 AA1>13, 4 AA1>13, 6 AE6>3, 10 AA1>13, 12 AA1>13, 13 AA1>13, 16 AA2>1, 17 AA5>1, 18 AA2>1, 19 AA1>13
        3: 3 AA8>13, 4 AA8>13, 6 AA8>13, 7 AE7>6, 8 AE8>13, 10 AA8>13, 12 AA8>13, 13 AA8>13, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        4: 2 AE2>5, 15 AA2>1, 17 AA4>1
        5: 3 AE3>6, 4 AE4>1, 6 AA8>13, 10 AA8>13, 12 AA8>13, 13 AA8>13, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        6: 3 AA8>13, 4 AA8>13, 6 AA8>13, 9 DT1>6, 10 DT2>6, 11 AR1>7, 12 AR2>8, 13 AA8>13, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        7: 3 AA8>13, 4 AA8>13, 6 AA8>13, 10 AR6>7, 12 AR8>9, 13 AR3>1, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        8: 3 AA8>13, 4 AA8>13, 6 AA8>13, 9 AR7>8, 10 AA8>13, 12 AA8>13, 13 AA8>13, 14 AR4>13, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        9: 3 AA8>13, 4 AA8>13, 6 AA8>13, 10 AA8>13, 12 AA8>13, 13 AA8>13, 14 AR9>11, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        10: 3 AA8>13, 4 AA8>13, 6 AA8>13, 10 AA8>13, 12 AA8>13, 13 AR10>12, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        11: 3 AA8>13, 4 AA8>13, 6 AA8>13, 10 AA8>13, 12 AA8>13, 13 AR3>1, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        12: 3 AA8>13, 4 AA8>13, 6 AA8>13, 10 AA8>13, 12 AA8>13, 13 AA8>13, 14 AR4>13, 15 AA1>13, 16 AA3>1, 17 AA4>1, 19 AA8>13
        13: 3 AA6>13, 4 AA6>13, 6 AA7>13, 10 AA6>13, 12 AA6>13, 13 AA6>13, 16 AA2>1, 17 AR5>1, 18 AA2>1, 19 AA7>13
        """;

    public static TheoryData<int, int, string> Pairs()
    {
        var listed = new Dictionary<(int, int), string>();
        foreach (var line in Expected.Split('\n'))
        {
            var (state, cells) = (int.Parse(line.Split(':')[0]), line.Split(':')[1]);
            foreach (var cell in cells.Split(','))
            {
                var parts = cell.Trim().Split(' ');
                listed.Add((state, int.Parse(parts[0])), parts[1]);
            }
        }
        var pairs = new TheoryData<int, int, string>();
        for (var state = 1; state <= AssociationState.StateCount; state++)
        {
            for (var occurred = 1; occurred <= AssociationState.EventCount; occurred++)
            {
                pairs.Add(state, occurred, listed.GetValueOrDefault((state, occurred), $"None>{state}"));
            }
        }
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_pair_of_state_and_event_is_as_in_table_9_10(int state, int occurred, string expected)
    {
        var (action, next) = AssociationState.Next((UpperLayerState)state, (UpperLayerEvent)occurred, isRequestor: true);
        Assert.Equal(expected, $"{action}>{(int)next}");
    }

    [Fact]
    public void There_are_thirteen_states_and_nineteen_events()
    {
        Assert.Equal(13 * 19, Pairs().Count);
        Assert.Equal(13, Enum.GetValues<UpperLayerState>().Length);
        Assert.Equal(19, Enum.GetValues<UpperLayerEvent>().Length);
    }

    [Fact]
    public void A_release_collision_leads_the_acceptor_to_another_state()
    {
        Assert.Equal((UpperLayerAction.AR8, UpperLayerState.Sta9), AssociationState.Next(UpperLayerState.Sta7, UpperLayerEvent.ReleaseRequestReceived, isRequestor: true));
        Assert.Equal((UpperLayerAction.AR8, UpperLayerState.Sta10), AssociationState.Next(UpperLayerState.Sta7, UpperLayerEvent.ReleaseRequestReceived, isRequestor: false));
    }
}
