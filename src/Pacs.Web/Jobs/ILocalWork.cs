using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>What jobs of some kinds do that need no node. <see cref="Job.Node"/> is their kind: those of one kind are done one after the other, in turns.</summary>
public interface ILocalWork
{
    /// <summary>Whether a job is one of these.</summary>
    bool Does(Job job);

    /// <summary>Whether failed instances do not make the job a failure.</summary>
    bool MayFail(Job job);

    /// <summary>Does a part of what waits, and notes what became of it.</summary>
    /// <param name="turn">Gets the outcomes.</param>
    /// <param name="halt">Stops after the instance that is being worked on.</param>
    Task RunAsync(JobTurn turn, CancellationToken halt);
}
