using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>A turn of a job without a node cannot go on for now: what it needs is not there. It is tried again as with a node that does not answer.</summary>
public sealed class JobBrokenOffException(JobError error, Exception? inner = null) : Exception(error.Sentence, inner)
{
    /// <summary>Why.</summary>
    public JobError Error { get; } = error;
}
