namespace Pacs.Web.Configuration;

/// <summary>What the server was told on its command line.</summary>
/// <param name="Command">What to do; empty means serve.</param>
/// <param name="ConfigurationPaths">The arguments of <c>--config</c>, in their order.</param>
/// <param name="Settings">The other <c>--Key value</c> pairs.</param>
public sealed record CommandLine(string Command, IReadOnlyList<string> ConfigurationPaths, IReadOnlyList<Setting> Settings)
{
    /// <summary>What the commands <c>gdt …</c> are about: a receiver, a file.</summary>
    public IReadOnlyList<string> Operands { get; init; } = [];

    /// <summary><c>--server</c> of the commands <c>gdt …</c>: the address of the server, null for the one on this machine.</summary>
    public string? Server { get; init; }

    /// <summary><c>--wait</c> of <c>gdt fetch</c>: seconds.</summary>
    public string? Wait { get; init; }

    /// <summary>The help text.</summary>
    public const string Help = """
        Pacs.Web [COMMAND] [--config FILE|FOLDER]... [--Key VALUE]...

        Commands:
          (none)         run the server
          health         ask the running server whether it is ready; exit code 0 = yes, 1 = no
          config check   check the configuration and say what has no effect
          config print   print the configuration in force, with the source of each value
          hash passcode  make of a passcode, read from the console, what the setting DicomUsers takes
          gdt fetch RECEIVER FILE [--wait SECONDS]  write the receiver's next file (Delivery: OnDemand) to FILE
          gdt open FILE  show the study that a GDT file (6311) is about in the browser; gdt link FILE prints its address
                         both with [--server http://pacs:8042], this machine by default; exit codes: 0 done, 1 failure,
                         2 the server does not answer, 3 nothing came while it waited, 4 stopped, 5 there is nothing
          help, version

        Settings come from, later ones win: appsettings.json beside the program, --config (JSON with comments, an orthanc.json,
        or a folder of them), the environment (ORTHANC_JSON, ORTHANC__DICOM_PORT, PACS__DicomPort), the command line
        (--DicomPort 4242, --Worklists:Enable=false).

        Exit codes: 0 good, 1 failure, 2 wrong configuration or command line, 3 a port cannot be used.
        """;

    private static readonly string[] Commands = ["health", "config check", "config print", "hash passcode", "help", "version"];
    private static readonly string[] GdtCommands = ["gdt fetch", "gdt open", "gdt link"];

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ConfigurationException">They are not understood.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var words = new List<string>();
        var paths = new List<string>();
        var settings = new List<Setting>();
        string? server = null;
        string? wait = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (!argument.StartsWith('-'))
            {
                words.Add(argument);
                continue;
            }
            var name = argument.TrimStart('-');
            if (name is "h" or "help" or "version")
            {
                words.Add(name == "version" ? name : "help");
                continue;
            }
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && i + 1 == arguments.Count)
            {
                throw new ConfigurationException($"{argument} on the command line needs a value.");
            }
            var value = equals >= 0 ? name[(equals + 1)..] : arguments[++i];
            name = equals >= 0 ? name[..equals] : name;
            if (name == "config")
            {
                paths.Add(value);
            }
            else if (name is "server" or "wait" && words.FirstOrDefault() == "gdt")
            {
                (server, wait) = name == "server" ? (value, wait) : (server, value);
            }
            else
            {
                settings.Add(SettingSources.FromText(name.Replace('.', ':'), value, $"the command line ({argument})", Environment.CurrentDirectory) with { MustBeKnown = true });
            }
        }
        var command = string.Join(' ', words);
        if (words.Count >= 2 && GdtCommands.Contains($"{words[0]} {words[1]}"))
        {
            return new CommandLine($"{words[0]} {words[1]}", paths, settings) { Operands = words[2..], Server = server, Wait = wait };
        }
        return command.Length == 0 || Commands.Contains(command)
            ? new CommandLine(command, paths, settings)
            : throw new ConfigurationException($"The command \"{command}\" is unknown.{Environment.NewLine}{Help}");
    }
}
