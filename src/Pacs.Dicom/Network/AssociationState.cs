using System.Collections.Frozen;

namespace Pacs.Dicom.Network;

/// <summary>The states of the upper layer (PS3.8 §9.2.1, tables 9-1 to 9-5).</summary>
public enum UpperLayerState : byte
{
    /// <summary>Idle.</summary>
    Sta1 = 1,

    /// <summary>Transport connection open, awaiting A-ASSOCIATE-RQ.</summary>
    Sta2,

    /// <summary>Awaiting the local answer to an association request.</summary>
    Sta3,

    /// <summary>Awaiting the transport connection.</summary>
    Sta4,

    /// <summary>Awaiting A-ASSOCIATE-AC or -RJ.</summary>
    Sta5,

    /// <summary>Association established, ready for data.</summary>
    Sta6,

    /// <summary>Awaiting A-RELEASE-RP.</summary>
    Sta7,

    /// <summary>Awaiting the local answer to a release request.</summary>
    Sta8,

    /// <summary>Release collision, requestor: awaiting the local answer.</summary>
    Sta9,

    /// <summary>Release collision, acceptor: awaiting A-RELEASE-RP.</summary>
    Sta10,

    /// <summary>Release collision, requestor: awaiting A-RELEASE-RP.</summary>
    Sta11,

    /// <summary>Release collision, acceptor: awaiting the local answer.</summary>
    Sta12,

    /// <summary>Awaiting the peer's close of the transport connection.</summary>
    Sta13,
}

/// <summary>The events of PS3.8 table 9-10, in the order of its rows.</summary>
public enum UpperLayerEvent : byte
{
    /// <summary>Evt1: the local user requests an association.</summary>
    AssociateRequest = 1,

    /// <summary>Evt2: the transport connection is open.</summary>
    TransportConnected,

    /// <summary>Evt3: A-ASSOCIATE-AC received.</summary>
    AcceptReceived,

    /// <summary>Evt4: A-ASSOCIATE-RJ received.</summary>
    RejectReceived,

    /// <summary>Evt5: a transport connection came in.</summary>
    TransportIndication,

    /// <summary>Evt6: A-ASSOCIATE-RQ received.</summary>
    RequestReceived,

    /// <summary>Evt7: the local user accepts.</summary>
    AssociateAccept,

    /// <summary>Evt8: the local user rejects.</summary>
    AssociateReject,

    /// <summary>Evt9: the local user sends data.</summary>
    DataRequest,

    /// <summary>Evt10: P-DATA-TF received.</summary>
    DataReceived,

    /// <summary>Evt11: the local user releases.</summary>
    ReleaseRequest,

    /// <summary>Evt12: A-RELEASE-RQ received.</summary>
    ReleaseRequestReceived,

    /// <summary>Evt13: A-RELEASE-RP received.</summary>
    ReleaseResponseReceived,

    /// <summary>Evt14: the local user agrees to the release.</summary>
    ReleaseResponse,

    /// <summary>Evt15: the local user aborts.</summary>
    AbortRequest,

    /// <summary>Evt16: A-ABORT received.</summary>
    AbortReceived,

    /// <summary>Evt17: the transport connection is closed.</summary>
    TransportClosed,

    /// <summary>Evt18: ARTIM has expired.</summary>
    ArtimExpired,

    /// <summary>Evt19: an unknown or invalid PDU received.</summary>
    InvalidPduReceived,
}

/// <summary>The actions of PS3.8 tables 9-6 to 9-9.</summary>
public enum UpperLayerAction : byte
{
    /// <summary>The pair cannot happen.</summary>
    None,

    /// <summary>AE-1: connect the transport.</summary>
    AE1,

    /// <summary>AE-2: send A-ASSOCIATE-RQ.</summary>
    AE2,

    /// <summary>AE-3: tell the user that the peer accepted.</summary>
    AE3,

    /// <summary>AE-4: tell the user that the peer rejected, close the transport.</summary>
    AE4,

    /// <summary>AE-5: answer the transport connection, start ARTIM.</summary>
    AE5,

    /// <summary>AE-6: stop ARTIM, ask the user about the request.</summary>
    AE6,

    /// <summary>AE-7: send A-ASSOCIATE-AC.</summary>
    AE7,

    /// <summary>AE-8: send A-ASSOCIATE-RJ, start ARTIM.</summary>
    AE8,

    /// <summary>DT-1: send P-DATA-TF.</summary>
    DT1,

