namespace Pacs.Web.Configuration;

/// <summary>The section <c>Telemetry</c>.</summary>
public sealed class TelemetrySettings
{
    /// <summary>
    /// The OTLP collector (http/protobuf), e.g. <c>http://localhost:4318</c>. Default: the environment variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; without it nothing
    /// leaves the machine.
    /// </summary>
    [WebAddress]
    public Uri? OtlpEndpoint { get; init; }
}
