using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pacs.Dicom.Network;

/// <summary>
/// What the network layer measures: the activity source and the meter <see cref="Name"/>. Tags hold AE titles, operations and status codes,
/// never patient data or UIDs of instances.
/// </summary>
public static class DicomTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "Pacs.Dicom";

    internal static readonly ActivitySource Source = new(Name);

    private static readonly Meter Meter = new(Name);

    /// <summary>Associations that are established now.</summary>
    internal static readonly UpDownCounter<int> ActiveAssociations =
        Meter.CreateUpDownCounter<int>("dicom.associations.active", "{association}", "Associations that are established now");

    /// <summary>From the command set to the final response.</summary>
    internal static readonly Histogram<double> MessageDuration =
        Meter.CreateHistogram<double>("dicom.message.duration", "s", "From the command set of a request to its final response");

    /// <summary>Data set bytes of requests.</summary>
    internal static readonly Counter<long> ReceivedBytes =
        Meter.CreateCounter<long>("dicom.received.bytes", "By", "Bytes of received data sets");

    /// <summary>Data set bytes of C-STORE requests that were sent.</summary>
    internal static readonly Counter<long> SentBytes =
        Meter.CreateCounter<long>("dicom.sent.bytes", "By", "Bytes of sent data sets");
}
