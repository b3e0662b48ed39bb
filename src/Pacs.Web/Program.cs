using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Gdt;
using Pacs.Web.Http;
using Pacs.Web.Jobs;
using Pacs.Web.OpenApi;
using Pacs.Web.Pages;
using Pacs.Web.Worklist;

// The composition root: which parts there are and how they are put together, in the order in which they start.
return await PacsServer.RunAsync(args);

namespace Pacs.Web
{
    /// <summary>The server: what the executable does, and how its parts are put together. Tests start it with <see cref="Build"/>.</summary>
    public static class PacsServer
    {
        /// <summary>The version of the program, without the build's suffix.</summary>
        public static string Version { get; } =
            typeof(PacsServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

        /// <summary>Runs a command of the command line.</summary>
        /// <returns>The exit code: 0 good, 1 failure, 2 wrong configuration or command line, 3 a port cannot be used.</returns>
        public static async Task<int> RunAsync(string[] args)
        {
            try
            {
                var commandLine = CommandLine.Parse(args);
                switch (commandLine.Command)
                {
                    case "help":
                        Console.WriteLine(CommandLine.Help);
                        return 0;
                    case "version":
                        Console.WriteLine(Version);
                        return 0;
                    case "hash passcode":
                        return HashCommand.Run(Console.In, Console.Out, Console.Error);
                }
                var configuration = PacsConfiguration.Load(commandLine, Environment.GetEnvironmentVariables(), AppContext.BaseDirectory);
                return commandLine.Command switch
                {
                    "health" => await HealthCommand.RunAsync(configuration.Options),
                    "gdt fetch" or "gdt open" or "gdt link" => await GdtCommand.RunAsync(commandLine, configuration.Options, Console.Out, Console.Error),
                    "config check" => ConfigurationCommand.Check(configuration, Console.Out),
                    "config print" => ConfigurationCommand.Print(configuration, Console.Out),
                    _ => await ServeAsync(configuration),
                };
            }
            catch (ConfigurationException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
        }

        private static async Task<int> ServeAsync(PacsConfiguration configuration)
        {
            try
            {
                await using var app = Build(configuration);
                try
                {
                    await app.StartAsync();
                }
                catch (Exception e)
                {
                    await app.StopAsync(); // what has started already, in order
                    if (e is OperationCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested)
                    {
                        return 0; // told to stop before everything had started, while it repairs after a crash perhaps
                    }
                    throw;
                }
                await app.WaitForShutdownAsync();
                return 0;
            }
            catch (IOException e) when (Listener.Explain(e) is { } sentence)
            {
                await Console.Error.WriteLineAsync(sentence);
                return 3;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"The server cannot start: {e.Message}"); // folders and disks: the message names them
                return 1;
            }
        }

        /// <summary>Puts the server together; the caller starts and disposes it.</summary>
        /// <param name="configuration">The settings.</param>
        /// <param name="replace">Lets a test replace services, e.g. the <see cref="TimeProvider"/>.</param>
        public static WebApplication Build(PacsConfiguration configuration, Action<IServiceCollection>? replace = null)
        {
            var options = configuration.Options;
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "Pacs.Web" });
            builder.AddTelemetry(configuration);

            var listener = new Listener(options);
            builder.WebHost.UseKestrelCore().ConfigureKestrel(listener.Configure)
                .UseSockets(sockets =>
                {
                    // what has arrived is parsed by the thread that received it: two changes of threads less per message. Whatever waits for long here does so asynchronously or on threads of its own.
                    sockets.UnsafePreferInlineScheduling = true;
                    sockets.MaxReadBufferSize = 256 * 1024; // read ahead per association; 1 MB, the default, buys no speed
                    sockets.MaxWriteBufferSize = 1024 * 1024; // a C-GET goes on writing while the kernel sends; with 64 KiB, the default, the two take turns
                });

            var services = builder.Services;
            services.AddSingleton(options).AddSingleton(configuration).AddSingleton(listener).AddSingleton(TimeProvider.System);
            services.AddHostedService<ServiceNotification>().AddHostedService<Announcement>();
            services.AddSingleton<IMemoryPoolFactory<byte>, NetworkBlocks>();
            services.AddRouting();
            services.AddSingleton<SavedSettings>();
            services.AddSingleton(options.ToStorageOptions()).AddStorage(whenOpen: s => s.AddHostedService(p => p.GetRequiredService<SavedSettings>()));
            services.AddSingleton(options.ToGdtOptions()).AddGdt();
            services.AddWorklist(options);
            services.AddSingleton(TlsCredentials.Load(options));
            services.AddDimse(s =>
            {
                var retrieve = s.GetRequiredService<RetrieveScp>();
                var handlers = new DimseHandlers().AddStorage(s.GetRequiredService<StoreScp>()).AddFind(s.GetRequiredService<FindScp>(), [.. FindScp.SopClasses])
                    .AddMove(retrieve, RetrieveScp.MoveModels).AddGet(retrieve, RetrieveScp.GetModels)
                    .AddN(s.GetRequiredService<CommitmentScp>(), DicomUid.StorageCommitmentPushModel);
                return s.GetService<WorklistScp>() is { } worklist
                    ? handlers.AddFind(worklist, DicomUid.ModalityWorklistInformationModelFind)
                        .AddN(s.GetRequiredService<MppsScp>(), DicomUid.ModalityPerformedProcedureStep, DicomUid.ModalityPerformedProcedureStepRetrieve)
                    : handlers;
            });
            services.AddJobs();
            services.AddOrthanc();
            services.AddSingleton<Readiness>();
            services.AddSingleton<AccessTokens>().AddSingleton<RegisteredPasscodes>().AddSingleton(s => new PasscodeChecks(() => s.GetRequiredService<RegisteredPasscodes>().ByName));
            services.AddDicomWeb();
            services.AddViewer();
            services.AddOpenApiDocument();
            services.AddPages();
            services.AddSingleton<WarmUp>().AddHostedService(s => s.GetRequiredService<WarmUp>());

            replace?.Invoke(services);
            var app = builder.Build();
            app.UseMiddleware<SecurityHeaders>();
            app.UseMiddleware<ErrorPages>();
            app.UseRouteNames();
            app.UseRouting();
            app.UseMiddleware<RequestGuard>();
            app.UseCors(); // answers preflights, which never have a password
            app.UseMiddleware<Login>();
            app.MapGet("/health/live", () => Results.Text("live")).OpenToEverybody();
            app.MapGet("/health/ready", (Readiness readiness, CancellationToken ct) => readiness.AnswerAsync(ct)).OpenToEverybody();
            app.MapPost("/auth/token", (AccessTokens tokens) => options.AuthenticationEnabled && tokens.Create() is var (token, expires)
                ? Results.Json(new { Token = token, Expires = expires }, new System.Text.Json.JsonSerializerOptions())
                : Results.NotFound());
            if (options.Worklists.Enable)
            {
                app.MapWorklist();
                Orthanc.WorklistRoutes.MapWorklists(app);
            }
            app.MapDicomWeb(options);
            app.MapOrthanc();
            app.MapGdt();
            app.MapViewer();
            app.MapOpenApiDocument();
            app.MapPages();
            app.Services.GetRequiredService<WarmUp>().Routes = ((IApplicationBuilder)app).New().UseRouting().UseEndpoints(routes =>
            {
                foreach (var source in ((IEndpointRouteBuilder)app).DataSources)
                {
                    routes.DataSources.Add(source);
                }
            }).Build();
            return app;
        }
    }
}
