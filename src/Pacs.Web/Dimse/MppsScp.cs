using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// Takes what devices report about their examinations: Modality Performed Procedure Step (PS3.4 §F.7) and, for who wants to know, its Retrieve class (§F.8). What a report does to the
/// worklist is in <see cref="ProcedureSteps"/>.
/// </summary>
public sealed partial class MppsScp(ProcedureSteps steps, ILogger<MppsScp> logger) : INHandler
{
    /// <inheritdoc/>
    public async ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            return request.Operation switch
            {
                // without any attribute all the required ones are missing, which the check says
                DimseCommandField.NCreateRequest => StatusOf(await steps.CreateAsync(request.SopInstance, request.Dataset ?? [], request.Peer.CallingAe, ct)),
                DimseCommandField.NSetRequest => StatusOf(await steps.SetAsync(request.SopInstance, request.Dataset!, ct)),
                DimseCommandField.NGetRequest => await GetAsync(request, ct),
                _ => DimseStatus.UnrecognizedOperation,
            };
        }
        catch (IndexUnavailableException e)
        {
            LogUnavailable(e);
            return DimseStatus.ResourceLimitation.With("The report could not be stored");
        }
    }

    /// <summary>The status of a result (PS3.4 tables F.7.2-2 and PS3.7 §10.1.3, §10.1.5).</summary>
    public static DimseStatus StatusOf(StepResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var status = result.Outcome switch
        {
            StepOutcome.Done => DimseStatus.Success,
            StepOutcome.Duplicate => DimseStatus.DuplicateSopInstance,
            StepOutcome.Unknown => DimseStatus.NoSuchSopInstance,
            // PS3.4 table F.7.2-2: comment and number are prescribed
            StepOutcome.Final => DimseStatus.ProcessingFailure.With("Performed Procedure Step Object may no longer be updated") with { ErrorId = 0xA710 },
            StepOutcome.Missing => DimseStatus.MissingAttribute.With("Required attributes are missing"),
            StepOutcome.Empty => DimseStatus.MissingAttributeValue.With("Required attributes have no value"),
            StepOutcome.TooLong => DimseStatus.ResourceLimitation.With("The step would become too long"),
            _ => DimseStatus.InvalidAttributeValue.With("Values are not allowed"),
        };
        return result.Attributes.Count > 0 ? status with { OffendingElements = result.Attributes } : status;
    }

    private async Task<NResult> GetAsync(NRequest request, CancellationToken ct)
    {
        if (await steps.GetAsync(request.SopInstance, ct) is not { } step)
        {
            return DimseStatus.NoSuchSopInstance;
        }
        var unknown = request.Attributes.Where(t => t != DicomTag.SpecificCharacterSet && !step.Contains(t)).ToArray();
        var wanted = step.Where(e => e.Tag != DicomTag.SpecificCharacterSet && (request.Attributes.Count == 0 || request.Attributes.Contains(e.Tag)))
            .Select(e => new ReturnKey(e.Tag, e.Vr, [])).ToList();
        return new NResult(unknown.Length == 0 ? DimseStatus.Success : DimseStatus.AttributeListError with { OffendingElements = unknown })
        {
            // texts are in UTF-8 here and go out in the simplest character set that has them
            Dataset = ResultBuilder.Build(step, new QueryKeys([], wanted, CharacterSet: null)),
        };
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A performed procedure step could not be stored")]
    private partial void LogUnavailable(Exception e);
}
