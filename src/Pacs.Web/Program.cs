using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Pacs.Web;
using Pacs.Web.Configuration;

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
                }
                var configuration = PacsConfiguration.Load(commandLine, Environment.GetEnvironmentVariables(), AppContext.BaseDirectory);
                await using var app = Build(configuration);
                await app.StartAsync();
                await app.WaitForShutdownAsync();
                return 0;
            }
            catch (ConfigurationException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
            catch (IOException e) when (e.InnerException is AddressInUseException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 3;
            }
        }

        /// <summary>Puts the server together; the caller starts and disposes it.</summary>
        /// <param name="configuration">The settings.</param>
        /// <param name="replace">Lets a test replace services, e.g. the <see cref="TimeProvider"/>.</param>
        public static WebApplication Build(PacsConfiguration configuration, Action<IServiceCollection>? replace = null)
        {
            var options = configuration.Options;
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "Pacs.Web" });
            builder.Configuration.AddInMemoryCollection(configuration.Host);
            builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole(c => c.SingleLine = true);

            var listener = new Listener();
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => listener.Listen(kestrel, options));

            var services = builder.Services;
            services.AddSingleton(options).AddSingleton(configuration).AddSingleton(listener).AddSingleton(TimeProvider.System);
            services.AddRouting();
            // storage, GDT, worklist, DIMSE services and pages add themselves here, one line each

            replace?.Invoke(services);
            var app = builder.Build();
            app.UseRouting();
            app.MapGet("/health/live", () => Results.Text("live"));
            // pages and routes map themselves here, one line each
            return app;
        }
    }
}
