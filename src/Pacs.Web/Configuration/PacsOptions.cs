using System.ComponentModel.DataAnnotations;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Jobs;
using Pacs.Web.Peers;

namespace Pacs.Web.Configuration;

/// <summary>
/// Every setting of the server, with its default and the reason for it. The names are Orthanc's wherever Orthanc has the setting, so that an
/// existing <c>orthanc.json</c> and the environment of its Docker image keep working. <see cref="PacsConfiguration"/> fills it from the sources.
/// </summary>
public sealed class PacsOptions
{
    // ---- names and ports ----------------------------------------------------------------------------------------------------------------

    /// <summary>The name of the practice or of the server, which the pages show and <c>/system</c> tells, as Orthanc's <c>Name</c>. Default <c>Pacs</c>.</summary>
    [ShortText]
    [OnPage(SettingsSection.Practice)]
    public string Name { get; set; } = "Pacs";

    /// <summary>The language of the pages for who has chosen none: <c>auto</c>, what the browser prefers, <c>de</c> or <c>en</c>. Default <c>auto</c>.</summary>
    [OneOf("auto", "de", "en")]
    [OnPage(SettingsSection.Practice)]
    public string Language { get; set; } = "auto";

    /// <summary>Our AE title. Default <c>ORTHANC</c>: it is entered in the devices of every office that comes from Orthanc.</summary>
    [AeTitle]
    [OnPage(SettingsSection.Dicom)]
    public string DicomAet { get; set; } = "ORTHANC";

    /// <summary>
    /// Whether an association must call us by <see cref="DicomAet"/>. Default false, as in Orthanc: a wrong called AE title is the commonest
    /// reason why a device cannot send, and an AE title is a name, not a secret.
    /// </summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomCheckCalledAet { get; set; }

    /// <summary>
    /// The nodes by name, as Orthanc writes them: <c>["AET", "host", 104, "Generic"]</c> or an object with permissions. They are changed here only; further ones are added over
    /// REST and lie in the index. Default: none.
    /// </summary>
    [Modalities]
    public IReadOnlyList<Modality> DicomModalities { get; init; } = [];

    /// <summary>
    /// Whether only the nodes of the index count, and those of <see cref="DicomModalities"/> do not. Default false: what is in the file is so.
    /// </summary>
    public bool DicomModalitiesInDatabase { get; init; }

    /// <summary>
    /// Other servers with Orthanc's REST API by name, as Orthanc writes them: <c>["http://host:8042/", "user", "password"]</c> or an object. They are changed here only; further ones are added over REST.
    /// Default: none.
    /// </summary>
    [Peers]
    public IReadOnlyList<Peer> OrthancPeers { get; init; } = [];

    /// <summary>
    /// Whether a node counts as known only when it calls from its host. Default false, as in Orthanc: devices get their addresses from a DHCP server.
    /// </summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomCheckModalityHost { get; set; }

    /// <summary>Whether everybody may C-ECHO. Default true, Orthanc's: it tells nothing.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowEcho { get; set; } = true;

    /// <summary>Whether everybody may store. Default true, Orthanc's: a new device must not lose images.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowStore { get; set; } = true;

    /// <summary>Whether everybody may query the worklist. Default true, as in the old Docker image: devices are not entered one by one.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowFindWorklist { get; set; } = true;

    /// <summary>Whether everybody may report performed procedure steps. Default true: who may take a worklist entry may say that it is done.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowMpps { get; set; } = true;

    /// <summary>Whether everybody may ask for storage commitment. Default true: who may store may ask whether it is kept.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowStorageCommitment { get; set; } = true;

    /// <summary>Whether everybody may query patients, studies, series and instances. Default false, Orthanc's: the answers are patients' data.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowFind { get; set; }

    /// <summary>Whether everybody may C-GET. Default false, Orthanc's: the answers are patients' data.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowGet { get; set; }

    /// <summary>Whether everybody may C-MOVE, to nodes we know. Default false, Orthanc's.</summary>
    [OnPage(SettingsSection.Dicom)]
    public bool DicomAlwaysAllowMove { get; set; }

