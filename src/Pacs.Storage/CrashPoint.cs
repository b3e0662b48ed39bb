using System.Diagnostics;
#if CRASHPOINTS
using System.Globalization;
#endif

namespace Pacs.Storage;

/// <summary>
/// Places where a crash test can kill the process: <c>PACS_CRASHPOINT=after-rename</c>, or <c>PACS_CRASHPOINT=after-rename:3</c> for the third
/// time it is passed. In Debug builds and those with <c>-p:CrashPoints=true</c> only; in every other build the calls are not there.
/// </summary>
public static class CrashPoint
{
#if CRASHPOINTS
    private static readonly (string Step, int Times) Target = Parse(Environment.GetEnvironmentVariable("PACS_CRASHPOINT"));
    private static int _passed;

    /// <summary>Whether this build has them.</summary>
    public static bool IsAvailable => true;
#else
    /// <summary>Whether this build has them.</summary>
    public static bool IsAvailable => false;
#endif

    /// <summary>Ends the process with SIGKILL when this is the step it was told to die at.</summary>
    /// <param name="step">
    /// Of the write path: after-write, before-journal, after-journal and before-settled of the intake journal; after-stage, after-append, after-fsync,
    /// after-rename and after-dirsync of large instances; before-commit, after-commit, before-response.
    /// </param>
    [Conditional("CRASHPOINTS")]
    public static void Hit(string step)
    {
#if CRASHPOINTS
        if (step == Target.Step && Interlocked.Increment(ref _passed) == Target.Times)
        {
            using var me = Process.GetCurrentProcess();
            me.Kill();
            using var never = new ManualResetEvent(false);
            never.WaitOne(); // the signal may take a moment, and nothing may happen in it
        }
#else
        ArgumentNullException.ThrowIfNull(step);
#endif
    }

#if CRASHPOINTS
    private static (string Step, int Times) Parse(string? value)
    {
        var parts = (value ?? "").Split(':');
        return (parts[0], parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1);
    }
#endif
}
