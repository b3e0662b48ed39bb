using BenchmarkDotNet.Running;
using Pacs.Benchmarks;

if (args is ["scale", .. var rest] && rest.Length > 0)
{
    await ScaleRun.RunAsync(rest);
}
else if (args is ["processor"])
{
    ProcessorRun.Run();
}
else
{
    BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
}