    /// <summary>TCP port for DICOM. Default 4242, Orthanc's: 104 needs a privilege on Linux. 0 takes any free port.</summary>
    [Range(0, 65535, ErrorMessage = "a whole number from 0 (any free port) to 65535")]
    public int DicomPort { get; init; } = 4242;

    /// <summary>TCP port for the pages and the REST API. Default 8042, Orthanc's. 0 takes any free port.</summary>
    [Range(0, 65535, ErrorMessage = "a whole number from 0 (any free port) to 65535")]
    public int HttpPort { get; init; } = 8042;

    /// <summary>
    /// The IP address both ports listen on. Default <c>*</c>, all of them: devices and workstations are other machines.
    /// </summary>
    [BindAddress]
    public string BindAddress { get; init; } = "*";

    /// <summary>
    /// Whether other machines reach the HTTP port. Default true: the office's workstations use the pages, as in the
    /// old Docker image. False makes it listen on the loopback interface only.
    /// </summary>
    public bool RemoteAccessAllowed { get; init; } = true;

    /// <summary>
    /// Further host names by which browsers may call us, e.g. <c>pacs.example.org</c>; <c>*</c> allows all. IP addresses, <c>localhost</c>, names without a
    /// dot and names below <c>.local</c>, <c>.lan</c>, <c>.internal</c>, <c>.home.arpa</c> and <c>.fritz.box</c> always work. Default: none, because a name of the public
    /// DNS that points to a private address is how a web page elsewhere reads a server in the office (DNS rebinding).
    /// </summary>
    [HostNames]
    [OnPage(SettingsSection.Practice)]
    public IReadOnlyList<string> HostNames { get; set; } = [];

    /// <summary>
    /// Names for what users note about resources (<c>/studies/{id}/metadata/{name}</c>), each with a number from 1024 to 65535, as Orthanc writes them. Default: none; numbers work without.
    /// </summary>
    [UserNames]
    public IReadOnlyDictionary<string, int> UserMetadata { get; init; } = new Dictionary<string, int>();

    /// <summary>
    /// Names for files beside resources (<c>/studies/{id}/attachments/{name}</c>), each with a number from 1024 to 65535, as Orthanc writes them. Default: none; numbers work without.
    /// </summary>
    [UserNames]
    public IReadOnlyDictionary<string, int> UserContentType { get; init; } = new Dictionary<string, int>();

    // ---- folders ------------------------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Where the folders below lie unless they are configured. Default: systemd's <c>StateDirectory</c>; without it <c>%ProgramData%\Pacs</c> on Windows and
    /// <c>$XDG_STATE_HOME/pacs</c> (<c>~/.local/state/pacs</c>) elsewhere. Not the working directory: the archive must not depend on where
    /// somebody stood when he typed the command.
    /// </summary>
    [FolderPath]
    public string DataDirectory { get => field ?? StandardDataDirectory(); init; }

    /// <summary>Where the DICOM files lie. Default <c>dicom</c> below <see cref="DataDirectory"/>.</summary>
    [FolderPath]
    public string StorageDirectory { get => field ?? Path.Join(DataDirectory, "dicom"); init; }

    /// <summary>
    /// Where the index database lies. Default <c>index</c> below <see cref="DataDirectory"/>. It must be on a local disk: SQLite's write-ahead log does not
    /// work on network shares.
    /// </summary>
    [FolderPath]
    public string IndexDirectory { get => field ?? Path.Join(DataDirectory, "index"); init; }

    /// <summary>
    /// Free space, in megabytes, below which instances are refused with A700H (out of resources): a refused instance stays on the device, a full disk harms
    /// the index. Default <c>null</c>: 512, but at most 5 % of the volume, so that small volumes stay usable.
    /// </summary>
    [Range(0, int.MaxValue, ErrorMessage = "a whole number of megabytes, 0 or more, or null for the default")]
    [OnPage(SettingsSection.Archive)]
    public int? MinimumFreeDiskSpace { get; set; }

