using BenchmarkDotNet.Running;
using Pacs.Benchmarks;

if (args is ["scale", .. var rest] && rest.Length > 0)
{
    await ScaleRun.RunAsync(rest);
}
else
{
    BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
}
