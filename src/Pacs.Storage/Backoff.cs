namespace Pacs.Storage;

/// <summary>How long to wait before something that failed is tried again.</summary>
internal static class Backoff
{
    /// <summary>Doubles with each failure in a row.</summary>
    /// <param name="failures">How many there were, the last one included: 1 gives <paramref name="first"/>.</param>
    /// <param name="first">The wait after the first.</param>
    /// <param name="longest">The longest wait.</param>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan longest)
    {
        // 2^30 times anything is longer than the longest, and no overflow
        var wait = first * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return wait < longest ? wait : longest;
    }
}