    /// <summary>How many days what somebody deletes on the pages stays in the bin. Default 30: who was on holiday can still have it back. What is in the bin already keeps its day.</summary>
    [Range(1, 3650, ErrorMessage = "a whole number of days from 1 to 3650")]
    [OnPage(SettingsSection.Archive)]
    public int BinDays { get; set; } = 30;

    /// <summary>
    /// A file that the practice's backup writes each time, e.g. its copy of the index: how old it is says the page of the status. Default: none, and then the page cannot say it; the server makes no backup itself.
    /// </summary>
    [AbsolutePath]
    [OnPage(SettingsSection.Archive)]
    public string? BackupFile { get; set; }

    /// <summary>
    /// Megabytes that each of the two files of the intake journal in the index folder may take. Default 16: a fifth of a second of receiving at full speed; they are
    /// full size soon, and what does not grow is flushed faster. Less costs speed while much is received.
    /// </summary>
    [Range(1, 1024, ErrorMessage = "a whole number of megabytes from 1 to 1024")]
    public int IntakeJournalSize { get; init; } = 16;

    // ---- behaviour ----------------------------------------------------------------------------------------------------------------------

    /// <summary>Seconds without a new instance after which a patient, study or series counts as stable. Default 60, Orthanc's.</summary>
    [Range(1, 86400, ErrorMessage = "a whole number of seconds from 1 to 86400")]
    [OnPage(SettingsSection.Archive)]
    public int StableAge { get; set; } = 60;

    /// <summary>
    /// What happens when an instance arrives again with other content. Default false, as in Orthanc: the first stays; the other is kept aside and shown as a
    /// conflict. True: the new one takes its place.
    /// </summary>
    [OnPage(SettingsSection.Archive)]
    public bool OverwriteInstances { get; set; }

    /// <summary>
    /// Whether the files are read and compared with what was stored before a device is told by storage commitment that they are kept. Default true: the device deletes its own then, and
    /// reading what has just come costs little. False: it is enough that they are there in their length.
    /// </summary>
    [OnPage(SettingsSection.Archive)]
    public bool StorageCommitmentReadsFiles { get; set; } = true;

    /// <summary>
    /// Hours within which a node that we have sent to has to report, when it is asked, whether it keeps the instances; then the transfer counts as failed. Default 24: archives that report in batches
    /// do it every night.
    /// </summary>
    [Range(1, 720, ErrorMessage = "a whole number of hours from 1 to 720")]
    [OnPage(SettingsSection.Sending)]
    public int StorageCommitmentPatience { get; set; } = 24;

    // ---- limits (reference/reliability.md §2.2, §2.4) ---------------------------------------------------------------------------------------

    /// <summary>Associations at once. Default 200: far above any office, far below what memory bears. More are rejected as transient (PS3.8 §9.3.4).</summary>
    [Range(1, 10000, ErrorMessage = "a whole number from 1 to 10000")]
    public int MaximumAssociations { get; init; } = 200;

    /// <summary>Associations at once from one host. Default 32: one device gone wild must leave room for the others.</summary>
    [Range(1, 10000, ErrorMessage = "a whole number from 1 to 10000")]
    public int MaximumAssociationsPerHost { get; init; } = 32;

    /// <summary>
    /// Megabytes that large data sets of requests, of queries and storage commitments above 64 KiB, may take together; more are refused (A700H, A701H, 0213H). Default 32: two of the largest allowed
    /// at once, so that strangers who send many of them cannot take all memory. Read they need up to five times as much.
    /// </summary>
    [Range(16, 4096, ErrorMessage = "a whole number of megabytes from 16 to 4096")]
    public int MaximumDatasetMemory { get; init; } = 32;

    /// <summary>
    /// C-MOVEs that send to one destination at the same time; further ones wait for their turn. Default 4: workstations take few associations, and more do not fill the line better.
    /// </summary>
    [Range(1, 1000, ErrorMessage = "a whole number from 1 to 1000")]
    public int MaximumMovesPerDestination { get; init; } = 4;

