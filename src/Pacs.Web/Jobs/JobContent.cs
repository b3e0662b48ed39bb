using System.Text.Json;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>Reads what a job has to know, the JSON of <see cref="Job.Content"/>.</summary>
internal static class JobContent
{
    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">Those that it was written with.</param>
    public static T Read<T>(Job job, JsonSerializerOptions? options = null)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(job);
        try
        {
            return JsonSerializer.Deserialize<T>(job.Content, options) ?? new T();
        }
        catch (JsonException)
        {
            return new T();
        }
    }
}
