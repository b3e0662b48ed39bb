using System.Collections;
using System.Text.Json;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Jobs;

namespace Pacs.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_any_source_everything_has_its_documented_default()
    {
        var options = Load().Options;

        Assert.Equal("ORTHANC", options.DicomAet);
        Assert.Equal(4242, options.DicomPort);
        Assert.Equal(8042, options.HttpPort);
        Assert.False(options.DicomCheckCalledAet);
        Assert.Equal(60, options.StableAge);
        Assert.True(options.Worklists.Enable);
        Assert.Equal(600, options.Worklists.CleanupInterval);
        Assert.Equal("EXTPACS", options.GdtGenerator.TestId);
        Assert.Equal("PACS-Datensatz", options.GdtGenerator.TestDescription);
        Assert.Equal(Path.Join(options.DataDirectory, "dicom"), options.StorageDirectory);
        Assert.True(Path.IsPathFullyQualified(options.DataDirectory));
    }

    [Fact]
    public void An_orthanc_json_with_comments_and_trailing_commas_is_read()
    {
        var file = Write("orthanc.json", """
            /* a comment
               over two lines */
            {
              // the name
              "DicomAet" : "PRAXIS", /* here too */
              "DicomPort" : 104,
              "Worklists" : { "Enable": false, "CleanupInterval": 30, },
              "StorageDirectory" : "db",
            }
            """);

        var options = Load("--config", file).Options;

        Assert.Equal("PRAXIS", options.DicomAet);
        Assert.Equal(104, options.DicomPort);
        Assert.False(options.Worklists.Enable);
        Assert.Equal(30, options.Worklists.CleanupInterval);
        Assert.Equal(Path.Join(_folder, "db"), options.StorageDirectory); // relative to the file, as in Orthanc
    }

    [Fact]
    public void Of_a_folder_all_json_files_are_read_in_the_order_of_their_names()
    {
        Write("b.json", """{ "DicomAet": "SECOND" }""");
        Write("a.json", """{ "DicomAet": "FIRST", "DicomPort": 105 }""");
        Write("c.txt", "not read");

        var options = Load("--config", _folder).Options;

        Assert.Equal("SECOND", options.DicomAet);
        Assert.Equal(105, options.DicomPort);
    }

    [Theory]
    [InlineData("ORTHANC__DICOM_PORT", "105", "DicomPort", "105")]
    [InlineData("ORTHANC__DICOM_AET", "X", "DicomAet", "X")]
    [InlineData("ORTHANC__STABLE_AGE", "5", "StableAge", "5")]
    [InlineData("ORTHANC__WORKLISTS__ENABLE", "false", "Worklists:Enable", "False")]
    [InlineData("ORTHANC__WORKLISTS__FILTER_ISSUER_AET", "true", "Worklists:FilterIssuerAet", "True")]
    [InlineData("ORTHANC__WORKLISTS__CLEANUP_INTERVAL", "90", "Worklists:CleanupInterval", "90")]
    [InlineData("ORTHANC__WORKLISTS__URL_ON_WORKLIST_ENTRY_ADDED", "http://knx/on", "Worklists:UrlOnWorklistEntryAdded", "http://knx/on")]
    [InlineData("ORTHANC__GDT_GENERATOR__INCOMING_DIR", "/gdt", "GdtGenerator:IncomingDir", "/gdt")]
    [InlineData("ORTHANC__GDT_GENERATOR__TRANSMITTED_STUDIES_DATABASE", "/gdt.db", "GdtGenerator:TransmittedStudiesDatabase", "/gdt.db")]
    [InlineData("ORTHANC__GDT_GENERATOR__URL_ON_GDT_WRITTEN", "http://knx/off", "GdtGenerator:UrlOnGdtWritten", "http://knx/off")]
    [InlineData("PACS__DicomPort", "105", "DicomPort", "105")]
    [InlineData("PACS__GdtGenerator__TestId", "US01", "GdtGenerator:TestId", "US01")]
    [InlineData("PACS__HTTP_PORT", "80", "HttpPort", "80")]
    public void An_environment_variable_sets_its_key(string name, string value, string key, string expected)
    {
        var configuration = PacsConfiguration.Bind(SettingSources.FromEnvironment(new Hashtable { [name] = value }));

        Assert.Equal(expected, ValueOf(configuration.Options, key));
        Assert.Equal($"environment variable {name}", configuration.Origins[key]);
        Assert.Empty(configuration.Notices);
    }

    [Fact]
    public void Later_sources_win_over_earlier_ones()
    {
        var file = Write("orthanc.json", """{ "DicomAet": "FILE", "DicomPort": 1001, "HttpPort": 1001, "StableAge": 1, "Name": "x" }""");
        var environment = new Hashtable
        {
            ["ORTHANC_JSON"] = """{ "DicomAet": "JSON", "DicomPort": 1002 }""",
            ["ORTHANC__DICOM_AET"] = "ORTHANC_VARIABLE",
            ["PACS__DicomAet"] = "PACS_VARIABLE",
            ["PACS__StableAge"] = "3",
        };

        var options = PacsConfiguration.Load(CommandLine.Parse(["--config", file, "--StableAge", "4"]), environment, _folder).Options;

        Assert.Equal("PACS_VARIABLE", options.DicomAet);
        Assert.Equal(1002, options.DicomPort);
        Assert.Equal(1001, options.HttpPort);
        Assert.Equal(4, options.StableAge);
    }

    [Fact]
    public void A_clean_up_interval_of_null_turns_the_clean_up_off_and_an_absent_one_does_not()
    {
        Assert.Null(FromJson("""{ "Worklists": { "CleanupInterval": null } }""").Options.Worklists.CleanupInterval);
        Assert.Equal(600, FromJson("""{ "Worklists": { } }""").Options.Worklists.CleanupInterval);
        Assert.Null(PacsConfiguration.Bind(SettingSources.FromEnvironment(new Hashtable { ["ORTHANC__WORKLISTS__CLEANUP_INTERVAL"] = "null" }))
            .Options.Worklists.CleanupInterval);
    }

    [Fact]
    public void All_wrong_values_are_in_one_report_with_key_kind_source_and_what_is_allowed()
    {
        var file = Write("orthanc.json", """
            {
              "DicomAet": "SEVENTEEN_LETTERS",
              "DicomPort": "abc",
              "HttpPort": 65536,
              "StableAge": null,
              "DicomCheckCalledAet": "perhaps",
              "Worklists": { "CleanupInterval": 0, "UrlOnWorklistEntryAdded": "ftp://user:secret@host/" },
              "GdtGenerator": true,
              "HostNames": [1, 2]
            }
            """);
        var environment = new Hashtable { ["ORTHANC__STABLE_AGE"] = "-1" };

        var e = Assert.Throws<ConfigurationException>(() => PacsConfiguration.Load(CommandLine.Parse(["--config", file, "--Typo", "1"]), environment, _folder));

        var lines = e.Message.Split(Environment.NewLine);
        Assert.Equal("10 settings are wrong:", lines[0]);
        Assert.Contains($"  - GdtGenerator is true or false in {file}. It must be a section.", lines);
        Assert.Contains("  - Typo in the command line (--Typo) is no setting. \"config print\" lists all of them.", lines);
        Assert.Contains($"  - DicomAet is a text \"SEVENTEEN_LETTERS\" in {file}. It must be an AE title: 1 to 16 printable ASCII characters without backslash, not only blanks.", lines);
        Assert.Contains($"  - DicomPort is a text \"abc\" in {file}. It must be a whole number from 0 (any free port) to 65535.", lines);
        Assert.Contains($"  - HttpPort is a number \"65536\" in {file}. It must be a whole number from 0 (any free port) to 65535.", lines);
        Assert.Contains("  - StableAge is text \"-1\" in environment variable ORTHANC__STABLE_AGE. It must be a whole number of seconds from 1 to 86400.", lines);
        Assert.Contains($"  - DicomCheckCalledAet is a text \"perhaps\" in {file}. It must be true or false.", lines);
        Assert.Contains($"  - Worklists.CleanupInterval is a number \"0\" in {file}. It must be a whole number of seconds from 1 to 86400, or null for no clean-up.", lines);
        Assert.Contains($"  - Worklists.UrlOnWorklistEntryAdded is a text in {file}. It must be an address that starts with http:// or https://.", lines);
        Assert.Contains($"  - HostNames is a list in {file}. It must be a list of host names without scheme and port, or *.", lines);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_names_the_same_port_twice()
    {
        var e = Assert.Throws<ConfigurationException>(() => FromJson("""{ "DicomPort": 8042 }"""));

        Assert.Contains("DicomPort and HttpPort are both 8042", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"DicomPort\": }", "line 1, column")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("", "not JSON")]
    public void A_file_that_is_no_json_is_reported_with_its_place(string text, string expected)
    {
        var file = Write("orthanc.json", text);

        var e = Assert.Throws<ConfigurationException>(() => Load("--config", file));

        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_reported() =>
        Assert.Contains("cannot be read", Assert.Throws<ConfigurationException>(() => Load("--config", Path.Join(_folder, "none.json"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Hostile_nesting_is_a_report_and_no_stack_overflow()
    {
        var file = Write("orthanc.json", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)));

        Assert.Throws<ConfigurationException>(() => Load("--config", file));
    }

    [Fact]
    public void Keys_without_effect_are_notices()
    {
        var configuration = FromJson("""
            { "PythonScript": "x.py", "LuaScripts": { "a": ["A", "host", 104] }, "GdtGenerator": { "Later": 1 }, "SslEnabled": true, "ExecuteLuaEnabled": false }
            """);

        Assert.Equal(
            [
                "Attention: SslEnabled is true in the text, but the HTTP port does not encrypt.",
                "Without effect in the text: ExecuteLuaEnabled, GdtGenerator.Later, LuaScripts, PythonScript.",
            ],
            configuration.Notices);
    }

    [Fact]
    public void The_printed_configuration_is_a_configuration()
    {
        var first = Load("--DicomAet", "PRAXIS", "--Worklists:CleanupInterval", "null", "--HostNames", "pacs.example.org, b.example.org", "--GdtGenerator.UrlOnGdtWritten=http://ä/");
        var text = new StringWriter();
        ConfigurationCommand.Print(first, text);

        var second = PacsConfiguration.Bind(SettingSources.FromJson(text.ToString(), "the text", _folder));

        Assert.Empty(second.Notices);
        Assert.All(SettingBinder.Keys, key => Assert.Equal(ValueOf(first.Options, key.Path), ValueOf(second.Options, key.Path)));
        Assert.Contains("\"DicomAet\": \"PRAXIS\", // the command line (--DicomAet)", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_says_what_it_may_be_and_has_a_default_that_it_may_be()
    {
        var defaults = new PacsOptions();
        foreach (var key in SettingBinder.Keys)
        {
            Assert.NotEmpty(key.Allowed);
            var value = ValueOf(defaults, key.Path);
            if (value is not null)
            {
                PacsConfiguration.Bind([SettingSources.FromText(key.Path, value, "the test", _folder), SettingSources.FromText("DicomPort", "1", "the test", _folder)]);
            }
        }
    }

    [Fact]
    public void The_manual_lists_every_key_with_its_default()
    {
        var manual = File.ReadAllLines(Path.Join(Repository.Root, "docs", "configuration.md"));
        var defaults = new PacsOptions();
        foreach (var key in SettingBinder.Keys)
        {
            var row = Assert.Single(manual, line => line.StartsWith($"| `{key.Path.Replace(':', '.')}` |", StringComparison.Ordinal));
            var stated = row.Split('|')[2].Trim();
            var value = ValueOf(defaults, key.Path);
            if (key.Property.PropertyType.IsValueType)
            {
                Assert.StartsWith($"`{value?.ToLowerInvariant() ?? "null"}`", stated, StringComparison.Ordinal);
            }
            else if (value is null or "" or "{}" or "[]")
            {
                Assert.True(stated == "none" || key.Path is "GdtGenerator:IncomingDir" or "Telemetry:OtlpEndpoint", row);
            }
            else if (!key.Path.EndsWith("Directory", StringComparison.Ordinal))
            {
                Assert.Equal($"`{value}`", stated);
            }
        }
    }

    [Fact]
    public void Nodes_are_read_in_both_forms_of_Orthanc()
    {
        var nodes = FromJson("""
            {
              "DicomModalities": {
                // a comment, as in Orthanc's own file
                "short": ["SHORT", "192.168.1.20", 104],
                "old": ["OLD ", "old.lan", "11112", "StoreScp"],
                "long": { "AET": "LONG", "Host": "::1", "Port": 11112, "Manufacturer": "GE", "AllowStore": false, "AllowStorageCommitment": false, "AllowNAction": true,
                  "UseDicomTls": true, "LocalAet": "ME", "Timeout": 5, "RetrieveMethod": "C-GET" },
              }
            }
            """).Options.DicomModalities;
        Assert.Equal(
            [
                new Modality { Name = "short", AeTitle = "SHORT", Host = "192.168.1.20", Port = 104 },
                new Modality { Name = "old", AeTitle = "OLD", Host = "old.lan", Port = 11112 },
                new Modality
                {
                    Name = "long", AeTitle = "LONG", Host = "::1", Port = 11112, Manufacturer = ModalityManufacturer.GE, UseTls = true, LocalAeTitle = "ME", Timeout = 5,
                    Permissions = ModalityPermissions.All & ~(ModalityPermissions.Store | ModalityPermissions.NEventReport),
                },
            ],
            nodes);
        var variable = new Hashtable { ["ORTHANC__DICOM_MODALITIES"] = """{"one":["ONE","h",1]}""" };
        Assert.Equal("ONE", Assert.Single(PacsConfiguration.Bind(SettingSources.FromEnvironment(variable)).Options.DicomModalities).AeTitle);
    }

    [Theory]
    [InlineData("""{ "a": ["A", "h"] }""", "A node is an array")]
    [InlineData("""{ "a": ["A", "h", 65536] }""", "A TCP port is a number from 1 to 65535, not 65536")]
    [InlineData("""{ "a": ["A", "h", 104, "Acme"] }""", "Unknown manufacturer")]
    [InlineData("""{ "a": ["A", "h", 104, "4"] }""", "Unknown manufacturer")]
    [InlineData("""{ "a": ["A\\B", "h", 104] }""", "An AE title has")]
    [InlineData("""{ "a": ["A", "http://h/", 104] }""", "neither a name nor an address")]
    [InlineData("""{ "a": { "AET": "A", "Host": "h" } }""", "Port is missing")]
    [InlineData("""{ "a": { "AET": "A", "Host": "h", "Port": 1, "AllowFind": "no" } }""", "AllowFind must be true or false")]
    [InlineData("""{ "a/b": ["A", "h", 104] }""", "The name of a node")]
    [InlineData("""["A", "h", 104]""", "an object of nodes")]
    public void A_node_that_cannot_be_is_reported_with_its_name(string nodes, string expected)
    {
        var e = Assert.Throws<ConfigurationException>(() => FromJson($$"""{ "DicomModalities": {{nodes}} }"""));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("DicomModalities in ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_of_the_nodes_cannot_be_set_alone()
    {
        var e = Assert.Throws<ConfigurationException>(() =>
            PacsConfiguration.Bind(SettingSources.FromEnvironment(new Hashtable { ["ORTHANC__DICOM_MODALITIES__A__PORT"] = "104" })));
        Assert.Contains("is part of DicomModalities, which is set as a whole only", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("config")]
    [InlineData("--DicomPort")]
    public void A_command_line_that_is_not_understood_is_reported(string argument) =>
        Assert.Throws<ConfigurationException>(() => CommandLine.Parse([argument]));

    private PacsConfiguration Load(params string[] arguments) => PacsConfiguration.Load(CommandLine.Parse(arguments), new Hashtable(), Path.Join(_folder, "program"));

    private PacsConfiguration FromJson(string json) => PacsConfiguration.Bind(SettingSources.FromJson(json, "the text", _folder));

    private string Write(string name, string text)
    {
        var path = Path.Join(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string? ValueOf(PacsOptions options, string path)
    {
        var key = SettingBinder.Keys.Single(k => k.Path == path);
        return key.Property.GetValue(key.Section is null ? options : key.Section.GetValue(options)) switch
        {
            null => null,
            IReadOnlyList<string> list => string.Join(',', list),
            IReadOnlyList<ForwardingRule> rules => JsonSerializer.Serialize(rules),
            IReadOnlyList<GdtOrderRule> rules => JsonSerializer.Serialize(rules),
            IReadOnlyList<GdtReceiverSettings> receivers => JsonSerializer.Serialize(receivers),
            IReadOnlyList<Pacs.Web.Peers.Peer> peers => new System.Text.Json.Nodes.JsonObject(peers.Select(p => KeyValuePair.Create(p.Name, (System.Text.Json.Nodes.JsonNode?)p.Write(isPublic: false)))).ToJsonString(),
            IReadOnlyList<RegisteredUser> users => JsonSerializer.Serialize(users.ToDictionary(u => u.Name, u => u.Passcode.ToString())),
            IReadOnlyDictionary<string, int> names => JsonSerializer.Serialize(names),
            IReadOnlyList<Modality> nodes => JsonSerializer.Serialize(nodes.ToDictionary(n => n.Name, ModalityJson.Write)),
            var value => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}