    /// <summary>
    /// The longest P-DATA-TF PDU a peer may send, in bytes (PS3.8 annex D.1). Default 262144: fewer, larger pieces cost less; peers that cannot, send
    /// smaller ones.
    /// </summary>
    [Range(4096, 1048576, ErrorMessage = "a whole number of bytes from 4096 to 1048576")]
    public int MaximumPduLength { get; init; } = 262144;

    /// <summary>
    /// Seconds an association may be silent between two messages before it is aborted. Default 60: devices keep associations open while
    /// somebody positions the next image.
    /// </summary>
    [Range(1, 3600, ErrorMessage = "a whole number of seconds from 1 to 3600")]
    public int DicomIdleTimeout { get; init; } = 60;

    /// <summary>
    /// Seconds a peer may be silent in the middle of something it has begun: a PDU, a message, the association request (ARTIM, PS3.8 §9.1.5), the TLS handshake.
    /// Default 30, Orthanc's <c>DicomScpTimeout</c>.
    /// </summary>
    [Range(1, 3600, ErrorMessage = "a whole number of seconds from 1 to 3600")]
    public int DicomScpTimeout { get; init; } = 30;

    /// <summary>
    /// Seconds that a node we call may take to connect, to accept the association and to answer, unless its own <c>Timeout</c> says otherwise. Default 30, as for those who call us; Orthanc's
    /// 10 are too few for an archive that writes to a slow disk.
    /// </summary>
    [Range(1, 3600, ErrorMessage = "a whole number of seconds from 1 to 3600")]
    [OnPage(SettingsSection.Sending)]
    public int DicomScuTimeout { get; set; } = 30;

    // ---- log-in of the HTTP port ----------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Whether the HTTP port asks for a name and a password (HTTP Basic) of <see cref="RegisteredUsers"/>. Default false: the image that this server replaces had no log-in, and practice software, scripts and viewers
    /// call it without one. The DICOM port is not concerned.
    /// </summary>
    [OnPage(SettingsSection.Login)]
    public bool AuthenticationEnabled { get; set; }

    /// <summary>
    /// Who may use the HTTP port when <see cref="AuthenticationEnabled"/> is on: passwords by name as in Orthanc, or instead of a password its hash, made by <c>Pacs.Web hash passcode</c>. Default: nobody.
    /// </summary>
    [RegisteredUsers]
    [OnPage(SettingsSection.Login)]
    public IReadOnlyList<RegisteredUser> RegisteredUsers { get; set; } = [];

    /// <summary>For how many minutes a token is good that links for Weasis have, and that programs get from <c>POST /auth/token</c>. Default 60: a viewer loads what it shows within that.</summary>
    [Range(1, 1440, ErrorMessage = "a whole number of minutes from 1 to 1440")]
    [OnPage(SettingsSection.Login)]
    public int TokenLifetime { get; set; } = 60;

    // ---- security of the DICOM port --------------------------------------------------------------------------------------------------------

    /// <summary>
    /// AE titles, beside <see cref="DicomAet"/>, by which we may be called when <see cref="DicomCheckCalledAet"/> is on: those of servers whose place we have taken. Default:
    /// none.
    /// </summary>
    [AeTitles]
    [OnPage(SettingsSection.Dicom)]
    public IReadOnlyList<string> DicomCalledAets { get; set; } = [];

    /// <summary>
    /// From which addresses and networks, such as <c>192.168.1.0/24</c>, connections to the DICOM port are taken; from others they are cut before a byte is read. This
    /// machine itself always may. Default: none, which means from everywhere, because an office's network is not known here.
    /// </summary>
    [Networks]
    [OnPage(SettingsSection.Dicom)]
    public IReadOnlyList<string> DicomAllowedNetworks { get; set; } = [];

    /// <summary>
    /// Users, each as <c>NAME:HASH</c> with a hash from <c>Pacs.Web hash passcode</c>. If there are any, every association has to show one of them with its passcode
    /// (PS3.7 §D.3.3.7), which is worth something with TLS only. Default: none; user identities are then accepted and logged, but not checked, because most devices have none.
    /// </summary>
    [DicomUsers]
    public IReadOnlyList<string> DicomUsers { get; init; } = [];

