using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Profiles of the practice: kept as files, checked before they count, in force from the next record on.</summary>
public sealed class GdtOwnProfileTests
{
    [Fact]
    public async Task A_changed_profile_counts_from_the_next_record_on_and_after_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-profiles-").FullName;
        try
        {
            Write(folder, "praxis", """{ "Profile": "gdt-2.1", "StudyFile": "{Accession}.gdt", "TestId": "EINS" }""");
            await using var host = await GdtHost.StartAsync(o => (o.ProfileDirectory, o.Profile, o.TestId) = (folder, "praxis", "EXTPACS"));
            var receivers = host.Receivers;
            // the section's own test id is the receiver's; what the profile says else counts
            Assert.Equal(GdtVersion.Gdt21, receivers.All[0].Profile.Version);
            await host.StoreAsync(Studies.Image(1, "R1"));
            await host.SettleAsync();
            Assert.Equal("PACS", GdtReader.Read(host.Read("R1.gdt")).Records[0]["8316"]);

            var problems = new List<GdtProblem>();
            Assert.True(receivers.SaveProfile("praxis", new GdtProfileData { Profile = "gdt-2.1", StudyFile = "{Accession}.gdt", SenderId = "SONO" }, problems));
            Assert.Empty(problems);
            await host.StoreAsync(Studies.Image(2, "R2"));
            await host.SettleAsync();
            Assert.Equal("SONO", GdtReader.Read(host.Read("R2.gdt")).Records[0]["8316"]);

            await host.RestartAsync();
            await host.StoreAsync(Studies.Image(3, "R3"));
            await host.SettleAsync();
            Assert.Equal("SONO", GdtReader.Read(host.Read("R3.gdt")).Records[0]["8316"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_is_wrong_is_not_kept_and_said_with_its_field()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-profiles-").FullName;
        try
        {
            var receivers = GdtReceivers.Create(new GdtOptions { IncomingDir = Path.Join(folder, "in"), ProfileDirectory = Path.Join(folder, "profiles") });
            (string Name, GdtProfileData Data, string Field, GdtProblemKind Kind)[] wrong =
            [
                ("medistar", new() { Profile = "gdt-2.1" }, "Name", GdtProblemKind.Name),
                ("../x", new() { Profile = "gdt-2.1" }, "Name", GdtProblemKind.Name),
                ("Praxis", new() { Profile = "gdt-2.1" }, "Name", GdtProblemKind.Name),
                ("a", new() { Profile = "b" }, "Profile", GdtProblemKind.OneOf),
                ("a", new() { Profile = "gdt-2.1", Version = "2.2" }, "Version", GdtProblemKind.OneOf),
                ("a", new() { Profile = "gdt-2.1", Study = ["8000 6310", "8100", "3000 {PatientId}", "8402 {TestTyp}"] }, "Study", GdtProblemKind.Variable),
            ];
            foreach (var (name, data, field, kind) in wrong)
            {
                var problems = new List<GdtProblem>();
                Assert.False(receivers.SaveProfile(name, data, problems));
                Assert.Contains(problems, p => p.Field == field && p.Kind == kind);
            }
            Assert.Equal(4, new GdtProblem("Study", GdtProblemKind.Variable, "[3], field 8402", "TestTyp").Line);
            Assert.False(Directory.Exists(Path.Join(folder, "profiles")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_profile_in_use_is_not_removed_nor_changed_so_that_its_receiver_would_be_wrong()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-profiles-").FullName;
        try
        {
            Write(folder, "praxis", """{ "Profile": "gdt-3.0" }""");
            Write(folder, "frei", """{ "Profile": "gdt-3.0" }""");
            Write(folder, "kaputt", "{");
            Write(folder, "medistar", "{}"); // the program's
            var receivers = GdtReceivers.Create(new GdtOptions
            {
                IncomingDir = null,
                ProfileDirectory = folder,
                Receivers = [new GdtReceiverSettings { Name = "a", Folder = "/tmp/a", Profile = "praxis", ReceiverId = "LANGER-NAME" }],
            });
            Assert.Equal(["frei", "praxis"], receivers.Profiles.Own.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(["kaputt.json", "medistar.json"], receivers.Profiles.Unreadable.Order(StringComparer.Ordinal));
            Assert.Equal(["a"], receivers.UsersOf("praxis"));
            var problems = new List<GdtProblem>();
            Assert.False(receivers.SaveProfile("praxis", new GdtProfileData { Profile = "gdt-2.1" }, problems)); // 8315 of 2.1 has 8 characters
            var problem = Assert.Single(problems);
            Assert.Equal(GdtProblemKind.Receiver, problem.Kind);
            Assert.StartsWith("Receivers[0].ReceiverId", problem.Arguments[0], StringComparison.Ordinal);
            Assert.False(receivers.DeleteProfile("praxis"));
            Assert.False(receivers.DeleteProfile("gdt-2.1"));
            Assert.True(receivers.DeleteProfile("frei"));
            Assert.False(File.Exists(Path.Join(folder, "frei.json")));
            Assert.DoesNotContain("frei", receivers.Profiles.Names);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Profiles_by_hand_that_form_a_ring_are_said_and_do_not_hang()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-profiles-").FullName;
        try
        {
            Write(folder, "a", """{ "Profile": "b" }""");
            Write(folder, "b", """{ "Profile": "a" }""");
            Assert.StartsWith("Profile must be one of", GdtReceivers.Problems(new GdtOptions { IncomingDir = "/tmp/x", Profile = "a", ProfileDirectory = folder })[0], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string folder, string name, string json) => File.WriteAllText(Path.Join(folder, name + ".json"), json);
}