    /// <summary>DT-2: give the user the data.</summary>
    DT2,

    /// <summary>AR-1: send A-RELEASE-RQ.</summary>
    AR1,

    /// <summary>AR-2: tell the user that the peer wants to release.</summary>
    AR2,

    /// <summary>AR-3: tell the user that the release is done, close the transport.</summary>
    AR3,

    /// <summary>AR-4: send A-RELEASE-RP, start ARTIM.</summary>
    AR4,

    /// <summary>AR-5: stop ARTIM.</summary>
    AR5,

    /// <summary>AR-6: give the user data that came after its release request.</summary>
    AR6,

    /// <summary>AR-7: send P-DATA-TF after the peer's release request.</summary>
    AR7,

    /// <summary>AR-8: tell the user about the release collision.</summary>
    AR8,

    /// <summary>AR-9: send A-RELEASE-RP.</summary>
    AR9,

    /// <summary>AR-10: tell the user that the peer has released.</summary>
    AR10,

    /// <summary>AA-1: send A-ABORT as service user, start ARTIM.</summary>
    AA1,

    /// <summary>AA-2: stop ARTIM, close the transport.</summary>
    AA2,

    /// <summary>AA-3: tell the user that the peer aborted, close the transport.</summary>
    AA3,

    /// <summary>AA-4: tell the user that the connection is lost.</summary>
    AA4,

    /// <summary>AA-5: stop ARTIM.</summary>
    AA5,

    /// <summary>AA-6: ignore the PDU.</summary>
    AA6,

    /// <summary>AA-7: send A-ABORT.</summary>
    AA7,

    /// <summary>AA-8: send A-ABORT as service provider, tell the user, start ARTIM.</summary>
    AA8,
}

/// <summary>The state table of PS3.8 §9.2.3: 13 states, 19 events. <see cref="Association"/> runs on it.</summary>
public static class AssociationState
{
    /// <summary>How many states there are.</summary>
    public const int StateCount = 13;

    /// <summary>How many events there are.</summary>
    public const int EventCount = 19;

    // PS3.8 table 9-10: one row for each event, one column for each state; a dash for a pair that cannot happen
    private const string Table = """
        #    1    2    3    4    5    6    7    8    9    10   11   12   13
        1    AE1  -    -    -    -    -    -    -    -    -    -    -    -
        2    -    -    -    AE2  -    -    -    -    -    -    -    -    -
        3    -    AA1  AA8  -    AE3  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA6
        4    -    AA1  AA8  -    AE4  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA6
        5    AE5  -    -    -    -    -    -    -    -    -    -    -    -
        6    -    AE6  AA8  -    AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA7
        7    -    -    AE7  -    -    -    -    -    -    -    -    -    -
        8    -    -    AE8  -    -    -    -    -    -    -    -    -    -
        9    -    -    -    -    -    DT1  -    AR7  -    -    -    -    -
        10   -    AA1  AA8  -    AA8  DT2  AR6  AA8  AA8  AA8  AA8  AA8  AA6
        11   -    -    -    -    -    AR1  -    -    -    -    -    -    -
        12   -    AA1  AA8  -    AA8  AR2  AR8  AA8  AA8  AA8  AA8  AA8  AA6
        13   -    AA1  AA8  -    AA8  AA8  AR3  AA8  AA8  AR10 AR3  AA8  AA6
        14   -    -    -    -    -    -    -    AR4  AR9  -    -    AR4  -
        15   -    -    AA1  AA2  AA1  AA1  AA1  AA1  AA1  AA1  AA1  AA1  -
        16   -    AA2  AA3  -    AA3  AA3  AA3  AA3  AA3  AA3  AA3  AA3  AA2
        17   -    AA5  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AA4  AR5
        18   -    AA2  -    -    -    -    -    -    -    -    -    -    AA2
        19   -    AA1  AA8  -    AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA8  AA7
        """;