    /// <summary>
    /// Whether DICOM goes through TLS (1.2 and 1.3, PS3.15 §B.12). Default false, Orthanc's: it takes certificates on every device.
    /// </summary>
    public bool DicomTlsEnabled { get; init; }

    /// <summary>
    /// The port for TLS. Default <c>null</c>: <see cref="DicomPort"/>, which then takes nothing without TLS, as in Orthanc. With a port of its own (2762 is registered for it)
    /// both work side by side, so that devices can change over one by one. 0 takes any free port.
    /// </summary>
    [Range(0, 65535, ErrorMessage = "a whole number from 0 (any free port) to 65535, or null for DicomPort itself")]
    public int? DicomTlsPort { get; init; }

    /// <summary>
    /// The file with our certificate, and those between it and its authority: PEM, or PFX without a password. It is shown to devices that connect, and, when asked, to those we
    /// connect to. Read again when it changes. Default: none.
    /// </summary>
    [FolderPath]
    public string? DicomTlsCertificate { get; init; }

    /// <summary>The PEM file with its private key, without a password. Default: none, the key is in the file of the certificate.</summary>
    [FolderPath]
    public string? DicomTlsPrivateKey { get; init; }

    /// <summary>
    /// The PEM file with the authorities, or self-signed certificates, of those we talk to over TLS, in both directions. Read again when it changes. Default: none; servers we
    /// connect to then need a certificate of an authority that this machine trusts.
    /// </summary>
    [FolderPath]
    public string? DicomTlsTrustedCertificates { get; init; }

    /// <summary>
    /// Whether devices must show a certificate, too. Default true, Orthanc's: without it TLS hides what is said, but everybody may say it. A certificate that is shown is
    /// checked in any case.
    /// </summary>
    public bool DicomTlsRemoteCertificateRequired { get; init; } = true;
    // ---- jobs ---------------------------------------------------------------------------------------------------------------------------

    /// <summary>To how many nodes jobs send at once. Default 4: one that is slow must not hold up the others. Orthanc's 2 counts jobs.</summary>
    [Range(1, 100, ErrorMessage = "a whole number from 1 to 100")]
    [OnPage(SettingsSection.Sending)]
    public int ConcurrentJobs { get; set; } = 4;

    /// <summary>How many jobs that succeeded are kept for people to see, and ten times as many that failed. Default 100; Orthanc's 10 are an hour of a busy morning.</summary>
    [Range(0, 100_000, ErrorMessage = "a whole number from 0 to 100000")]
    [OnPage(SettingsSection.Sending)]
    public int JobsHistorySize { get; set; } = 100;

    /// <summary>
    /// Seconds without any progress after which a job that nobody waits for is given up; until then it is tried again and again. Default 600: longer than the restart of a node. Orthanc gives up
    /// at the first failure.
    /// </summary>
    [Range(0, 31_536_000, ErrorMessage = "a whole number of seconds from 0 to 31536000")]
    [OnPage(SettingsSection.Sending)]
    public int JobPatience { get; set; } = 600;

    /// <summary>What of that which comes in is sent on, and where to. Default: nothing.</summary>
    [ForwardingRules]
    [OnPage(SettingsSection.Forwarding)]
    public IReadOnlyList<ForwardingRule> Forwarding { get; set; } = [];

    /// <summary>
    /// Hours without any progress after which forwarding a study to a node is given up; until then it is tried again and again. Default 168: a node may be off for a week of holidays.
    /// </summary>
    [Range(1, 8760, ErrorMessage = "a whole number of hours from 1 to 8760")]
    [OnPage(SettingsSection.Sending)]
    public int ForwardingPatience { get; set; } = 168;

    // ---- parts --------------------------------------------------------------------------------------------------------------------------

    /// <summary>The worklist.</summary>
    public WorklistSettings Worklists { get; init; } = new();

    /// <summary>GDT files for the practice software.</summary>
    public GdtSettings GdtGenerator { get; init; } = new();

