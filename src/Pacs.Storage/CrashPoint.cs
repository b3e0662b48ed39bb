using System.Diagnostics;

namespace Pacs.Storage;

/// <summary>
/// Places where a crash test can kill the process: <c>PACS_CRASHPOINT=after-rename</c> or <c>PACS_CRASHPOINT=after-rename:3</c> for the third
/// time it is passed. In Debug builds and those with <c>-p:CrashPoints=true</c> only; in every other build the calls are not there.
/// </summary>
public static class CrashPoint
{
    /// <summary>Ends the process with SIGKILL when this is the step it was told to die at.</summary>
    [Conditional("CRASHPOINTS")]
    public static void Hit(string step) => Debug.Assert(step.Length > 0);
}