    // PS3.8 tables 9-6 to 9-9: the state after each action. AE-6 and AR-8 leave a choice, see Next
    private static readonly FrozenDictionary<UpperLayerAction, UpperLayerState> After = new Dictionary<UpperLayerAction, UpperLayerState>
    {
        [UpperLayerAction.AE1] = UpperLayerState.Sta4,
        [UpperLayerAction.AE2] = UpperLayerState.Sta5,
        [UpperLayerAction.AE3] = UpperLayerState.Sta6,
        [UpperLayerAction.AE4] = UpperLayerState.Sta1,
        [UpperLayerAction.AE5] = UpperLayerState.Sta2,
        [UpperLayerAction.AE6] = UpperLayerState.Sta3,
        [UpperLayerAction.AE7] = UpperLayerState.Sta6,
        [UpperLayerAction.AE8] = UpperLayerState.Sta13,
        [UpperLayerAction.DT1] = UpperLayerState.Sta6,
        [UpperLayerAction.DT2] = UpperLayerState.Sta6,
        [UpperLayerAction.AR1] = UpperLayerState.Sta7,
        [UpperLayerAction.AR2] = UpperLayerState.Sta8,
        [UpperLayerAction.AR3] = UpperLayerState.Sta1,
        [UpperLayerAction.AR4] = UpperLayerState.Sta13,
        [UpperLayerAction.AR5] = UpperLayerState.Sta1,
        [UpperLayerAction.AR6] = UpperLayerState.Sta7,
        [UpperLayerAction.AR7] = UpperLayerState.Sta8,
        [UpperLayerAction.AR8] = UpperLayerState.Sta9,
        [UpperLayerAction.AR9] = UpperLayerState.Sta11,
        [UpperLayerAction.AR10] = UpperLayerState.Sta12,
        [UpperLayerAction.AA1] = UpperLayerState.Sta13,
        [UpperLayerAction.AA2] = UpperLayerState.Sta1,
        [UpperLayerAction.AA3] = UpperLayerState.Sta1,
        [UpperLayerAction.AA4] = UpperLayerState.Sta1,
        [UpperLayerAction.AA5] = UpperLayerState.Sta1,
        [UpperLayerAction.AA6] = UpperLayerState.Sta13,
        [UpperLayerAction.AA7] = UpperLayerState.Sta13,
        [UpperLayerAction.AA8] = UpperLayerState.Sta13,
    }.ToFrozenDictionary();

    // one entry for each pair, read without a look-up in a dictionary: it is asked for every PDU
    private static readonly (UpperLayerAction Action, UpperLayerState Next)[] Pairs = Parse();

    /// <summary>What to do about an event in a state.</summary>
    /// <param name="state">The present state.</param>
    /// <param name="occurred">What happened.</param>
    /// <param name="isRequestor">Whether this side requested the association: decides where a release collision leads (AR-8).</param>
    /// <returns>
    /// The action and the state after it; <see cref="UpperLayerAction.None"/> and the same state for the pairs that table 9-10 leaves blank.
    /// AE-6 leads to Sta3: a request that the provider itself refuses is rejected from there, with the same PDU and the same Sta13 in the end.
    /// </returns>
    public static (UpperLayerAction Action, UpperLayerState Next) Next(UpperLayerState state, UpperLayerEvent occurred, bool isRequestor)
    {
        var pair = Pairs[(((int)occurred - 1) * StateCount) + (int)state - 1];
        return pair.Action == UpperLayerAction.AR8 && !isRequestor ? (UpperLayerAction.AR8, UpperLayerState.Sta10) : pair;
    }

    /// <summary>The event that the arrival of a PDU is.</summary>
    public static UpperLayerEvent Received(PduType type) => type switch
    {
        PduType.AssociateRequest => UpperLayerEvent.RequestReceived,
        PduType.AssociateAccept => UpperLayerEvent.AcceptReceived,
        PduType.AssociateReject => UpperLayerEvent.RejectReceived,
        PduType.Data => UpperLayerEvent.DataReceived,
        PduType.ReleaseRequest => UpperLayerEvent.ReleaseRequestReceived,
        PduType.ReleaseResponse => UpperLayerEvent.ReleaseResponseReceived,
        PduType.Abort => UpperLayerEvent.AbortReceived,
        _ => UpperLayerEvent.InvalidPduReceived,
    };

    private static (UpperLayerAction, UpperLayerState)[] Parse()
    {
        var pairs = new (UpperLayerAction, UpperLayerState)[EventCount * StateCount];
        foreach (var row in Table.Split('\n').Skip(1))
        {
            var cells = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var occurred = int.Parse(cells[0], System.Globalization.CultureInfo.InvariantCulture);
            for (var state = 1; state <= StateCount; state++)
            {
                var action = cells[state] == "-" ? UpperLayerAction.None : Enum.Parse<UpperLayerAction>(cells[state]);
                pairs[((occurred - 1) * StateCount) + state - 1] = (action, action == UpperLayerAction.None ? (UpperLayerState)state : After[action]);
            }
        }
        return pairs;
    }
}
