using System.Diagnostics;
using System.Text;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Spans of deliveries and of the inbox; nothing in them says anything about a patient.</summary>
public sealed class GdtTelemetryTests
{
    [Fact]
    public async Task Deliveries_are_traced_without_the_patient()
    {
        var receiver = $"trace-{Guid.NewGuid():N}"[..20];
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == "Pacs.Gdt",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a =>
            {
                // other tests run at the same time
                if (a.GetTagItem("pacs.gdt.receiver") as string == receiver)
                {
                    lock (ended)
                    {
                        ended.Add(a);
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await GdtHost.StartAsync(o => o.Receivers =
        [
            new GdtReceiverSettings { Name = receiver, Folder = Path.Join(Path.GetDirectoryName(o.IncomingDir), "sono"), MarkerFile = "mounted" },
        ]);
        await host.StoreAsync(Studies.Image(4711, "R4711"));
        await host.WaitForWaitingAsync(1);
        await File.WriteAllTextAsync(Path.Join(Directory.CreateDirectory(Path.Join(host.Folder, "sono")).FullName, "mounted"), "", TestContext.Current.CancellationToken);
        await host.SettleAsync();
        await host.UntilAsync((_, _) => Task.FromResult(Outcomes().Contains("written")));
        Assert.Equal(GdtReasons.NoFolder, Outcomes()[0]);
        var said = new StringBuilder();
        foreach (var activity in ended)
        {
            Assert.Equal("gdt deliver", activity.DisplayName);
            said.AppendJoin(' ', activity.TagObjects.Select(t => $"{t.Key}={t.Value}")).AppendLine(activity.StatusDescription);
        }
        Assert.DoesNotContain("4711", said.ToString());

        List<string?> Outcomes()
        {
            lock (ended)
            {
                return [.. ended.Select(a => a.GetTagItem("pacs.gdt.outcome") as string)];
            }
        }
    }
}
