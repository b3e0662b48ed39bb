using System.Diagnostics;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pacs.Web.Configuration;

namespace Pacs.Web;

/// <summary>
/// Logs on the console, and, when a collector is configured, traces, metrics and logs to it by OTLP over HTTP. The floors below own their
/// <see cref="ActivitySource"/> and meters; only this file knows OpenTelemetry. Nothing here carries patient data: no addresses with their query, no values of
/// data sets.
/// </summary>
public static class Telemetry
{
    private static readonly string[] Sources = ["Microsoft.AspNetCore", "System.Net.Http", "Pacs.Dicom", "Pacs.Storage", "Pacs.Gdt", "Pacs.Web"];

    private static readonly string[] Meters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.MemoryPool", "System.Net.Http", "System.Runtime",
        "Pacs.Dicom", "Pacs.Storage", "Pacs.Gdt", "Pacs.Web",
    ];

    /// <summary>Sets logging up and starts the exporters.</summary>
    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder, PacsConfiguration configuration)
    {
        builder.Configuration.AddInMemoryCollection(configuration.Host);
        builder.Logging
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning) // we say ourselves what we listen on
            .AddConfiguration(builder.Configuration.GetSection("Logging"))
            // it logs addresses with their query, and /worklist/add has the patient's name there: never, whatever is configured
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning)
            .AddConsole(console => console.FormatterName = LineFormatter.FormatterName)
            .AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        builder.Services.AddSingleton<LogOfToday>().AddSingleton<ILoggerProvider>(s => s.GetRequiredService<LogOfToday>());
        builder.Services.AddSingleton<LogLevels>().AddSingleton<IPostConfigureOptions<LoggerFilterOptions>>(s => s.GetRequiredService<LogLevels>())
            .AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(s => s.GetRequiredService<LogLevels>());
        if (Collector(configuration.Options) is { } collector)
        {
            Export(builder, collector);
        }
        return builder;
    }

    /// <summary>
    /// Names the server's activity by its route and says how it ended: the host of .NET 10 creates it without tags. The route has no values in it.
    /// </summary>
    public static IApplicationBuilder UseRouteNames(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        await next(context);
        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(none)";
            activity.DisplayName = $"{context.Request.Method} {route}";
            activity.SetTag("http.request.method", context.Request.Method);
            activity.SetTag("http.route", route);
            activity.SetTag("http.response.status_code", context.Response.StatusCode);
            if (context.Response.StatusCode >= 500)
            {
                activity.SetStatus(ActivityStatusCode.Error);
            }
        }
    });

    // the variable is OpenTelemetry's own, so that one setting of a host serves all its programs
    private static Uri? Collector(PacsOptions options) =>
        options.Telemetry.OtlpEndpoint
        ?? (Uri.TryCreate(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"), UriKind.Absolute, out var uri) ? uri : null);

    private static void Export(WebApplicationBuilder builder, Uri collector)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("pacs", serviceVersion: PacsServer.Version).AddTelemetrySdk();
        var traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource).AddSource(Sources).AddOtlpExporter(o => To(o, "v1/traces")).Build();
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter(o => To(o, "v1/metrics")).Build();
        builder.Logging.AddOpenTelemetry(logs => logs.SetResourceBuilder(resource).AddOtlpExporter(o => To(o, "v1/logs")));
        // the container disposes what it creates: a factory makes it the owner, and disposing sends what is left
        builder.Services.AddSingleton(_ => traces).AddSingleton(_ => metrics).AddHostedService<Exporters>();

        void To(OtlpExporterOptions options, string path)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri(collector.AbsoluteUri.TrimEnd('/') + '/' + path);
        }
    }

    /// <summary>Makes the container create the providers, and with that dispose them.</summary>
    private sealed class Exporters(TracerProvider traces, MeterProvider metrics) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            traces.ForceFlush(2000);
            metrics.ForceFlush(2000);
        }
    }
}