    /// <summary>Taking over what an Orthanc has kept.</summary>
    public ImportSettings OrthancImport { get; init; } = new();

    /// <summary>DICOMweb.</summary>
    public DicomWebSettings DicomWeb { get; init; } = new();

    /// <summary>Measured values of reports.</summary>
    public MeasurementSettings Measurements { get; init; } = new();

    /// <summary>Traces, metrics and logs for a collector.</summary>
    public TelemetrySettings Telemetry { get; init; } = new();

    /// <summary>What the GDT floor needs of it.</summary>
    public GdtOptions ToGdtOptions()
    {
        var gdt = new GdtOptions
        {
            Enable = GdtGenerator.Enable,
            IncomingDir = GdtGenerator.IncomingDir,
            Profile = GdtGenerator.Profile,
            ProfileDirectory = GdtGenerator.ProfileDirectory ?? Path.Join(DataDirectory, "gdt-profiles"),
            InboxDirectory = GdtGenerator.InboxDirectory,
            Orders = GdtGenerator.Orders,
            Receivers = GdtGenerator.Receivers,
            FolderRoot = GdtGenerator.FolderRoot,
            OwnFolders = [StorageDirectory, IndexDirectory, GdtGenerator.ProfileDirectory ?? Path.Join(DataDirectory, "gdt-profiles")],
            HasWorklist = Worklists.Enable,
            TransmittedStudiesDatabase = GdtGenerator.TransmittedStudiesDatabase,
            TestId = GdtGenerator.TestId,
            TestDescription = GdtGenerator.TestDescription,
            MarkerFile = GdtGenerator.MarkerFile,
        };
        Tell(gdt);
        return gdt;
    }

    /// <summary>What of it the storage floor needs.</summary>
    public StorageOptions ToStorageOptions()
    {
        var storage = new StorageOptions { StorageDirectory = StorageDirectory, IndexDirectory = IndexDirectory, JournalSize = (long)IntakeJournalSize << 20 };
        Tell(storage);
        return storage;
    }

    /// <summary>What the worklist needs of it.</summary>
    public WorklistOptions ToWorklistOptions()
    {
        var worklist = new WorklistOptions { Folder = Worklists.Database, CleanupInterval = Worklists.CleanupInterval is { } seconds ? TimeSpan.FromSeconds(seconds) : null };
        Tell(worklist);
        return worklist;
    }

    /// <summary>Tells the GDT floor what may change while the server runs.</summary>
    public void Tell(GdtOptions gdt)
    {
        ArgumentNullException.ThrowIfNull(gdt);
        gdt.LinkAddress = GdtGenerator.LinkAddress;
        gdt.KeepNegativeValues = GdtGenerator.KeepNegativeValues;
        gdt.Measurements = Measurements.ToOptions();
    }

    /// <summary>Tells the storage floor what may change while the server runs.</summary>
    public void Tell(StorageOptions storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        storage.MinimumFreeSpace = MinimumFreeDiskSpace is { } megabytes ? megabytes * 1024L * 1024 : null;
        storage.OverwriteInstances = OverwriteInstances;
        storage.StableAge = TimeSpan.FromSeconds(StableAge);
        storage.BinAge = TimeSpan.FromDays(BinDays);
        storage.JobsHistorySize = JobsHistorySize;
    }

    /// <summary>Tells the worklist what may change while the server runs.</summary>
    public void Tell(WorklistOptions worklist)
    {
        ArgumentNullException.ThrowIfNull(worklist);
        worklist.HideCompleted = Worklists.HideCompleted;
    }

    private static string StandardDataDirectory()
    {
        // systemd.exec(5), StateDirectory=: a colon-separated list; the unit names one
        if (Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } state)
        {
            return state.Split(':')[0];
        }
        if (OperatingSystem.IsWindows())
        {
            return Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "Pacs");
        }
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } xdg && Path.IsPathFullyQualified(xdg))
        {
            return Path.Join(xdg, "pacs");
        }
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return home.Length > 0 ? Path.Join(home, ".local", "state", "pacs") : Path.GetFullPath("data");
    }
}
